// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// How fast the time stamp counter of this machine runs. QEMU's TCG hands it to the guest as it is,
// so it is what the guest has to be told.
#pragma once

#include <chrono>
#include <cstdint>

namespace vmguest::lab::backdoor {

/// Measures from its making to the first question, which is at least 10 ms.
class TscRate {
public:
    TscRate();
    /// In Hz, the same at every call.
    std::uint64_t hz();

private:
    struct Moment {
        std::uint64_t ticks;
        std::chrono::nanoseconds time;
    };
    static Moment look();

    Moment start_;
    std::uint64_t hz_ = 0;
};

} // namespace vmguest::lab::backdoor
