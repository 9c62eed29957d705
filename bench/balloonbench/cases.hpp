// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The cases of the balloon bench, each a Google Benchmark with one iteration.
#pragma once

#include <cstdint>
#include <string>

namespace vmguest::balloonbench {

struct Settings {
    std::string module = "vmmemctl";     ///< the driver, as modprobe and lsmod name it
    bool has_plugin = false;             ///< counts of the lab's plugin are to be had
    std::uint64_t mebibytes = 512;       ///< moved by frames of 2 MiB in a fresh guest
    std::uint64_t small_mebibytes = 256; ///< moved by frames of 4 KiB, and in an aged guest
    std::int64_t changes = 20;           ///< of the target, per latency case
};

/// Register those that this guest can run. The settings must live until they have run.
void register_cases(const Settings& settings);

} // namespace vmguest::balloonbench
