// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What this system is like: reads proc and sysfs, and finds files without opening them.
#pragma once

#include <string>
#include <vector>

#include "vmguest/result.hpp"
#include "vmguest/stacking.hpp"

namespace vmguest {

/// Mounts, types of filesystems and block devices. No filesystem but proc, sysfs and /dev is looked
/// at. `root` stands before /proc, /sys and /dev: a folder in their place, for tests.
/// Failure: one of them cannot be read.
Result<Facts> read_facts(const std::string& root = {}) noexcept;

/// What to freeze for these paths; their files are found (O_PATH), not opened. Nothing is asked of
/// a path that by its name is on a network or a program's filesystem; a link that leads there from
/// elsewhere is followed and may wait for it.
/// Failure: a path is not there, or on a mount that `facts` does not have.
Result<Plan> plan_paths(const std::vector<std::string>& paths, const Facts& facts,
                        const Stack& stack) noexcept;

/// Find the files of the volumes that have none yet. One that is no longer there, or no longer the
/// one that was planned, is put among those to skip.
void open_volumes(Plan& plan) noexcept;

} // namespace vmguest
