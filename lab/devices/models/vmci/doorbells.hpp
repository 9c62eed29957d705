// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Doorbells in both directions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "models/vmci/bus.hpp"
#include "models/vmci/guest_state.hpp"
#include "models/vmci/interrupts.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// The guest's are bytes of a page of its memory, and are linked by it; the host's are counted.
class Doorbells {
public:
    Doorbells(Bus& bus, Interrupts& interrupts, const GuestState& guest)
        : bus_(bus), interrupts_(interrupts), guest_(guest) {}

    std::int32_t set_bitmap(std::uint64_t page_number);
    std::int32_t link(Handle doorbell, std::uint64_t index);
    std::int32_t unlink(Handle doorbell);
    /// One of the guest's. False if it has not linked it, or there is nowhere to set it.
    bool ring_guest(Handle doorbell);
    /// The guest forgets all of its own.
    void reset();

    void add_host(std::uint32_t resource) { host_.try_emplace(resource, 0); }
    void remove_host(std::uint32_t resource) { host_.erase(resource); }
    /// False if the host has no such doorbell.
    bool ring_host(std::uint32_t resource);

    std::optional<std::uint64_t> bitmap() const { return bitmap_; }
    const std::map<Handle, std::uint64_t>& links() const { return links_; }
    const std::map<std::uint32_t, std::uint64_t>& host() const { return host_; }

private:
    Bus& bus_;
    Interrupts& interrupts_;
    const GuestState& guest_;
    std::optional<std::uint64_t> bitmap_;         ///< its address
    std::map<Handle, std::uint64_t> links_;       ///< to indexes of the bitmap
    std::map<std::uint32_t, std::uint64_t> host_; ///< how often each was rung
};

} // namespace vmguest::lab::vmci
