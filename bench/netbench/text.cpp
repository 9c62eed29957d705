// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Texts; see the header.
#include "text.hpp"

#include <algorithm>
#include <charconv>

namespace vmguest::netbench {

std::uint64_t parse_allocated_pages(std::string_view vmstat) {
    constexpr std::string_view prefix = "pgalloc_";
    std::uint64_t sum = 0;
    while (!vmstat.empty()) {
        const auto line = vmstat.substr(0, vmstat.find('\n'));
        vmstat.remove_prefix(std::min(line.size() + 1, vmstat.size()));
        const auto blank = line.find(' ');
        if (!line.starts_with(prefix) || blank == line.npos)
            continue;
        std::uint64_t pages = 0;
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), pages);
        sum += pages;
    }
    return sum;
}

} // namespace vmguest::netbench
