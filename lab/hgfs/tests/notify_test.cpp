// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Watches, and what belongs to channels of other kinds: data pages and the extensions.
#include "client.hpp"

namespace vmguest::hgfs {
namespace {

constexpr u64 create_file = 1U << 11, create_dir = 1U << 12, delete_file = 1U << 13;
constexpr u64 modified = 1U << 16, new_file = 1U << 19;

class Watches : public Shared {
protected:
    struct Event {
        u64 watch = 0;
        u64 flags = 0;
        u64 count = 0;
        u64 mask = 0;
        std::string name{};
    };

    Status watch(const std::string& name, u64 events, u32 flags = 0) {
        const Reply reply =
            client_.send(45, Builder().q(events).d(flags).q(0).name_3(on_wire(name)).bytes);
        if (reply.status == Status::success) {
            EXPECT_EQ(reply.body.size(), 16U);
            id_ = reply.number(0, 8);
        }
        return reply.status;
    }

    Status unwatch(u64 id) { return client_.send(46, Builder().q(id).bytes).status; }

    std::vector<Event> events() {
        std::vector<Event> events;
        while (const auto packet = pushing_.next_push())
            events.push_back(parse(*packet));
        return events;
    }

    Event parse(const Packet& packet) const {
        EXPECT_EQ(number_at(packet, 0, 1), 1U);
        EXPECT_EQ(number_at(packet, 4, 4), 0xffU);
        EXPECT_EQ(number_at(packet, 8, 4), packet.size());
        EXPECT_EQ(number_at(packet, 16, 4), 0U) << "request id";
        EXPECT_EQ(number_at(packet, 20, 4), 47U);
        EXPECT_EQ(number_at(packet, 28, 4), 1U) << "a request";
        EXPECT_EQ(number_at(packet, 36, 8), client_.session);
        const Bytes body = Bytes(packet).subspan(52);
        Event event{.watch = number_at(body, 0, 8),
                    .flags = number_at(body, 8, 4),
                    .count = number_at(body, 12, 4),
                    .mask = number_at(body, 28, 8)};
        const std::size_t length = number_at(body, 44, 4);
        event.name = text_at(body, 48, length);
        EXPECT_EQ(body.size(), 49 + length);
        return event;
    }

    static Limits few() {
        Limits limits;
        limits.notify = {.watches = 3, .directories = 6, .packets = 4};
        return limits;
    }

    Connection pushing_{shares_, {.can_push = true}, few()};
    Client client_{pushing_, Form::modern};
    u64 id_ = 0;
};

TEST_F(Watches, TellWhatHappensInADirectory) {
    ASSERT_EQ(watch("root", create_file | create_dir | delete_file | new_file), Status::success);
    EXPECT_TRUE(events().empty());
    put("f", "");
    std::filesystem::create_directory(path("d"));
    std::filesystem::rename(path("f"), path("g"));
    std::filesystem::remove(path("g"));
    const auto seen = events();
    ASSERT_EQ(seen.size(), 4U);
    const u64 masks[] = {create_file, create_dir, new_file, delete_file};
    const char* names[] = {"root/f", "root/d", "root/g", "root/g"};
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(seen[i].watch, id_);
        EXPECT_EQ(seen[i].flags, 0U);
        EXPECT_EQ(seen[i].count, 1U);
        EXPECT_EQ(seen[i].mask, masks[i]);
        EXPECT_EQ(seen[i].name, on_wire(names[i]));
    }
}

TEST_F(Watches, TellOnlyWhatWasAsked) {
    put("f", "");
    ASSERT_EQ(watch("root/f", modified), Status::success);
    put("f", "text");
    for (const Event& event : events()) {
        EXPECT_EQ(event.mask, modified);
        EXPECT_EQ(event.name, on_wire("root/f"));
    }
}

TEST_F(Watches, EndWhenAsked) {
    ASSERT_EQ(watch("root", create_file), Status::success);
    const u64 first = id_;
    ASSERT_EQ(watch("root", create_file), Status::success);
    EXPECT_EQ(unwatch(first), Status::success);
    EXPECT_EQ(unwatch(first), Status::invalid_parameter);
    put("f", "");
    const auto seen = events();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].watch, id_);
}

TEST_F(Watches, BelongToTheirSession) {
    ASSERT_EQ(watch("root", create_file), Status::success);
    Client other(pushing_, Form::modern);
    EXPECT_EQ(other.send(46, Builder().q(id_).bytes).status, Status::invalid_parameter);
    client_.send(42, Builder().q(0).bytes);
    put("f", "");
    EXPECT_TRUE(events().empty());
}

TEST_F(Watches, MayBeForOneEvent) {
    ASSERT_EQ(watch("root", create_file, 4), Status::success);
    put("f", "");
    put("g", "");
    const auto seen = events();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].flags, 2U) << "the watch is gone";
}

TEST_F(Watches, FollowATree) {
    std::filesystem::create_directory(path("d"));
    ASSERT_EQ(watch("root", create_file | create_dir, 1), Status::success);
    put("d/f", "");
    std::filesystem::create_directory(path("d/new"));
    auto seen = events();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].name, on_wire("root/d/f"));
    EXPECT_EQ(seen[1].name, on_wire("root/d/new"));
    put("d/new/g", "");
    seen = events();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].name, on_wire("root/d/new/g"));
}

TEST_F(Watches, DoNotFollowLinksOutOfTheTree) {
    std::filesystem::create_symlink("..", path("up"));
    ASSERT_EQ(watch("root", create_file | delete_file | modified, 1), Status::success);
    around_.write("noticed", "");
    EXPECT_TRUE(events().empty());
    EXPECT_EQ(watch("root/up/share", create_file), Status::access_denied);
}

TEST_F(Watches, SayWhenTheyLoseEvents) {
    ASSERT_EQ(watch("root", create_file), Status::success);
    for (int i = 0; i < 10; ++i)
        put("f" + std::to_string(i), "");
    const auto seen = events();
    ASSERT_EQ(seen.size(), 5U);
    EXPECT_EQ(seen[3].count, 1U);
    EXPECT_EQ(seen[4].flags, 1U) << "overflow";
    EXPECT_EQ(seen[4].count, 0U);
    EXPECT_EQ(seen[4].name, "");
}

TEST_F(Watches, AreLimited) {
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(watch("root", create_file), Status::success);
    EXPECT_EQ(watch("root", create_file), Status::generic_error);
    EXPECT_EQ(unwatch(id_), Status::success);
    for (int i = 0; i < 6; ++i)
        std::filesystem::create_directory(path("d" + std::to_string(i)));
    EXPECT_EQ(watch("root", create_file, 1), Status::generic_error) << "too many directories";
    EXPECT_EQ(watch("root", create_file), Status::success) << "none of which was kept";
}

TEST_F(Watches, EndWithTheirShareOrFile) {
    put("f", "");
    ASSERT_EQ(watch("root", create_file), Status::success);
    const u64 on_share = id_;
    ASSERT_EQ(watch("root/f", create_file), Status::success);
    std::filesystem::remove(path("f"));
    auto seen = events();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].watch, id_);
    EXPECT_EQ(seen[0].flags, 2U);
    shares_.set_enabled("root", false);
    seen = events();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].watch, on_share);
    EXPECT_EQ(seen[0].flags, 2U);
}

TEST_F(Watches, NeedAFileAndAChannel) {
    EXPECT_EQ(watch("root/x", create_file), Status::no_such_file);
    EXPECT_EQ(watch("", create_file), Status::not_supported);
    Client silent(connection_, Form::modern);
    const Packet body = Builder().q(create_file).d(0).q(0).name_3("root").bytes;
    EXPECT_EQ(silent.send(45, body).status, Status::protocol_error);
    EXPECT_EQ(client_.create_session().number(20, 4), 3U) << "session flags";
    EXPECT_EQ(silent.create_session().number(20, 4), 1U);
}

class DataPages : public Shared {
protected:
    DataPages() { client_.data = pages_; }

    Packet pages_ = Packet(4096);
    Connection fast_{shares_, {.shared_memory = true}};
    Client client_{fast_, Form::modern};
};

TEST_F(DataPages, CarryReadsAndWrites) {
    ASSERT_EQ(client_.open("root/f", 2, 2), Status::success);
    std::memcpy(pages_.data(), "hello", 5);
    Builder write, read, beyond;
    write.d(client_.handle).b(0).q(0).d(5).q(0).b(0);
    EXPECT_EQ(client_.send(44, write.bytes).number(0, 4), 5U);
    EXPECT_EQ(get("f"), "hello");
    read.d(client_.handle).q(1).d(4096).q(0);
    const Reply reply = client_.send(43, read.bytes);
    EXPECT_EQ(reply.number(0, 4), 4U);
    EXPECT_EQ(reply.body.size(), 13U) << "the data is elsewhere";
    EXPECT_EQ(std::memcmp(pages_.data(), "ello", 4), 0);
    beyond.d(client_.handle).q(0).d(4097).q(0);
    EXPECT_EQ(client_.send(43, beyond.bytes).status, Status::invalid_name);
    Builder too_long;
    too_long.d(client_.handle).b(0).q(0).d(4097).q(0).b(0);
    EXPECT_EQ(client_.send(44, too_long.bytes).status, Status::protocol_error);
}

TEST_F(DataPages, NeedSharedMemory) {
    Client plain(connection_, Form::modern);
    EXPECT_EQ(plain.send(43, Packet(24)).status, Status::protocol_error);
    EXPECT_EQ(plain.send(44, Packet(26)).status, Status::protocol_error);
    EXPECT_EQ(plain.send(48, Packet(33)).status, Status::protocol_error);
}

class Extensions : public Shared {
protected:
    struct Batch {
        Status status{};
        u64 count = 0;
        u64 next = 0;
        u64 flags = 0;
        std::vector<std::string> names{};
    };

    Batch list(u32 index, u32 max_bytes, u32 flags = 0, const std::string& pattern = "") {
        Builder body;
        body.d(0x2ad).d(flags).d(client_.handle).d(max_bytes).d(index).q(0).name_1(pattern);
        const Reply reply = client_.send(48, body.bytes);
        Batch batch{.status = reply.status};
        if (reply.status != Status::success)
            return batch;
        batch.count = reply.number(0, 4);
        batch.next = reply.number(4, 4);
        batch.flags = reply.number(8, 4);
        const Packet& entries = client_.data.empty() ? reply.body : pages_;
        std::size_t at = client_.data.empty() ? 20 : 0;
        for (u64 i = 0; i < batch.count; ++i) {
            batch.names.push_back(text_at(entries, at + 152, number_at(entries, at + 148, 4)));
            EXPECT_EQ(number_at(entries, at + 4, 4), index + i);
            const u64 next = number_at(entries, at, 4);
            EXPECT_EQ(next % 8, 0U);
            EXPECT_EQ(next == 0, i + 1 == batch.count);
            at += next;
        }
        return batch;
    }

    Packet pages_ = Packet(65536);
    Connection extended_{shares_, {.extensions = true}};
    Client client_{extended_, Form::modern};
};

TEST_F(Extensions, ListManyEntriesAtOnce) {
    for (int i = 0; i < 10; ++i)
        put("file" + std::to_string(i), std::string(std::size_t(i), 'x'));
    ASSERT_EQ(client_.open_search("root"), Status::success);
    Batch batch = list(0, 65536);
    EXPECT_EQ(batch.count, 12U);
    EXPECT_EQ(batch.next, 12U);
    EXPECT_EQ(batch.flags, 1U << 4);
    std::vector<std::string> names;
    for (u32 index = 0; batch.status == Status::success && index < 12; index = u32(batch.next)) {
        batch = list(index, 400);
        ASSERT_GT(batch.count, 0U);
        EXPECT_LE(batch.count, 2U);
        names.insert(names.end(), batch.names.begin(), batch.names.end());
    }
    std::sort(names.begin(), names.end());
    ASSERT_EQ(names.size(), 12U);
    EXPECT_EQ(names[2], "file0");
    EXPECT_EQ(names[11], "file9");
}

TEST_F(Extensions, ListOneByOneAndToTheEnd) {
    ASSERT_EQ(client_.open_search(""), Status::success);
    const Batch one = list(0, 65536, 1U << 2);
    EXPECT_EQ(one.names, std::vector<std::string>{"."});
    EXPECT_EQ(one.flags, 0U);
    EXPECT_EQ(list(2, 65536, 1U << 2).flags, 1U << 4);
    EXPECT_EQ(list(99, 65536).count, 0U);
    EXPECT_EQ(list(99, 65536).flags, 1U << 4);
    EXPECT_EQ(list(0, 100).status, Status::invalid_name) << "not one fits";
    EXPECT_EQ(list(0, 65536, 0, "*").count, 3U);
    EXPECT_EQ(list(0, 65536, 0, "*.c").status, Status::not_supported);
    EXPECT_EQ(list(0, 65536, 1U << 3).status, Status::not_supported);
}

TEST_F(Extensions, ListIntoDataPages) {
    put("f", "");
    client_.data = pages_;
    ASSERT_EQ(client_.open_search("root"), Status::success);
    const Batch batch = list(0, 65536);
    EXPECT_EQ(batch.count, 3U);
    EXPECT_EQ(batch.names.size(), 3U);
}

TEST_F(Extensions, SynchroniseFiles) {
    ASSERT_EQ(client_.open("root/f", 2, 2), Status::success);
    EXPECT_EQ(client_.send(57, Builder().d(client_.handle).q(0).bytes).status, Status::success);
    EXPECT_EQ(client_.send(57, Builder().d(99).q(0).bytes).status, Status::invalid_handle);
    EXPECT_EQ(client_.send(57, Builder().d(0).bytes).status, Status::protocol_error);
}

TEST_F(Extensions, LinkAndMoveFiles) {
    put("f", "text");
    const auto move = [&](const char* from, const char* to, u64 flags) {
        Builder body;
        body.name_3(on_wire(from)).name_3(on_wire(to)).q(flags);
        return client_.send(54, body.bytes).status;
    };
    EXPECT_EQ(move("root/f", "root/g", 2), Status::success);
    EXPECT_EQ(get("g"), "text");
    EXPECT_EQ(std::filesystem::hard_link_count(path("f")), 2U);
    EXPECT_EQ(move("root/f", "root/g", 2), Status::exists);
    put("h", "other");
    EXPECT_EQ(move("root/h", "root/f", 0), Status::exists);
    EXPECT_EQ(move("root/h", "root/f", 1), Status::success);
    EXPECT_EQ(get("f"), "other");
    Builder cut;
    cut.name_3(on_wire("root/f")).name_3(on_wire("root/x")).d(0);
    EXPECT_EQ(client_.send(54, cut.bytes).status, Status::protocol_error);
}

} // namespace
} // namespace vmguest::hgfs
