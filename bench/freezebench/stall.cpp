// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "stall.hpp"

#include <algorithm>

namespace vmguest::freezebench {

void StallMeter::start_round(Time now) {
    const std::lock_guard lock(mutex_);
    round_ = now;
    longest_ = {};
}

void StallMeter::begin(Time now) {
    const std::lock_guard lock(mutex_);
    begun_ = now;
}

void StallMeter::end(Time now) {
    const std::lock_guard lock(mutex_);
    longest_ = std::max(longest_, now - std::max(begun_, round_));
    ++ended_;
}

StallMeter::Clock::duration StallMeter::longest() const {
    const std::lock_guard lock(mutex_);
    return longest_;
}

std::uint64_t StallMeter::ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
}

} // namespace vmguest::freezebench
