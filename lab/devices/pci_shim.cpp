// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// PCI models as QEMU devices. A device's storage outlives its model: QEMU may still look at the
// memory regions of an unplugged device until it finalises the object.
#include "pci_shim.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "guarded.hpp"
#include "qemu_host.hpp"
#include "self_check.hpp"

namespace vmguest::lab {
namespace {

constexpr std::uint64_t all_ones = ~std::uint64_t{0};

struct Device;

struct BarContext {
    Device* device = nullptr;
    unsigned number = 0;
    MemoryRegionOps ops = {};
    alignas(16) std::array<std::byte, region_room> region{};
};

struct Device {
    PCIDevice* pci;
    const PciModelInfo* info;
    std::string options;
    QemuHost host;
    std::unique_ptr<PciModel> model; ///< null before realize and after exit
    bool is_touched = false;         ///< since it was reset
    PciShape shape;
    std::array<BarContext, 6> bars;

    Device(PCIDevice* device, const PciModelInfo* type)
        : pci(device), info(type), host(type->name, device) {}
};

using DeviceMap = std::unordered_map<const void*, std::unique_ptr<Device>>;

DeviceMap& devices() {
    static DeviceMap all;
    return all;
}

const PciModelInfo* find_info(std::string_view type) {
    for (const auto* info : pci_models())
        if (type == info->name)
            return info;
    return nullptr;
}

void set_error(Error** error, const Device& device, const char* why) {
    error_setg_internal(error, __FILE__, __LINE__, __func__, "%s: %s", device.info->name, why);
}

// ---- calls from QEMU --------------------------------------------------------------------------

std::uint64_t bar_read(void* opaque, std::uint64_t offset, unsigned size) {
    const auto& bar = *static_cast<BarContext*>(opaque);
    auto& device = *bar.device;
    device.is_touched = true;
    return guarded(device.info->name, all_ones, [&] {
        return device.model ? device.model->read(bar.number, offset, size) : all_ones;
    });
}

void bar_write(void* opaque, std::uint64_t offset, std::uint64_t value, unsigned size) {
    const auto& bar = *static_cast<BarContext*>(opaque);
    auto& device = *bar.device;
    device.is_touched = true;
    guarded(device.info->name, [&] {
        if (device.model)
            device.model->write(bar.number, offset, value, size);
    });
}

void reset_function(void* opaque) {
    auto& device = *static_cast<Device*>(opaque);
    guarded(device.info->name, [&] { device.model->reset(); });
    device.is_touched = false;
}

MemoryRegion* region_of(Device& device, unsigned bar) {
    return reinterpret_cast<MemoryRegion*>(device.bars[bar].region.data());
}

void make_bars(Device& device) {
    for (unsigned i = 0; i < device.bars.size(); ++i) {
        const auto& wanted = device.shape.bars[i];
        if (wanted.size == 0)
            continue;
        auto& bar = device.bars[i];
        bar.device = &device;
        bar.number = i;
        bar.ops.read = bar_read;
        bar.ops.write = bar_write;
        bar.ops.endianness = device_little_endian;
        bar.ops.valid = {wanted.min_access, wanted.max_access, false, nullptr};
        bar.ops.impl = {wanted.min_access, wanted.max_access, false};
        const auto name = std::string(device.info->name) + "-bar" + std::to_string(i);
        memory_region_init_io(region_of(device, i), reinterpret_cast<Object*>(device.pci), &bar.ops,
                              &bar, name.c_str(), wanted.size);
    }
}

void register_bars(Device& device) {
    constexpr std::uint8_t port_io = 1, memory_64bit = 4;
    for (unsigned i = 0; i < device.bars.size(); ++i) {
        const auto& bar = device.shape.bars[i];
        if (bar.size != 0)
            pci_register_bar(device.pci, static_cast<int>(i),
                             bar.is_port_io ? port_io
                             : bar.is_64bit ? memory_64bit
                                            : std::uint8_t{0},
                             region_of(device, i));
    }
}

bool has_vectors_in_own_bar(const Device& device) {
    return device.shape.bars[device.shape.msix.bar].size != 0;
}

/// The capability has to say what QEMU was told: a look at whether it takes its arguments as we
/// think.
bool is_msix_as_told(const Device& device) {
    const auto& msix = device.shape.msix;
    const auto word = [&](unsigned offset) {
        return pci_default_read_config(device.pci, msix.capability + offset, 4);
    };
    constexpr std::uint32_t msix_id = 0x11;
    return (word(0) & 0xff) == msix_id && (word(0) >> 16 & 0x7ff) == msix.vectors - 1 &&
           word(4) == (msix.table | msix.bar) && word(8) == (msix.pending | msix.bar);
}

bool add_msix(Device& device, Error** error) {
    const auto& msix = device.shape.msix;
    const auto vectors = static_cast<unsigned short>(msix.vectors);
    const auto number = static_cast<std::uint8_t>(msix.bar);
    if (vectors == 0)
        return true;
    if (!has_vectors_in_own_bar(device)) {
        if (msix_init_exclusive_bar(device.pci, vectors, number, error) != 0)
            return false;
    } else {
        auto* region = region_of(device, msix.bar);
        if (msix_init(device.pci, vectors, region, number, msix.table, region, number, msix.pending,
                      msix.capability, error) != 0)
            return false;
        if (!is_msix_as_told(device))
            refuse("QEMU " + qemu_version() +
                   " makes another MSI-X capability than the lab's device plugin has asked for");
    }
    for (unsigned vector = 0; vector < vectors; ++vector)
        msix_vector_use(device.pci, vector);
    return true;
}

void remove_interrupts(Device& device) {
    const auto& msix = device.shape.msix;
    if (msix.vectors != 0 && has_vectors_in_own_bar(device))
        msix_uninit(device.pci, region_of(device, msix.bar), region_of(device, msix.bar));
    else if (msix.vectors != 0)
        msix_uninit_exclusive_bar(device.pci);
    if (device.shape.msi != 0)
        msi_uninit(device.pci);
}

bool add_interrupts(Device& device, Error** error) {
    constexpr std::size_t interrupt_pin = 0x3d;
    field<std::uint8_t*>(device.pci, layout().pci_config)[interrupt_pin] = 1;
    if (device.shape.msi != 0 && msi_init(device.pci, device.shape.msi, 1, true, false, error) != 0)
        return false;
    if (add_msix(device, error))
        return true;
    if (device.shape.msi != 0)
        msi_uninit(device.pci);
    return false;
}

/// QEMU saves what is its own: configuration space, the state of the interrupt lines, MSI-X. The
/// model is restored as after a reset; `models` tells who wants to know whether that is enough.
constexpr const VMStateDescription* const saved_parts[] = {&vmstate_pci_device, &vmstate_msix};

void add_to_snapshots(Device& device) {
    for (const auto* part : saved_parts)
        vmstate_register_with_alias_id(reinterpret_cast<VMStateIf*>(device.pci), any_instance, part,
                                       device.pci, -1, 0, nullptr);
}

void remove_from_snapshots(Device& device) {
    for (const auto* part : saved_parts)
        vmstate_unregister(reinterpret_cast<VMStateIf*>(device.pci), part, device.pci);
}

void realize_device(Device& device, Error** error) {
    check_pci_config(device.pci);
    auto model = device.info->create(device.host, device.options);
    if (!model)
        return set_error(error, device, model.sentence().c_str());
    device.shape = model.value()->shape();
    make_bars(device);
    // What can fail comes first: nothing has to be taken back after the regions are in place.
    if (!add_interrupts(device, error))
        return;
    device.model = std::move(model.value());
    register_bars(device);
    add_to_snapshots(device);
    qemu_register_reset(reset_function, &device);
}

void realize(PCIDevice* pci, Error** error) {
    auto& device = *devices().at(pci);
    bool is_done = false;
    guarded(device.info->name, [&] {
        realize_device(device, error);
        is_done = true;
    });
    if (!is_done)
        set_error(error, device, "the model threw an exception");
}

void unrealize(PCIDevice* pci) {
    auto& device = *devices().at(pci);
    qemu_unregister_reset(reset_function, &device);
    remove_from_snapshots(device);
    guarded(device.info->name, [&] { device.model.reset(); });
    remove_interrupts(device);
}

char* get_options(Object* object, Error**) {
    return strdup(devices().at(object)->options.c_str());
}

void set_options(Object* object, const char* text, Error** error) {
    auto& device = *devices().at(object);
    if (device.model)
        return set_error(error, device, "options can be given only when the device is made");
    guarded(device.info->name, [&] { device.options = text; });
}

void init_instance(Object* object) {
    guarded("device", [&] {
        const auto* info = find_info(object_get_typename(object));
        devices().emplace(object,
                          std::make_unique<Device>(reinterpret_cast<PCIDevice*>(object), info));
    });
}

void finalize_instance(Object* object) {
    guarded("device", [&] { devices().erase(object); });
}

void init_class(ObjectClass* type, void* data) {
    const auto& info = *static_cast<const PciModelInfo*>(data);
    const auto& where = layout();
    field<void (*)(PCIDevice*, Error**)>(type, where.class_realize) = realize;
    field<void (*)(PCIDevice*)>(type, where.class_exit) = unrealize;
    const std::array<std::uint16_t, 6> ids = {info.vendor,           info.device,
                                              info.revision,         info.class_id,
                                              info.subsystem_vendor, info.subsystem_device};
    std::memcpy(&field<std::byte>(type, where.class_ids), ids.data(), sizeof ids);
    object_class_property_add_str(type, "options", get_options, set_options);
}

std::string_view id_of(const Device& device) {
    const char* id = object_get_canonical_path_component(reinterpret_cast<Object*>(device.pci));
    return id == nullptr ? "" : id;
}

} // namespace

void register_pci_types() {
    // QEMU keeps pointers to all of this.
    static const InterfaceInfo interfaces[] = {{"conventional-pci-device"}, {nullptr}};
    for (const auto* info : pci_models()) {
        TypeInfo type = {};
        type.name = info->name;
        type.parent = "pci-device";
        type.instance_init = init_instance;
        type.instance_finalize = finalize_instance;
        type.class_init = init_class;
        type.class_data = const_cast<PciModelInfo*>(info);
        type.interfaces = interfaces;
        type_register_static(&type);
    }
}

nlohmann::json list_pci_devices() {
    auto list = nlohmann::json::array();
    for (const auto& [object, device] : devices())
        if (device->model)
            list.push_back({{"id", id_of(*device)},
                            {"model", device->info->name},
                            {"touched", device->is_touched}});
    return list;
}

std::size_t pci_device_storage() {
    return devices().size();
}

PciModel* find_pci_model(std::string_view id_or_type) {
    PciModel* of_type = nullptr;
    unsigned number = 0;
    for (const auto& [object, device] : devices()) {
        if (!device->model)
            continue;
        if (id_of(*device) == id_or_type)
            return device->model.get();
        if (id_or_type == device->info->name) {
            of_type = device->model.get();
            ++number;
        }
    }
    return number == 1 ? of_type : nullptr;
}

bool ring_doorbell_of_pci_models(std::uint32_t context, std::uint32_t resource) {
    for (const auto& [object, device] : devices())
        if (device->model && device->model->ring_doorbell(context, resource))
            return true;
    return false;
}

} // namespace vmguest::lab
