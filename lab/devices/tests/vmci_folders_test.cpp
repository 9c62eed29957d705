// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders behind VMCI: the way of a packet through the guest's memory, and what the host's
// side can do to it. What is in packets is tested beside lab/hgfs.
#include <chrono>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "vmci_folders_guest.hpp"

namespace vmguest::lab::vmci {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using packets::getattr_packet;
using packets::in_session;
using packets::legacy;
using packets::number;
using packets::number_at;
using packets::open_packet;
using packets::read_packet;
using packets::zeros;
using Piece = FoldersGuest::Piece;

constexpr std::uint64_t buffer = FoldersGuest::buffer, data_area = FoldersGuest::data_area;

/// In both generations of the device and with both versions of the datagrams.
class VmciFolders : public testing::TestWithParam<std::tuple<const char*, unsigned>> {
protected:
    VmciFolders() { guest.version = std::get<1>(GetParam()); }

    void SetUp() override { ASSERT_TRUE(guest.guest.bring_up()); }
    void TearDown() override {
        if (!expects_reports) {
            EXPECT_EQ(guest.guest.host.reports, std::vector<std::string>());
        }
    }
    std::uint64_t requests(const char* kind) { return guest.guest.host.requests[kind]; }
    json tell(std::string_view words) { return guest.guest.command(words).value(); }
    std::uint64_t open_file(std::uint64_t session, const std::string& path, std::uint32_t mode,
                            std::uint32_t flags) {
        const auto reply =
            guest.ask(in_session(session, packets::open, open_packet(path, mode, flags)));
        EXPECT_EQ(number_at(reply, 24), packets::success);
        return number_at(reply, 52);
    }
    /// Datagrams that the guest got, as {version, type, id}.
    std::vector<std::vector<std::uint64_t>> notices() {
        std::vector<std::vector<std::uint64_t>> all;
        for (const auto& one : guest.guest.receive()) {
            EXPECT_EQ(one.from, FoldersGuest::server);
            EXPECT_EQ(one.to, (Handle{Guest::self, FoldersGuest::self}));
            EXPECT_EQ(one.payload.size(), 16U);
            all.push_back({load<std::uint32_t>(one.payload), load<std::uint32_t>(one.payload, 4),
                           load<std::uint64_t>(one.payload, 8)});
        }
        return all;
    }

    packets::Folder folder;
    FoldersGuest guest{std::string(std::get<0>(GetParam())) + ",share=s=" + folder.path().string()};
    bool expects_reports = false;
};

INSTANTIATE_TEST_SUITE_P(, VmciFolders,
                         testing::Combine(testing::Values("mode=port", "mode=mmio"),
                                          testing::Values(1U, 2U)),
                         [](const auto& test) {
                             return std::string(std::get<0>(test.param)).substr(5) + "_v" +
                                    std::to_string(std::get<1>(test.param));
                         });

TEST_P(VmciFolders, AnswerInThePlaceOfTheRequest) {
    folder.put("file", "hello");
    const auto packet = legacy(packets::getattr, getattr_packet("s/file"), 3);
    const auto result = guest.post(packet);
    EXPECT_EQ(result, 24 + (guest.version == 1 ? 12 : 52) + 12);
    const auto reply = guest.reply();
    ASSERT_GT(reply.size(), 8U + 104);
    EXPECT_EQ(number_at(reply, 0), 3U);
    EXPECT_EQ(number_at(reply, 4), packets::success);
    EXPECT_EQ(number_at(reply, 8 + 12, 8), 5U); // the file's size
    EXPECT_EQ(requests("hgfs.getattr"), 1U);
    EXPECT_EQ(notices().size(), 0U); // it was over when the call returned
}

TEST_P(VmciFolders, KeepASession) {
    folder.put("file", "hello");
    const auto session = guest.make_session();
    EXPECT_EQ(number_at(guest.reply(), 64), 1U << 20); // the longest packet: what this client takes
    const auto handle = open_file(session, "s/file", 0, 0);
    EXPECT_EQ(guest.ask(in_session(session, packets::read, read_packet(handle, 100))).substr(64, 5),
              "hello");
    EXPECT_EQ(tell("hgfs")["sessions"], 1);
    EXPECT_EQ(tell("hgfs")["files"], 1);
    EXPECT_EQ(guest.send(FoldersGuest::header(guest.version, {}, 2)),
              24 + (guest.version == 1 ? 12 : 52));
    EXPECT_EQ(tell("hgfs")["sessions"], 0);
    EXPECT_EQ(number_at(guest.ask(in_session(session, packets::read, read_packet(handle, 1))), 24),
              packets::stale_session);
}

TEST_P(VmciFolders, OfferWhatNeedsMemory) {
    guest.make_session();
    const auto reply = guest.reply();
    for (const std::uint32_t op :
         {packets::read_fast, packets::write_fast, packets::search_read_batch}) {
        EXPECT_EQ(number_at(reply, 80 + op * 8), op);
        EXPECT_EQ(number_at(reply, 80 + op * 8 + 4) & 1, 1U);
    }
    for (const std::uint32_t watch : {45U, 46U})
        EXPECT_EQ(number_at(reply, 80 + watch * 8 + 4), 0U);
}

TEST_P(VmciFolders, MoveDataByPagesOfTheirOwn) {
    const auto session = guest.make_session();
    const auto handle = open_file(session, "s/file", 2, 2);
    // Three pieces in no order, the middle one odd.
    const std::vector<Piece> pieces = {
        {data_area + 0x5000, 4096}, {data_area + 0x1003, 77}, {data_area, 4096}};
    const std::string text = std::string(4096, 'a') + std::string(77, 'b') + std::string(4096, 'c');
    guest.lay(data_area, text.substr(4096 + 77));
    guest.lay(data_area + 0x1003, text.substr(4096, 77));
    guest.lay(data_area + 0x5000, text.substr(0, 4096));
    const auto body = number(handle) + zeros(1) + zeros(8) + number(text.size()) + zeros(8);
    const auto written =
        guest.ask(in_session(session, packets::write_fast, body + zeros(1)), pieces);
    EXPECT_EQ(number_at(written, 24), packets::success);
    EXPECT_EQ(number_at(written, 52), text.size());
    EXPECT_TRUE(folder.get("file") == text);

    for (const auto& piece : pieces)
        guest.lay(piece.address, std::string(piece.size + 1, '-'));
    // The file has fewer bytes than were asked for: what is behind them stays.
    const auto most = static_cast<std::uint32_t>(text.size());
    folder.put("file", text.substr(0, most - 10));
    const auto read =
        guest.ask(in_session(session, packets::read_fast, read_packet(handle, most)), pieces);
    EXPECT_EQ(number_at(read, 24), packets::success);
    EXPECT_EQ(number_at(read, 52), most - 10);
    EXPECT_EQ(guest.look(data_area + 0x5000, 4097), std::string(4096, 'a') + "-");
    EXPECT_EQ(guest.look(data_area + 0x1003, 78), std::string(77, 'b') + "-");
    EXPECT_EQ(guest.look(data_area, 4097), std::string(4086, 'c') + std::string(11, '-'));
}

TEST_P(VmciFolders, ListManyNamesAtOnce) {
    for (const char* name : {"one", "two", "three"})
        folder.put(name, name);
    const auto session = guest.make_session();
    const auto opened =
        guest.ask(in_session(session, packets::search_open, zeros(8) + packets::name("s")));
    ASSERT_EQ(number_at(opened, 24), packets::success);
    const auto reply =
        guest.ask(in_session(session, packets::search_read_batch,
                             number(0x3ff) + number(2) + number(number_at(opened, 52)) +
                                 number(8192) + number(0) + zeros(8) + number(0) + zeros(1)),
                  {{data_area, 4096}, {data_area + 0x2000, 4096}});
    ASSERT_EQ(number_at(reply, 24), packets::success);
    EXPECT_EQ(number_at(reply, 52), 5U); // with "." and ".."
    EXPECT_NE(guest.look(data_area, 4096).find("three"), std::string::npos);
}

TEST_P(VmciFolders, NeverWriteBeyondTheRoom) {
    folder.put("file", std::string(5000, 'x'));
    const auto session = guest.make_session();
    const auto handle = open_file(session, "s/file", 0, 0);
    const auto packet = in_session(session, packets::read, read_packet(handle, 5000));
    guest.lay(buffer, std::string(8192, '-'));
    guest.post(packet, 1000);
    EXPECT_LE(guest.size(), 1008U);
    EXPECT_NE(number_at(guest.reply(), 24), packets::success);
    EXPECT_EQ(guest.look(buffer + 1008, 7000), std::string(7000, '-'));
    guest.lay(buffer, std::string(8192, '-'));
    guest.post(packet, 20); // not even for a failure
    EXPECT_EQ(guest.state(), 2U);
    EXPECT_EQ(guest.size(), 8U);
    EXPECT_EQ(guest.look(buffer + 8, 300), packet + std::string(300 - packet.size(), '-'));
}

TEST_P(VmciFolders, CarryTheLongestPackets) {
    const auto session = guest.make_session();
    const auto handle = open_file(session, "s/file", 2, 2);
    const std::size_t longest = 1U << 20;
    std::string data(longest - 52 - 25, 'x');
    data.front() = data.back() = 'y';
    const auto written = guest.ask(
        in_session(session, packets::write,
                   number(handle) + zeros(1) + zeros(8) + number(data.size()) + zeros(8) + data));
    EXPECT_EQ(number_at(written, 52), data.size());
    EXPECT_TRUE(folder.get("file") == data);
    EXPECT_EQ(tell("hgfs")["longest_request"], longest);
    folder.put("file", data + data);
    const auto size = static_cast<std::uint32_t>(longest - 52 - 13);
    const auto reply = guest.ask(in_session(session, packets::read, read_packet(handle, size)));
    EXPECT_EQ(reply.size(), longest);
    EXPECT_TRUE(reply.substr(64, size) == (data + data).substr(0, size));
}

TEST_P(VmciFolders, SayThatTheyFailIfNothingCanBeAnswered) {
    for (const std::string_view packet : {"", "1234567", "\1\0\0\0\xff\0\0\0"}) {
        EXPECT_GT(guest.post(packet), 0);
        EXPECT_EQ(guest.state(), 2U);
        EXPECT_EQ(guest.size(), 8U);
    }
}

TEST_P(VmciFolders, RefuseDatagramsThatAreNone) {
    const auto good = [&](std::uint32_t type) {
        return FoldersGuest::header(guest.version, {{buffer, 100}}, type);
    };
    EXPECT_EQ(guest.send(""), -501);
    EXPECT_EQ(guest.send(good(1).substr(0, 11)), -501);
    EXPECT_EQ(guest.send(number(0) + good(1).substr(4)), -502);
    EXPECT_EQ(guest.send(number(3) + good(1).substr(4)), -502);
    for (const std::uint32_t type : {0U, 3U, 0xffff'ffffU})
        EXPECT_EQ(guest.send(good(type)), -503);
    const auto sent = [&](const std::vector<Piece>& pieces) {
        return guest.send(FoldersGuest::header(guest.version, pieces));
    };
    EXPECT_EQ(sent({}), -501);
    EXPECT_EQ(sent({{buffer, 7}}), -501);
    EXPECT_EQ(sent({{buffer, (16U << 20) + 1}}), -501);
    EXPECT_EQ(sent({{buffer, 100}, {data_area, 16U << 20}}), -501);
    EXPECT_EQ(sent({{buffer, 100}, {data_area, 0xffff'ffff}, {data_area, 0xffff'ffff}}), -501);
    auto short_one = good(1);
    short_one.pop_back();
    EXPECT_EQ(guest.send(short_one), -501);
    EXPECT_EQ(guest.send(good(1).replace(guest.version == 1 ? 8 : 48, 4, number(0xffff'ffff))),
              -501);
    if (guest.version == 2) {
        for (const std::uint64_t flags : {2U, 3U, 4U, 5U})
            EXPECT_EQ(guest.send(good(1).replace(20, 8, number(flags, 8))), -503);
        EXPECT_EQ(guest.send(good(1).substr(0, 51)), -501);
    }
    guest.lay(buffer, number(0) + number(7)); // no room for the state itself
    EXPECT_EQ(sent({{buffer, 100}}), -501);
    EXPECT_EQ(requests("hgfs.request"), 0U);
}

TEST_P(VmciFolders, ReportWhatNoDriverDoes) {
    expects_reports = true;
    const auto packet = legacy(packets::getattr, getattr_packet("s"));
    const std::uint64_t end = guest.guest.host.memory.size();
    const auto sent = [&](const std::vector<Piece>& pieces) {
        guest.lay(buffer, number(0) + number(1000) + packet);
        return guest.send(FoldersGuest::header(guest.version, pieces));
    };
    const auto size = static_cast<std::uint32_t>(8 + packet.size());
    EXPECT_EQ(sent({{end, size}}), -501);
    EXPECT_EQ(sent({{~std::uint64_t{0} - 3, size}}), -501);
    EXPECT_EQ(sent({{buffer, size}, {end - 8, 9}}), -501);
    EXPECT_EQ(guest.guest.host.reports.size(), 3U);
    guest.lay(end - size, number(0) + number(1000) + packet); // the reply has no room in memory
    EXPECT_EQ(guest.send(FoldersGuest::header(guest.version, {{end - size, size}})), -501);
    EXPECT_EQ(guest.guest.host.reports.size(), 4U);
    guest.lay(buffer, number(1) + number(1000) + packet);
    EXPECT_GT(guest.send(FoldersGuest::header(guest.version, {{buffer, size}})), 0);
    EXPECT_EQ(guest.guest.host.reports.size(), 5U); // complete before it was begun
    EXPECT_GT(guest.post(packet), 0);
    EXPECT_EQ(guest.guest.host.reports.size(), 5U);
}

TEST_P(VmciFolders, AreNoResourceWhileTheyAreDisabled) {
    folder.put("file", "hello");
    const auto query = [&] {
        return guest.guest.call(Hypercall::resources_query, Guest::words32({1, 0, 13}));
    };
    const auto handle = open_file(guest.make_session(), "s/file", 0, 0);
    EXPECT_EQ(query(), 1);
    EXPECT_EQ(tell("hgfs disable")["enabled"], false);
    EXPECT_EQ(query(), 0);
    EXPECT_EQ(guest.post(packets::session_packet()), invalid_resource);
    EXPECT_EQ(guest.state(), 0U);
    EXPECT_EQ(tell("hgfs enable")["enabled"], true);
    const auto session = guest.make_session();
    EXPECT_EQ(number_at(guest.ask(in_session(session, packets::read, read_packet(handle, 5))), 24),
              packets::invalid_handle);
    EXPECT_FALSE(guest.guest.command("hgfs nonsense"));
    EXPECT_FALSE(guest.guest.command("hgfs enable now"));
}

TEST_P(VmciFolders, ForgetSessionsAtARestartAndAReset) {
    for (const int how : {0, 1, 2}) {
        const auto session = guest.make_session();
        if (how == 0)
            tell("hgfs restart");
        else if (how == 1)
            guest.guest.set(Register::control, control_reset);
        else
            guest.guest.device().reset();
        ASSERT_TRUE(guest.guest.bring_up());
        EXPECT_EQ(tell("hgfs")["sessions"], 0);
        const auto reply = guest.ask(in_session(session, packets::getattr, getattr_packet("s")));
        EXPECT_EQ(number_at(reply, 24), packets::stale_session);
    }
}

TEST_P(VmciFolders, MayAnswerLate) {
    const auto packet = legacy(packets::getattr, getattr_packet("s"), 5);
    tell("hostile reply 50");
    EXPECT_GT(guest.post(packet), 0);
    guest.guest.host.advance(49ms);
    EXPECT_EQ(guest.state(), 0U);
    EXPECT_EQ(notices().size(), 0U);
    guest.guest.host.advance(1ms);
    EXPECT_EQ(number_at(guest.reply(), 4), packets::success);
    const std::uint64_t id = guest.version == 1 ? 5 : 77;
    EXPECT_EQ(notices(), (std::vector<std::vector<std::uint64_t>>{{guest.version, 2, id}}));
    EXPECT_EQ(number_at(guest.ask(packet), 4), packets::success);
    EXPECT_EQ(tell("hostile faithful")["done"], 1);
}

TEST_P(VmciFolders, ComeInTheOrderOfTheirTimes) {
    const auto packet = legacy(packets::getattr, getattr_packet("s"));
    for (const std::uint64_t after : {30U, 10U}) {
        tell("hostile reply " + std::to_string(after));
        guest.lay(buffer + after * 0x1000, number(0) + number(1000) + packet);
        EXPECT_GT(guest.send(FoldersGuest::header(
                      2, {{buffer + after * 0x1000, static_cast<std::uint32_t>(8 + packet.size())}},
                      1, after)),
                  0);
    }
    guest.guest.host.advance(20ms);
    EXPECT_EQ(notices(), (std::vector<std::vector<std::uint64_t>>{{2, 2, 10}}));
    guest.guest.host.advance(20ms);
    EXPECT_EQ(notices(), (std::vector<std::vector<std::uint64_t>>{{2, 2, 30}}));
}

TEST_P(VmciFolders, KeepNoMoreLateRepliesThanTheyMay) {
    const auto packet = legacy(packets::getattr, getattr_packet("s"));
    tell("hostile reply 50 1000");
    for (std::size_t i = 0; i < FoldersService::most_late; ++i)
        EXPECT_GT(guest.post(packet), 0);
    EXPECT_EQ(guest.post(packet), no_resources);
    guest.guest.set(Register::control, control_reset);
    guest.lay(buffer, number(0));
    guest.guest.host.advance(100ms);
    EXPECT_EQ(guest.state(), 0U); // nothing of the guest's is touched after a reset
    ASSERT_TRUE(guest.guest.bring_up());
    EXPECT_EQ(notices().size(), 0U);
    EXPECT_GT(guest.post(packet), 0); // there is room again
    guest.guest.host.advance(100ms);
    EXPECT_EQ(notices().size(), 1U);
}

TEST_P(VmciFolders, MayNeverAnswerOrFail) {
    const auto packet = legacy(packets::getattr, getattr_packet("s"));
    tell("hostile reply never");
    EXPECT_GT(guest.post(packet), 0);
    guest.guest.host.advance(3600s);
    EXPECT_EQ(guest.state(), 0U);
    tell("hostile reply fails 2");
    for (const std::uint32_t state : {2U, 2U, 1U}) {
        EXPECT_GT(guest.post(packet), 0);
        EXPECT_EQ(guest.state(), state);
    }
    for (const char* wrong : {"hostile reply", "hostile reply later", "hostile reply 5 x"})
        EXPECT_FALSE(guest.guest.command(wrong)) << wrong;
}

TEST(VmciFoldersOptions, AreReadOrRefused) {
    packets::Folder folder;
    const auto path = folder.path().string();
    FoldersGuest guest("share-ro=s=" + path + ",share=w=" + path);
    ASSERT_TRUE(guest.guest.bring_up());
    EXPECT_EQ(guest.guest.command("hgfs").value()["shares"],
              json({{{"name", "s"}, {"folder", path}, {"read_only", true}},
                    {{"name", "w"}, {"folder", path}, {"read_only", false}}}));
    const auto make = [&](const std::string& name) {
        return number_at(
            guest.ask(legacy(packets::create_dir, number(0x1f, 8) + number(0x0007'0700) + zeros(8) +
                                                      packets::name(name))),
            4);
    };
    EXPECT_EQ(make("s/dir"), packets::access_denied);
    EXPECT_EQ(make("w/dir"), packets::success);
    EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "dir"));
    FakeHost host;
    for (const auto& wrong :
         {std::string("share=x"), std::string("share=x="), "share==" + path, "share=" + path,
          "share=s=" + path + "/absent", "share=s=" + path + ",share-ro=s=" + path}) {
        const auto model = Vmci::info.create(host, wrong);
        ASSERT_FALSE(model) << wrong;
        EXPECT_EQ(model.sentence().find('\n'), std::string::npos);
    }
}

TEST(VmciFoldersOptions, SayThatNothingIsSharedByThemselves) {
    FoldersGuest guest("");
    ASSERT_TRUE(guest.guest.bring_up());
    EXPECT_EQ(guest.post(packets::session_packet()), invalid_resource);
    EXPECT_EQ(guest.guest.command("hgfs enable").value()["enabled"], true);
    EXPECT_NE(guest.make_session(), ~std::uint64_t{0});
}

} // namespace
} // namespace vmguest::lab::vmci
