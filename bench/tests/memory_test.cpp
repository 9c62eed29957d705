// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What balloonbench knows of memory, as far as it needs no guest.
#include <gtest/gtest.h>

#include "memory.hpp"

namespace vmguest::balloonbench {
namespace {

TEST(Meminfo, IsFoundByItsWholeName) {
    constexpr auto text = "MemTotal:        1000 kB\nMemFree:          20 kB\nHugeMemFree: 7 kB\n";
    EXPECT_EQ(parse_meminfo(text, "MemTotal"), 1000U << 10);
    EXPECT_EQ(parse_meminfo(text, "MemFree"), 20U << 10);
    EXPECT_EQ(parse_meminfo(text, "Mem"), 0U);
    EXPECT_EQ(parse_meminfo(text, "Free"), 0U);
}

TEST(Meminfo, OfTextsThatEndTooSoonIsNothing) {
    for (const auto* text : {"", "MemFree", "MemFree:", "MemFree:   ", "MemFree: x"})
        EXPECT_EQ(parse_meminfo(text, "MemFree"), 0U) << text;
}

TEST(Hog, TouchesAllOfANewPieceBeforeTheNext) {
    Hog hog(4 << 20);
    for (int i = 0; i < 100; ++i)
        hog.step(); // a page that is not there would end the test
}

} // namespace
} // namespace vmguest::balloonbench
