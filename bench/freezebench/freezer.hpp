// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Ways to freeze filesystems, and to thaw them. Functions throw if something cannot be frozen or
// thawed; what is frozen when one goes out of scope is thawed.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace vmguest::freezebench {

class Freezer {
public:
    virtual ~Freezer() = default;
    virtual void freeze() = 0;
    /// In the reverse order where there is one.
    virtual void thaw() = 0;
};

using Paths = std::vector<std::string>;

/// Put fsfreeze and its libraries into memory: in the lab programs lie behind a slow 9p.
void prepare_fsfreeze();

/// Nothing is frozen: what the load is without.
std::unique_ptr<Freezer> make_undisturbed(const Paths& paths);
/// Admins': the program fsfreeze for one filesystem after the other.
std::unique_ptr<Freezer> make_fsfreeze(const Paths& paths);
/// Agents': one program opens one after the other and asks FIFREEZE.
std::unique_ptr<Freezer> make_fifreeze(const Paths& paths);
/// vmsync: one call for all.
std::unique_ptr<Freezer> make_ours(const Paths& paths);

/// vmsync: freeze all, and wait until the kernel has thawed them at the deadline.
void freeze_until_deadline(const Paths& paths, std::chrono::milliseconds deadline);

} // namespace vmguest::freezebench
