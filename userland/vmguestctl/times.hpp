// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// How long filesystems are to stay frozen, and at most may.
#pragma once

#include <chrono>
#include <optional>

#include "vmguest/result.hpp"

namespace vmguest::ctl {

struct Times {
    std::chrono::milliseconds hold{0};
    std::chrono::milliseconds deadline{0};
};

/// From what the user has said, in seconds: a deadline of 10 s and half the deadline as hold where
/// nothing was said. Failure: out of range, or the hold is not shorter than the deadline.
Result<Times> choose_times(std::optional<double> hold, std::optional<double> deadline);

} // namespace vmguest::ctl
