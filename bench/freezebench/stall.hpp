// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The longest that one operation of a writer takes, by the writer's own clock; pure but for the
// lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace vmguest::freezebench {

class StallMeter {
public:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;

    /// What is in progress counts from here on.
    void start_round(Time now);
    /// The writer's: an operation begins, is over.
    void begin(Time now);
    void end(Time now);

    /// Of the operations that ended in this round.
    Clock::duration longest() const;
    /// Operations that ended, in all.
    std::uint64_t ended() const;

private:
    mutable std::mutex mutex_; ///< guards all below
    Time round_, begun_;
    Clock::duration longest_{};
    std::uint64_t ended_ = 0;
};

} // namespace vmguest::freezebench
