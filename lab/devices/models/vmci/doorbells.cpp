// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Doorbells in both directions; see the header.
#include "models/vmci/doorbells.hpp"

namespace vmguest::lab::vmci {

std::int32_t Doorbells::set_bitmap(std::uint64_t page_number) {
    std::byte first{};
    if (page_number >= ~std::uint64_t{0} >> guest_.page_shift ||
        !bus_.read(page_number << guest_.page_shift, first)) {
        bus_.host().report("the notification bitmap is no memory");
        return invalid_args;
    }
    bitmap_ = page_number << guest_.page_shift;
    return success;
}

std::int32_t Doorbells::link(Handle doorbell, std::uint64_t index) {
    if (!is_valid(doorbell) || index >= guest_.page_size())
        return invalid_args;
    if (doorbell.context != guest_.context)
        return no_access;
    if (links_.contains(doorbell))
        return duplicate_entry;
    if (links_.size() >= most_doorbells)
        return no_resources;
    links_.emplace(doorbell, index);
    return success;
}

std::int32_t Doorbells::unlink(Handle doorbell) {
    return links_.erase(doorbell) != 0 ? success : not_found;
}

/// A plain store: the guest clears the byte in the same way, and only this bit of it counts.
bool Doorbells::ring_guest(Handle doorbell) {
    const auto link = links_.find(doorbell);
    // The bitmap was told with another page size if the index is not in it.
    if (link == links_.end() || !bitmap_ || link->second >= guest_.page_size())
        return false;
    if (!bus_.write(*bitmap_ + link->second, std::byte{1}))
        return false;
    interrupts_.raise(cause_notification);
    return true;
}

void Doorbells::reset() {
    bitmap_.reset();
    links_.clear();
}

bool Doorbells::ring_host(std::uint32_t resource) {
    const auto found = host_.find(resource);
    if (found == host_.end())
        return false;
    ++found->second;
    return true;
}

} // namespace vmguest::lab::vmci
