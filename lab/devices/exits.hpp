// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Counts exits of PCI devices, QEMU's own included, and makes them lose writes or vanish: a layer
// is put between QEMU's memory dispatch and the handlers of each region of a device that was given
// an id.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "abi.hpp"

namespace vmguest::lab {

/// Exits of one device: accesses of a guest's CPU that left the guest.
struct ExitCounts {
    std::atomic<std::uint64_t> mmio_read{0};
    std::atomic<std::uint64_t> mmio_write{0};
    std::atomic<std::uint64_t> pio{0};

    nlohmann::json to_json() const;
    void reset() { mmio_read = mmio_write = pio = 0; }
};

class ExitTaps {
public:
    ExitTaps();
    ~ExitTaps();

    /// Look for devices with an id and tap what is not tapped yet. Gives the number of new taps.
    std::size_t attach();
    /// {DEVICE: {"mmio_read": n, "mmio_write": n, "pio": n}}
    nlohmann::json report() const;
    /// {DEVICE: [{"region": name, "kind": "mmio"|"pio"|"unused", "read": n, "write": n}]}
    nlohmann::json regions() const;
    void reset();

    /// What a region does not do as it should.
    struct Fault {
        /// Writes that do not reach the device: the next `left` ones to these offsets.
        std::uint64_t first = 0, last = 0, left = 0;
        /// Nor do any; and what is read is ones.
        bool is_gone = false;
    };
    /// An empty `region` means all of the device. False if there is no such device or region.
    bool spoil(const std::string& device, const std::string& region, const Fault& fault);
    /// How many writes to the device were lost so far.
    std::uint64_t dropped(const std::string& device) const;
    /// The counts of something that is no PCI device.
    ExitCounts& counts(const std::string& name) { return devices_[name]; }

private:
    struct Tap;

    void attach_device(Object* device, const std::string& id);
    void attach_region(MemoryRegion* region, const std::string& id);

    std::map<std::string, ExitCounts> devices_;
    /// A tap is never freed: a region that is being taken away may still be in use by a CPU.
    std::list<Tap> taps_;
};

} // namespace vmguest::lab
