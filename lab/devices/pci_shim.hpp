// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Makes QEMU device types of the PCI models.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "host.hpp"

namespace vmguest::lab {

/// Once, before any device is made.
void register_pci_types();

/// The plugged devices: [{"id", "model", "touched"}], ids being empty where none was given;
/// one is touched if a register or port was accessed since it was reset.
nlohmann::json list_pci_devices();
/// How many devices' storage exists, unplugged ones that QEMU still refers to included.
std::size_t pci_device_storage();

/// The model of the device with this id, or of the only device of this type; null if there is
/// none, or if several have the type.
PciModel* find_pci_model(std::string_view id_or_type);
/// False if no plugged device has this doorbell.
bool ring_doorbell_of_pci_models(std::uint32_t context, std::uint32_t resource);

} // namespace vmguest::lab
