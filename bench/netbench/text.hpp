// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the bench reads out of texts and samples; pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vmguest::netbench {

/// Pages that the page allocator has handed out since boot, out of /proc/vmstat: the pgalloc_*
/// counts of all zones, in units of one page whatever the order of the request.
std::uint64_t parse_allocated_pages(std::string_view vmstat);

/// The q-quantile (0 < q <= 1) by the nearest-rank method: the smallest sample that at least the
/// share q of all samples does not exceed. Reorders the samples; 0 if there is none.
double quantile(std::span<double> samples, double q);

} // namespace vmguest::netbench
