// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A small port model for testing the shim: an echo port whose value host and guest both see, and
// a port that proves that a model reaches the registers of the CPU that executes IN.
#pragma once

#include "../host.hpp"

namespace vmguest::lab {

class VmguestTestPort final : public PortModel {
public:
    /// Ports of the ISA range that a PC with no extra cards leaves free.
    static constexpr std::uint16_t echo = 0x5e0;      ///< rw: scratch value
    static constexpr std::uint16_t registers = 0x5e4; ///< in: RBX = ~RBX, ECX = CPU index
    static const PortModelInfo info;

    explicit VmguestTestPort(Host& host) : host_(host) {}

    void reset() override { value_ = 0; }
    std::uint32_t in(std::uint16_t port, unsigned size, Vcpu& cpu) override;
    void out(std::uint16_t port, std::uint32_t value, unsigned size, Vcpu& cpu) override;
    Reply command(std::span<const std::string_view> words) override;

private:
    Host& host_;
    std::uint32_t value_ = 0;
};

} // namespace vmguest::lab
