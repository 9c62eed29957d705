// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Port models as memory regions of QEMU's I/O space. They exist as long as the machine.
#include "port_shim.hpp"

#include <algorithm>
#include <list>
#include <string>
#include <utility>

#include "counters.hpp"
#include "guarded.hpp"
#include "qemu_host.hpp"
#include "self_check.hpp"

namespace vmguest::lab {
namespace {

/// Above whatever the machine itself has at these ports.
constexpr int priority = 10;

struct Ports {
    const PortModelInfo* info;
    QemuHost host;
    std::unique_ptr<PortModel> model;
    ExitCounts* exits = nullptr;
    MemoryRegionOps ops = {};
    alignas(16) std::array<std::byte, region_room> region{};

    explicit Ports(const PortModelInfo* type) : info(type), host(type->name) {}
};

std::list<Ports>& chosen() {
    static std::list<Ports> all;
    return all;
}

std::uint64_t port_in(void* opaque, std::uint64_t offset, unsigned size) {
    auto& ports = *static_cast<Ports*>(opaque);
    ++ports.exits->pio;
    return guarded(ports.info->name, std::uint64_t{0xffff'ffff}, [&]() -> std::uint64_t {
        CurrentVcpu cpu;
        return ports.model->in(static_cast<std::uint16_t>(ports.info->port + offset), size, cpu);
    });
}

void port_out(void* opaque, std::uint64_t offset, std::uint64_t value, unsigned size) {
    auto& ports = *static_cast<Ports*>(opaque);
    ++ports.exits->pio;
    guarded(ports.info->name, [&] {
        CurrentVcpu cpu;
        ports.model->out(static_cast<std::uint16_t>(ports.info->port + offset),
                         static_cast<std::uint32_t>(value), size, cpu);
    });
}

void reset_ports(void* opaque) {
    auto& ports = *static_cast<Ports*>(opaque);
    guarded(ports.info->name, [&] { ports.model->reset(); });
}

} // namespace

Result<PortModel*> choose_port_model(std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    const auto name = text.substr(0, colon);
    const auto options = text.substr(std::min(colon + 1, text.size()));
    if (auto* model = find_port_model(name))
        return model;
    for (const auto* info : port_models()) {
        if (name != info->name)
            continue;
        auto& ports = chosen().emplace_back(info);
        auto model = info->create(ports.host, options);
        if (!model) {
            chosen().pop_back();
            return Failure{model.sentence()};
        }
        ports.model = std::move(model.value());
        return ports.model.get();
    }
    return Failure{"there is no port model '" + std::string(name) + "'"};
}

void map_port_models() {
    for (auto& ports : chosen()) {
        const auto& info = *ports.info;
        ports.exits = &counters().exits().counts(info.name);
        ports.ops.read = port_in;
        ports.ops.write = port_out;
        ports.ops.endianness = device_little_endian;
        ports.ops.valid = {info.min_access, info.max_access, true, nullptr};
        ports.ops.impl = {info.min_access, info.max_access, true};
        auto* region = reinterpret_cast<MemoryRegion*>(ports.region.data());
        memory_region_init_io(region, nullptr, &ports.ops, &ports, info.name, info.length);
        memory_region_add_subregion_overlap(get_system_io(), info.port, region, priority);
        qemu_register_reset(reset_ports, &ports);
    }
}

PortModel* find_port_model(std::string_view name) {
    for (auto& ports : chosen())
        if (name == ports.info->name)
            return ports.model.get();
    return nullptr;
}

} // namespace vmguest::lab
