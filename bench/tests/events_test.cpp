// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What freezebench understands of the kernel's trace, and how it measures a writer's wait.
#include <gtest/gtest.h>

#include "events.hpp"
#include "stall.hpp"

namespace vmguest::freezebench {
namespace {

constexpr std::string_view trace =
    "# tracer: nop\n"
    "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
    "        fsfreeze-210     [001] ...1.    12.000100: freeze_begin: (freeze_super+0x0/0x1f0)\n"
    "        fsfreeze-210     [001] ...1.    12.000400: freeze_end: (__x64_sys_ioctl+0x1/0x2 <- "
    "freeze_super)\n"
    "  a: freeze_end: b-211     [000] ...1.    12.000500: freeze_begin: (freeze_super+0x0/0x1f0)\n"
    "     kworker/0:1-12      [000] ...1.    12.000550: other_event: freeze_begin: thaw_end\n"
    "        fsfreeze-211     [000] ...1.    12.000900: freeze_end: (__x64_sys_ioctl+0x1/0x2 <- "
    "freeze_super)\n"
    "        fsfreeze-212     [000] ...1.    12.001000: thaw_begin: (thaw_super+0x0/0x20)\n"
    "        fsfreeze-212     [000] ...1.    12.001100: thaw_end: (__x64_sys_ioctl+0x1/0x2 <- "
    "thaw_super)\n"
    "        fsfreeze-213     [000] ...1.    12.001200: thaw_begin: (thaw_super+0x0/0x20)\n"
    "        fsfreeze-213     [000] ...1.    12.001600: thaw_end: (__x64_sys_ioctl+0x1/0x2 <- "
    "thaw_super)";

TEST(Trace, AWindowIsFromTheFirstFreezeToTheLastThaw) {
    const auto window = window_of(parse_trace(trace), 2);
    ASSERT_TRUE(window);
    EXPECT_NEAR(window->length(), 1500, 0.1);
    EXPECT_NEAR(window->held(), 100, 0.1);
    EXPECT_NEAR(window->last_frozen - window->first_freeze, 800, 0.1);
}

TEST(Trace, OtherLinesAreNoEvents) {
    EXPECT_EQ(parse_trace(trace).size(), 8U);
    EXPECT_TRUE(parse_trace("").empty());
    EXPECT_TRUE(parse_trace("freeze_begin:\n: freeze_begin:\nx: freeze_begin: \n").empty());
}

TEST(Trace, AnotherNumberOfFilesystemsIsNoWindow) {
    const auto events = parse_trace(trace);
    EXPECT_FALSE(window_of(events, 1));
    EXPECT_FALSE(window_of(events, 3));
    EXPECT_FALSE(window_of({}, 0));
}

TEST(Trace, WhatIsThawedBeforeAllAreFrozenIsNoWindow) {
    const std::vector<Event> events = {{freeze_begin, 1}, {freeze_end, 2}, {freeze_begin, 3},
                                       {thaw_begin, 4},   {freeze_end, 5}, {thaw_end, 6},
                                       {thaw_begin, 7},   {thaw_end, 8}};
    EXPECT_FALSE(window_of(events, 2));
}

StallMeter::Time at(int ms) {
    return StallMeter::Time(std::chrono::milliseconds(ms));
}

TEST(StallMeter, TheLongestOfARoundIsKept) {
    StallMeter meter;
    meter.start_round(at(0));
    for (const auto& [begun, ended] : {std::pair(1, 3), std::pair(4, 14), std::pair(15, 16)}) {
        meter.begin(at(begun));
        meter.end(at(ended));
    }
    EXPECT_EQ(meter.longest(), std::chrono::milliseconds(10));
    EXPECT_EQ(meter.ended(), 3U);
    meter.start_round(at(20));
    EXPECT_EQ(meter.longest(), std::chrono::milliseconds(0));
}

TEST(StallMeter, WhatBeganBeforeTheRoundCountsFromItsStart) {
    StallMeter meter;
    meter.begin(at(1));
    meter.start_round(at(30));
    meter.end(at(35));
    EXPECT_EQ(meter.longest(), std::chrono::milliseconds(5));
}

} // namespace
} // namespace vmguest::freezebench
