// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the user may choose about the VMCI device.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host.hpp"
#include "models/folders/share.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

struct Settings {
    bool is_mmio = false;                 ///< the second generation: transfers by memory
    std::optional<unsigned> some_vectors; ///< of MSI-X: 0 or 1 instead of one for each cause
    bool has_msi = true;
    std::optional<std::uint32_t> some_capabilities; ///< to be offered instead of all
    std::uint32_t context = 16;                     ///< the guest's
    std::vector<std::string> hostile;               ///< rules for Faults, in force from the start
    std::vector<folders::Share> shares;

    unsigned all_vectors() const { return is_mmio ? 3 : 2; }
    unsigned vectors() const { return some_vectors.value_or(all_vectors()); }
    std::uint32_t offered() const {
        return some_capabilities.value_or(can_datagram | can_notify | can_wide_pages |
                                          (is_mmio ? can_dma : 0U));
    }
};

/// Read `key=value[,key=value]…`; empty text gives the defaults. Fails with a sentence.
Result<Settings> parse_settings(std::string_view text);

} // namespace vmguest::lab::vmci
