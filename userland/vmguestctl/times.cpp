// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "times.hpp"

#include <cerrno>

#include <fmt/format.h>

namespace vmguest::ctl {
namespace {

constexpr double default_deadline = 10;
constexpr double longest_deadline = 900; // a host gives up after 15 minutes
constexpr double shortest_deadline = 0.001;

/// Also false for what is no number.
bool is_within(double value, double lowest, double highest) {
    return value >= lowest && value <= highest;
}

std::chrono::milliseconds whole_milliseconds(double seconds) {
    return std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

} // namespace

Result<Times> choose_times(std::optional<double> hold, std::optional<double> deadline) {
    const auto latest = deadline.value_or(default_deadline);
    if (!is_within(latest, shortest_deadline, longest_deadline))
        return Failure{EINVAL, fmt::format("--deadline {} is out of range: 0.001 to {} seconds",
                                           latest, longest_deadline)};
    const auto wanted = hold.value_or(latest / 2);
    if (!is_within(wanted, 0, longest_deadline))
        return Failure{EINVAL, fmt::format("--hold {} is out of range: 0 to {} seconds", wanted,
                                           longest_deadline)};
    const Times times{.hold = whole_milliseconds(wanted), .deadline = whole_milliseconds(latest)};
    if (times.hold >= times.deadline)
        return Failure{EINVAL, fmt::format("--hold {} is not shorter than the deadline of {} "
                                           "seconds, at which the kernel thaws: give a later "
                                           "--deadline",
                                           wanted, latest)};
    return times;
}

} // namespace vmguest::ctl
