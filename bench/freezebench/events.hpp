// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the kernel did to filesystems during a freeze, from the text of its trace; pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace vmguest::freezebench {

/// Names of the events; each lies in the kernel's function that every freeze goes through.
inline constexpr const char *freeze_begin = "freeze_begin", *freeze_end = "freeze_end",
                            *thaw_begin = "thaw_begin", *thaw_end = "thaw_end";

struct Event {
    std::string_view name; ///< one of the above, part of the text
    double us = 0;         ///< of the clock that the trace is stamped with
};

/// The events of a trace; lines of others are left out. The text must outlive them.
std::vector<Event> parse_trace(std::string_view text);

/// A freeze of some filesystems; microseconds.
struct Window {
    double first_freeze = 0; ///< begins: the first filesystem's writers stop
    double last_frozen = 0;  ///< all are frozen
    double first_thaw = 0;   ///< begins
    double last_thawed = 0;  ///< all writers go on
    double length() const { return last_thawed - first_freeze; }
    double held() const { return first_thaw - last_frozen; }
};

/// Nothing unless exactly `filesystems` were frozen and thawed, and all were frozen before one was
/// thawed.
std::optional<Window> window_of(const std::vector<Event>& events, unsigned filesystems);

} // namespace vmguest::freezebench
