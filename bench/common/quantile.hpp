// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Order statistics of a bench's samples; pure.
#pragma once

#include <span>

namespace vmguest::bench {

/// The q-quantile (0 < q <= 1) by the nearest-rank method: the smallest sample that at least the
/// share q of all samples does not exceed. Reorders the samples; 0 if there is none.
double quantile(std::span<double> samples, double q);

} // namespace vmguest::bench
