// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The cases of the network bench, each a Google Benchmark.
#pragma once

#include <cstdint>
#include <string>

namespace vmguest::netbench {

struct Settings {
    std::string interface = "eth0";
    std::string peer = "10.0.2.1";
    bool has_plugin = false;       ///< counts of the lab's plugin are to be had
    std::int64_t packets = 50'000; ///< per UDP case
    std::int64_t paced_packets = 10'000;
    std::int64_t mebibytes = 128;      ///< per TCP case with large packets
    std::int64_t small_mebibytes = 32; ///< per TCP case with frames of the MTU
    std::int64_t round_trips = 5'000;  ///< per kind
};

/// Register those that this guest can run. The settings must live until they have run.
void register_cases(const Settings& settings);

} // namespace vmguest::netbench
