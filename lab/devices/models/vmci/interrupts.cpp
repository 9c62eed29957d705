// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Why VMCI interrupts, and how; see the header.
#include "models/vmci/interrupts.hpp"

#include <bit>

namespace vmguest::lab::vmci {

void Interrupts::raise(std::uint32_t causes) {
    raised_ |= causes;
    waiting_ |= causes;
    deliver();
}

void Interrupts::set_mask(std::uint32_t causes) {
    mask_ = causes & all_causes;
    deliver();
}

void Interrupts::set_enabled(bool is_enabled) {
    is_enabled_ = is_enabled;
    deliver();
}

/// What is masked stays: nobody could tell later why the interrupt came.
std::uint32_t Interrupts::take() {
    const auto causes = raised_ & mask_;
    raised_ &= ~causes;
    update_line();
    return causes;
}

void Interrupts::reset() {
    is_enabled_ = false;
    mask_ = raised_ = waiting_ = 0;
    update_line();
}

/// A guest whose causes have vectors of their own never reads them: a message goes out each time.
void Interrupts::deliver() {
    if (is_enabled_) {
        const auto causes = waiting_ & mask_;
        waiting_ &= ~causes;
        notify(causes);
    }
    update_line();
}

void Interrupts::notify(std::uint32_t causes) {
    if (causes == 0)
        return;
    if (!bus_.has_msix()) {
        if (bus_.has_msi())
            bus_.notify_msi();
        return;
    }
    if (!is_exclusive_)
        return bus_.notify_msix(0);
    for (; causes != 0; causes &= causes - 1)
        bus_.notify_msix(static_cast<unsigned>(std::countr_zero(causes)));
}

void Interrupts::update_line() {
    bus_.set_line(!bus_.has_msix() && !bus_.has_msi() && is_enabled_ && (raised_ & mask_) != 0);
}

} // namespace vmguest::lab::vmci
