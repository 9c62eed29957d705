// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "quantile.hpp"

#include <algorithm>
#include <cmath>

namespace vmguest::bench {

double quantile(std::span<double> samples, double q) {
    if (samples.empty())
        return 0;
    const auto count = static_cast<double>(samples.size());
    const auto rank = std::clamp(std::ceil(q * count), 1.0, count);
    const auto at = samples.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
    std::nth_element(samples.begin(), at, samples.end());
    return *at;
}

} // namespace vmguest::bench
