// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The cases of vmsync's bench: one freeze of all filesystems by each way, again and again, while
// writers write. Each repetition of a case is one freeze.
#pragma once

#include <chrono>

#include "probes.hpp"
#include "volumes.hpp"
#include "writers.hpp"

namespace vmguest::freezebench {

struct Settings {
    unsigned filesystems = 16;
    int rounds = 35;                         ///< of each case
    std::chrono::milliseconds hold{50};      ///< between all frozen and the first thaw
    std::chrono::milliseconds deadline{300}; ///< from the first filesystem's freezing
};

/// What all cases use.
struct Bench {
    const Settings& settings;
    Volumes volumes;
    Writers writers;
    Probes probes;

    explicit Bench(const Settings& given)
        : settings(given), volumes(given.filesystems), writers(volumes.paths()) {}
};

/// Register all. The bench must live until they have run.
void register_cases(Bench& bench);

} // namespace vmguest::freezebench
