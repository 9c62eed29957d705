// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders behind the backdoor: the way of a packet, and what the host's side can do to it.
// What is in packets is tested beside lab/hgfs.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backdoor_guest.hpp"
#include "folders_packets.hpp"

namespace vmguest::lab::backdoor {
namespace {

using nlohmann::json;
using Way = Guest::Way;
using namespace packets;

/// A folder that goes with the test, and its packets.
class Folders : public testing::Test {
protected:
    std::string share(std::string_view more = "") const {
        return "share=s=" + folder_.path().string() + std::string(more);
    }
    void put(const std::string& file, std::string_view text) const { folder_.put(file, text); }
    std::string get(const std::string& file) const { return folder_.get(file); }

    /// A packet with the legacy header; the reply's packet, or what the host says instead.
    static std::string ask(Guest& guest, std::uint32_t op, std::string_view payload) {
        return strip(guest.ask("f " + legacy(op, payload), Way::high));
    }
    /// The same with the new header.
    static std::string ask_in(Guest& guest, std::uint64_t session, std::uint32_t op,
                              std::string_view payload) {
        return strip(guest.ask("f " + in_session(session, op, payload), Way::high));
    }
    static std::string strip(std::string reply) {
        return reply.starts_with("1 ") ? reply.substr(2) : reply;
    }
    static std::uint64_t make_session(Guest& guest, std::uint32_t* max_packet = nullptr) {
        const auto reply = strip(guest.ask("f " + session_packet(), Way::high));
        EXPECT_EQ(number_at(reply, 24), success);
        if (max_packet != nullptr)
            *max_packet = static_cast<std::uint32_t>(number_at(reply, 64));
        return number_at(reply, 52, 8);
    }
    static json show(Guest& guest) {
        const std::vector<std::string_view> words = {"hgfs"};
        return guest.model().command(words).value();
    }
    static json tell(Guest& guest, std::string_view verb) {
        const std::vector<std::string_view> words = {"hgfs", verb};
        return guest.model().command(words).value();
    }
    static void be_hostile(Guest& guest, std::string_view script) {
        const std::vector<std::string_view> words = {"hostile", script};
        const auto reply = guest.model().command(words);
        ASSERT_TRUE(reply) << reply.sentence();
    }

    Folder folder_;
};

TEST_F(Folders, AreDisabledWithoutAShare) {
    Guest guest;
    EXPECT_EQ(guest.ask("f "), "0 disabled");
    EXPECT_EQ(ask(guest, getattr, getattr_packet("s")), "0 disabled");
    EXPECT_EQ(guest.ask("vmx.capability.hgfs_server"), "1 0");
    EXPECT_EQ(show(guest)["enabled"], false);
    EXPECT_EQ(tell(guest, "enable")["enabled"], true);
    EXPECT_EQ(guest.ask("f "), "1 ");
}

TEST_F(Folders, AnswerOverEitherPort) {
    put("file", "hello");
    Guest guest(share());
    const auto request = "f " + number(3) + number(getattr) + getattr_packet("s/file");
    for (const Way way : {Way::low, Way::high}) {
        const auto reply = guest.ask(request, way);
        ASSERT_GT(reply.size(), 2U + 8 + 104);
        EXPECT_EQ(number_at(reply, 2), 3U);
        EXPECT_EQ(number_at(reply, 6), success);
        EXPECT_EQ(number_at(reply, 2 + 8 + 12, 8), 5U); // the file's size
    }
    EXPECT_EQ(guest.host.requests["hgfs.getattr"], 2U);
    EXPECT_EQ(guest.host.requests["hgfs.request"], 2U);
    EXPECT_EQ(guest.ask("vmx.capability.hgfs_server"), "1 1");
}

TEST_F(Folders, TellThatTheyAreThere) {
    Guest guest(share());
    EXPECT_EQ(guest.ask("f "), "1 ");
    EXPECT_EQ(guest.ask("f"), "1 ");
    EXPECT_EQ(guest.host.requests.count("hgfs.request"), 0U);
    EXPECT_EQ(guest.ask(std::string("f \0\1\2", 5)), "1 ");
    EXPECT_EQ(guest.host.requests["hgfs.unreadable"], 1U);
    const auto session = make_session(guest);
    EXPECT_EQ(number_at(ask_in(guest, session, 64, ""), 24), protocol_error); // whatever this is
    EXPECT_EQ(guest.host.requests["hgfs.unknown"], 1U);
}

TEST_F(Folders, KeepASessionThatOutlivesItsChannel) {
    put("file", "hello");
    Guest guest(share()); // which has a channel for each call
    const auto session = make_session(guest);
    const auto opened = ask_in(guest, session, open, open_packet("s/file", 0, 0));
    ASSERT_EQ(number_at(opened, 24), success);
    const auto reply = ask_in(guest, session, read, read_packet(number_at(opened, 52), 100));
    EXPECT_EQ(reply.substr(52 + 12, 5), "hello");
    EXPECT_EQ(show(guest)["sessions"], 1);
    EXPECT_EQ(show(guest)["files"], 1);
    EXPECT_EQ(show(guest)["requests"], json({{"create_session", 1}, {"open", 1}, {"read", 1}}));
}

TEST_F(Folders, AreReadOnlyIfTheHostSaysSo) {
    Guest guest("share-ro=s=" + folder_.path().string() + ",share=w=" + folder_.path().string());
    const auto make = [&](const std::string& path) {
        return number_at(
            ask(guest, create_dir, number(0x1f, 8) + number(0x0007'0700) + zeros(8) + name(path)),
            4);
    };
    EXPECT_EQ(make("s/dir"), access_denied);
    EXPECT_EQ(make("w/dir"), success);
    EXPECT_TRUE(std::filesystem::is_directory(folder_.path() / "dir"));
    EXPECT_EQ(show(guest)["shares"],
              json({{{"name", "s"}, {"folder", folder_.path().string()}, {"read_only", true}},
                    {{"name", "w"}, {"folder", folder_.path().string()}, {"read_only", false}}}));
}

TEST_F(Folders, CanBeDisabledAndEnabled) {
    put("file", "hello");
    Guest guest(share());
    const auto handle = number_at(ask(guest, open, open_packet("s/file", 0, 0)), 8);
    EXPECT_EQ(tell(guest, "disable")["enabled"], false);
    EXPECT_EQ(ask(guest, read, read_packet(handle, 5)), "0 disabled");
    EXPECT_EQ(guest.ask("f "), "0 disabled");
    EXPECT_EQ(guest.ask("vmx.capability.hgfs_server"), "1 0");
    EXPECT_EQ(tell(guest, "enable")["enabled"], true);
    EXPECT_EQ(number_at(ask(guest, read, read_packet(handle, 5)), 4), invalid_handle);
    EXPECT_EQ(number_at(ask(guest, getattr, getattr_packet("s/file")), 4), success);
    const std::vector<std::string_view> nonsense = {"hgfs", "nonsense"};
    EXPECT_FALSE(guest.model().command(nonsense));
}

TEST_F(Folders, ForgetSessionsAtARestart) {
    put("file", "hello");
    Guest guest(share());
    for (const bool by_reset : {false, true}) {
        const auto session = make_session(guest);
        const auto handle = number_at(ask(guest, open, open_packet("s/file", 0, 0)), 8);
        if (by_reset)
            guest.model().reset();
        else
            tell(guest, "restart");
        EXPECT_EQ(show(guest)["sessions"], 0);
        EXPECT_EQ(number_at(ask_in(guest, session, getattr, getattr_packet("s/file")), 24),
                  stale_session);
        EXPECT_EQ(number_at(ask(guest, read, read_packet(handle, 5)), 4), invalid_handle);
    }
}

TEST_F(Folders, CarryTheLongestPackets) {
    Guest guest(share());
    std::uint32_t longest = 0;
    const auto session = make_session(guest, &longest);
    ASSERT_EQ(longest, 522'240U);
    const auto handle = number_at(ask_in(guest, session, open, open_packet("s/file", 2, 2)), 52);
    std::string data(longest - 52 - 25, 'x');
    data.front() = data.back() = 'y';
    const auto written =
        ask_in(guest, session, write,
               number(handle) + zeros(1) + zeros(8) + number(data.size()) + zeros(8) + data);
    EXPECT_EQ(number_at(written, 24), success);
    EXPECT_EQ(number_at(written, 52), data.size());
    EXPECT_TRUE(get("file") == data);
    put("file", data + data);
    const auto size = longest - 52 - 13;
    const auto reply = ask_in(guest, session, read, read_packet(handle, size));
    EXPECT_EQ(reply.size(), longest);
    EXPECT_TRUE(reply.substr(52 + 12, size) == (data + data).substr(0, size));
    EXPECT_EQ(show(guest)["longest_request"], longest);
    EXPECT_EQ(show(guest)["longest_reply"], longest);
}

TEST_F(Folders, AgreeOnPacketsThatMessagesHaveRoomFor) {
    std::uint32_t longest = 0;
    Guest old(share(",message=65536"));
    make_session(old, &longest);
    EXPECT_EQ(longest, 65'534U);
    const auto channel = old.open().value();
    EXPECT_EQ(old.step(Point::send_size, channel, 65'537).status, status::none);
    Guest without;
    EXPECT_EQ(without.step(Point::send_size, without.open().value(), 65'537).status, status::none);
    Guest with(share());
    EXPECT_EQ(with.step(Point::send_size, with.open().value(), 522'243).status, status::none);
    EXPECT_NE(with.step(Point::send_size, with.open().value(), 522'242).status, status::none);
}

TEST_F(Folders, MayHaveAHostileServer) {
    put("file", "hello");
    Guest guest(share());
    const auto session = make_session(guest);
    const auto old = number_at(ask(guest, open, open_packet("s/file", 0, 0)), 8);
    const auto now = number_at(ask_in(guest, session, open, open_packet("s/file", 0, 0)), 52);
    const auto read_old = [&] { return ask(guest, read, read_packet(old, 5)); };
    const auto read_new = [&] { return ask_in(guest, session, read, read_packet(now, 5)); };

    be_hostile(guest, "x2 hgfs id");
    EXPECT_EQ(number_at(read_old(), 0), 8U);
    EXPECT_EQ(number_at(read_new(), 16), 8U);
    be_hostile(guest, "x2 hgfs status 13");
    EXPECT_EQ(read_old(), number(7) + number(unsupported));
    const auto failure = read_new();
    EXPECT_EQ(failure.size(), 52U);
    EXPECT_EQ(number_at(failure, 24), unsupported);
    be_hostile(guest, "x2 hgfs count 0xffffffff");
    EXPECT_EQ(number_at(read_old(), 8), all_ones);
    EXPECT_EQ(number_at(read_new(), 52), all_ones);
    be_hostile(guest, "x2 hgfs cut 9");
    EXPECT_EQ(read_old().size(), 9U);
    EXPECT_EQ(read_new().size(), 9U);
    be_hostile(guest, "hgfs cut 100000; hgfs silent");
    EXPECT_EQ(number_at(read_old(), 8), 5U);
    EXPECT_EQ(read_old(), "");
    EXPECT_EQ(number_at(read_new(), 52), 5U); // nothing is left of the rules
}

TEST_F(Folders, MayBeHostileToOneKindOfRequest) {
    put("file", "hello");
    Guest guest(share());
    be_hostile(guest, "+1 hgfs.getattr status 1; hgfs.open silent");
    const auto look = [&] { return number_at(ask(guest, getattr, getattr_packet("s/file")), 4); };
    EXPECT_EQ(look(), success);
    EXPECT_EQ(ask(guest, open, open_packet("s/file", 0, 0)), "");
    EXPECT_EQ(look(), no_such_file);
    EXPECT_EQ(look(), success);
}

TEST_F(Folders, AreNotAskedForWhatAHostileServerRefuses) {
    Guest guest(share());
    be_hostile(guest, "hgfs.open status 8");
    EXPECT_EQ(number_at(ask(guest, open, open_packet("s/file", 2, 2)), 4), access_denied);
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "file"));
}

TEST_F(Folders, AreNotPartOfAScriptThatMakesNoSense) {
    Guest guest(share());
    for (const std::string_view wrong :
         {"hgfs", "hgfs. silent", "hgfs.nonsense silent", "reply.read lose", "hgfs lose",
          "hgfs status none", "hgfs cut", "hgfs id 5", "open count 1"}) {
        const std::vector<std::string_view> words = {"hostile", wrong};
        EXPECT_FALSE(guest.model().command(words)) << wrong;
    }
}

TEST_F(Folders, AreReadFromOptions) {
    const auto shares = parse_settings("share=a=/tmp,hz=off,share-ro=b c=/x=y").value().shares;
    ASSERT_EQ(shares.size(), 2U);
    EXPECT_EQ(shares[0].name + shares[0].folder, "a/tmp");
    EXPECT_FALSE(shares[0].is_read_only);
    EXPECT_EQ(shares[1].name + shares[1].folder, "b c/x=y");
    EXPECT_TRUE(shares[1].is_read_only);
}

TEST_F(Folders, AreRefusedWithASentence) {
    FakeHost host;
    EXPECT_TRUE(Backdoor::info.create(host, share()));
    EXPECT_TRUE(Backdoor::info.create(host, share(",hostile=hgfs.read silent")));
    for (const auto& wrong :
         {std::string("share=x"), std::string("share=x="), share("/absent"),
          "share=" + folder_.path().string(), "share=a/b=" + folder_.path().string(),
          share(",share=s=/"), share(",hostile=hgfs.reed silent")}) {
        const auto model = Backdoor::info.create(host, wrong);
        ASSERT_FALSE(model) << wrong;
        EXPECT_EQ(model.sentence().find('\n'), std::string::npos);
    }
}

} // namespace
} // namespace vmguest::lab::backdoor
