// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The counting window: everything that happens in the guest between begin() and end().
#pragma once

#include <cstdint>
#include <optional>

#include "counting.hpp"
#include "interface.hpp"

namespace vmguest::netbench {

/// What the lab's device plugin counted.
struct PluginCounts {
    std::uint64_t driver_instructions; ///< executed inside the interface's driver
    std::uint64_t all_instructions;    ///< executed by the guest, kernel and programs
    std::uint64_t device_writes;       ///< accesses of the guest to the NIC's registers
    std::uint64_t device_reads;
};

struct Counts {
    std::uint64_t tx_packets; ///< by the driver's own statistics
    std::uint64_t rx_packets;
    std::uint64_t interrupts;
    std::uint64_t pages; ///< see parse_allocated_pages()
    std::optional<PluginCounts> plugin;
};

/// See CountingWindow and LabLine for what of the counting itself is inside.
class Window {
public:
    /// Whether the plugin counts is the caller's to know: lab/vm --count.
    Window(const Interface& interface, bool has_plugin);

    void begin();
    /// Waits for what the driver may have deferred, so that it is inside.
    Counts end();

private:
    PluginCounts parse(const nlohmann::json& counters) const;

    const Interface& interface_;
    bench::CountingWindow window_;
    Counts before_ = {};
};

} // namespace vmguest::netbench
