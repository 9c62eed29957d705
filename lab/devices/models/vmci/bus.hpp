// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The VMCI device's own accesses: guest memory and interrupts.
#pragma once

#include <cstdint>
#include <span>

#include "host.hpp"

namespace vmguest::lab::vmci {

/// The guest says where to, so an access may come back to the device's own registers. While
/// is_busy() says so, what reaches them comes from the device itself and has to be dropped.
class Bus {
public:
    explicit Bus(PciHost& host) : host_(host) {}

    [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> to);
    [[nodiscard]] bool write(std::uint64_t address, std::span<const std::byte> from);
    template <class T>
    [[nodiscard]] bool read(std::uint64_t address, T& to) {
        return read(address, std::as_writable_bytes(std::span(&to, 1)));
    }
    template <class T>
    [[nodiscard]] bool write(std::uint64_t address, const T& from) {
        return write(address, std::as_bytes(std::span(&from, 1)));
    }

    bool has_msix() const { return host_.msix_enabled(); }
    bool has_msi() const { return host_.msi_enabled(); }
    void notify_msix(unsigned vector);
    void notify_msi();
    void set_line(bool level) { host_.set_intx(level); }

    bool is_busy() const { return is_busy_; }
    PciHost& host() { return host_; }

private:
    PciHost& host_;
    bool is_busy_ = false;
};

} // namespace vmguest::lab::vmci
