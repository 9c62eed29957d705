// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The cases of vmblock's bench: what looking at a link costs that nobody blocks. One iteration is
// one system call; counters are totals of a case.
#pragma once

#include <cstdint>
#include <string>

#include "counting.hpp"
#include "flavour.hpp"

namespace vmguest::blockbench {

struct Settings {
    std::string flavour = "module";  ///< plain, module, fuse
    bool has_plugin = false;         ///< counts of the lab's plugin are to be had
    std::int64_t iterations = 10000; ///< per case of names that were looked at before
    std::int64_t names = 2000;       ///< per case of names that were not
    std::int64_t blocked = 10000;    ///< other names that are blocked in the second half
};

/// What all cases use; they run in the world.
struct Bench {
    const Settings& settings;
    Flavour& flavour;
    bench::CountingWindow& window;
    bool is_crowded = false; ///< the other names are blocked
};

/// Register all. The bench must live until they have run.
void register_cases(Bench& bench);

} // namespace vmguest::blockbench
