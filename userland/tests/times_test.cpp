// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// --hold and --deadline.
#include "times.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace vmguest::ctl {
namespace {

using Seconds = std::optional<double>;

/// Hold and deadline in milliseconds; -1 and -1 if they are refused.
std::pair<long, long> chosen_times(Seconds hold, Seconds deadline) {
    const auto chosen = choose_times(hold, deadline);
    if (!chosen)
        return {-1, -1};
    return {chosen.value().hold.count(), chosen.value().deadline.count()};
}

constexpr std::pair<long, long> refused{-1, -1};

TEST(ChoosesTimes, HaveDefaults) {
    EXPECT_EQ(chosen_times({}, {}), std::pair(5000L, 10000L));
    EXPECT_EQ(chosen_times({}, 60), std::pair(30000L, 60000L));
    EXPECT_EQ(chosen_times(9.9, {}), std::pair(9900L, 10000L));
    EXPECT_EQ(chosen_times(0, {}), std::pair(0L, 10000L));
    EXPECT_EQ(chosen_times({}, 0.002), std::pair(1L, 2L));
}

TEST(ChoosesTimes, TheHoldIsShorterThanTheDeadline) {
    EXPECT_EQ(chosen_times(10, {}), refused);
    EXPECT_EQ(chosen_times(60, {}), refused);
    EXPECT_EQ(chosen_times(2, 1), refused);
    EXPECT_EQ(chosen_times(1, 1.0004), refused) << "they are the same in milliseconds";
    EXPECT_EQ(chosen_times(899.999, 900), std::pair(899999L, 900000L));
    EXPECT_NE(choose_times(60, {}).failure().sentence.find("give a later --deadline"),
              std::string::npos);
}

TEST(ChoosesTimes, AreInRange) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    const auto infinite = std::numeric_limits<double>::infinity();
    for (const auto bad : {nan, infinite, -infinite, -1.0, 900.1, 1e300}) {
        EXPECT_EQ(chosen_times(bad, {}), refused) << bad;
        EXPECT_EQ(chosen_times({}, bad), refused) << bad;
    }
    EXPECT_EQ(chosen_times(0, 0), refused);
}

} // namespace
} // namespace vmguest::ctl
