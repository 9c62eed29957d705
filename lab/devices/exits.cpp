// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The layer in front of devices; see the header.
#include "exits.hpp"

#include <cstdlib>
#include <memory>

#include <nlohmann/json.hpp>

#include "guarded.hpp"
#include "self_check.hpp"

namespace vmguest::lab {

/// Stands in for the handlers of one region.
struct ExitTaps::Tap {
    enum class Kind { unused, mmio, pio };

    MemoryRegionOps ops;             ///< what the region now points to
    const MemoryRegionOps* original; ///< what it pointed to before
    void* opaque;                    ///< the original handlers' argument
    MemoryRegion* region;
    ExitCounts* device;
    std::string device_id;
    std::string name;
    std::atomic<Kind> kind{Kind::unused};
    std::atomic<std::uint64_t> reads{0};
    std::atomic<std::uint64_t> writes{0};
    /// Read and written under QEMU's big lock, which both CPUs and the control socket hold.
    Fault fault;
    std::uint64_t dropped = 0;

    Tap(MemoryRegion* where, ExitCounts* counts, std::string id);
    void count(bool is_write);
    bool swallows(std::uint64_t address);
    Kind find_kind() const;
};

namespace {

/// What a bus gives where nobody answers.
constexpr std::uint64_t ones = ~std::uint64_t{0};

char* container_path(Object* region) {
    return object_property_get_str(region, "container", nullptr);
}

} // namespace

ExitTaps::Tap::Tap(MemoryRegion* where, ExitCounts* counts, std::string id)
    : region(where), device(counts), device_id(std::move(id)) {
    original = field<const MemoryRegionOps*>(region, layout().region_ops);
    opaque = field<void*>(region, layout().region_opaque);
    if (const char* text = memory_region_name(region))
        name = text;
    ops = *original;
    if (original->read)
        ops.read = [](void* t, std::uint64_t address, unsigned size) {
            auto* tap = static_cast<Tap*>(t);
            return tap->fault.is_gone ? ones : tap->original->read(tap->opaque, address, size);
        };
    if (original->write)
        ops.write = [](void* t, std::uint64_t address, std::uint64_t value, unsigned size) {
            auto* tap = static_cast<Tap*>(t);
            if (!tap->swallows(address))
                tap->original->write(tap->opaque, address, value, size);
        };
    if (original->read_with_attrs)
        ops.read_with_attrs = [](void* t, std::uint64_t address, std::uint64_t* value,
                                 unsigned size, MemTxAttrs attrs) {
            auto* tap = static_cast<Tap*>(t);
            if (!tap->fault.is_gone)
                return tap->original->read_with_attrs(tap->opaque, address, value, size, attrs);
            *value = ones;
            return 0U;
        };
    if (original->write_with_attrs)
        ops.write_with_attrs = [](void* t, std::uint64_t address, std::uint64_t value,
                                  unsigned size, MemTxAttrs attrs) {
            auto* tap = static_cast<Tap*>(t);
            return tap->swallows(address)
                       ? 0U
                       : tap->original->write_with_attrs(tap->opaque, address, value, size, attrs);
        };
    // The one question that QEMU asks once per access, however it cuts the access afterwards.
    ops.valid.accepts = [](void* t, std::uint64_t address, unsigned size, bool is_write,
                           MemTxAttrs attrs) {
        auto* tap = static_cast<Tap*>(t);
        tap->count(is_write);
        const auto accepts = tap->original->valid.accepts;
        return accepts == nullptr || accepts(tap->opaque, address, size, is_write, attrs);
    };
}

/// Ports or memory? A region knows only once the guest has mapped it, so it is asked when it is
/// accessed for the first time: the outermost region that contains it decides.
ExitTaps::Tap::Kind ExitTaps::Tap::find_kind() const {
    auto* at = reinterpret_cast<Object*>(region);
    constexpr int deepest = 64;
    for (int depth = 0; depth < deepest; ++depth) {
        const std::unique_ptr<char, void (*)(void*)> path(container_path(at), std::free);
        if (path == nullptr || *path == '\0')
            break;
        at = object_resolve_path(path.get(), nullptr);
        if (at == nullptr)
            break;
    }
    return at == reinterpret_cast<Object*>(get_system_io()) ? Kind::pio : Kind::mmio;
}

void ExitTaps::Tap::count(bool is_write) {
    if (kind == Kind::unused)
        kind = find_kind();
    ++(is_write ? writes : reads);
    if (kind == Kind::pio)
        ++device->pio;
    else
        ++(is_write ? device->mmio_write : device->mmio_read);
}

bool ExitTaps::Tap::swallows(std::uint64_t address) {
    const bool is_lost = fault.left != 0 && address >= fault.first && address <= fault.last;
    if (is_lost)
        --fault.left;
    if (!is_lost && !fault.is_gone)
        return false;
    ++dropped;
    return true;
}

ExitTaps::ExitTaps() = default;
ExitTaps::~ExitTaps() = default;

std::size_t ExitTaps::attach() {
    auto* peripherals = object_resolve_path("/machine/peripheral", nullptr);
    const auto before = taps_.size();
    if (peripherals != nullptr)
        object_child_foreach(
            peripherals,
            [](Object* device, void* self) {
                const char* id = object_get_canonical_path_component(device);
                if (id != nullptr && object_dynamic_cast(device, "pci-device") != nullptr)
                    guarded("attach",
                            [&] { static_cast<ExitTaps*>(self)->attach_device(device, id); });
                return 0;
            },
            this);
    return taps_.size() - before;
}

void ExitTaps::attach_device(Object* device, const std::string& id) {
    struct Context {
        ExitTaps* self;
        const std::string& id;
    } context{this, id};
    devices_[id];
    object_child_foreach_recursive(
        device,
        [](Object* child, void* opaque) {
            auto& c = *static_cast<Context*>(opaque);
            if (object_dynamic_cast(child, "memory-region") != nullptr)
                guarded("attach", [&] {
                    c.self->attach_region(reinterpret_cast<MemoryRegion*>(child), c.id);
                });
            return 0;
        },
        &context);
}

void ExitTaps::attach_region(MemoryRegion* region, const std::string& id) {
    const auto* current = field<const MemoryRegionOps*>(region, layout().region_ops);
    // Containers, aliases and RAM have no handlers of their own.
    if (current == nullptr || current == &unassigned_mem_ops)
        return;
    for (const auto& tap : taps_)
        if (current == &tap.ops)
            return;
    auto& tap = taps_.emplace_back(region, &devices_[id], id);
    // CPUs read both fields under the lock that is held here.
    field<const MemoryRegionOps*>(region, layout().region_ops) = &tap.ops;
    field<void*>(region, layout().region_opaque) = &tap;
}

bool ExitTaps::spoil(const std::string& device, const std::string& region, const Fault& fault) {
    attach();
    bool is_known = false;
    for (auto& tap : taps_)
        if (tap.device_id == device && (region.empty() || tap.name == region)) {
            tap.fault = fault;
            is_known = true;
        }
    return is_known;
}

std::uint64_t ExitTaps::dropped(const std::string& device) const {
    std::uint64_t sum = 0;
    for (const auto& tap : taps_)
        if (tap.device_id == device)
            sum += tap.dropped;
    return sum;
}

nlohmann::json ExitCounts::to_json() const {
    return {
        {"mmio_read", mmio_read.load()}, {"mmio_write", mmio_write.load()}, {"pio", pio.load()}};
}

nlohmann::json ExitTaps::report() const {
    auto result = nlohmann::json::object();
    for (const auto& [id, counts] : devices_)
        result[id] = counts.to_json();
    return result;
}

nlohmann::json ExitTaps::regions() const {
    auto result = nlohmann::json::object();
    for (const auto& tap : taps_) {
        const auto kind = tap.kind.load();
        result[tap.device_id].push_back({{"region", tap.name},
                                         {"kind", kind == Tap::Kind::pio    ? "pio"
                                                  : kind == Tap::Kind::mmio ? "mmio"
                                                                            : "unused"},
                                         {"read", tap.reads.load()},
                                         {"write", tap.writes.load()}});
    }
    return result;
}

void ExitTaps::reset() {
    for (auto& [id, counts] : devices_)
        counts.reset();
    for (auto& tap : taps_)
        tap.reads = tap.writes = 0;
}

} // namespace vmguest::lab
