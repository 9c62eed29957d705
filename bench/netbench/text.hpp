// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the bench reads out of texts; pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace vmguest::netbench {

/// Pages that the page allocator has handed out since boot, out of /proc/vmstat: the pgalloc_*
/// counts of all zones, in units of one page whatever the order of the request.
std::uint64_t parse_allocated_pages(std::string_view vmstat);

} // namespace vmguest::netbench
