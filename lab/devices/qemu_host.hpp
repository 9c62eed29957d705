// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The machine that models see, made of QEMU's functions.
#pragma once

#include <string>

#include "abi.hpp"
#include "host.hpp"

namespace vmguest::lab {

/// One for each device; without a PCI device it serves a port model, whose memory accesses need
/// no bus mastering.
class QemuHost final : public PciHost {
public:
    explicit QemuHost(std::string name, PCIDevice* device = nullptr)
        : name_(std::move(name)), device_(device) {}

    bool dma_read(std::uint64_t address, std::span<std::byte> to) override;
    bool dma_write(std::uint64_t address, std::span<const std::byte> from) override;
    std::chrono::nanoseconds now() const override;
    std::unique_ptr<Timer> make_timer(std::function<void()> expired) override;
    std::unique_ptr<Watch> watch(int descriptor, std::function<void()> readable,
                                 std::function<void()> writable) override;
    bool ring_doorbell(std::uint32_t context, std::uint32_t resource) override;
    void count(std::string_view kind, std::uint64_t number) override;
    void log(std::string_view sentence) override;
    void report(std::string_view fault) override;
    bool msix_enabled() const override;
    void msix_notify(unsigned vector) override;
    bool msi_enabled() const override;
    void msi_notify() override;
    void set_intx(bool level) override;

private:
    bool access(std::uint64_t address, void* buffer, std::size_t size, bool is_write);

    std::string name_;
    PCIDevice* device_;
    unsigned reports_ = 0;
};

/// The CPU of the calling thread. A test driver that accesses ports from outside has none: its
/// registers are zero and lead nowhere.
class CurrentVcpu final : public Vcpu {
public:
    std::span<std::uint64_t, 16> registers() override;
    unsigned index() const override;
    bool read_virtual(std::uint64_t address, std::span<std::byte> to) override;

private:
    std::array<std::uint64_t, 16> nowhere_{};
};

} // namespace vmguest::lab
