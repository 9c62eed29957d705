// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Sessions, limits, and packets that no honest client sends.
#include <random>

#include "client.hpp"

namespace vmguest::hgfs {
namespace {

class Sessions : public Shared {
protected:
    Client client_{connection_, Form::modern};
};

TEST_F(Sessions, KeepTheirHandlesToThemselves) {
    put("f", "text");
    Client other(connection_, Form::modern);
    Client legacy(connection_);
    ASSERT_EQ(client_.open("root/f", 0, 0), Status::success);
    other.handle = legacy.handle = client_.handle;
    std::string text;
    EXPECT_EQ(other.read(0, 1, text), Status::invalid_handle);
    EXPECT_EQ(other.close(), Status::invalid_handle);
    EXPECT_EQ(legacy.read(0, 1, text), Status::invalid_handle);
    EXPECT_EQ(client_.read(0, 1, text), Status::success);
    ASSERT_EQ(client_.open_search("root"), Status::success);
    other.handle = client_.handle;
    EXPECT_EQ(other.read_search(0).status, Status::invalid_handle);
    EXPECT_EQ(other.close_search(), Status::invalid_handle);
}

TEST_F(Sessions, EndWithTheirHandles) {
    put("f", "text");
    ASSERT_EQ(client_.open("root/f", 0, 0), Status::success);
    ASSERT_EQ(client_.open_search("root"), Status::success);
    EXPECT_EQ(client_.send(42, Builder().d(0).bytes).status, Status::protocol_error);
    const Reply destroyed = client_.send(42, Builder().q(0).bytes);
    EXPECT_EQ(destroyed.status, Status::success);
    EXPECT_EQ(destroyed.body.size(), 8U);
    EXPECT_EQ(connection_.handles().open_files(), 0U);
    EXPECT_EQ(connection_.handles().open_searches(), 0U);
    const Reply stale = client_.send(42, Builder().q(0).bytes);
    EXPECT_EQ(stale.status, Status::stale_session);
    EXPECT_EQ(number_at(stale.whole, 36, 8), ~u64{0});
}

TEST_F(Sessions, AreLimited) {
    for (int i = 2; i < 1024; ++i)
        ASSERT_EQ(client_.create_session().status, Status::success);
    const u64 last = client_.session;
    EXPECT_EQ(client_.create_session().status, Status::too_many_sessions);
    client_.session = last;
    EXPECT_EQ(client_.send(42, Builder().q(0).bytes).status, Status::success);
    EXPECT_EQ(client_.create_session().status, Status::success);
}

TEST_F(Sessions, NegotiateTheirPacketSize) {
    const auto granted = [&](u32 offered) { return client_.create_session(offered).number(12, 4); };
    EXPECT_EQ(granted(0), 522240U);
    EXPECT_EQ(granted(8), 6144U);
    EXPECT_EQ(granted(6144), 6144U);
    EXPECT_EQ(granted(63488), 63488U);
    EXPECT_EQ(granted(522240), 522240U);
    EXPECT_EQ(granted(0xffff'ffff), 522240U);
}

TEST_F(Sessions, AcceptShortRequestsToBegin) {
    for (const std::size_t size : {8U, 16U, 24U})
        EXPECT_EQ(client_.send(41, Packet(size)).status, Status::success);
    EXPECT_EQ(client_.send(41, Packet(7)).status, Status::protocol_error);
}

TEST_F(Sessions, HoldReadsToTheirPacketSize) {
    put("f", std::string(10000, 'x'));
    client_.create_session(6144);
    ASSERT_EQ(client_.open("root/f", 0, 0), Status::success);
    std::string text;
    EXPECT_EQ(client_.read(0, 6144 - 52 - 13, text), Status::success);
    EXPECT_EQ(text.size(), 6144U - 52 - 13);
    EXPECT_EQ(client_.read(0, 6144 - 52 - 12, text), Status::invalid_name);
    EXPECT_EQ(client_.read(0, 0xffff'ffff, text), Status::invalid_name);
}

TEST_F(Sessions, AreSweptWhenIdle) {
    Client busy(connection_, Form::modern);
    for (int i = 0; i < 4; ++i) {
        connection_.sweep();
        EXPECT_EQ(busy.getattr("root").status, Status::success);
    }
    EXPECT_EQ(connection_.sessions(), 3U);
    connection_.sweep();
    EXPECT_EQ(connection_.sessions(), 2U);
    EXPECT_EQ(client_.getattr("root").status, Status::stale_session);
    EXPECT_EQ(busy.getattr("root").status, Status::success);
}

class LimitedHandles : public Shared {
protected:
    LimitedHandles() {
        for (const char* name : {"a", "b", "c", "d"})
            put(name, name);
    }

    static Limits few() {
        Limits limits;
        limits.handles = {.files = 3, .descriptors = 2, .searches = 2, .search_bytes = 600};
        return limits;
    }

    Connection limited_{shares_, {}, few()};
    Client client_{limited_};
    std::string text_;
};

TEST_F(LimitedHandles, OfFiles) {
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(client_.open("root/a", 0, 0), Status::success);
    EXPECT_EQ(client_.open("root/new", 2, 2), Status::generic_error);
    EXPECT_FALSE(has("new")) << "what is refused leaves nothing behind";
    EXPECT_EQ(client_.close(), Status::success);
    EXPECT_EQ(client_.open("root/new", 2, 2), Status::success);
}

TEST_F(LimitedHandles, OfSearches) {
    u32 handles[3];
    for (u32& handle : handles) {
        ASSERT_EQ(client_.open_search("root"), Status::success);
        handle = client_.handle;
        client_.handle = handles[0];
        EXPECT_EQ(client_.read_search(0).status, Status::success);
    }
    EXPECT_EQ(limited_.handles().open_searches(), 2U);
    const auto read = [&](u32 handle) {
        client_.handle = handle;
        return client_.read_search(0).status;
    };
    EXPECT_EQ(read(handles[1]), Status::invalid_handle) << "it was not used for longest";
    EXPECT_EQ(read(handles[0]), Status::success);
    EXPECT_EQ(read(handles[2]), Status::success);
}

TEST_F(LimitedHandles, OfNamesInSearches) {
    for (int i = 0; i < 20; ++i)
        put("more" + std::to_string(i), "");
    EXPECT_EQ(client_.open_search("root"), Status::generic_error);
    EXPECT_EQ(client_.open_search(""), Status::success);
}

TEST_F(LimitedHandles, OfNamesInAllSearchesTogether) {
    for (int i = 0; i < 10; ++i)
        put("more" + std::to_string(i), "");
    ASSERT_EQ(client_.open_search("root"), Status::success);
    const u32 first = client_.handle;
    ASSERT_EQ(client_.open_search("root"), Status::success);
    EXPECT_EQ(limited_.handles().open_searches(), 1U);
    EXPECT_EQ(client_.read_search(0).status, Status::success);
    client_.handle = first;
    EXPECT_EQ(client_.read_search(0).status, Status::invalid_handle);
}

TEST_F(LimitedHandles, OpenDescriptorsAreBorrowed) {
    u32 handles[3];
    for (u32 i = 0; i < 3; ++i) {
        ASSERT_EQ(client_.open("root/" + std::string(1, char('a' + i)), 2, 0), Status::success);
        handles[i] = client_.handle;
    }
    for (int round = 0; round < 3; ++round)
        for (u32 i = 0; i < 3; ++i) {
            client_.handle = handles[i];
            EXPECT_EQ(client_.read(0, 10, text_), Status::success);
            EXPECT_EQ(text_, std::string(1, char('a' + i)));
            EXPECT_LE(limited_.handles().open_descriptors(), 2U);
        }
}

TEST_F(LimitedHandles, ABorrowedFileMustBeTheSame) {
    ASSERT_EQ(client_.open("root/a", 0, 0), Status::success);
    const u32 evicted = client_.handle;
    client_.open("root/b", 0, 0);
    client_.open("root/c", 0, 0);
    client_.handle = evicted;
    std::filesystem::rename(path("d"), path("a"));
    EXPECT_EQ(client_.read(0, 10, text_), Status::no_such_file);
    EXPECT_EQ(client_.close(), Status::success);
}

TEST_F(LimitedHandles, ABorrowedFileStillAppends) {
    ASSERT_EQ(client_.open("root/a", 2, 0), Status::success);
    const u32 evicted = client_.handle;
    EXPECT_EQ(client_.write(0, "1", 1), Status::success);
    client_.open("root/b", 0, 0);
    client_.open("root/c", 0, 0);
    client_.handle = evicted;
    EXPECT_EQ(client_.write(0, "2"), Status::success);
    EXPECT_EQ(get("a"), "a12");
}

class Hostile : public Shared {
protected:
    Verdict say(const Packet& packet) { return connection_.process(packet, 522240).verdict; }

    Client client_{connection_, Form::modern};
};

TEST_F(Hostile, WhatIsNoRequestGetsNoReply) {
    for (std::size_t size = 0; size < 8; ++size)
        EXPECT_EQ(say(Packet(size)), Verdict::silence) << size;
    for (const u32 op : {41U, 42U, 48U, 65U, 0xfeU, 0x100U, 0xffff'ffffU})
        EXPECT_EQ(say(Builder().d(1).d(op).zeros(100).bytes), Verdict::silence) << op;
    for (std::size_t size = 8; size < 52; ++size)
        EXPECT_EQ(say(Builder().d(1).d(0xff).zeros(size - 8).bytes), Verdict::silence) << size;
}

TEST_F(Hostile, UnknownOperationsAreProtocolErrors) {
    for (const u32 op :
         {43U, 44U, 45U, 46U, 47U, 48U, 49U, 54U, 57U, 64U, 65U, 0xffU, 0x1234'5678U})
        EXPECT_EQ(client_.send(op, Packet(200)).status, Status::protocol_error) << op;
    EXPECT_EQ(client_.getattr("root").status, Status::success) << "and the channel goes on";
}

TEST_F(Hostile, ContradictoryHeadersAreRefused) {
    const Packet good = client_.packet(31, Builder().q(0).q(0).name_3("root").bytes);
    const auto with = [&](std::size_t at, u32 value) {
        Packet packet = good;
        for (std::size_t i = 0; i < 4; ++i)
            packet[at + i] = std::byte(value >> 8 * i & 0xff);
        return client_.take(31, connection_.process(packet, 522240)).status;
    };
    const auto size = static_cast<u32>(good.size());
    EXPECT_EQ(with(8, size), Status::success);
    EXPECT_EQ(with(8, size + 1), Status::protocol_error);
    EXPECT_EQ(with(8, 51), Status::protocol_error);
    EXPECT_EQ(with(8, 0), Status::protocol_error);
    EXPECT_EQ(with(8, 0xffff'ffff), Status::protocol_error);
    EXPECT_EQ(with(12, size + 1), Status::protocol_error);
    EXPECT_EQ(with(12, 51), Status::protocol_error);
    EXPECT_EQ(with(12, 0), Status::protocol_error);
    EXPECT_EQ(with(0, 0), Status::protocol_error);
    EXPECT_EQ(with(8, size - 1), Status::protocol_error) << "the payload is cut";
    EXPECT_EQ(with(28, 0xffff'ffff), Status::success) << "request flags do not matter";
}

TEST_F(Hostile, LongerHeadersAreSkipped) {
    const Packet body = Builder().q(0).q(0).name_3("root").bytes;
    Packet packet = client_.packet(31, body);
    packet.insert(packet.begin() + 52, 8, std::byte{0xee});
    packet[8] = std::byte(60 + body.size());
    packet[12] = std::byte{60};
    EXPECT_EQ(client_.take(31, connection_.process(packet, 522240)).status, Status::success);
}

TEST_F(Hostile, RepliesFitWhereTheyAreWanted) {
    put("f", std::string(300, 'x'));
    const Packet request = client_.packet(31, Builder().q(0).q(0).name_3(on_wire("root/f")).bytes);
    for (std::size_t room = 0; room < 250; ++room) {
        const Answer answer = connection_.process(request, room);
        EXPECT_LE(answer.packet.size(), room);
        EXPECT_EQ(answer.verdict == Verdict::reply, room >= 52) << room;
        const bool fits = room >= 52 + 129;
        if (room >= 52) {
            EXPECT_EQ(number_at(answer.packet, 24, 4), fits ? 0U : 10U) << room;
        }
    }
}

TEST_F(Hostile, NothingIsDoneThatCannotBeTold) {
    const Packet open = Builder().q(3).d(2).d(2).zeros(48).name_3(on_wire("root/new")).bytes;
    for (std::size_t room = 52; room < 52 + 64; ++room)
        EXPECT_EQ(connection_.process(client_.packet(24, open), room).packet.size(), 52U);
    EXPECT_FALSE(has("new"));
    const Packet request = client_.packet(41, Packet(24));
    EXPECT_EQ(connection_.process(request, 599).packet.size(), 52U);
    EXPECT_EQ(connection_.sessions(), 2U);
}

TEST_F(Hostile, WritesBelieveNoCount) {
    put("f", "text");
    ASSERT_EQ(client_.open("root/f", 2, 0), Status::success);
    const auto write = [&](u32 count, std::size_t bytes) {
        Builder body;
        body.d(client_.handle).b(0).q(0).d(count).q(0).zeros(bytes);
        return client_.send(26, body.bytes).status;
    };
    EXPECT_EQ(write(0, 0), Status::protocol_error);
    EXPECT_EQ(write(0, 1), Status::success);
    EXPECT_EQ(write(1, 1), Status::success);
    EXPECT_EQ(write(2, 1), Status::protocol_error);
    EXPECT_EQ(write(0xffff'ffff, 10), Status::protocol_error);
}

/// Requests near to valid ones: right lengths and wrong ones, known handles, names that exist.
class Noise {
public:
    explicit Noise(unsigned seed) : random_(seed) {}

    Packet request(u64 session) {
        Builder body;
        const std::size_t count = below(12);
        for (std::size_t i = 0; i < count; ++i)
            add_field(body);
        if (below(4) == 0)
            return body.bytes;
        const u64 op = below(70);
        Builder whole;
        if (below(2))
            return whole.d(below(9)).d(op).raw(body.bytes).bytes;
        const u64 lie = below(20) ? 0 : below(100);
        whole.b(1).zeros(3).d(0xff).d(52 + body.bytes.size() - lie).d(52).d(1).d(op).d(0).d(1);
        return whole.d(0).q(below(10) ? session : below(9)).q(0).raw(body.bytes).bytes;
    }

    std::size_t below(std::size_t end) { return random_() % end; }

private:
    void add_field(Builder& body) {
        static const char* const names[] = {"root",      "root/a", "root/d/b",
                                            "root/../x", "",       "root//a"};
        switch (below(7)) {
        case 0:
            body.q(below(64));
            break;
        case 1:
            body.d(below(6));
            break;
        case 2:
            body.name_3(on_wire(names[below(6)]), u32(below(3)));
            break;
        case 3:
            body.name_1(on_wire(names[below(6)]));
            break;
        case 4:
            body.zeros(below(60));
            break;
        case 5:
            body.handle_3(u32(below(6)));
            break;
        default:
            body.q(u64{random_()} << 32 | random_());
        }
    }

    std::mt19937 random_;
};

TEST_F(Hostile, SurvivesNoise) {
    Noise noise(1);
    Connection connection(shares_, {.shared_memory = true, .can_push = true, .extensions = true});
    Client client(connection, Form::modern);
    Packet pages(5000);
    for (int i = 0; i < 30000; ++i) {
        const Packet request = noise.request(client.session);
        const std::size_t room = noise.below(3) ? 522240 : noise.below(300);
        const Answer answer = connection.process(
            request, room, std::span(pages).first(noise.below(2) ? pages.size() : 0));
        ASSERT_LE(answer.packet.size(), room);
        ASSERT_EQ(answer.packet.empty(), answer.verdict != Verdict::reply);
        while (connection.next_push())
            continue;
    }
    EXPECT_EQ(around_.read("secret"), "not yours");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(around_.path()), {}), 2);
}

} // namespace
} // namespace vmguest::hgfs
