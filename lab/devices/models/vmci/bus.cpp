// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The VMCI device's own accesses; see the header.
#include "models/vmci/bus.hpp"

namespace vmguest::lab::vmci {
namespace {

class Busy {
public:
    explicit Busy(bool& flag) : flag_(flag) { flag_ = true; }
    ~Busy() { flag_ = false; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

private:
    bool& flag_;
};

} // namespace

bool Bus::read(std::uint64_t address, std::span<std::byte> to) {
    const Busy busy(is_busy_);
    return host_.dma_read(address, to);
}

bool Bus::write(std::uint64_t address, std::span<const std::byte> from) {
    const Busy busy(is_busy_);
    return host_.dma_write(address, from);
}

void Bus::notify_msix(unsigned vector) {
    const Busy busy(is_busy_);
    host_.msix_notify(vector);
}

void Bus::notify_msi() {
    const Busy busy(is_busy_);
    host_.msi_notify();
}

} // namespace vmguest::lab::vmci
