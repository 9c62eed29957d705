// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The line that is said while filesystems are frozen: nobody can make it wait.
#include "announcer.hpp"

#include <csignal>
#include <cstdio>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "pipe.hpp"

namespace vmguest::ctl {
namespace {

bool has_room(const Announcer& announcer) {
    pollfd what{.fd = announcer.descriptor(), .events = POLLOUT, .revents = 0};
    return poll(&what, 1, 0) > 0;
}

TEST(Announcer, SaysItsLineOnce) {
    test::Pipe pipe;
    Announcer announcer(pipe.in.get(), "frozen\n");
    ASSERT_TRUE(has_room(announcer));
    announcer.say();
    EXPECT_EQ(announcer.descriptor(), -1);
    EXPECT_EQ(pipe.read_some(), "frozen\n");
}

TEST(Announcer, DoesNotWaitForAFullPipeAndLeavesItsFlags) {
    test::Pipe pipe;
    pipe.fill();
    Announcer announcer(pipe.in.get(), "frozen\n");
    EXPECT_FALSE(has_room(announcer));
    announcer.say();
    EXPECT_NE(announcer.descriptor(), -1) << "it may still be said";
    EXPECT_EQ(fcntl(pipe.in.get(), F_GETFL) & O_NONBLOCK, 0);
    pipe.read_some();
    announcer.say();
    EXPECT_EQ(announcer.descriptor(), -1);
}

TEST(Announcer, GivesUpWhenNobodyReads) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    test::Pipe pipe;
    Announcer announcer(pipe.in.get(), "frozen\n");
    pipe.out = Descriptor();
    announcer.say();
    EXPECT_EQ(announcer.descriptor(), -1);
    std::signal(SIGPIPE, before);
}

TEST(Announcer, SaysItToASocketThatMayBeFull) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const Descriptor in(ends[0]), out(ends[1]);
    Announcer announcer(in.get(), "frozen\n");
    announcer.say();
    EXPECT_EQ(announcer.descriptor(), -1);
    char text[16] = {};
    EXPECT_EQ(read(out.get(), text, sizeof(text)), 7);
    const std::string block(4096, 'x');
    while (send(in.get(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
    }
    Announcer patient(in.get(), "frozen\n");
    patient.say();
    EXPECT_NE(patient.descriptor(), -1);
}

TEST(Announcer, WritesToNoFile) {
    FILE* file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(Announcer(fileno(file), "frozen\n").descriptor(), -1);
    std::fclose(file);
    const Descriptor null(open("/dev/null", O_WRONLY));
    EXPECT_EQ(Announcer(null.get(), "frozen\n").descriptor(), -1);
    EXPECT_EQ(Announcer(-1, "frozen\n").descriptor(), -1);
}

} // namespace
} // namespace vmguest::ctl
