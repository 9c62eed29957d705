// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Exchanges that were recorded with a Debian 12 server whose share `root` is a whole file system.
#include <sys/stat.h>

#include "client.hpp"

namespace vmguest::hgfs {
namespace {

class Golden : public Shared {
protected:
    Golden() {
        std::filesystem::create_directories(path("tmp/gv"));
        put("tmp/gv/f", "hello");
        const timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
        utimensat(AT_FDCWD, path("tmp/gv/f").c_str(), times, 0);
    }

    std::string say(std::string_view hex) {
        const Answer answer = connection_.process(from_hex(hex), 522240);
        return answer.verdict == Verdict::reply ? to_hex(answer.packet) : "nothing";
    }

    static std::string zeros(std::size_t count) { return std::string(2 * count, '0'); }
};

constexpr const char* name_f = "0d000000 00000000 01000000 ffffffff"
                               "726f6f7400746d700067760066 00";

constexpr const char* create = "01000000 ff000000 4c000000 34000000 07000000 29000000 00000000"
                               "01000000 00000000 ffffffffffffffff 0000000000000000"
                               "00000000 00f80700 00000000 00000000 0000000000000000";

TEST_F(Golden, SearchOfTheBaseIsHandleZero) {
    EXPECT_EQ(say("00000000 04000000 00000000 00"), zeros(12));
}

TEST_F(Golden, SearchOfTheBaseEndsAfterOneShare) {
    say("00000000 04000000 00000000 00");
    EXPECT_NE(say("00000000 05000000 00000000 02000000"), zeros(58));
    EXPECT_EQ(say("00000000 05000000 00000000 03000000"), zeros(58));
}

TEST_F(Golden, GetattrOfAFile) {
    const std::string reply = say(std::string("01000000 1f000000") + zeros(16) + name_f);
    ASSERT_EQ(reply.size(), 2U * 137);
    EXPECT_EQ(reply.substr(0, 2 * 8), "0100000000000000");
    EXPECT_EQ(reply.substr(2 * 8, 2 * 8), "fffb020000000000");
    EXPECT_EQ(reply.substr(2 * 16, 2 * 4), "00000000");
    EXPECT_EQ(reply.substr(2 * 20, 2 * 8), "0500000000000000");
    EXPECT_EQ(reply.substr(2 * 44, 2 * 8), "0080ff44d138c101");
    EXPECT_EQ(reply.substr(2 * 112), zeros(25)) << "no target";
}

TEST_F(Golden, OpenAndRead) {
    EXPECT_EQ(say("00000000 04000000 00000000 00"), zeros(12)) << "handle 0 is taken";
    EXPECT_EQ(say(std::string("02000000 18000000 3f0c000000000000 00000000 00000000 00060404") +
                  zeros(44) + name_f),
              "02000000"
              "00000000"
              "01000000"
              "00000000"
              "00000000"
              "00000000");
    EXPECT_EQ(say("03000000 19000000 01000000 0000000000000000 00100000 0000000000000000"),
              "03000000"
              "00000000"
              "05000000"
              "0000000000000000"
              "68656c6c6f"
              "00");
    EXPECT_EQ(say("03000000 19000000 01000000 0500000000000000 00100000 0000000000000000"),
              "0300000000000000" + zeros(13));
}

TEST_F(Golden, CreateSession) {
    const std::string reply = say(create);
    ASSERT_EQ(reply.size(), 2U * 600);
    EXPECT_EQ(reply.substr(0, 2 * 36),
              "01000000ff000000580200003400000007000000290000000000000002000000"
              "00000000");
    EXPECT_EQ(reply.substr(2 * 36, 2 * 8), "ffffffffffffffff");
    EXPECT_NE(reply.substr(2 * 52, 2 * 8), "ffffffffffffffff");
    EXPECT_EQ(reply.substr(2 * 60, 2 * 20), "41000000"
                                            "00f80700"
                                            "00000000"
                                            "01000000"
                                            "00000000");
}

TEST_F(Golden, CapabilitiesAreThoseOfAPosixServer) {
    const std::string reply = say(create);
    for (u32 op = 0; op < 65; ++op) {
        const std::string row = reply.substr(2 * (80 + 8 * op), 2 * 8);
        const bool is_there = op <= 42 && op != 19 && op != 39 && op != 40;
        EXPECT_EQ(row, to_hex(Builder().d(op).d(is_there ? 1 : 0).bytes));
    }
}

TEST_F(Golden, AbsentNameAndStaleSession) {
    const std::string session = say(create).substr(2 * 52, 2 * 8);
    const auto request = [&](u32 op, const Packet& body) {
        Builder whole;
        whole.b(1).zeros(3).d(0xff).d(52 + body.size()).d(52).d(8).d(op).d(0).d(1).d(0);
        return to_hex(whole.raw(from_hex(session)).q(0).raw(body).bytes);
    };
    const Packet absent = Builder().q(0).q(0).name_3(on_wire("root/absent")).bytes;
    const std::string head = "01000000ff0000003400000034000000080000001f000000";
    EXPECT_EQ(say(request(31, absent)),
              head + "01000000" + "02000000" + "01000000" + session + zeros(8));
    EXPECT_EQ(say(request(42, Builder().q(0).bytes)).substr(2 * 24, 2 * 4), zeros(4));
    EXPECT_EQ(say(request(31, absent)),
              head + "11000000" + "02000000" + "11000000" + "ffffffffffffffff" + zeros(8));
}

TEST_F(Golden, EndOfAVersion3SearchHas153Bytes) {
    say("00000000 04000000 00000000 00");
    EXPECT_EQ(say("05000000 1d000000 00000000 63000000 00000000 0000000000000000"),
              "0500000000000000" + std::string("0100000000000000") + zeros(137));
}

} // namespace
} // namespace vmguest::hgfs
