// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "traffic.hpp"

#include "text.hpp"

namespace vmguest::lab::backdoor {

void Traffic::add(std::string_view side, unsigned channel, char direction,
                  std::string_view message) {
    lines_.push_back(std::string(side) + ' ' + std::to_string(channel) + ' ' + direction + ' ' +
                     printable(message, longest));
    if (lines_.size() > most_lines)
        lines_.pop_front();
}

} // namespace vmguest::lab::backdoor
