// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The backdoor against guests that keep to the rules and guests that do not.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backdoor_guest.hpp"
#include "models/backdoor/text.hpp"
#include "models/backdoor/tsc.hpp"

namespace vmguest::lab::backdoor {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Way = Guest::Way;

constexpr std::uint32_t ones = 0xffff'ffff;

/// A command of the control socket that has to be obeyed.
json tell(Guest& guest, const std::vector<std::string_view>& words) {
    auto reply = guest.model().command(words);
    EXPECT_TRUE(reply) << (reply ? "" : reply.sentence());
    return reply ? reply.value() : json();
}

bool is_refused(Guest& guest, const std::vector<std::string_view>& words) {
    return !guest.model().command(words);
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        text[i] = static_cast<char>(i * 7 + i / 256 + 3);
    return text;
}

// ---- commands ---------------------------------------------------------------------------------

TEST(Backdoor, TellsItsVersion) {
    Guest guest("product=4");
    EXPECT_EQ(guest.command(0xffff'000a, ~Backdoor::magic), 6U);
    EXPECT_EQ(guest.low(Vcpu::rbx), Backdoor::magic);
    EXPECT_EQ(guest.low(Vcpu::rcx), 4U);
    EXPECT_EQ(guest.command(17, ~Backdoor::magic), 19U);
    EXPECT_EQ(guest.low(Vcpu::rbx), Backdoor::magic);
}

TEST(Backdoor, IsSilentWithoutTheMagic) {
    Guest guest;
    guest.cpu.values[Vcpu::rax] = Backdoor::magic + 1;
    guest.cpu.values[Vcpu::rbx] = 5;
    guest.cpu.values[Vcpu::rcx] = 10;
    const auto before = guest.cpu.values;
    EXPECT_EQ(guest.model().in(Backdoor::low_port, 4, guest.cpu), ones);
    EXPECT_EQ(guest.cpu.values, before);
}

TEST(Backdoor, IgnoresGarbageAboveTheLowHalf) {
    Guest guest;
    for (auto& value : guest.cpu.values)
        value = 0xdead'beef'0000'0000;
    guest.cpu.values[Vcpu::rax] |= Backdoor::magic;
    guest.cpu.values[Vcpu::rcx] |= 10;
    EXPECT_EQ(guest.model().in(Backdoor::low_port, 4, guest.cpu), 6U);
    EXPECT_EQ(guest.cpu.values[Vcpu::rsi], 0xdead'beef'0000'0000U);
}

TEST(Backdoor, ChangesNothingForUnknownCommandsAndAccesses) {
    Guest guest;
    for (std::uint32_t what : {0U, 2U, 63U, 91U, 97U, 103U, 0xffffU}) {
        EXPECT_EQ(guest.command(what, 7, 9, {0, 11, 13}), ones) << what;
        EXPECT_EQ(guest.low(Vcpu::rbx), 7U);
        EXPECT_EQ(guest.low(Vcpu::rcx), what);
        EXPECT_EQ(guest.low(Vcpu::rsi), 11U);
    }
    guest.cpu.values[Vcpu::rax] = Backdoor::magic;
    guest.cpu.values[Vcpu::rcx] = 10;
    const auto before = guest.cpu.values;
    EXPECT_EQ(guest.model().in(Backdoor::low_port, 2, guest.cpu), ones);
    EXPECT_EQ(guest.model().in(Backdoor::high_port, 4, guest.cpu), ones);
    guest.model().out(Backdoor::low_port, 0, 4, guest.cpu);
    EXPECT_EQ(guest.cpu.values, before);
}

TEST(Backdoor, TellsTheFrequencies) {
    Guest guest;
    EXPECT_EQ(guest.command(45, ones), static_cast<std::uint32_t>(Guest::tsc));
    EXPECT_EQ(guest.low(Vcpu::rbx), Guest::tsc >> 32);
    EXPECT_EQ(guest.low(Vcpu::rcx), 1'000'000'000U);
    EXPECT_EQ(guest.command(1), Guest::tsc / 1'000'000);
    Guest without("hz=off");
    EXPECT_EQ(without.command(45, 0), ones);
    EXPECT_EQ(without.low(Vcpu::rbx), ones);
    EXPECT_EQ(without.command(1), ones);
}

TEST(Backdoor, TellsTheTime) {
    Guest guest;
    EXPECT_EQ(guest.command(23), Guest::wall_seconds);
    EXPECT_EQ(guest.low(Vcpu::rbx), 17U);
    for (std::uint32_t what : {46U, 55U}) {
        EXPECT_EQ(guest.command(what, 0, 0, {0, 5, 6}), Backdoor::magic);
        EXPECT_EQ(guest.low(Vcpu::rdx), Guest::wall_seconds);
        EXPECT_EQ(guest.low(Vcpu::rsi), 0U);
        EXPECT_EQ(guest.low(Vcpu::rbx), 17U);
        EXPECT_EQ(guest.low(Vcpu::rcx), 1'000'000U);
        EXPECT_EQ(guest.low(Vcpu::rdi), what == 55 ? 0U : 6U);
    }
}

TEST(Backdoor, MeasuresItsOwnClock) {
    TscRate rate;
    const auto hz = rate.hz();
    EXPECT_GT(hz, 100'000'000U);
    EXPECT_LT(hz, 20'000'000'000U);
    EXPECT_EQ(rate.hz(), hz);
}

TEST(Backdoor, DescribesTheVcpu) {
    Guest guest;
    EXPECT_EQ(guest.command(68) >> 31, 0U);
}

TEST(Backdoor, ListsAndTogglesDevices) {
    Guest guest;
    const auto record = [&](std::uint32_t id) {
        std::string bytes;
        for (std::uint32_t offset = 0; offset < 37; offset += 4) {
            EXPECT_EQ(guest.command(11, id << 16 | offset), 1U);
            for (unsigned i = 0; i < 4; ++i)
                bytes += static_cast<char>(guest.low(Vcpu::rbx) >> (8 * i));
        }
        return bytes;
    };
    EXPECT_STREQ(record(0).c_str(), "ide1:0");
    EXPECT_EQ(record(0)[36], 1);
    EXPECT_EQ(record(1)[36], 0);
    EXPECT_EQ(guest.command(12, 1U << 31 | 1), 1U);
    EXPECT_EQ(guest.command(12, 0), 1U);
    EXPECT_EQ(record(0)[36], 0);
    EXPECT_EQ(record(1)[36], 1);
    EXPECT_EQ(guest.command(11, 2U << 16), 0U);
    EXPECT_EQ(guest.command(11, 37), 0U);
    EXPECT_EQ(guest.command(12, 2), 0U);
}

// ---- channels ---------------------------------------------------------------------------------

TEST(Channels, FollowTheWorkedExample) {
    Guest guest;
    const auto opened = guest.step(Point::open, {}, 0xc943'5052);
    EXPECT_EQ(guest.low(Vcpu::rcx), 0x0001'001eU);
    const Guest::Channel channel{opened.type, guest.low(Vcpu::rsi), guest.low(Vcpu::rdi)};
    EXPECT_EQ(guest.step(Point::send_size, channel, 0x15).status, 0x81U);
    const std::uint32_t words[] = {0x6f66'6e69, 0x7465'672d, 0x6575'6720,
                                   0x6e69'7473, 0x692e'6f66, 0x70};
    for (const auto word : words)
        EXPECT_EQ(guest.step(Point::send_data, channel, word).status, 1U);
    const auto size = guest.step(Point::recv_size, channel);
    EXPECT_EQ(size.status, 0x83U);
    EXPECT_EQ(size.type, 1U);
    EXPECT_EQ(size.data, 16U);
    EXPECT_EQ(guest.read_low(channel, 16).second, "0 No value found");
    EXPECT_EQ(guest.step(Point::recv_status, channel, 1).status, 1U);
    EXPECT_TRUE(guest.close(channel));
    EXPECT_EQ(guest.host.requests["backdoor.rpci"], 1U);
}

TEST(Channels, AreLimited) {
    Guest guest("channels=8");
    std::vector<Guest::Channel> all;
    for (int i = 0; i < 8; ++i)
        all.push_back(guest.open().value());
    EXPECT_FALSE(guest.open());
    EXPECT_TRUE(guest.close(all[3]));
    const auto again = guest.open();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, 3U);
}

TEST(Channels, OpenForKnownProtocolsOnly) {
    Guest guest;
    EXPECT_FALSE(guest.open(0x1234'5678));
    EXPECT_FALSE(guest.open(0));
    EXPECT_TRUE(guest.open(protocol::rpci)); // without cookies
}

TEST(Channels, WithoutCookiesAskForNone) {
    Guest guest;
    auto channel = guest.open(protocol::rpci).value();
    channel.cookie_high = 77;
    EXPECT_EQ(guest.call(channel, "log x"), "1 ");
    EXPECT_EQ(guest.call(channel, "log x", Way::high), "1 ");
}

TEST(Channels, BelongToWhoKnowsTheCookie) {
    Guest guest;
    const auto channel = guest.open().value();
    ASSERT_EQ(guest.step(Point::send_size, channel, 8).status, 0x81U);
    for (auto wrong : {channel, channel, channel}) {
        wrong.cookie_high ^= 1;
        for (int step = 1; step <= 6; ++step)
            EXPECT_EQ(guest.step(static_cast<Point>(step), wrong, 1).status, 0U) << step;
        wrong.cookie_high ^= 1;
        wrong.cookie_low ^= 0x8000'0000;
        EXPECT_EQ(guest.step(Point::close, wrong).status, 0U);
        EXPECT_EQ(guest.write_high(wrong, "log abcd"), 0U);
        wrong = channel;
        wrong.id += 1;
        EXPECT_EQ(guest.step(Point::close, wrong).status, 0U);
        EXPECT_EQ(guest.write_high(wrong, "log abcd"), 0U);
    }
    // None of that has touched it.
    EXPECT_EQ(guest.write_high(channel, "log abcd"), 1U);
    EXPECT_EQ(guest.receive(channel), "1 ");
}

TEST(Channels, HaveCookiesOfTheirOwn) {
    Guest guest;
    const auto one = guest.open().value(), other = guest.open().value();
    EXPECT_NE(one.cookie_high, other.cookie_high);
    EXPECT_NE(one.cookie_low, other.cookie_low);
    const auto outside = real_outside();
    EXPECT_NE(outside.random(), outside.random());
    EXPECT_GT(outside.wall_time(), 1'700'000'000s);
}

TEST(Channels, RefuseUnknownSteps) {
    Guest guest;
    const auto channel = guest.open().value();
    for (std::uint32_t step : {7U, 8U, 0x7fffU, 0xffffU}) {
        guest.command(step << 16 | 30, 0, channel.id, channel);
        EXPECT_EQ(guest.low(Vcpu::rcx), 30U) << step;
    }
}

class Sizes : public testing::TestWithParam<std::size_t> {};

TEST_P(Sizes, RoundTripEitherWay) {
    Guest guest("message=65600");
    const auto value = pattern(GetParam());
    for (const auto there : {Way::low, Way::high})
        for (const auto back : {Way::low, Way::high}) {
            const auto channel = guest.open().value();
            EXPECT_EQ(guest.send(channel, "info-set guestinfo.x " + value + '\0', there) & 1, 1U);
            EXPECT_EQ(guest.receive(channel, back), "1 ");
            EXPECT_EQ(guest.send(channel, "info-get guestinfo.x", there) & 1, 1U);
            EXPECT_EQ(guest.receive(channel, back), "1 " + value);
            guest.close(channel);
        }
}
INSTANTIATE_TEST_SUITE_P(, Sizes,
                         testing::Values(0, 1, 2, 3, 4, 5, 4095, 4096, 65535 - 24, 65536 - 22));

TEST(Channels, CapMessages) {
    Guest guest;
    const auto channel = guest.open().value();
    const std::string longest(65536, 'x');
    EXPECT_EQ(guest.call(channel, longest, Way::high), "0 Unknown command");
    EXPECT_EQ(guest.send(channel, longest + 'x'), 0U);
    EXPECT_EQ(guest.send(channel, "log x"), 1U); // it lives on
    EXPECT_EQ(guest.step(Point::send_size, channel, ones).status, 0U);
    EXPECT_EQ(guest.step(Point::send_data, channel, 0).status, 0U);
}

TEST(Channels, OfferTheHighBandwidthPortPerDirection) {
    for (const char* how : {"both", "send", "receive", "off"}) {
        const std::string_view word = how;
        const bool out = word == "both" || word == "send", in = word == "both" || word == "receive";
        Guest guest("high=" + std::string(word));
        const auto channel = guest.open().value();
        EXPECT_EQ(guest.step(Point::send_size, channel, 5).status, out ? 0x81U : 0x01U);
        EXPECT_EQ(guest.write_high(channel, "log x"), out ? 1U : 0U);
        ASSERT_EQ(guest.send(channel, "log x"), 1U);
        EXPECT_EQ(guest.step(Point::recv_size, channel).status, in ? 0x83U : 0x03U);
        EXPECT_EQ(guest.read_high(channel, 2).first, in ? 1U : 0U);
        EXPECT_EQ(guest.call(channel, "log x"), "1 ");
    }
}

TEST(Channels, WantTheHighBandwidthCountToBeRight) {
    Guest guest;
    const auto channel = guest.open().value();
    for (const std::string_view wrong : {"log", "log xy", "l"}) {
        ASSERT_EQ(guest.step(Point::send_size, channel, 5).status, 0x81U);
        EXPECT_EQ(guest.write_high(channel, wrong), 0U) << wrong;
        EXPECT_EQ(guest.write_high(channel, "log x"), 1U);
        EXPECT_EQ(guest.step(Point::recv_size, channel).data, 2U);
        EXPECT_EQ(guest.read_high(channel, 1).first, 0U);
        EXPECT_EQ(guest.read_high(channel, 3).first, 0U);
        EXPECT_EQ(guest.read_high(channel, 2).second, "1 ");
        EXPECT_EQ(guest.step(Point::recv_status, channel, 1).status, 1U);
    }
}

TEST(Channels, KnowOneHighBandwidthCommand) {
    Guest guest;
    const auto channel = guest.open().value();
    ASSERT_EQ(guest.step(Point::send_size, channel, 5).status, 0x81U);
    EXPECT_EQ(guest.write_high(channel, "log x", 0x1'0001), 0U);
    EXPECT_EQ(guest.write_high(channel, "log x", 0x0'0000), 0U);
    EXPECT_EQ(guest.write_high(channel, "log x"), 1U);
    EXPECT_EQ(guest.write_high(channel, "log x"), 0U); // there is no more to send
    EXPECT_EQ(guest.read_high({9, 0, 0}, 3), std::make_pair(0U, std::string("\xff\xff\xff")));
}

TEST(Channels, WantStepsInTheirOrder) {
    Guest guest;
    const auto channel = guest.open().value();
    EXPECT_EQ(guest.step(Point::send_data, channel, 1).status, 0U);
    EXPECT_EQ(guest.step(Point::recv_data, channel, 1).status, 0U);
    EXPECT_EQ(guest.step(Point::recv_status, channel, 1).status, 0U);
    EXPECT_EQ(guest.step(Point::recv_size, channel).status, 1U); // nothing waits
    ASSERT_EQ(guest.step(Point::send_size, channel, 5).status, 0x81U);
    EXPECT_EQ(guest.step(Point::recv_size, channel).status, 0U); // half a message
    ASSERT_EQ(guest.send(channel, "log x"), 1U);
    EXPECT_EQ(guest.step(Point::send_data, channel, 1).status, 0U); // more than announced
    ASSERT_EQ(guest.step(Point::recv_size, channel).status, 0x83U);
    EXPECT_EQ(guest.step(Point::recv_status, channel, 1).status, 0U); // not read yet
    EXPECT_EQ(guest.read_low(channel, 2).second, "1 ");
    EXPECT_EQ(guest.step(Point::recv_data, channel, 1).status, 0U); // no more to read
    EXPECT_EQ(guest.step(Point::recv_status, channel, 1).status, 1U);
    EXPECT_EQ(guest.step(Point::recv_size, channel).status, 1U);
}

TEST(Channels, OfferAMessageUntilItIsTaken) {
    Guest guest;
    const auto channel = guest.open().value();
    ASSERT_EQ(guest.send(channel, "log x"), 1U);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(guest.step(Point::recv_size, channel).data, 2U);
        EXPECT_EQ(guest.read_low(channel, 2).second, "1 ");
    }
    EXPECT_EQ(guest.receive(channel), "1 ");
    EXPECT_FALSE(guest.receive(channel));
}

TEST(Channels, LetTheGuestGiveUpAMessage) {
    Guest guest;
    const auto channel = guest.open().value();
    ASSERT_EQ(guest.send(channel, "log x"), 1U);
    ASSERT_EQ(guest.step(Point::recv_size, channel).status, 0x83U);
    EXPECT_EQ(guest.step(Point::recv_data, channel, 0).status, 1U);
    EXPECT_EQ(guest.step(Point::recv_size, channel).status, 1U);
    ASSERT_EQ(guest.send(channel, "log x"), 1U);
    ASSERT_EQ(guest.step(Point::recv_size, channel).status, 0x83U);
    guest.read_low(channel, 2);
    EXPECT_EQ(guest.step(Point::recv_status, channel, 0).status, 1U);
    EXPECT_EQ(guest.step(Point::recv_size, channel).status, 1U);
}

TEST(Channels, CloseWhenIdle) {
    Guest guest("idle=10");
    const auto idle = guest.open().value(), busy = guest.open().value();
    for (int i = 0; i < 3; ++i) {
        guest.host.advance(6s);
        EXPECT_EQ(guest.call(busy, "log x"), "1 ");
    }
    EXPECT_EQ(guest.step(Point::send_size, idle, 5).status, 0U);
    EXPECT_EQ(tell(guest, {"channels"}).size(), 1U);
}

TEST(Channels, BeginAnewAfterACheckpoint) {
    for (const auto way : {Way::low, Way::high}) {
        Guest guest;
        const auto channel = guest.open().value();
        ASSERT_EQ(guest.step(Point::send_size, channel, 5).status, 0x81U);
        EXPECT_EQ(tell(guest, {"checkpoint"})["interrupted"], 1);
        const auto first = way == Way::low ? guest.step(Point::send_data, channel, 1).status
                                           : guest.write_high(channel, "log x");
        EXPECT_EQ(first, status::checkpoint);
        EXPECT_EQ(guest.step(Point::send_data, channel, 1).status, 0U);
        ASSERT_EQ(guest.send(channel, "log x", way), 1U);
        ASSERT_EQ(guest.step(Point::recv_size, channel).data, 2U);
        EXPECT_EQ(tell(guest, {"checkpoint"})["interrupted"], 1);
        const auto second = way == Way::low ? guest.step(Point::recv_data, channel, 1).status
                                            : guest.read_high(channel, 2).first;
        EXPECT_EQ(second, status::checkpoint);
        EXPECT_EQ(guest.receive(channel, way), "1 ");
        EXPECT_EQ(guest.host.requests["backdoor.rpci"], 1U);
        EXPECT_EQ(tell(guest, {"checkpoint"})["interrupted"], 0);
    }
}

TEST(Channels, AreGoneAfterARestart) {
    Guest guest;
    const auto one = guest.open().value();
    EXPECT_EQ(tell(guest, {"restart"})["closed"], 1);
    EXPECT_EQ(guest.step(Point::send_size, one, 5).status, 0U);
    const auto two = guest.open().value();
    guest.model().reset();
    EXPECT_EQ(guest.step(Point::send_size, two, 5).status, 0U);
    EXPECT_EQ(tell(guest, {"channels"}), json::array());
}

// ---- RPCI -------------------------------------------------------------------------------------

TEST(Rpci, AnswersWhateverEndsTheRequest) {
    Guest guest;
    tell(guest, {"guestinfo-set", "guestinfo.a", "b", "c"});
    for (const char* end : {"", " "})
        EXPECT_EQ(guest.ask(std::string("info-get guestinfo.a") + end), "1 b c");
    EXPECT_EQ(guest.ask(std::string("info-get guestinfo.a\0", 21)), "1 b c");
    EXPECT_EQ(guest.ask("tools.capability.statechange "), "1 ");
    EXPECT_EQ(guest.ask("tools.capability.statechange"), "1 ");
}

TEST(Rpci, KnowsTheCommands) {
    Guest guest;
    const std::pair<const char*, const char*> calls[] = {
        {"log hello", "1 "},
        {"info-get guestinfo.ip", "0 No value found"},
        {"info-get something", "0 No value found"},
        {"info-set guestinfo.ip 1 2 ", "1 "},
        {"info-get guestinfo.ip", "1 1 2 "},
        {"info-set something 1", "0 Permission denied"},
        {"vmx.capability.unified_loop toolbox", "1 "},
        {"vmx.capability.dnd_version", "1 0"},
        {"vmx.capability.hgfs_server", "1 0"},
        {"tools.set.versiontype 2147483647 4", "1 "},
        {"tools.capability.hgfs_server toolbox 1", "1 "},
        {"SetGuestInfo  4 build", "1 "},
        {"vmbackup.eventSet req.done 0 text", "1 "},
        {"tools.os.statechange.status 1 2", "1 "},
        {"disk.wiper.enable", "1 1"},
        {"vmx.set_option synctime 0 2", "0 Unknown or invalid option"},
        {"vmx.set_option other 0 1", "0 Unknown or invalid option"},
        {"guestStore.connect 1", "0 Permission denied"},
        {"f ", "0 disabled"},
        {"nonsense", "0 Unknown command"},
        {"", "0 Unknown command"},
        {"logs", "0 Unknown command"},
    };
    for (const auto& [request, reply] : calls)
        EXPECT_EQ(guest.ask(request), reply) << request;
}

TEST(Rpci, SetsTheTimeOption) {
    Guest guest;
    EXPECT_EQ(guest.command(13), 0U);
    EXPECT_EQ(guest.ask("vmx.set_option synctime 0 1"), "1 ");
    EXPECT_EQ(guest.command(13), 0x400U);
    EXPECT_EQ(guest.ask("vmx.set_option synctime 1 0"), "1 ");
    EXPECT_EQ(guest.command(13), 0U);
}

TEST(Rpci, IsSeenByTheHost) {
    Guest guest;
    guest.ask("info-set guestinfo.x 5");
    EXPECT_EQ(tell(guest, {"guestinfo"}), json({{"guestinfo.x", "5"}}));
    EXPECT_EQ(tell(guest, {"traffic"})["lines"],
              json({"rpci 0 > info-set guestinfo.x 5", "rpci 0 < 1 "}));
    tell(guest, {"traffic", "clear"});
    guest.ask(std::string("log \x01\xff", 6));
    EXPECT_EQ(tell(guest, {"traffic"})["lines"][0], "rpci 0 > log \\x01\\xff");
    for (std::size_t i = 0; i < Traffic::most_lines; ++i)
        guest.ask("log x");
    EXPECT_EQ(tell(guest, {"traffic"})["lines"].size(), Traffic::most_lines);
}

TEST(GuestInfoStore, HasLimits) {
    GuestInfo info;
    EXPECT_FALSE(info.set("guestinfo.", "x"));
    EXPECT_FALSE(info.set("guestinfo.a b", "x"));
    EXPECT_FALSE(info.set("guestinfo." + std::string(300, 'a'), "x"));
    const std::string half(GuestInfo::most_bytes / 2, 'x');
    EXPECT_TRUE(info.set("guestinfo.a", half));
    EXPECT_FALSE(info.set("guestinfo.b", half));
    EXPECT_TRUE(info.set("guestinfo.a", "x"));
    EXPECT_TRUE(info.set("guestinfo.b", half));
    EXPECT_EQ(*info.get("guestinfo.a"), "x");
    GuestInfo many;
    for (std::size_t i = 0; i < GuestInfo::most_keys; ++i)
        EXPECT_TRUE(many.set("guestinfo." + std::to_string(i), ""));
    EXPECT_FALSE(many.set("guestinfo.more", ""));
    EXPECT_TRUE(many.set("guestinfo.1", "1"));
}

std::uint64_t little(std::string_view bytes, std::size_t at, unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | static_cast<std::uint8_t>(bytes.at(at + i));
    return value;
}

std::uint64_t big(std::string_view bytes, std::size_t at, unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i)
        value = value << 8 | static_cast<std::uint8_t>(bytes.at(at + i));
    return value;
}

TEST(Statistics, OfVersion2AreOneRecord) {
    Guest guest;
    tell(guest, {"statistic", "session", "77"});
    tell(guest, {"statistic", "mem-ballooned", "99"});
    tell(guest, {"statistic", "elapsed", "4294967299"});
    tell(guest, {"statistic", "cpu-limit"});
    const auto reply = guest.ask("guestlib.info.get 2");
    ASSERT_EQ(reply.size(), 2U + 669);
    const auto data = reply.substr(2);
    EXPECT_EQ(little(data, 0, 4), 2U);
    EXPECT_EQ(little(data, 4, 8), 77U);
    EXPECT_EQ(little(data, 20, 1), 0U); // cpu-limit is not provided
    EXPECT_EQ(little(data, 104, 1), 1U);
    EXPECT_EQ(little(data, 108, 4), 99U);
    EXPECT_EQ(little(data, 144, 1), 1U);
    EXPECT_EQ(little(data, 148, 8), 4294967299U);
    EXPECT_EQ(data.substr(156, 13), std::string("\1/vmguest/lab", 13));
}

TEST(Statistics, OfVersion3AreAListWithoutAGap) {
    Guest guest;
    tell(guest, {"statistic", "mem-balloon-max", "1234"});
    const auto data = guest.ask("guestlib.info.get 3").substr(2);
    EXPECT_EQ(little(data, 0, 4), 3U);
    EXPECT_EQ(little(data, 12, 4), data.size() - 16);
    EXPECT_EQ(big(data, 16, 4), 38U);
    const std::vector<std::uint32_t> wide = {4, 17, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 38};
    std::size_t at = 20;
    for (std::uint32_t id = 1; id <= 38; ++id) {
        ASSERT_EQ(big(data, at, 4), id);
        ASSERT_EQ(big(data, at + 4, 4), 1U);
        at += 8;
        if (id == 36) {
            EXPECT_EQ(big(data, at, 4), 1234U);
        }
        if (id == 18 || id == 37) {
            const auto size = big(data, at, 4);
            EXPECT_EQ(data.substr(at + 4, size), "/vmguest/lab");
            at += 4 + (size + 3) / 4 * 4;
        } else {
            at += std::find(wide.begin(), wide.end(), id) != wide.end() ? 8 : 4;
        }
    }
    EXPECT_EQ(at, data.size());
}

TEST(Statistics, MayBeOfAnOlderHost) {
    Guest old("guestlib=2"), none("guestlib=off"), guest;
    EXPECT_TRUE(old.ask("guestlib.info.get 3").starts_with("0 2:"));
    EXPECT_EQ(old.ask("guestlib.info.get 2").size(), 671U);
    EXPECT_EQ(none.ask("guestlib.info.get 2"), "0 disabled");
    EXPECT_TRUE(guest.ask("guestlib.info.get 4").starts_with("0 3:"));
    EXPECT_EQ(guest.ask("guestlib.info.get 1"), "0 Unsupported version");
    EXPECT_EQ(guest.ask("guestlib.info.get x"), "0 Unsupported version");
    for (const std::vector<std::string_view>& wrong :
         {std::vector<std::string_view>{"statistic", "nonsense", "1"},
          {"statistic", "cpu-limit", "4294967296"},
          {"statistic", "cpu-limit", "x"},
          {"statistic", "pool-long", "1"}})
        EXPECT_TRUE(is_refused(guest, wrong));
}

// ---- TCLO -------------------------------------------------------------------------------------

/// A guest program with a TCLO channel.
class Tclo : public testing::Test {
protected:
    explicit Tclo(std::string_view options = "start=off,reply=10") : guest_(options) {
        channel_ = guest_.open(Guest::tclo).value();
    }
    /// One round of its loop: give an answer, get the next request.
    std::optional<std::string> poll(std::string_view answer = "") {
        guest_.send(channel_, answer);
        return guest_.receive(channel_);
    }
    std::string send(std::string_view text) {
        return std::to_string(tell(guest_, {"send", text})["id"].get<int>());
    }
    std::string state(const std::string& id) {
        return tell(guest_, {"result", id})["state"].get<std::string>();
    }

    Guest guest_;
    Guest::Channel channel_;
};

TEST_F(Tclo, DeliversOneRequestAtATimeAfterAPoll) {
    const auto one = send("ping"), two = send("OS_Halt");
    EXPECT_FALSE(guest_.receive(channel_)); // the guest has not polled yet
    EXPECT_EQ(state(one), "queued");
    EXPECT_EQ(poll(), "ping");
    EXPECT_EQ(state(one), "sent");
    EXPECT_FALSE(guest_.receive(channel_)); // not before the answer
    EXPECT_EQ(poll("OK "), "OS_Halt");
    EXPECT_EQ(state(one), "answered");
    EXPECT_FALSE(poll(std::string_view("ERROR no\0", 9)));
    EXPECT_EQ(tell(guest_, {"result", two}),
              json({{"state", "refused"}, {"over", true}, {"reply", "ERROR no"}}));
    EXPECT_EQ(guest_.host.requests["backdoor.tclo.poll"], 3U);
    EXPECT_EQ(tell(guest_, {"channels"})[0]["polls"], 3);
}

TEST_F(Tclo, LosesRequestsThatAreNotAnsweredInTime) {
    const auto one = send("ping");
    EXPECT_EQ(poll(), "ping");
    guest_.host.advance(9s);
    EXPECT_EQ(state(one), "sent");
    guest_.host.advance(1s);
    EXPECT_EQ(state(one), "lost");
    const auto two = send("ping");
    EXPECT_EQ(poll("OK too late"), "ping");
    EXPECT_EQ(state(one), "lost");
    EXPECT_EQ(state(two), "sent");
}

TEST_F(Tclo, LosesRequestsThatNobodyFetches) {
    const auto one = send("ping"), two = send("ping");
    guest_.host.advance(10s);
    EXPECT_EQ(state(one), "lost");
    const auto three = send("reset");
    EXPECT_EQ(poll(), "reset"); // the old ones are not sent any more
    EXPECT_EQ(state(two), "lost");
    guest_.close(channel_);
    EXPECT_EQ(state(three), "lost");
}

TEST_F(Tclo, IsRefusedWithoutAListener) {
    guest_.close(channel_);
    EXPECT_TRUE(is_refused(guest_, {"send", "ping"}));
    EXPECT_TRUE(is_refused(guest_, {"result", "1"}));
    EXPECT_TRUE(is_refused(guest_, {"result", "x"}));
}

TEST_F(Tclo, BoundsWhatWaits) {
    for (std::size_t i = 0; i < TcloEndpoint::most_queued; ++i)
        send("ping");
    EXPECT_TRUE(is_refused(guest_, {"send", "ping"}));
}

TEST_F(Tclo, IsResetAfterARestore) {
    const auto one = send("ping");
    EXPECT_EQ(poll(), "ping");
    tell(guest_, {"checkpoint"});
    EXPECT_EQ(state(one), "lost");
    EXPECT_EQ(poll(), "reset");
    EXPECT_FALSE(poll("OK ATR toolbox"));
    EXPECT_EQ(tell(guest_, {"channels"})[0]["application"], "toolbox");
}

TEST_F(Tclo, PrefersTheSystemsDaemon) {
    const auto first = channel_, second = guest_.open(Guest::tclo).value();
    tell(guest_, {"checkpoint"});
    channel_ = second;
    EXPECT_EQ(poll(), "reset");
    poll("OK ATR toolbox");
    send("ping");
    EXPECT_EQ(poll(), "ping");
    channel_ = first;
    EXPECT_EQ(poll(), "reset");
}

TEST_F(Tclo, TakesAnEmptyAnswerForARefusal) {
    const auto one = send("ping");
    EXPECT_EQ(poll(), "ping");
    EXPECT_FALSE(poll());
    EXPECT_EQ(state(one), "refused");
}

class StartedTclo : public Tclo {
protected:
    StartedTclo() : Tclo("") {}
};

TEST_F(StartedTclo, BeginsAsHostsDo) {
    EXPECT_EQ(poll(), "reset");
    EXPECT_EQ(poll("OK ATR toolbox"), "ping");
    EXPECT_EQ(poll("OK "), "Set_Option synctime 0");
    EXPECT_EQ(poll("OK "), "Capabilities_Register");
    EXPECT_EQ(poll("OK "), "Set_Option broadcastIP 1");
    EXPECT_FALSE(poll("OK "));
    const auto lines = tell(guest_, {"traffic"})["lines"];
    EXPECT_EQ(lines[0], "tclo 0 < reset");
    EXPECT_EQ(lines[1], "tclo 0 > OK ATR toolbox");
    EXPECT_EQ(lines.size(), 10U); // empty polls are counted, not listed
}

// ---- the hostile mode -------------------------------------------------------------------------

class Hostile : public testing::TestWithParam<Way> {
protected:
    Guest::Channel open() { return guest_.open().value(); }
    void be(std::string_view script) { tell(guest_, {"hostile", script}); }
    std::uint64_t committed() {
        return tell(guest_, {"hostile", "faithful"})["committed"].get<std::uint64_t>();
    }

    Guest guest_;
};

TEST_P(Hostile, GivesEveryStatusAtEveryStep) {
    const std::pair<const char*, std::uint32_t> statuses[] = {
        {"none", 0},        {"closed", 4},   {"unsent", 8}, {"checkpoint", 0x10},
        {"poweroff", 0x20}, {"timeout", 64}, {"0x94", 0x94}};
    for (const char* step : {"send-size", "send-data", "recv-size", "recv-data", "recv-status"})
        for (const auto& [word, number] : statuses) {
            const auto channel = open();
            be(std::string(step) + " status " + word);
            EXPECT_FALSE(guest_.call(channel, "log x", GetParam())) << step << word;
            EXPECT_EQ(guest_.last, number) << step << word;
            // The rule is used up: what the channel is good for depends on what it was told.
            const bool is_gone = (number & 0x64) != 0;
            EXPECT_EQ(guest_.call(channel, "log y", GetParam()).has_value(), !is_gone)
                << step << word;
            guest_.close(channel);
        }
    EXPECT_EQ(committed(), 5U * 7);
}

TEST_P(Hostile, LetsACheckpointBeRepairedByBeginningAnew) {
    for (const char* step : {"send-size", "send-data"}) {
        const auto channel = open();
        be(std::string(step) + " status checkpoint");
        EXPECT_EQ(guest_.send(channel, "log x", GetParam()), 0x10U);
        EXPECT_EQ(guest_.call(channel, "log x", GetParam()), "1 ") << step;
    }
    for (const char* step : {"recv-size", "recv-data", "recv-status"}) {
        const auto channel = open();
        EXPECT_EQ(guest_.send(channel, "log x", GetParam()) & 1, 1U);
        be(std::string(step) + " status checkpoint");
        EXPECT_FALSE(guest_.receive(channel, GetParam()));
        EXPECT_EQ(guest_.receive(channel, GetParam()), "1 ") << step;
    }
    EXPECT_EQ(guest_.host.requests["backdoor.rpci"], 5U);
}

TEST_P(Hostile, WithdrawsAMessage) {
    const auto channel = open();
    be("recv-data status unsent");
    EXPECT_FALSE(guest_.call(channel, "log x", GetParam()));
    EXPECT_FALSE(guest_.receive(channel));
    EXPECT_EQ(guest_.last, 1U);
}

TEST_P(Hostile, IsSilent) {
    const auto channel = open();
    be("send-size silent; recv-size silent; close silent");
    EXPECT_EQ(guest_.step(Point::send_size, channel, 5).status, 0xffffU);
    EXPECT_EQ(guest_.low(Vcpu::rcx), 0x1'001eU);
    EXPECT_EQ(guest_.low(Vcpu::rbx), 5U);
    EXPECT_EQ(guest_.step(Point::send_data, channel, 1).status, 0U); // it was not carried out
    ASSERT_EQ(guest_.send(channel, "log x", GetParam()) & 1, 1U);
    EXPECT_EQ(guest_.step(Point::recv_size, channel).status, 0xffffU);
    EXPECT_EQ(guest_.receive(channel, GetParam()), "1 ");
    EXPECT_EQ(guest_.step(Point::close, channel).status, 0xffffU);
    EXPECT_TRUE(guest_.close(channel));
}

TEST_P(Hostile, SwallowsDataInSilence) {
    const auto channel = open();
    be("send-data silent");
    EXPECT_EQ(guest_.send(channel, "log x", GetParam()), 1U);     // the guest has noticed nothing
    EXPECT_EQ(guest_.step(Point::recv_size, channel).status, 0U); // it has not arrived
    EXPECT_EQ(guest_.call(channel, "log x", GetParam()), "1 ");
}

TEST_P(Hostile, ForgetsTheCookie) {
    for (const char* step : {"open", "send-size", "send-data", "recv-data", "close"}) {
        be(std::string(step) + " cookie");
        const auto channel = open();
        const bool is_answered = guest_.call(channel, "log x", GetParam()).has_value();
        EXPECT_EQ(is_answered, std::string_view(step) == "close") << step;
        EXPECT_FALSE(guest_.close(channel)) << step;
    }
}

TEST_P(Hostile, LiesAboutLengths) {
    const auto channel = open();
    be("x* recv-size length 7");
    EXPECT_EQ(guest_.call(channel, "log x", GetParam()), std::string("1 \0\0\0\0\0", 7));
    be("x* recv-size length 1");
    EXPECT_EQ(guest_.call(channel, "log x", GetParam()), "1");
    be("recv-size length 0xffffffff");
    ASSERT_EQ(guest_.send(channel, "log x") & 1, 1U);
    EXPECT_EQ(guest_.step(Point::recv_size, channel).data, ones);
    EXPECT_EQ(guest_.step(Point::recv_data, channel, 0).status, 1U); // the guest gives up
    EXPECT_FALSE(guest_.receive(channel));
}

TEST_P(Hostile, LiesAboutTypes) {
    const auto channel = open();
    be("recv-size type 2");
    ASSERT_EQ(guest_.send(channel, "log x") & 1, 1U);
    EXPECT_EQ(guest_.step(Point::recv_size, channel).type, 2U);
    EXPECT_EQ(guest_.receive(channel), "1 ");
}

TEST_P(Hostile, AnswersLateNeverOrSomethingElse) {
    const auto channel = open();
    be("reply late 500; reply lose; reply refuse not today; reply text nonsense");
    EXPECT_FALSE(guest_.call(channel, "log x", GetParam()));
    EXPECT_EQ(guest_.last, 1U);
    guest_.host.advance(499ms);
    EXPECT_FALSE(guest_.receive(channel));
    guest_.host.advance(1ms);
    EXPECT_EQ(guest_.receive(channel), "1 ");
    EXPECT_FALSE(guest_.call(channel, "log x", GetParam()));
    guest_.host.advance(10s);
    EXPECT_FALSE(guest_.receive(channel));
    EXPECT_EQ(guest_.call(channel, "info-set guestinfo.x 1", GetParam()), "0 not today");
    EXPECT_EQ(guest_.call(channel, "log x", GetParam()), "nonsense");
    EXPECT_EQ(guest_.call(channel, "info-get guestinfo.x"), "0 No value found");
    EXPECT_EQ(committed(), 4U);
}

TEST_P(Hostile, CountsOccasions) {
    be("x2 +1 open status none");
    EXPECT_TRUE(guest_.open());
    EXPECT_FALSE(guest_.open());
    EXPECT_FALSE(guest_.open());
    EXPECT_TRUE(guest_.open());
    be("x* open silent");
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(guest_.open());
    be("faithful");
    EXPECT_TRUE(guest_.open());
    EXPECT_EQ(committed(), 12U);
}

TEST_P(Hostile, TellsTheSidesApart) {
    be("tclo send-size status none");
    const auto calls = open(), polls = guest_.open(Guest::tclo).value();
    EXPECT_EQ(guest_.call(calls, "log x", GetParam()), "1 ");
    EXPECT_EQ(guest_.send(polls, ""), 0U);
    be("tclo open silent; rpci x0 open silent");
    EXPECT_TRUE(guest_.open());
    EXPECT_FALSE(guest_.open(Guest::tclo));
    be("request lose; request late 100; request text nonsense");
    EXPECT_FALSE(guest_.call(polls, "")); // reset is lost
    EXPECT_FALSE(guest_.call(polls, ""));
    guest_.host.advance(100ms);
    EXPECT_EQ(guest_.receive(polls), "ping");
    EXPECT_EQ(guest_.call(polls, "OK "), "nonsense");
    EXPECT_EQ(guest_.call(polls, "ERROR Unknown Command"), "Capabilities_Register");
}

TEST_P(Hostile, LiesInAnswersToCommands) {
    be("+1 command.45 ebx 7; command.0x2d ecx 8; x2 command.45 eax 0xffffffff; command ebx 9");
    constexpr auto hz = static_cast<std::uint32_t>(Guest::tsc);
    EXPECT_EQ(guest_.command(45), hz);
    EXPECT_EQ(guest_.low(Vcpu::rbx), Guest::tsc >> 32); // the first one is left alone by one rule,
    EXPECT_EQ(guest_.low(Vcpu::rcx), 8U);               // and is the next one's
    EXPECT_EQ(guest_.command(45), hz);
    EXPECT_EQ(guest_.low(Vcpu::rbx), 7U);
    EXPECT_EQ(guest_.command(10), 6U);
    EXPECT_EQ(guest_.low(Vcpu::rbx), 9U);
    EXPECT_EQ(guest_.command(45), 0xffff'ffffU);
    EXPECT_EQ(guest_.low(Vcpu::rbx), Guest::tsc >> 32);
    EXPECT_EQ(guest_.command(45), 0xffff'ffffU);
    EXPECT_EQ(guest_.command(45), hz);
    EXPECT_EQ(committed(), 5U);
    for (const char* wrong : {"command", "command silent", "command edx 1", "command.x ebx 1",
                              "command. ebx 1", "open.1 silent", "open eax 1"})
        EXPECT_TRUE(is_refused(guest_, {"hostile", wrong})) << wrong;
}

TEST_P(Hostile, RefusesScriptsWithASentence) {
    const auto channel = open();
    be("reply refuse still in force");
    for (const char* wrong :
         {"nonsense", "open", "open nonsense", "open status", "open status nonsense",
          "open status 65536", "open length 1", "close type 1", "reply status none", "open late 1",
          "open silent x", "x open silent", "request refuse no", "reply late soon", "open lose"})
        EXPECT_TRUE(is_refused(guest_, {"hostile", wrong})) << wrong;
    std::string many;
    for (std::size_t i = 0; i <= Faults::most_rules; ++i)
        many += "open silent\n";
    EXPECT_TRUE(is_refused(guest_, {"hostile", many}));
    EXPECT_EQ(guest_.call(channel, "log x", GetParam()), "0 still in force");
}

INSTANTIATE_TEST_SUITE_P(, Hostile, testing::Values(Way::low, Way::high),
                         [](const auto& test) { return test.param == Way::low ? "low" : "high"; });

// ---- options and commands ---------------------------------------------------------------------

TEST(BackdoorOptions, AreRead) {
    const auto settings =
        parse_settings("channels=3,message=100,idle=7,reply=9,high=receive,product=4,guestlib=2,"
                       "hz=off,start=off,hostile=open silent; close silent")
            .value();
    EXPECT_EQ(settings.channels, 3U);
    EXPECT_EQ(settings.message, 100U);
    EXPECT_EQ(settings.idle, 7s);
    EXPECT_EQ(settings.reply, 9s);
    EXPECT_FALSE(settings.high_send);
    EXPECT_TRUE(settings.high_receive);
    EXPECT_EQ(settings.product, 4U);
    EXPECT_EQ(settings.guestlib, 2U);
    EXPECT_FALSE(settings.has_hz);
    EXPECT_FALSE(settings.has_start);
    EXPECT_EQ(settings.hostile, "open silent; close silent");
}

TEST(BackdoorOptions, AreRefusedWithASentence) {
    FakeHost host;
    EXPECT_TRUE(Backdoor::info.create(host, ""));
    for (const char* wrong : {"nonsense=1", "channels", "channels=0", "channels=129", "message=x",
                              "message=1048577", "idle=0", "high=1", "product=6", "guestlib=1",
                              "hz=1", "start=yes", "hostile=nonsense", ","}) {
        const auto model = Backdoor::info.create(host, wrong);
        ASSERT_FALSE(model) << wrong;
        EXPECT_EQ(model.sentence().find('\n'), std::string::npos);
    }
}

TEST(BackdoorOptions, MayBeHostileFromTheStart) {
    Guest guest("hostile=open status none");
    guest.model().reset();
    EXPECT_FALSE(guest.open());
    EXPECT_TRUE(guest.open());
}

TEST(BackdoorCommands, AreRefusedWithASentence) {
    Guest guest;
    for (const std::vector<std::string_view>& wrong : {std::vector<std::string_view>{},
                                                       {"nonsense"},
                                                       {"traffic", "x"},
                                                       {"guestinfo-set", "guestinfo.a"},
                                                       {"guestinfo-set", "a", "b"},
                                                       {"hostile"},
                                                       {"restart", "x"}})
        EXPECT_TRUE(is_refused(guest, wrong));
}

TEST(Text, IsMadePrintable) {
    EXPECT_EQ(printable(std::string_view("a\0b\n", 4), 10), "a\\x00b\\x0a");
    EXPECT_EQ(printable("abcdef", 3), "abc…");
    EXPECT_EQ(parse_number("0x10"), 16U);
    EXPECT_FALSE(parse_number("0x"));
    EXPECT_FALSE(parse_number("4294967296"));
    EXPECT_EQ(trim("  a b "), "a b");
    EXPECT_EQ(trim("  "), "");
}

} // namespace
} // namespace vmguest::lab::backdoor
