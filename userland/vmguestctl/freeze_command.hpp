// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// vmguestctl freeze.
#pragma once

#include <string>
#include <vector>

#include "report.hpp"
#include "times.hpp"

namespace vmguest::ctl {

struct FreezeArguments {
    std::vector<std::string> paths; ///< none: all filesystems with a disk of their own
    Times times;
    bool is_json = false;
    bool is_dry_run = false;
    bool skip_busy = false;
    bool skip_unfreezable = false;
};

/// Say what became of it; the exit status.
Outcome run_freeze(const FreezeArguments& arguments);

} // namespace vmguest::ctl
