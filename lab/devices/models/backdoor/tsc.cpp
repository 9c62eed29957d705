// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "tsc.hpp"

#include <ctime>

#include <x86intrin.h>

namespace vmguest::lab::backdoor {
namespace {

constexpr std::chrono::milliseconds shortest{10};
constexpr int looks = 5;

std::chrono::nanoseconds raw_time() {
    timespec now = {};
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

} // namespace

TscRate::TscRate() : start_(look()) {}

/// Counter and clock of one moment: of several looks, the one between which the least time passed.
TscRate::Moment TscRate::look() {
    Moment best = {};
    std::uint64_t shortest_look = ~std::uint64_t{0};
    for (int i = 0; i < looks; ++i) {
        const auto before = __rdtsc();
        const auto time = raw_time();
        const auto passed = __rdtsc() - before;
        if (passed >= shortest_look)
            continue;
        shortest_look = passed;
        best = {before + passed / 2, time};
    }
    return best;
}

std::uint64_t TscRate::hz() {
    constexpr double second = 1e9;
    if (hz_ != 0)
        return hz_;
    auto end = look();
    while (end.time - start_.time < shortest)
        end = look();
    const auto ticks = static_cast<double>(end.ticks - start_.ticks);
    hz_ = static_cast<std::uint64_t>(ticks * second /
                                     static_cast<double>((end.time - start_.time).count()));
    return hz_;
}

} // namespace vmguest::lab::backdoor
