// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A small PCI device for testing the shim and for showing how a model is written: identity and
// scratch registers, DMA fill and checksum, two MSI-X vectors with INTx fallback, a timer.
#pragma once

#include "../host.hpp"

namespace vmguest::lab {

class VmguestTest final : public PciModel {
public:
    /// Registers, 32 bits each, the same in BAR 0 (ports) and BAR 1 (memory).
    enum Offset : std::uint64_t {
        id = 0x00,         ///< ro: identity
        scratch = 0x04,    ///< rw
        dma_low = 0x08,    ///< rw: guest-physical address
        dma_high = 0x0c,   ///< rw
        dma_length = 0x10, ///< rw: bytes, at most max_dma
        order = 0x14,      ///< wo: an Order; an unknown one sets the error status
        checksum = 0x18,   ///< ro: result of Order::sum
        status = 0x1c,     ///< ro: outcome of the last order
        interrupt = 0x20,  ///< rw1c: pending causes, bit n = vector n; drives INTx
        delay_us = 0x24,   ///< rw: for Order::delay
    };
    enum Order : std::uint32_t {
        fill = 1,  ///< byte i of the buffer becomes fill_byte(i); then vector 1
        sum = 2,   ///< checksum of the buffer; then vector 0
        delay = 3, ///< vector 0 after delay_us
    };
    enum Status : std::uint32_t { ok = 0, bad_order = 1, bad_address = 2 };

    static constexpr std::uint32_t identity = 0x7e57'1234;
    static constexpr std::uint32_t max_dma = 1U << 20;
    static constexpr std::uint8_t fill_byte(std::size_t i) {
        return static_cast<std::uint8_t>(i * 7 + 3);
    }
    static const PciModelInfo info;

    explicit VmguestTest(PciHost& host);

    PciShape shape() const override;
    void reset() override;
    std::uint64_t read(unsigned bar, std::uint64_t offset, unsigned size) override;
    void write(unsigned bar, std::uint64_t offset, std::uint64_t value, unsigned size) override;
    Reply command(std::span<const std::string_view> words) override;

private:
    void execute(std::uint32_t what);
    void fill_buffer();
    void sum_buffer();
    void raise(unsigned vector);

    PciHost& host_;
    std::unique_ptr<Timer> timer_;
    std::uint32_t scratch_ = 0;
    std::uint64_t dma_address_ = 0;
    std::uint32_t dma_length_ = 0;
    std::uint32_t checksum_ = 0;
    std::uint32_t status_ = ok;
    std::uint32_t interrupt_ = 0;
    std::uint32_t delay_us_ = 0;
};

} // namespace vmguest::lab
