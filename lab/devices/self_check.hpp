// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Finds out where this QEMU keeps the few struct fields that the shim touches, and stops the
// process with one sentence (exit status 97) if anything differs from what was tested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "abi.hpp"

namespace vmguest::lab {

/// Offsets, as found in the running binary.
struct Layout {
    std::size_t region_ops;    ///< MemoryRegion.ops
    std::size_t region_opaque; ///< MemoryRegion.opaque
    std::size_t class_realize; ///< PCIDeviceClass.realize
    std::size_t class_exit;    ///< PCIDeviceClass.exit
    std::size_t class_ids;     ///< PCIDeviceClass.vendor_id and what follows
    std::size_t pci_config;    ///< PCIDevice.config
    std::size_t cpu_registers; ///< X86CPU.env.regs
};

/// Room that the shim reserves for QEMU's structs; their real sizes are checked to fit.
constexpr std::size_t region_room = 512;
constexpr std::size_t timer_room = 128;

[[noreturn]] void refuse(std::string_view sentence);

/// Test only, `abi=NAME:DELTA`: make one expected number wrong, to see that the check notices.
void falsify_expectation(std::string_view setting);

/// When the plugin is loaded: everything that can be looked at without a machine.
void check_at_load();
/// When the machine is complete, before the guest starts.
void check_machine();
/// The first PCI device of ours looks by itself, for it is made before check_machine().
void check_pci_config(PCIDevice* device);

const Layout& layout();
/// "7.2"
std::string qemu_version();

template <class T>
T& field(void* object, std::size_t offset) {
    return *reinterpret_cast<T*>(static_cast<char*>(object) + offset);
}

} // namespace vmguest::lab
