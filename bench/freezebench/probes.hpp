// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Probes in the two functions of the kernel that freeze and thaw a filesystem, whoever calls them:
// all that is compared is measured at the same place, by the same clock.
#pragma once

#include "events.hpp"

namespace vmguest::freezebench {

class Probes {
public:
    Probes();
    ~Probes();
    Probes(const Probes&) = delete;
    Probes& operator=(const Probes&) = delete;

    /// Forget what was seen.
    void clear();
    /// What was since; throws if it was no freeze and thaw of so many filesystems.
    Window window(unsigned filesystems) const;
};

} // namespace vmguest::freezebench
