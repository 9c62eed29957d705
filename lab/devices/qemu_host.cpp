// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The machine made of QEMU's functions; see the header.
#include "qemu_host.hpp"

#include "counters.hpp"
#include "guarded.hpp"
#include "pci_shim.hpp"
#include "self_check.hpp"

namespace vmguest::lab {
namespace {

class QemuTimer final : public Timer {
public:
    explicit QemuTimer(std::function<void()> expired) : expired_(std::move(expired)) {
        timer_init_full(timer(), nullptr, virtual_clock, 1, 0, fire, this);
    }
    ~QemuTimer() override { timer_del(timer()); }
    QemuTimer(const QemuTimer&) = delete;
    QemuTimer& operator=(const QemuTimer&) = delete;

    void arm(std::chrono::nanoseconds deadline) override {
        timer_mod_ns(timer(), deadline.count());
    }
    void cancel() override { timer_del(timer()); }

private:
    static void fire(void* opaque) {
        guarded("timer", [&] { static_cast<QemuTimer*>(opaque)->expired_(); });
    }
    QEMUTimer* timer() { return reinterpret_cast<QEMUTimer*>(storage_.data()); }

    alignas(16) std::array<std::byte, timer_room> storage_{};
    std::function<void()> expired_;
};

class QemuWatch final : public Watch {
public:
    QemuWatch(int descriptor, std::function<void()> readable, std::function<void()> writable)
        : descriptor_(descriptor), readable_(std::move(readable)), writable_(std::move(writable)) {}
    ~QemuWatch() override { qemu_set_fd_handler(descriptor_, nullptr, nullptr, nullptr); }
    QemuWatch(const QemuWatch&) = delete;
    QemuWatch& operator=(const QemuWatch&) = delete;

    void want_read(bool wanted) override {
        reads_ = wanted;
        update();
    }
    void want_write(bool wanted) override {
        writes_ = wanted;
        update();
    }

private:
    void update() {
        qemu_set_fd_handler(
            descriptor_,
            reads_ ? [](void* w) { run(static_cast<QemuWatch*>(w)->readable_); } : none,
            writes_ ? [](void* w) { run(static_cast<QemuWatch*>(w)->writable_); } : none, this);
    }
    static void run(const std::function<void()>& callback) { guarded("watch", callback); }

    static constexpr void (*none)(void*) = nullptr;
    int descriptor_;
    bool reads_ = false;
    bool writes_ = false;
    std::function<void()> readable_;
    std::function<void()> writable_;
};

} // namespace

bool QemuHost::access(std::uint64_t address, void* buffer, std::size_t size, bool is_write) {
    if (device_ == nullptr)
        return address_space_rw(&address_space_memory, address, unspecified_attrs, buffer, size,
                                is_write) == 0;
    constexpr std::size_t command = 4;
    constexpr std::uint8_t bus_master = 1U << 2;
    const auto* config = field<const std::uint8_t*>(device_, layout().pci_config);
    // QEMU's address space of the device does not look at this bit, real buses do.
    if ((config[command] & bus_master) == 0)
        return false;
    return address_space_rw(pci_device_iommu_address_space(device_), address, unspecified_attrs,
                            buffer, size, is_write) == 0;
}

bool QemuHost::dma_read(std::uint64_t address, std::span<std::byte> to) {
    return access(address, to.data(), to.size(), false);
}

bool QemuHost::dma_write(std::uint64_t address, std::span<const std::byte> from) {
    // The function serves both directions; this one does not write to the buffer.
    return access(address, const_cast<std::byte*>(from.data()), from.size(), true);
}

std::chrono::nanoseconds QemuHost::now() const {
    return std::chrono::nanoseconds(qemu_clock_get_ns(virtual_clock));
}

std::unique_ptr<Timer> QemuHost::make_timer(std::function<void()> expired) {
    return std::make_unique<QemuTimer>(std::move(expired));
}

std::unique_ptr<Watch> QemuHost::watch(int descriptor, std::function<void()> readable,
                                       std::function<void()> writable) {
    return std::make_unique<QemuWatch>(descriptor, std::move(readable), std::move(writable));
}

bool QemuHost::ring_doorbell(std::uint32_t context, std::uint32_t resource) {
    return ring_doorbell_of_pci_models(context, resource);
}

void QemuHost::count(std::string_view kind, std::uint64_t number) {
    counters().count_request(kind, number);
}

void QemuHost::log(std::string_view sentence) {
    std::fprintf(stderr, "vmguest-lab: %s: %.*s\n", name_.c_str(),
                 static_cast<int>(sentence.size()), sentence.data());
}

/// lab/vm looks for these lines. A guest that goes on and on shall not fill the disk.
void QemuHost::report(std::string_view fault) {
    constexpr unsigned most = 100;
    if (reports_++ < most)
        std::fprintf(stderr, "vmguest-lab: fault: %s: %.*s\n", name_.c_str(),
                     static_cast<int>(fault.size()), fault.data());
}

bool QemuHost::msix_enabled() const {
    return device_ && ::msix_enabled(device_) != 0;
}

void QemuHost::msix_notify(unsigned vector) {
    if (device_)
        ::msix_notify(device_, vector);
}

bool QemuHost::msi_enabled() const {
    return device_ && ::msi_enabled(device_);
}

void QemuHost::msi_notify() {
    if (device_)
        ::msi_notify(device_, 0);
}

void QemuHost::set_intx(bool level) {
    if (device_)
        pci_set_irq(device_, level ? 1 : 0);
}

std::span<std::uint64_t, 16> CurrentVcpu::registers() {
    if (current_cpu == nullptr)
        return nowhere_;
    cpu_synchronize_state(current_cpu);
    return std::span<std::uint64_t, 16>(&field<std::uint64_t>(current_cpu, layout().cpu_registers),
                                        16);
}

unsigned CurrentVcpu::index() const {
    for (int i = 0; current_cpu != nullptr && i < 4096; ++i)
        if (qemu_get_cpu(i) == current_cpu)
            return static_cast<unsigned>(i);
    return 0;
}

bool CurrentVcpu::read_virtual(std::uint64_t address, std::span<std::byte> to) {
    // Reading is all this function may be used for: its writes ignore the page's permissions.
    return current_cpu != nullptr &&
           cpu_memory_rw_debug(current_cpu, address, to.data(), to.size(), false) == 0;
}

} // namespace vmguest::lab
