// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What was said over the channels lately, for people and tests to look at.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace vmguest::lab::backdoor {

/// The last messages, one line each: `rpci 0 > log hello`, `tclo 1 < ping`; > is the guest's.
class Traffic {
public:
    static constexpr std::size_t most_lines = 2000;
    static constexpr std::size_t longest = 300; ///< bytes of a message that are shown

    /// Note a message; `direction` is '>' for the guest's and '<' for the host's.
    void add(std::string_view side, unsigned channel, char direction, std::string_view message);
    /// Forget all.
    void clear() { lines_.clear(); }
    /// The longest known first.
    const std::deque<std::string>& lines() const { return lines_; }

private:
    std::deque<std::string> lines_;
};

} // namespace vmguest::lab::backdoor
