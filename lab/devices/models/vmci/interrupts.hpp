// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Why VMCI interrupts, and how: causes, masks, vectors.
#pragma once

#include <cstdint>

#include "models/vmci/bus.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// A cause is kept until it can be delivered, and can be read until it has been.
class Interrupts {
public:
    /// Each cause has its own vector of MSI-X, or all have the first.
    Interrupts(Bus& bus, bool is_exclusive) : bus_(bus), is_exclusive_(is_exclusive) {}

    void raise(std::uint32_t causes);
    void set_mask(std::uint32_t causes);
    void set_enabled(bool is_enabled);
    /// What the guest reads; that acknowledges it.
    std::uint32_t take();
    void reset();

    bool is_enabled() const { return is_enabled_; }
    std::uint32_t mask() const { return mask_; }

private:
    void deliver();
    void notify(std::uint32_t causes);
    void update_line();

    Bus& bus_;
    bool is_exclusive_;
    bool is_enabled_ = false;
    std::uint32_t mask_ = 0;
    std::uint32_t raised_ = 0;  ///< and not read
    std::uint32_t waiting_ = 0; ///< and not delivered
};

} // namespace vmguest::lab::vmci
