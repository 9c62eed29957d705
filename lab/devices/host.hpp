// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What a device model sees of the machine around it: guest memory, interrupts, clocks, file
// descriptors, counters. Nothing of QEMU is in here, so a model also runs in a unit test.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <nlohmann/json_fwd.hpp>

namespace vmguest::lab {

/// Why something was refused: one sentence with cause and, where there is one, the next step.
struct Failure {
    std::string sentence;
};

/// A value or the reason why there is none.
template <class T>
class Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

    explicit operator bool() const { return state_.index() == 0; }
    T& value() { return std::get<0>(state_); }
    const T& value() const { return std::get<0>(state_); }
    const std::string& sentence() const { return std::get<1>(state_).sentence; }

private:
    std::variant<T, Failure> state_;
};

/// What a model answers to a command of the control socket: any JSON value.
using Reply = Result<nlohmann::json>;

/// Calls back once at a moment of the guest's clock. Destroying it cancels.
class Timer {
public:
    virtual ~Timer() = default;
    virtual void arm(std::chrono::nanoseconds deadline) = 0;
    virtual void cancel() = 0;
};

/// Calls back when a file descriptor can be read or written. Destroying it ends that; the
/// descriptor stays the caller's and must outlive it. Neither a Watch nor a Timer may be destroyed
/// by its own callback.
class Watch {
public:
    virtual ~Watch() = default;
    virtual void want_read(bool wanted) = 0;
    virtual void want_write(bool wanted) = 0;
};

/// The machine. Everything here may be called from any callback of a model and from nowhere else:
/// callbacks are serialised by the host, so models need no locks.
class Host {
public:
    virtual ~Host() = default;

    /// Copy from or to guest-physical memory. False, and nothing promised about the contents, if
    /// a part of the range is no memory or (PCI) the guest has not made the device bus master.
    [[nodiscard]] virtual bool dma_read(std::uint64_t address, std::span<std::byte> to) = 0;
    [[nodiscard]] virtual bool dma_write(std::uint64_t address,
                                         std::span<const std::byte> from) = 0;

    /// The guest's clock; it stands still while the machine is stopped.
    virtual std::chrono::nanoseconds now() const = 0;
    virtual std::unique_ptr<Timer> make_timer(std::function<void()> expired) = 0;

    /// Starts with neither direction wanted.
    virtual std::unique_ptr<Watch> watch(int descriptor, std::function<void()> readable,
                                         std::function<void()> writable) = 0;

    /// Set a VMCI doorbell of the guest's. False if it has none of this name, or no VMCI device.
    virtual bool ring_doorbell(std::uint32_t context, std::uint32_t resource) = 0;

    /// Bump host_requests[kind] of the counters.
    virtual void count(std::string_view kind, std::uint64_t number = 1) = 0;

    /// One line on the host's stderr.
    virtual void log(std::string_view sentence) = 0;

    /// What no right driver does: whatever else comes of it, the run has failed.
    virtual void report(std::string_view fault) = 0;
};

/// What only a PCI device has.
class PciHost : public Host {
public:
    virtual bool msix_enabled() const = 0;
    virtual void msix_notify(unsigned vector) = 0;
    virtual bool msi_enabled() const = 0;
    virtual void msi_notify() = 0; ///< the one message there is
    virtual void set_intx(bool level) = 0;
};

/// The virtual CPU whose instruction is being carried out.
class Vcpu {
public:
    /// x86's own numbering of the general purpose registers.
    enum Register : std::size_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi };

    virtual ~Vcpu() = default;
    /// Live: what is stored here, the guest finds after its instruction. RAX is the exception
    /// while it executes IN: there the value returned by PortModel::in() counts.
    virtual std::span<std::uint64_t, 16> registers() = 0;
    virtual unsigned index() const = 0;
    /// Read guest-virtual memory as this CPU would, without faults.
    [[nodiscard]] virtual bool read_virtual(std::uint64_t address, std::span<std::byte> to) = 0;
};

/// One base address register; size 0 means there is none.
struct Bar {
    std::uint64_t size = 0; ///< a power of two
    bool is_port_io = false;
    bool is_64bit = false;   ///< memory above 4 GiB will do as well; the next number is taken too
    unsigned min_access = 1; ///< in bytes; other sizes read as ones and are not written
    unsigned max_access = 4;
};

/// Vectors, and where their table and pending bits lie; without vectors there is no MSI-X.
struct Msix {
    unsigned vectors = 0;
    unsigned bar = 0;            ///< one that the model has, or a free one, made for this alone
    std::uint32_t table = 0;     ///< in a BAR of the model's: offset in it
    std::uint32_t pending = 0;   ///< likewise
    std::uint8_t capability = 0; ///< likewise: offset in configuration space
};

/// What the bus sees of a PCI device beside its identity.
struct PciShape {
    std::array<Bar, 6> bars;
    Msix msix;
    std::uint8_t msi = 0; ///< offset of a capability for one message; 0: there is none
};

/// A PCI device. Made when the device is plugged, destroyed when it is unplugged.
class PciModel {
public:
    virtual ~PciModel() = default;
    /// Asked once, before anything else.
    virtual PciShape shape() const = 0;
    /// The machine was reset (also once before the guest starts).
    virtual void reset() = 0;
    virtual std::uint64_t read(unsigned bar, std::uint64_t offset, unsigned size) = 0;
    virtual void write(unsigned bar, std::uint64_t offset, std::uint64_t value, unsigned size) = 0;
    /// `model ID WORD…` on the control socket.
    virtual Reply command(std::span<const std::string_view> words);
    /// As the host's; only a VMCI device knows doorbells.
    virtual bool ring_doorbell(std::uint32_t, std::uint32_t) { return false; }
};

/// A range of I/O ports that belongs to no PCI device, like the backdoor.
class PortModel {
public:
    virtual ~PortModel() = default;
    virtual void reset() = 0;
    virtual std::uint32_t in(std::uint16_t port, unsigned size, Vcpu& cpu) = 0;
    virtual void out(std::uint16_t port, std::uint32_t value, unsigned size, Vcpu& cpu) = 0;
    /// `model NAME WORD…` on the control socket.
    virtual Reply command(std::span<const std::string_view> words);
};

/// Everything static about a PCI model; the shim makes a QEMU device type of it.
struct PciModelInfo {
    const char* name; ///< as in `-device NAME`
    std::uint16_t vendor;
    std::uint16_t device;
    std::uint16_t subsystem_vendor;
    std::uint16_t subsystem_device;
    std::uint16_t class_id;
    std::uint8_t revision;
    /// `options` is the text of `-device NAME,options=TEXT`, empty if not given.
    Result<std::unique_ptr<PciModel>> (*create)(PciHost& host, std::string_view options);
};

/// Everything static about a port model; `port=NAME[:OPTIONS]` on the plugin's command line maps
/// it.
struct PortModelInfo {
    const char* name;
    std::uint16_t port;
    std::uint16_t length;
    unsigned min_access;
    unsigned max_access;
    /// `options` is what follows the colon, empty if nothing does.
    Result<std::unique_ptr<PortModel>> (*create)(Host& host, std::string_view options);
};

/// The models that exist, from models/registry.cpp.
std::span<const PciModelInfo* const> pci_models();
std::span<const PortModelInfo* const> port_models();

} // namespace vmguest::lab
