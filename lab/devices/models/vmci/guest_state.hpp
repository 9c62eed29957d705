// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What device and guest have agreed upon.
#pragma once

#include <cstdint>

#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

struct GuestState {
    std::uint32_t context = 16; ///< the guest's; no reset changes it, for guests remember it
    std::uint32_t used = 0;     ///< capabilities: what the guest wrote, not what it was offered
    unsigned page_shift = least_page_shift;

    std::uint64_t page_size() const { return std::uint64_t{1} << page_shift; }
    bool uses(Capability capability) const { return (used & capability) != 0; }
    /// Bytes that a page number takes.
    std::size_t page_number_width() const { return uses(can_wide_pages) ? 8 : 4; }
};

} // namespace vmguest::lab::vmci
