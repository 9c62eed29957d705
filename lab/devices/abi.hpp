// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Hand-written declarations of the few QEMU interfaces that the shim uses. QEMU's headers are not
// needed; self_check.cpp compares what is written here with the running binary before any of it
// is relied upon.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct AddressSpace;
struct CPUState;
struct DeviceState;
struct Error;
struct MemoryRegion;
struct Object;
struct ObjectClass;
struct ObjectProperty;
struct PCIDevice;
struct QEMUTimer;
struct QEMUTimerListGroup;
struct VMStateDescription;
struct VMStateIf;

struct InterfaceInfo {
    const char* type;
};

struct TypeInfo {
    const char* name;
    const char* parent;
    std::size_t instance_size; ///< 0: as the parent's
    std::size_t instance_align;
    void (*instance_init)(Object*);
    void (*instance_post_init)(Object*);
    void (*instance_finalize)(Object*);
    bool abstract;
    std::size_t class_size; ///< 0: as the parent's
    void (*class_init)(ObjectClass*, void*);
    void (*class_base_init)(ObjectClass*, void*);
    void* class_data;
    const InterfaceInfo* interfaces; ///< ends with an all-zero entry
};
static_assert(sizeof(TypeInfo) == 104);

/// QEMU passes MemTxAttrs by value: 4 bytes of bit fields in 7.2, 8 in 10.0, so one integer
/// register in both. It is only ever handed on; bit 0 says "unspecified".
using MemTxAttrs = std::uint64_t;
constexpr MemTxAttrs unspecified_attrs = 1;

struct MemoryRegionOps {
    std::uint64_t (*read)(void*, std::uint64_t, unsigned);
    void (*write)(void*, std::uint64_t, std::uint64_t, unsigned);
    std::uint32_t (*read_with_attrs)(void*, std::uint64_t, std::uint64_t*, unsigned, MemTxAttrs);
    std::uint32_t (*write_with_attrs)(void*, std::uint64_t, std::uint64_t, unsigned, MemTxAttrs);
    int endianness;
    struct {
        unsigned min, max;
        bool unaligned;
        /// Asked exactly once for each access of the guest, before it is cut to `impl` sizes.
        bool (*accepts)(void*, std::uint64_t, unsigned, bool is_write, MemTxAttrs);
    } valid;
    struct {
        unsigned min, max;
        bool unaligned;
    } impl;
};
static_assert(sizeof(MemoryRegionOps) == 80);
constexpr int device_little_endian = 2;

struct Notifier {
    void (*notify)(Notifier*, void*);
    void* link[2];
};

struct VersionTriple {
    std::int64_t major, minor, micro;
};
struct VersionInfo {
    VersionTriple* qemu;
    char* package;
};

// Object model.
void type_register_static(const TypeInfo*);
ObjectClass* object_class_by_name(const char*);
ObjectClass* object_class_dynamic_cast(ObjectClass*, const char*);
ObjectProperty* object_class_property_add_str(ObjectClass*, const char*,
                                              char* (*get)(Object*, Error**),
                                              void (*set)(Object*, const char*, Error**));
const char* object_get_typename(const Object*);
const char* object_get_canonical_path_component(const Object*);
Object* object_dynamic_cast(Object*, const char*);
Object* object_resolve_path(const char*, bool* ambiguous);
int object_child_foreach(Object*, int (*)(Object*, void*), void*);
int object_child_foreach_recursive(Object*, int (*)(Object*, void*), void*);
char* object_property_get_str(Object*, const char*, Error**);

// Memory.
extern AddressSpace address_space_memory;
extern const MemoryRegionOps unassigned_mem_ops;
MemoryRegion* get_system_io(void);
void memory_region_init(MemoryRegion*, Object* owner, const char*, std::uint64_t);
void memory_region_init_io(MemoryRegion*, Object* owner, const MemoryRegionOps*, void* opaque,
                           const char*, std::uint64_t);
void memory_region_add_subregion_overlap(MemoryRegion*, std::uint64_t, MemoryRegion*, int);
const char* memory_region_name(const MemoryRegion*);
bool memory_region_access_valid(MemoryRegion*, std::uint64_t, unsigned, bool, MemTxAttrs);
std::uint32_t memory_region_dispatch_read(MemoryRegion*, std::uint64_t, std::uint64_t*, int memop,
                                          MemTxAttrs);
std::uint32_t memory_region_dispatch_write(MemoryRegion*, std::uint64_t, std::uint64_t, int memop,
                                           MemTxAttrs);
std::uint32_t address_space_rw(AddressSpace*, std::uint64_t, MemTxAttrs, void*, std::uint64_t,
                               bool);

// PCI.
void pci_register_bar(PCIDevice*, int, std::uint8_t type, MemoryRegion*);
std::uint32_t pci_default_read_config(PCIDevice*, std::uint32_t, int);
int msix_init_exclusive_bar(PCIDevice*, unsigned short vectors, std::uint8_t bar, Error**);
void msix_uninit_exclusive_bar(PCIDevice*);
int msix_init(PCIDevice*, unsigned short vectors, MemoryRegion* table_bar,
              std::uint8_t table_number, unsigned table_offset, MemoryRegion* pending_bar,
              std::uint8_t pending_number, unsigned pending_offset, std::uint8_t capability,
              Error**);
void msix_uninit(PCIDevice*, MemoryRegion* table_bar, MemoryRegion* pending_bar);
void msix_vector_use(PCIDevice*, unsigned);
int msix_enabled(PCIDevice*);
void msix_notify(PCIDevice*, unsigned);
int msi_init(PCIDevice*, std::uint8_t capability, unsigned messages, bool is_64bit, bool has_masks,
             Error**);
void msi_uninit(PCIDevice*);
bool msi_enabled(const PCIDevice*);
void msi_notify(PCIDevice*, unsigned);
void pci_set_irq(PCIDevice*, int);
AddressSpace* pci_device_iommu_address_space(PCIDevice*);

// Snapshots: what QEMU itself keeps of a PCI device, and of its MSI-X.
extern const VMStateDescription vmstate_pci_device;
extern const VMStateDescription vmstate_msix;
constexpr std::uint32_t any_instance = ~std::uint32_t{0};
int vmstate_register_with_alias_id(VMStateIf*, std::uint32_t instance, const VMStateDescription*,
                                   void* opaque, int alias, int required_version, Error**);
void vmstate_unregister(VMStateIf*, const VMStateDescription*, void* opaque);

// CPUs.
// __thread, not thread_local: the latter would want a C++ wrapper that QEMU does not have.
extern __thread CPUState* current_cpu;
CPUState* qemu_get_cpu(int);
void cpu_synchronize_state(CPUState*);
int cpu_memory_rw_debug(CPUState*, std::uint64_t, void*, std::size_t, bool);

// Machine, clocks, main loop, errors.
extern bool tcg_allowed;
extern QEMUTimerListGroup main_loop_tlg;
constexpr int virtual_clock = 1;
VersionInfo* qmp_query_version(Error**);
void qapi_free_VersionInfo(VersionInfo*);
void qemu_register_reset(void (*)(void*), void*);
void qemu_unregister_reset(void (*)(void*), void*);
void qemu_add_machine_init_done_notifier(Notifier*);
std::int64_t qemu_clock_get_ns(int);
void timer_init_full(QEMUTimer*, QEMUTimerListGroup*, int clock, int scale, int attributes,
                     void (*)(void*), void*);
void timer_mod_ns(QEMUTimer*, std::int64_t);
void timer_del(QEMUTimer*);
void qemu_set_fd_handler(int, void (*read)(void*), void (*write)(void*), void*);
void error_setg_internal(Error**, const char* file, int line, const char* function,
                         const char* format, ...);

// The plugin interface proper.
using qemu_plugin_id_t = std::uint64_t;
struct qemu_plugin_tb;
struct qemu_info_t {
    const char* target_name;
    struct {
        int min, current;
    } version;
    bool system_emulation;
    int smp_vcpus, max_vcpus;
};
std::uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb*);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb*);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                           void (*)(qemu_plugin_id_t, qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb*, void (*)(unsigned, void*), int flags,
                                          void*);
}
