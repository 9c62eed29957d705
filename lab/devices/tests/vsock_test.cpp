// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The vsock peer against a guest that is written down here, packet by packet, and programs at
// real unix sockets.
#include <numeric>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "models/vmci/vsock_peer.hpp"
#include "vsock_guest.hpp"

namespace vmguest::lab::vmci::vsock {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::uint32_t guest_port = 1030, host_port = 5000;
constexpr std::uint64_t usual_size = 262144;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (auto& letter : text)
        letter = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return text;
}

Packet with_handle(Packet packet, Handle handle) {
    packet.set_handle(handle);
    return packet;
}

/// Bytes of a packet with one of them changed.
std::vector<std::byte> changed(const Packet& packet, std::size_t at, int value) {
    auto bytes = encode(packet);
    bytes.at(at) = std::byte(value);
    return bytes;
}

TEST(VsockPacket, LiesAsDocumented) {
    // Offsets of the sheet, 24 of the datagram's header taken off.
    const auto bytes = encode({Type::request2, 1, 0x01020304, 0x0a0b0c0d, 0x1122334455667788, 0});
    const std::vector<int> want = {1,    11,   1, 0, 4, 3,    2,    1,    0xd,  0xc,  0xb,
                                   0xa,  0,    0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33,
                                   0x22, 0x11, 0, 0, 0, 0,    0,    0,    0,    0};
    ASSERT_EQ(bytes.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i)
        EXPECT_EQ(std::to_integer<int>(bytes[i]), want[i]) << "at " << i;
    Packet offer;
    offer.set_handle({17, 1024});
    EXPECT_EQ(offer.first, 0x400'0000'0011U);
    EXPECT_EQ(offer.handle(), (Handle{17, 1024}));
}

TEST(VsockPacket, ComesBackAsItWas) {
    for (unsigned type = 0; type < type_count; ++type) {
        Packet packet{static_cast<Type>(type), 0, 7, 8, 0, 0};
        if (packet.type >= Type::request2)
            packet.proto = 1;
        const bool is_empty = packet.type == Type::invalid || packet.type == Type::wrote ||
                              packet.type == Type::read || packet.type == Type::rst;
        if (!is_empty)
            packet.first = 3;
        const auto found = decode(encode(packet));
        EXPECT_EQ(found.verdict, Verdict::good) << name_of(packet.type);
        EXPECT_FALSE(found.has_waste) << name_of(packet.type);
        EXPECT_EQ(found.packet, packet);
    }
}

TEST(VsockPacket, OtherSizesAreNoPackets) {
    const std::vector<std::byte> bytes(packet_size + 1);
    for (const auto size : {std::size_t{0}, packet_size - 1, packet_size + 1})
        EXPECT_EQ(decode(std::span(bytes).first(size)).verdict, Verdict::runt) << size;
}

TEST(VsockPacket, StrictReceiversRefuse) {
    const Packet wrote{Type::wrote, 0, 7, 8, 0, 0}, request{Type::request, 0, 7, 8, 128, 0},
        request2{Type::request2, 1, 7, 8, 128, 0};
    const Packet offer = with_handle({Type::offer, 0, 7, 8, 0, 0}, {17, 1024});
    const auto verdict = [](const Packet& packet) { return decode(encode(packet)).verdict; };
    const auto bytewise = [](const std::vector<std::byte>& bytes) { return decode(bytes).verdict; };
    EXPECT_EQ(bytewise(changed(wrote, 0, 2)), Verdict::malformed) << "version";
    EXPECT_EQ(bytewise(changed(wrote, 2, 1)), Verdict::malformed) << "proto";
    EXPECT_EQ(bytewise(changed(wrote, 12, 1)), Verdict::malformed) << "reserved";
    EXPECT_EQ(bytewise(changed(request2, 12, 1)), Verdict::good) << "reserved";
    EXPECT_EQ(bytewise(changed(wrote, 1, 13)), Verdict::unknown);
    EXPECT_EQ(bytewise(changed(wrote, 1, 255)), Verdict::unknown);
    for (auto packet : {wrote, request, request2, offer}) {
        packet.from_port = any_port;
        EXPECT_EQ(verdict(packet), Verdict::malformed) << name_of(packet.type);
        packet.from_port = 7;
        packet.to_port = any_port;
        EXPECT_EQ(verdict(packet), Verdict::malformed) << name_of(packet.type);
    }
    for (const auto type : {Type::invalid, Type::wrote, Type::read, Type::rst})
        EXPECT_EQ(verdict({type, 0, 7, 8, 1, 0}), Verdict::malformed) << name_of(type);
    for (const auto type : {Type::request, Type::negotiate, Type::request2, Type::negotiate2})
        EXPECT_EQ(verdict({type, 0, 7, 8, 0, 0}), Verdict::malformed) << name_of(type);
    for (const auto type : {Type::offer, Type::attach}) {
        EXPECT_EQ(verdict(with_handle({type, 0, 7, 8, 0, 0}, {17, invalid_id})),
                  Verdict::malformed);
        EXPECT_EQ(verdict(with_handle({type, 0, 7, 8, 0, 0}, {invalid_id, 17})),
                  Verdict::malformed);
    }
}

TEST(VsockPacket, NoticesBytesThatMeanNothing) {
    EXPECT_TRUE(decode(encode({Type::shutdown, 0, 7, 8, 3, 1})).has_waste);
    EXPECT_TRUE(decode(encode({Type::rst, 0, 7, 8, 0, 1})).has_waste);
    EXPECT_TRUE(decode(changed({Type::request2, 1, 7, 8, 128, 0}, 13, 1)).has_waste);
    EXPECT_FALSE(decode(encode({Type::waiting_read, 0, 7, 8, 3, 1})).has_waste);
}

class VsockTest : public testing::Test {
protected:
    json tell(const std::vector<std::string_view>& words) {
        const auto reply = peer_.command(words);
        return reply ? reply.value() : json{{"error", reply.sentence()}};
    }
    json order(const std::string& line) {
        std::vector<std::string_view> words;
        std::string_view rest = line;
        while (!rest.empty()) {
            const auto end = std::min(rest.find(' '), rest.size());
            words.push_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return tell(words);
    }
    void listen() { ASSERT_TRUE(tell({"listen", "5000", "unix", program_.path()}).contains("ok")); }
    void hostile(std::string_view script) {
        ASSERT_EQ(tell({"hostile", script})["rules"], 1) << script;
    }
    Packet guest_packet(Type type, std::uint64_t first = 0, std::uint16_t proto = 0,
                        std::uint32_t port = guest_port) const {
        return {type, proto, port, to_, first, 0};
    }
    /// The host's next packet is this one.
    void expect(Type type, std::uint64_t first = 0, std::uint16_t proto = 0,
                std::uint32_t port = guest_port) {
        const auto got = guest_.next();
        ASSERT_TRUE(got) << "there is no packet where " << name_of(type) << " is due";
        const Packet want{type, proto, to_, port, first, 0};
        EXPECT_EQ(*got, want) << "got " << name_of(got->type) << " with " << got->first << ", not "
                              << name_of(type) << " with " << first;
    }
    void expect_silence() {
        EXPECT_TRUE(guest_.inbox.empty()) << "got " << name_of(guest_.inbox.front().type);
        guest_.inbox.clear();
    }
    void expect_handle(Type type, Handle handle) { expect(type, with_handle({}, handle).first); }

    /// The guest connects; its stream, the program having accepted.
    GuestStream connect(std::uint64_t size = usual_size, std::uint32_t port = guest_port) {
        guest_.tell(guest_packet(Type::request2, size, queue_state_bit, port));
        expect(Type::negotiate2, size, queue_state_bit, port);
        const auto pair = guest_.make_pair(size);
        guest_.tell(with_handle(guest_packet(Type::offer, 0, 0, port), pair));
        expect(Type::attach, with_handle({}, pair).first, 0, port);
        EXPECT_TRUE(program_.accept());
        host_.advance(Connection::settling);
        return {guest_, port, to_, pair};
    }
    /// As the older protocol has it.
    GuestStream connect_of_old(std::uint64_t size = usual_size) {
        guest_.tell(guest_packet(Type::request, size));
        expect(Type::negotiate, size);
        const auto pair = guest_.make_pair(size);
        guest_.tell(with_handle(guest_packet(Type::offer), pair));
        expect_handle(Type::attach, pair);
        EXPECT_TRUE(program_.accept());
        return {guest_, guest_port, to_, pair};
    }
    /// The host asks the guest's port for a connection; its id. Its port becomes 'to_'.
    std::string begin() {
        const auto made = tell({"connect", "1030", "unix", program_.path()});
        EXPECT_TRUE(made.contains("id")) << made;
        EXPECT_TRUE(program_.accept());
        to_ = made.value("host_port", 0U);
        return std::to_string(made.value("id", 0));
    }
    /// … and gets it.
    GuestStream connect_to_guest(std::string& id) {
        id = begin();
        expect(Type::request2, usual_size, queue_state_bit);
        guest_.tell(guest_packet(Type::negotiate2, usual_size, queue_state_bit));
        const auto offer = guest_.next();
        EXPECT_TRUE(offer && offer->type == Type::offer);
        guest_.attach(offer->handle());
        guest_.tell(with_handle(guest_packet(Type::attach), offer->handle()));
        expect_silence();
        return {guest_, guest_port, to_, offer->handle()};
    }
    std::string state_of(const std::string& id) {
        return tell({"result", id}).value("state", "none");
    }
    std::size_t connections() { return order("show")["connections"].size(); }
    bool settle() { return host_.settle(); }

    PollHost host_;
    FakeGuest guest_;
    Program program_;
    Peer peer_{host_, guest_};
    std::uint32_t to_ = host_port;
};

TEST_F(VsockTest, RefusesWhereNobodyListens) {
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    expect(Type::rst);
    guest_.tell(guest_packet(Type::request, usual_size));
    expect(Type::rst);
    ASSERT_TRUE(order("listen 5000 unix /nonexistent/socket").contains("ok"));
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    expect(Type::rst);
    EXPECT_NE(host_.said.find("/nonexistent/socket"), std::string::npos);
    EXPECT_EQ(connections(), 0U);
}

TEST_F(VsockTest, TakesAsManyBytesAsThePacketHas) {
    EXPECT_EQ(guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit)), 56);
    EXPECT_EQ(guest_.tell(guest_packet(Type::rst)), 56);
    EXPECT_EQ(guest_.send({host_context, control_resource}, control_resource, {}), invalid_args);
    EXPECT_EQ(guest_.send({host_context, control_resource}, 2, encode(guest_packet(Type::rst))),
              no_access);
}

TEST_F(VsockTest, AnswersPacketsOfNoConnection) {
    guest_.tell(guest_packet(Type::rst));
    expect_silence();
    for (const auto type : {Type::wrote, Type::read, Type::invalid}) {
        guest_.tell(guest_packet(type));
        expect(Type::rst);
    }
    guest_.send({host_context, control_resource}, control_resource,
                changed(guest_packet(Type::wrote), 1, 13));
    expect(Type::invalid);
    EXPECT_TRUE(host_.reports.empty());
    guest_.send({host_context, control_resource}, control_resource,
                changed(guest_packet(Type::wrote), 0, 2));
    expect(Type::rst);
    EXPECT_EQ(host_.reports.size(), 1U);
    guest_.send({host_context, control_resource}, control_resource,
                changed(guest_packet(Type::rst), 0, 2));
    guest_.tell(guest_packet(Type::wrote, 0, 0, any_port)); // nobody could take an answer
    expect_silence();
}

TEST_F(VsockTest, CarriesBothWays) {
    listen();
    auto stream = connect();
    EXPECT_EQ(stream.write("hello"), 5U);
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "hello");
    program_.write("and back");
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    EXPECT_EQ(stream.read(), "and back");
    const auto shown = order("show")["connections"].at(0);
    EXPECT_EQ(shown["from_guest"], 5);
    EXPECT_EQ(shown["to_guest"], 8);
    EXPECT_EQ(shown["state"], "connected");
}

TEST_F(VsockTest, AgreesOnSizes) {
    listen();
    for (const auto size : {128U, 4095U, 262144U, 1U << 20}) {
        auto stream = connect(size);
        guest_.detach(stream.pair());
        ASSERT_TRUE(settle());
    }
    for (const auto size : {1U, 127U, (1U << 20) + 1}) {
        guest_.tell(guest_packet(Type::request2, size, queue_state_bit));
        expect(Type::negotiate2, usual_size, queue_state_bit);
        guest_.tell(guest_packet(Type::rst));
        expect_silence();
    }
    guest_.tell(guest_packet(Type::request2, usual_size, 0xfffe));
    expect(Type::rst); // no protocol in common
    guest_.tell(guest_packet(Type::request2, usual_size, 0xffff));
    expect(Type::negotiate2, usual_size, queue_state_bit);
}

TEST_F(VsockTest, RefusesWrongOffers) {
    listen();
    const auto ask = [&] {
        guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
        expect(Type::negotiate2, usual_size, queue_state_bit);
    };
    ask();
    guest_.tell(with_handle(guest_packet(Type::offer), {FakeGuest::context, 77}));
    expect(Type::rst);
    ask();
    guest_.tell(with_handle(guest_packet(Type::offer), guest_.make_pair(4096)));
    expect(Type::rst);
    for (const auto type : {Type::wrote, Type::attach, Type::request2, Type::negotiate}) {
        ask();
        guest_.tell(guest_packet(type, type == Type::wrote ? 0 : 0x1100000011,
                                 type == Type::request2 ? queue_state_bit : std::uint16_t{0}));
        expect(Type::rst);
    }
    ask();
    guest_.tell(guest_packet(Type::rst));
    expect_silence();
    ask();
    host_.advance(Connection::patience - 1ms);
    EXPECT_EQ(connections(), 1U);
    host_.advance(1ms);
    expect(Type::rst);
    EXPECT_EQ(connections(), 0U);
    guest_.tell(with_handle(guest_packet(Type::offer), guest_.make_pair(usual_size)));
    expect(Type::rst);
    ASSERT_TRUE(settle());
    EXPECT_EQ(host_.watches(), 0U);
}

TEST_F(VsockTest, NotifiesAtTheEdgesOnly) {
    listen();
    auto stream = connect(4096);
    program_.write("one");
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    program_.write("two");
    ASSERT_TRUE(settle());
    expect_silence(); // the queue was not empty
    EXPECT_EQ(stream.read(), "onetwo");
    program_.write("three");
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    // The other way: READ after the queue was full, and only then.
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(stream.write(std::string(4094, 'x')), 4094U);
        ASSERT_TRUE(settle());
        expect_silence();
        EXPECT_EQ(stream.write(std::string(5000, 'y')), 4095U);
        ASSERT_TRUE(settle());
        expect(Type::read);
        program_.read();
    }
    expect_silence();
}

/// Move all of `text` from the guest to the program, whatever the queues hold.
TEST_F(VsockTest, CarriesMuchInSmallQueues) {
    listen();
    auto stream = connect(4095);
    const auto text = pattern(300'000);
    std::size_t sent = 0, returned = 0;
    std::string got, back;
    for (int round = 0; round < 10000 && (got.size() < text.size() || back.size() < text.size());
         ++round) {
        sent += stream.write(std::string_view(text).substr(sent, 1777));
        const auto size = program_.write(std::string_view(text).substr(returned, 2999));
        returned += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
        host_.poll_once();
        got += program_.read();
        back += stream.read(1234);
    }
    EXPECT_TRUE(got == text);
    EXPECT_TRUE(back == text);
}

TEST_F(VsockTest, HoldsBackWhatNobodyTakes) {
    listen();
    auto stream = connect();
    // To the program: its socket fills, then our buffer, then the guest's queue, and there it ends.
    std::size_t sent = 0;
    for (int round = 0; round < 1000; ++round) {
        sent += stream.write(std::string(65536, 'x'));
        ASSERT_TRUE(settle());
    }
    EXPECT_LT(sent, 4U << 20);
    EXPECT_EQ(stream.write("x"), 0U);
    EXPECT_LE(order("show")["connections"][0]["waiting"], 65536);
    std::size_t got = 0;
    for (int round = 0; round < 1000; ++round) {
        got += program_.read().size();
        ASSERT_TRUE(settle());
    }
    EXPECT_EQ(got, sent);
    guest_.inbox.clear();
    // To the guest: its queue fills, then the socket, and the program has to wait.
    sent = got = 0;
    for (ssize_t size = 1; size > 0; sent += static_cast<std::size_t>(std::max<ssize_t>(size, 0))) {
        size = program_.write(std::string(65536, 'y'));
        ASSERT_TRUE(settle());
    }
    EXPECT_LT(sent, 4U << 20);
    EXPECT_EQ(stream.rings().to_guest.room(), 0U);
    for (int round = 0; round < 1000; ++round) {
        got += stream.read().size();
        ASSERT_TRUE(settle());
    }
    EXPECT_EQ(got, sent);
}

TEST_F(VsockTest, LetsTheMachineGoOn) {
    listen();
    auto stream = connect();
    // A guest that writes as quickly as the host reads must not keep the host from all else.
    constexpr std::size_t all = 4U << 20, piece = 65536;
    std::size_t sent = stream.rings().from_guest.write(std::vector<std::byte>(piece)), got = 0;
    stream.rings().when_read = [&] {
        got += program_.read().size();
        if (sent < all)
            sent += stream.rings().from_guest.write(std::vector<std::byte>(piece));
    };
    stream.tell(Type::wrote);
    EXPECT_LT(sent, all);
    for (int round = 0; round < 200; ++round) {
        ASSERT_TRUE(settle());
        got += program_.read().size();
    }
    EXPECT_EQ(got, all);
}

TEST_F(VsockTest, CarriesEachEndOfItsOwn) {
    listen();
    auto stream = connect();
    stream.write("last words");
    stream.tell(Type::shutdown, shut_send);
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "last words");
    EXPECT_TRUE(program_.is_at_end());
    program_.write("answer");
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    EXPECT_EQ(stream.read(), "answer");
    EXPECT_TRUE(stream.is_there());
    program_.shut_write();
    ASSERT_TRUE(settle());
    expect(Type::shutdown, shut_send);
    EXPECT_FALSE(stream.is_there()); // both have ended
    EXPECT_EQ(guest_.detached, std::vector{stream.pair()});
    EXPECT_EQ(connections(), 0U);
}

TEST_F(VsockTest, CarriesTheProgramsEnd) {
    listen();
    auto stream = connect();
    program_.write("greeting");
    program_.shut_write();
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    expect(Type::shutdown, shut_send);
    EXPECT_EQ(stream.read(), "greeting");
    stream.write("still heard");
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "still heard");
    stream.tell(Type::shutdown, shut_send);
    ASSERT_TRUE(settle());
    EXPECT_TRUE(program_.is_at_end());
    EXPECT_FALSE(stream.is_there());
    expect_silence();
}

TEST_F(VsockTest, DetachesWhenTheProgramIsGone) {
    listen();
    auto stream = connect();
    auto* rings = &stream.rings();
    program_.write("all of it");
    ASSERT_TRUE(settle());
    EXPECT_EQ(rings->to_guest.ready(), 9U);
    program_.close_end();
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    expect(Type::shutdown, shut_both);
    EXPECT_EQ(guest_.detached, std::vector{stream.pair()});
    EXPECT_EQ(connections(), 0U);
    EXPECT_EQ(host_.watches(), 0U);
}

TEST_F(VsockTest, DoesNotDetachBeforeTheGuestKnows) {
    listen();
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    ASSERT_TRUE(program_.accept());
    program_.write("short");
    program_.close_end();
    expect(Type::negotiate2, usual_size, queue_state_bit);
    const auto pair = guest_.make_pair(usual_size);
    guest_.tell(with_handle(guest_packet(Type::offer), pair));
    expect_handle(Type::attach, pair);
    expect(Type::wrote);
    // A guest that sees the end of what it reads may count on it that nobody hears it.
    expect(Type::shutdown, shut_both);
    ASSERT_TRUE(settle());
    GuestStream stream{guest_, guest_port, to_, pair};
    stream.write("to nobody");
    ASSERT_TRUE(settle());
    expect_silence();
    host_.advance(Connection::settling - 1ms);
    ASSERT_TRUE(stream.is_there());
    EXPECT_EQ(stream.read(), "short");
    host_.advance(1ms);
    EXPECT_FALSE(stream.is_there());
    EXPECT_EQ(connections(), 0U);
}

TEST_F(VsockTest, TellsThatNobodyReads) {
    listen();
    auto stream = connect();
    stream.tell(Type::shutdown, shut_receive);
    ASSERT_TRUE(settle());
    EXPECT_LT(program_.write("unwanted"), 0);
    stream.write("wanted");
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "wanted");
    EXPECT_TRUE(stream.is_there());
    program_.close_end();
    stream.write("too late");
    ASSERT_TRUE(settle());
    EXPECT_FALSE(stream.is_there());
}

TEST_F(VsockTest, TellsThatTheProgramReadsNoMore) {
    listen();
    auto stream = connect();
    program_.shut_read();
    stream.write("unheard");
    ASSERT_TRUE(settle());
    expect(Type::shutdown, shut_receive);
    program_.write("still talking");
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    EXPECT_EQ(stream.read(), "still talking");
    program_.close_end();
    ASSERT_TRUE(settle());
    EXPECT_FALSE(stream.is_there());
}

TEST_F(VsockTest, KeepsWhatTheGuestLeaves) {
    listen();
    auto stream = connect();
    const auto text = pattern(1U << 20);
    std::size_t sent = 0;
    for (int round = 0; round < 20; ++round) {
        sent += stream.write(std::string_view(text).substr(sent, 65536));
        ASSERT_TRUE(settle());
    }
    EXPECT_EQ(stream.rings().from_guest.room(), 0U);
    guest_.detach(stream.pair());
    EXPECT_EQ(order("show")["connections"][0]["state"], "left");
    // Its ports are free again at once.
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    EXPECT_EQ(guest_.inbox.back().type, Type::negotiate2);
    guest_.tell(guest_packet(Type::rst));
    std::string got;
    for (int round = 0; round < 100; ++round) {
        got += program_.read();
        ASSERT_TRUE(settle());
    }
    EXPECT_TRUE(got == text.substr(0, sent));
    EXPECT_TRUE(program_.is_at_end());
    EXPECT_FALSE(program_.has_failed());
    EXPECT_EQ(connections(), 0U);
    EXPECT_TRUE(guest_.detached.empty());
}

TEST_F(VsockTest, ForgetsAProgramThatNeverReads) {
    listen();
    auto stream = connect();
    for (int round = 0; round < 20; ++round) {
        stream.write(std::string(65536, 'x'));
        ASSERT_TRUE(settle());
    }
    guest_.detach(stream.pair());
    ASSERT_TRUE(settle());
    EXPECT_EQ(connections(), 1U);
    program_.close_end();
    ASSERT_TRUE(settle());
    EXPECT_EQ(connections(), 0U);
}

TEST_F(VsockTest, TakesAResetForAnEnd) {
    listen();
    auto stream = connect();
    stream.rings().from_guest.write(bytes_of("unread"));
    stream.tell(Type::rst);
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "unread");
    EXPECT_TRUE(program_.is_at_end());
    EXPECT_EQ(guest_.detached, std::vector{stream.pair()});
    EXPECT_EQ(connections(), 0U);
    stream.tell(Type::rst);
    expect_silence();
}

TEST_F(VsockTest, LetsGoOfThePairAtAReset) {
    listen();
    auto stream = connect();
    for (int round = 0; round < 20; ++round) {
        stream.write(std::string(65536, 'x'));
        ASSERT_TRUE(settle());
    }
    stream.tell(Type::rst);
    EXPECT_EQ(connections(), 1U); // the program has still to read
    EXPECT_EQ(guest_.detached, std::vector{stream.pair()});
}

TEST_F(VsockTest, IgnoresStalePackets) {
    listen();
    auto stream = connect();
    stream.tell(Type::negotiate, usual_size);
    stream.tell(Type::offer, 0x1100000011);
    stream.tell(Type::waiting_read, 1);
    stream.tell(Type::shutdown, 0);
    expect_silence();
    stream.tell(Type::request, usual_size);
    expect(Type::rst); // and not the connection that there is
    stream.write("alive");
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "alive");
}

TEST_F(VsockTest, ForgetsEverythingAtAReset) {
    listen();
    connect();
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit, 1031));
    const auto id = begin();
    guest_.reset();
    EXPECT_EQ(connections(), 0U);
    EXPECT_EQ(state_of(id), "failed");
    ASSERT_TRUE(settle());
    EXPECT_EQ(host_.watches(), 0U);
    EXPECT_TRUE(guest_.detached.empty());
    to_ = host_port;
    ASSERT_TRUE(program_.accept()); // that of port 1031
    connect();
}

TEST_F(VsockTest, LimitsWhatIsPending) {
    listen();
    for (std::uint32_t port = 0; port < Peer::most_pending; ++port) {
        guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit, 2000 + port));
        expect(Type::negotiate2, usual_size, queue_state_bit, 2000 + port);
    }
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    expect(Type::rst);
    EXPECT_TRUE(tell({"connect", "1030", "unix", program_.path()}).contains("error"));
    host_.advance(Connection::patience);
    guest_.inbox.clear();
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    expect(Type::negotiate2, usual_size, queue_state_bit);
}

TEST_F(VsockTest, LimitsConnections) {
    listen();
    for (std::uint32_t port = 0; port < Peer::most_connections; ++port)
        connect(128, 2000 + port);
    // The program has closed its end of all but the last.
    for (const auto& pair : guest_.pairs)
        EXPECT_TRUE(pair.is_guest_in);
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    expect(Type::rst);
    ASSERT_TRUE(settle());
    EXPECT_EQ(connections(), 1U);
    guest_.inbox.clear();
    connect();
}

TEST_F(VsockTest, RetriesWhatFoundNoRoom) {
    listen();
    auto stream = connect();
    guest_.is_inbox_full = true;
    program_.write("news");
    program_.shut_write();
    ASSERT_TRUE(settle());
    host_.advance(50ms);
    expect_silence();
    guest_.is_inbox_full = false;
    host_.advance(10ms);
    expect(Type::wrote);
    expect(Type::shutdown, shut_send);
    host_.advance(1s);
    expect_silence();
    EXPECT_EQ(stream.read(), "news");
}

TEST_F(VsockTest, GivesUpAHandshakeThatFindsNoRoom) {
    listen();
    guest_.is_inbox_full = true;
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    EXPECT_EQ(connections(), 0U);
    const auto id = begin();
    EXPECT_EQ(state_of(id), "failed");
}

TEST_F(VsockTest, EndsAConnectionWithBadIndexes) {
    listen();
    auto stream = connect();
    stream.rings().has_bad_index = true;
    stream.tell(Type::wrote);
    EXPECT_EQ(guest_.detached, std::vector{stream.pair()});
    EXPECT_EQ(host_.reports.size(), 1U);
    ASSERT_TRUE(settle());
    EXPECT_TRUE(program_.is_at_end());
}

TEST_F(VsockTest, ServesTheOlderProtocol) {
    listen();
    auto stream = connect_of_old(4096);
    EXPECT_EQ(order("show")["connections"][0]["notices"], "packets");
    expect(Type::waiting_read); // the queue is empty, and it waits
    stream.rings().from_guest.write(bytes_of("unheard"));
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "");
    stream.tell(Type::wrote);
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "unheard");
    expect(Type::waiting_read);
    expect_silence();
    // The guest reads: told once, and only after it has said that it waits.
    program_.write("one");
    ASSERT_TRUE(settle());
    expect_silence();
    stream.tell(Type::waiting_read, 1);
    expect(Type::wrote);
    std::vector<std::byte> bytes(100);
    stream.rings().to_guest.read(bytes);
    stream.tell(Type::waiting_read, 1);
    expect_silence();
    program_.write("two");
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    expect_silence();
}

TEST_F(VsockTest, WaitsForRoomInTheOlderProtocol) {
    listen();
    auto stream = connect_of_old(4096);
    expect(Type::waiting_read);
    program_.write(std::string(5000, 'x'));
    ASSERT_TRUE(settle());
    expect(Type::waiting_write);
    expect_silence();
    std::vector<std::byte> bytes(4095);
    EXPECT_EQ(stream.rings().to_guest.read(bytes), 4095U);
    stream.tell(Type::read);
    ASSERT_TRUE(settle());
    EXPECT_EQ(stream.rings().to_guest.read(bytes), 905U);
    program_.write(std::string(5000, 'y'));
    ASSERT_TRUE(settle());
    expect(Type::waiting_write); // anew, for it was told
    // The guest's own wait for room.
    stream.rings().from_guest.write(std::vector<std::byte>(4095));
    stream.tell(Type::waiting_write, 1);
    expect(Type::read);
    expect_silence();
}

TEST_F(VsockTest, ConnectsToTheGuest) {
    std::string id;
    auto stream = connect_to_guest(id);
    EXPECT_EQ(state_of(id), "connected");
    program_.write("from the host");
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    EXPECT_EQ(stream.read(), "from the host");
    stream.write("from the guest");
    ASSERT_TRUE(settle());
    EXPECT_EQ(program_.read(), "from the guest");
    guest_.detach(stream.pair());
    ASSERT_TRUE(settle());
    EXPECT_TRUE(program_.is_at_end());
    EXPECT_EQ(state_of(id), "ended");
}

TEST_F(VsockTest, UsesAnotherPortEachTime) {
    std::string id;
    connect_to_guest(id);
    const auto first = to_;
    connect_to_guest(id);
    EXPECT_NE(to_, first);
    EXPECT_GE(first, 1024U);
}

TEST_F(VsockTest, UsesThePortThatIsWanted) {
    to_ = 700;
    const auto ask = [&] { return tell({"connect", "1030", "unix", program_.path(), "700"}); };
    EXPECT_EQ(ask().value("host_port", 0U), 700U);
    expect(Type::request2, usual_size, queue_state_bit);
    EXPECT_FALSE(ask().value("error", "").empty());
    guest_.tell(guest_packet(Type::rst));
    EXPECT_EQ(ask().value("host_port", 0U), 700U);
    expect(Type::request2, usual_size, queue_state_bit);
}

TEST_F(VsockTest, DetachesFromAnAcceptingGuestAtOnce) {
    std::string id;
    auto stream = connect_to_guest(id);
    program_.write("short");
    program_.close_end();
    ASSERT_TRUE(settle());
    expect(Type::wrote);
    expect(Type::shutdown, shut_both);
    EXPECT_EQ(guest_.detached, std::vector{stream.pair()});
    EXPECT_EQ(state_of(id), "ended");
}

TEST_F(VsockTest, TakesRefusalsOfTheGuest) {
    const auto id = begin();
    expect(Type::request2, usual_size, queue_state_bit);
    EXPECT_EQ(state_of(id), "connecting");
    guest_.tell(guest_packet(Type::rst));
    EXPECT_EQ(state_of(id), "failed");
    expect_silence();
    EXPECT_TRUE(program_.is_at_end());
    const auto other = begin();
    host_.advance(Connection::patience);
    EXPECT_EQ(state_of(other), "failed");
    EXPECT_NE(tell({"result", other}).value("why", "").find("in time"), std::string::npos);
}

TEST_F(VsockTest, FallsBackToTheOlderRequest) {
    const auto id = begin();
    expect(Type::request2, usual_size, queue_state_bit);
    guest_.tell(guest_packet(Type::invalid));
    expect(Type::request, usual_size);
    guest_.tell(guest_packet(Type::rst)); // very old ones send both
    EXPECT_EQ(state_of(id), "connecting");
    guest_.tell(guest_packet(Type::negotiate, usual_size));
    const auto offer = guest_.next();
    ASSERT_TRUE(offer && offer->type == Type::offer);
    guest_.attach(offer->handle());
    guest_.tell(with_handle(guest_packet(Type::attach), offer->handle()));
    EXPECT_EQ(state_of(id), "connected");
    EXPECT_EQ(order("show")["connections"][0]["notices"], "packets");
}

TEST_F(VsockTest, FallsBackOnceAndIsRefusedTwice) {
    auto id = begin();
    guest_.tell(guest_packet(Type::invalid));
    guest_.tell(guest_packet(Type::invalid));
    EXPECT_EQ(state_of(id), "failed");
    id = begin();
    guest_.tell(guest_packet(Type::invalid));
    guest_.tell(guest_packet(Type::rst));
    guest_.tell(guest_packet(Type::rst));
    EXPECT_EQ(state_of(id), "failed");
}

TEST_F(VsockTest, RefusesWrongAnswersOfTheGuest) {
    const std::vector<Packet> wrong = {
        {Type::negotiate2, queue_state_bit, 0, 0, 127, 0},
        {Type::negotiate2, queue_state_bit, 0, 0, (1U << 20) + 1, 0},
        {Type::negotiate2, 2, 0, 0, usual_size, 0},
        {Type::attach, 0, 0, 0, 0x40000000002, 0},
        {Type::wrote, 0, 0, 0, 0, 0},
        {Type::shutdown, 0, 0, 0, 3, 0},
    };
    for (const auto& one : wrong) {
        const auto id = begin();
        expect(Type::request2, usual_size, queue_state_bit);
        guest_.tell(guest_packet(one.type, one.first, one.proto));
        expect(Type::rst);
        EXPECT_EQ(state_of(id), "failed") << name_of(one.type);
    }
    guest_.has_room_for_pairs = false;
    const auto id = begin();
    expect(Type::request2, usual_size, queue_state_bit);
    guest_.tell(guest_packet(Type::negotiate2, usual_size, queue_state_bit));
    expect(Type::rst);
    EXPECT_EQ(state_of(id), "failed");
}

TEST_F(VsockTest, RefusesWrongAttachments) {
    enum class Wrong { not_attached, other_handle, detached };
    for (const auto wrong : {Wrong::not_attached, Wrong::other_handle, Wrong::detached}) {
        const auto id = begin();
        expect(Type::request2, usual_size, queue_state_bit);
        guest_.tell(guest_packet(Type::negotiate2, usual_size, queue_state_bit));
        const auto offer = guest_.next();
        ASSERT_TRUE(offer && offer->type == Type::offer);
        auto handle = offer->handle();
        if (wrong != Wrong::not_attached)
            guest_.attach(handle);
        if (wrong == Wrong::detached)
            guest_.detach(handle);
        if (wrong == Wrong::other_handle)
            ++handle.resource;
        guest_.tell(with_handle(guest_packet(Type::attach), handle));
        expect(Type::rst);
        EXPECT_EQ(state_of(id), "failed");
        EXPECT_TRUE(guest_.pairs.empty());
    }
}

TEST_F(VsockTest, ResetsAtTheHostsWish) {
    listen();
    auto stream = connect();
    const auto id = std::to_string(order("show")["connections"][0]["id"].get<int>());
    ASSERT_TRUE(tell({"reset", id}).contains("ok"));
    expect(Type::rst);
    EXPECT_FALSE(stream.is_there());
    EXPECT_TRUE(program_.is_at_end());
    EXPECT_LT(program_.write("to nobody"), 0);
    EXPECT_TRUE(tell({"reset", id}).contains("error"));
}

TEST_F(VsockTest, EchoesDatagrams) {
    const Handle there = {host_context, 6000};
    const std::vector<std::byte> payload(69608, std::byte{7});
    EXPECT_EQ(guest_.send(there, 1050, payload), invalid_resource);
    ASSERT_TRUE(order("dgram 6000 echo").contains("ok"));
    EXPECT_EQ(guest_.send(there, 1050, payload), 69632);
    EXPECT_EQ(guest_.send(there, 1050, {}), 24);
    ASSERT_EQ(guest_.datagrams.size(), 2U);
    EXPECT_EQ(guest_.datagrams[0].to, (Handle{FakeGuest::context, 1050}));
    EXPECT_EQ(guest_.datagrams[0].from, there);
    EXPECT_EQ(guest_.datagrams[0].payload, payload);
    EXPECT_EQ(order("show")["datagrams"][0]["received"], 2);
    ASSERT_TRUE(order("send 6000 1050 two words").contains("ok"));
    EXPECT_EQ(text_of(guest_.datagrams[2].payload), "two words");
    EXPECT_EQ(guest_.datagrams[2].from, there);
    ASSERT_TRUE(order("dgram 6000 close").contains("ok"));
    EXPECT_EQ(guest_.send(there, 1050, {}), invalid_resource);
}

TEST_F(VsockTest, RefusesWrongCommands) {
    for (const auto* line : {"",
                             "nonsense",
                             "listen",
                             "listen 5000",
                             "listen x unix /p",
                             "listen 5000 tcp /p",
                             "listen 4294967295 unix /p",
                             "unlisten 5000",
                             "connect 1 unix /nonexistent/p",
                             "connect x unix /p",
                             "connect 1 unix /p x",
                             "connect 1 unix /p 4294967295",
                             "result 7",
                             "result x",
                             "reset 7",
                             "dgram 1 echo",
                             "dgram x echo",
                             "dgram 6000 close",
                             "dgram 6000 sink",
                             "send 1 x text",
                             "send 1 2",
                             "hostile",
                             "hostile nonsense",
                             "show all"})
        EXPECT_FALSE(order(line).value("error", "").empty()) << line;
    listen();
    EXPECT_FALSE(order("listen 5000 unix /p").value("error", "").empty());
    EXPECT_TRUE(order("unlisten 5000").contains("ok"));
    guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    expect(Type::rst);
    guest_.is_inbox_full = true;
    EXPECT_FALSE(order("send 1 2 text").value("error", "").empty());
}

TEST_F(VsockTest, RefusesRulesThatAreNone) {
    for (const auto* script :
         {"request", "request nonsense", "nonsense silent", "request late", "request late x",
          "request silent 5", "connect silent", "data late 5", "notice reset", "offer size 5",
          "x request silent", "+ request silent", "request silent; offer"})
        EXPECT_FALSE(tell({"hostile", script}).value("error", "").empty()) << script;
    EXPECT_EQ(tell({"hostile", "x3 +2 request silent; x* offer late 5;"})["rules"], 2);
    EXPECT_EQ(tell({"hostile", "faithful"})["rules"], 0);
    std::string many;
    for (std::size_t i = 0; i <= Faults::most_rules; ++i)
        many += "request silent;";
    EXPECT_FALSE(tell({"hostile", many}).value("error", "").empty());
}

TEST_F(VsockTest, BreaksItsPromisesOnRequest) {
    listen();
    const auto ask = [&] {
        guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
    };
    hostile("request reset");
    ask();
    expect(Type::rst);
    ask();
    expect(Type::negotiate2, usual_size, queue_state_bit); // a rule applies once
    guest_.tell(guest_packet(Type::rst));
    hostile("request silent");
    ask();
    expect_silence();
    host_.advance(Connection::patience);
    expect(Type::rst);
    hostile("request late 500");
    ask();
    host_.advance(499ms);
    expect_silence();
    host_.advance(1ms);
    expect(Type::negotiate2, usual_size, queue_state_bit);
    guest_.tell(guest_packet(Type::rst));
    hostile("request size 7");
    ask();
    expect(Type::negotiate2, 7, queue_state_bit);
    guest_.tell(guest_packet(Type::rst));
    hostile("request proto 6");
    ask();
    expect(Type::negotiate2, usual_size, 6);
    guest_.tell(guest_packet(Type::rst));
    hostile("+1 request reset");
    ask();
    expect(Type::negotiate2, usual_size, queue_state_bit);
    guest_.tell(guest_packet(Type::rst));
    ask();
    expect(Type::rst);
    EXPECT_EQ(tell({"hostile", "faithful"})["committed"], 6);
    ask();
    expect(Type::negotiate2, usual_size, queue_state_bit);
}

TEST_F(VsockTest, BreaksItsPromisesOnOffers) {
    listen();
    const auto offer = [&](std::string_view script) {
        hostile(script);
        guest_.tell(guest_packet(Type::request2, usual_size, queue_state_bit));
        expect(Type::negotiate2, usual_size, queue_state_bit);
        const auto pair = guest_.make_pair(usual_size);
        guest_.tell(with_handle(guest_packet(Type::offer), pair));
        return pair;
    };
    auto pair = offer("offer early");
    expect(Type::wrote);
    expect_handle(Type::attach, pair);
    guest_.detach(pair);
    pair = offer("offer twice");
    expect_handle(Type::attach, pair);
    expect_handle(Type::attach, pair);
    guest_.detach(pair);
    pair = offer("offer handle");
    ASSERT_FALSE(guest_.inbox.empty());
    EXPECT_NE(guest_.next()->handle(), pair);
    guest_.tell(guest_packet(Type::rst));
    EXPECT_EQ(guest_.detached, std::vector{pair});
    pair = offer("offer silent");
    expect_silence();
    guest_.detach(pair);
    pair = offer("offer late 300");
    host_.advance(299ms);
    expect_silence();
    host_.advance(1ms);
    expect_handle(Type::attach, pair);
    guest_.detach(pair);
    offer("offer reset");
    expect(Type::rst);
    ASSERT_TRUE(settle());
    EXPECT_EQ(connections(), 0U);
}

TEST_F(VsockTest, BreaksItsPromisesInTheMiddle) {
    listen();
    auto stream = connect();
    hostile("+1 data detach");
    stream.write("one");
    EXPECT_TRUE(stream.is_there());
    stream.write("two");
    EXPECT_FALSE(stream.is_there());
    expect_silence();
    ASSERT_TRUE(settle());
    auto other = connect();
    hostile("data reset");
    other.write("one");
    expect(Type::rst);
    EXPECT_FALSE(other.is_there());
    ASSERT_TRUE(settle());
    auto third = connect();
    hostile("notice silent");
    program_.write("one");
    ASSERT_TRUE(settle());
    expect_silence();
    EXPECT_EQ(third.read(), "one");
}

TEST_F(VsockTest, BreaksItsPromisesAsClient) {
    hostile("connect size 3");
    begin();
    expect(Type::request2, 3, queue_state_bit);
    hostile("connect proto 6");
    begin();
    expect(Type::request2, usual_size, 6);
    hostile("negotiate handle");
    begin();
    expect(Type::request2, usual_size, queue_state_bit);
    guest_.tell(guest_packet(Type::negotiate2, usual_size, queue_state_bit));
    const auto offer = guest_.next();
    ASSERT_TRUE(offer && offer->type == Type::offer);
    EXPECT_EQ(guest_.find(offer->handle()), nullptr);
    hostile("negotiate twice");
    begin();
    expect(Type::request2, usual_size, queue_state_bit);
    guest_.tell(guest_packet(Type::negotiate2, usual_size, queue_state_bit));
    ASSERT_EQ(guest_.inbox.size(), 2U);
    EXPECT_EQ(guest_.inbox[0], guest_.inbox[1]);
}

} // namespace
} // namespace vmguest::lab::vmci::vsock
