// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "events.hpp"

#include <algorithm>
#include <charconv>

namespace vmguest::freezebench {
namespace {

/// "   program-12   [000] .....   123.456789: freeze_begin: (freeze_super+0x0/0x1f0)"
std::optional<Event> parse_line(std::string_view line) {
    for (const std::string_view name : {freeze_begin, freeze_end, thaw_begin, thaw_end}) {
        for (auto at = line.find(name); at != line.npos; at = line.find(name, at + 1)) {
            if (at < 2 || line.substr(at - 2, 2) != ": " || line.substr(at + name.size(), 1) != ":")
                continue;
            const auto stamp_end = at - 2;
            const auto stamp = line.find_last_of(' ', stamp_end) + 1; // npos + 1 is 0
            double seconds = 0;
            const auto found =
                std::from_chars(line.data() + stamp, line.data() + stamp_end, seconds);
            if (found.ec == std::errc() && found.ptr == line.data() + stamp_end)
                return Event{line.substr(at, name.size()), seconds * 1e6};
        }
    }
    return std::nullopt;
}

} // namespace

std::vector<Event> parse_trace(std::string_view text) {
    std::vector<Event> events;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (const auto event = parse_line(text.substr(0, end)))
            events.push_back(*event);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return events;
}

std::optional<Window> window_of(const std::vector<Event>& events, unsigned filesystems) {
    const auto times = [&](std::string_view name) {
        std::vector<double> found;
        for (const auto& event : events)
            if (event.name == name)
                found.push_back(event.us);
        std::sort(found.begin(), found.end());
        return found;
    };
    const auto begun = times(freeze_begin), frozen = times(freeze_end);
    const auto thaws = times(thaw_begin), thawed = times(thaw_end);
    for (const auto* some : {&begun, &frozen, &thaws, &thawed})
        if (some->size() != filesystems || some->empty())
            return std::nullopt;
    const Window window = {.first_freeze = begun.front(),
                           .last_frozen = frozen.back(),
                           .first_thaw = thaws.front(),
                           .last_thawed = thawed.back()};
    if (window.first_thaw < window.last_frozen)
        return std::nullopt;
    return window;
}

} // namespace vmguest::freezebench
