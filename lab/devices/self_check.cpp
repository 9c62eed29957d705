// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The layout self-check. Every number is first searched for in the running binary, by behaviour or
// by contents that are known, and then compared with the table of the version: a wrong table or
// an unexpected build of QEMU ends in a sentence, never in a crash.
#include "self_check.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include <dlfcn.h>
#include <link.h>
#include <sys/uio.h>
#include <unistd.h>

#include "discover.hpp"

namespace vmguest::lab {
namespace {

/// What was found when the plugin was tested with a version.
struct Expected {
    int major, minor;
    std::size_t region_size, region_ops, region_opaque, ops_size, timer_size;
    std::size_t class_realize, class_exit, class_ids, pci_config, cpu_registers;
};

Expected tested[] = {
    {7, 2, 272, 80, 88, 80, 48, 176, 184, 208, 168, 5040},
    {10, 0, 272, 80, 88, 80, 48, 184, 192, 216, 160, 11200},
};

/// The names by which messages and `abi=` speak of the numbers.
struct Name {
    const char* name;
    std::size_t Expected::*number;
};
constexpr Name names[] = {
    {"memory_region_size", &Expected::region_size},
    {"memory_region_ops", &Expected::region_ops},
    {"memory_region_opaque", &Expected::region_opaque},
    {"memory_region_ops_size", &Expected::ops_size},
    {"timer_size", &Expected::timer_size},
    {"pciclass_realize", &Expected::class_realize},
    {"pciclass_exit", &Expected::class_exit},
    {"pciclass_vendor", &Expected::class_ids},
    {"pcidev_config", &Expected::pci_config},
    {"x86cpu_env", &Expected::cpu_registers},
};

const Expected* expected;
Layout found;

constexpr std::byte canary{0xc5};

/// Compare one number with the table and hand it on.
std::size_t agree(std::size_t Expected::*number, const std::optional<std::size_t>& value) {
    const char* name = "?";
    for (const auto& entry : names)
        if (entry.number == number)
            name = entry.name;
    const auto want = std::to_string(expected->*number);
    if (value && *value == expected->*number)
        return *value;
    refuse("QEMU " + qemu_version() + ": " + name + " is " +
           (value ? std::to_string(*value) : "not to be found") + " where " + want +
           " was expected: this is not a build of QEMU that the lab was tested with");
}

void identify_version() {
    VersionInfo* info = qmp_query_version(nullptr);
    const auto version = *info->qemu;
    qapi_free_VersionInfo(info);
    for (const auto& entry : tested)
        if (entry.major == version.major && entry.minor == version.minor)
            expected = &entry;
    if (expected == nullptr)
        refuse("QEMU " + std::to_string(version.major) + "." + std::to_string(version.minor) +
               " is not known to the lab's device plugin: use version 7.2 or 10.0");
}

// ---- MemoryRegion and MemoryRegionOps ---------------------------------------------------------

/// What the probe region's callbacks were asked.
struct Probe {
    int accepted = 0;
    std::uint64_t seen[4] = {};
    std::size_t calls = 0;

    void note(std::uint64_t address, unsigned size, std::uint64_t value) {
        if (calls < std::size(seen))
            seen[calls] = address << 48 | std::uint64_t{size} << 40 | value;
        ++calls;
    }
    bool saw(std::uint64_t first, std::uint64_t second) const {
        return calls == 2 && seen[0] == first && seen[1] == second;
    }
};

bool probe_accepts(void* opaque, std::uint64_t, unsigned, bool, MemTxAttrs) {
    ++static_cast<Probe*>(opaque)->accepted;
    return true;
}

/// Reads and writes of 4 bytes have to arrive as two of 2 bytes, with the right arguments, through
/// the pair of functions that is set.
void check_dispatch(const MemoryRegionOps& ops, const char* what) {
    alignas(16) static std::array<std::byte, 2 * region_room> storage[2];
    static int used = 0;
    auto* region = reinterpret_cast<MemoryRegion*>(storage[used++].data());
    Probe probe;
    // A nameless region has no parent in the object tree, so nothing ever looks at it again.
    memory_region_init_io(region, nullptr, &ops, &probe, nullptr, 16);
    const bool sizes = !memory_region_access_valid(region, 8, 1, false, unspecified_attrs) &&
                       memory_region_access_valid(region, 8, 2, false, unspecified_attrs) &&
                       memory_region_access_valid(region, 8, 4, true, unspecified_attrs) &&
                       !memory_region_access_valid(region, 8, 8, true, unspecified_attrs) &&
                       !memory_region_access_valid(region, 9, 2, false, unspecified_attrs);
    constexpr int four_bytes = 2;
    const bool asked_once_each = probe.accepted == 5;
    memory_region_dispatch_write(region, 8, 0x4433'2211, four_bytes, unspecified_attrs);
    const bool wrote =
        probe.saw(8ULL << 48 | 2ULL << 40 | 0x2211, 10ULL << 48 | 2ULL << 40 | 0x4433);
    probe.calls = 0;
    std::uint64_t value = 0;
    memory_region_dispatch_read(region, 8, &value, four_bytes, unspecified_attrs);
    const bool read = probe.saw(8ULL << 48 | 2ULL << 40, 10ULL << 48 | 2ULL << 40) &&
                      value == 0x7e5a'7e58 && probe.accepted == 7;
    if (!sizes || !asked_once_each || !wrote || !read)
        refuse("QEMU " + qemu_version() + " calls memory regions (" + what +
               ") in another way than the lab's device plugin expects");
}

void check_region_ops() {
    void* info = nullptr;
    Dl_info unused;
    std::optional<std::size_t> size;
    if (dladdr1(&unassigned_mem_ops, &unused, &info, RTLD_DL_SYMENT) != 0 && info != nullptr)
        size = static_cast<const ElfW(Sym)*>(info)->st_size;
    agree(&Expected::ops_size, size);

    static MemoryRegionOps plain = {};
    plain.read = [](void* opaque, std::uint64_t address, unsigned bytes) {
        static_cast<Probe*>(opaque)->note(address, bytes, 0);
        return 0x7e50 + address;
    };
    plain.write = [](void* opaque, std::uint64_t address, std::uint64_t value, unsigned bytes) {
        static_cast<Probe*>(opaque)->note(address, bytes, value);
    };
    plain.endianness = device_little_endian;
    plain.valid = {2, 4, false, probe_accepts};
    plain.impl = {1, 2, false};
    static MemoryRegionOps attributed = plain;
    attributed.read = nullptr;
    attributed.write = nullptr;
    attributed.read_with_attrs = [](void* opaque, std::uint64_t address, std::uint64_t* value,
                                    unsigned bytes, MemTxAttrs) -> std::uint32_t {
        static_cast<Probe*>(opaque)->note(address, bytes, 0);
        *value = 0x7e50 + address;
        return 0;
    };
    attributed.write_with_attrs = [](void* opaque, std::uint64_t address, std::uint64_t value,
                                     unsigned bytes, MemTxAttrs) -> std::uint32_t {
        static_cast<Probe*>(opaque)->note(address, bytes, value);
        return 0;
    };
    check_dispatch(plain, "read, write");
    check_dispatch(attributed, "read_with_attrs, write_with_attrs");
}

/// Make a region of our own and look where QEMU has put the pointers that we gave it.
void find_region_fields() {
    alignas(16) static std::array<std::byte, 2 * region_room> block;
    static const MemoryRegionOps ops = {};
    static int opaque;
    block.fill(canary);
    memory_region_init_io(reinterpret_cast<MemoryRegion*>(block.data()), nullptr, &ops, &opaque,
                          nullptr, 16);
    const auto size = agree(&Expected::region_size, written_size(block, canary));
    if (size > region_room)
        refuse("QEMU's MemoryRegion has outgrown the plugin's room for it");
    found.region_ops =
        agree(&Expected::region_ops, find_word(block, reinterpret_cast<std::uintptr_t>(&ops)));
    found.region_opaque = agree(&Expected::region_opaque,
                                find_word(block, reinterpret_cast<std::uintptr_t>(&opaque)));
}

void check_timer() {
    alignas(16) static std::array<std::byte, 2 * timer_room> block;
    block.fill(canary);
    timer_init_full(
        reinterpret_cast<QEMUTimer*>(block.data()), nullptr, virtual_clock, 1, 0, [](void*) {},
        block.data());
    if (agree(&Expected::timer_size, written_size(block, canary)) > timer_room)
        refuse("QEMU's QEMUTimer has outgrown the plugin's room for it");
}

// ---- PCIDeviceClass ---------------------------------------------------------------------------

bool is_code(const void* address) {
    struct Search {
        std::uintptr_t address;
        bool is_code;
    } search{reinterpret_cast<std::uintptr_t>(address), false};
    dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* opaque) {
            auto& s = *static_cast<Search*>(opaque);
            for (int i = 0; i < object->dlpi_phnum; ++i) {
                const auto& segment = object->dlpi_phdr[i];
                if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 &&
                    s.address - (object->dlpi_addr + segment.p_vaddr) < segment.p_memsz)
                    s.is_code = true;
            }
            return 0;
        },
        &search);
    return search.is_code;
}

/// QEMU's own vmxnet3 and edu devices say where their ids are. In front of them lie realize, exit
/// and two pointers for the configuration space, which both devices leave empty.
void find_class_fields() {
    constexpr std::size_t limit = 512;
    struct {
        const char* name;
        ClassIds ids;
    } const witnesses[] = {
        {"vmxnet3", {0x15ad, 0x07b0, 1, 0, 0x0200, 0x15ad, 0x07b0}},
        {"edu", {0x1234, 0x11e8, 0x10, 0, 0x00ff, 0, 0}},
    };
    for (const auto& witness : witnesses) {
        auto* type = object_class_by_name(witness.name);
        if (type == nullptr)
            refuse(std::string("this QEMU has no device '") + witness.name +
                   "': install Debian's qemu-system-x86");
        const auto* bytes = reinterpret_cast<const std::byte*>(type);
        found.class_ids = agree(&Expected::class_ids, find_class_ids(bytes, limit, witness.ids));
        std::array<const void*, 5> before{};
        std::memcpy(before.data(), bytes + found.class_ids - sizeof before, sizeof before);
        const bool as_known = !is_code(before[0]) && is_code(before[1]) && is_code(before[2]) &&
                              before[3] == nullptr && before[4] == nullptr;
        std::optional<std::size_t> first;
        if (as_known)
            first.emplace(found.class_ids - 32);
        found.class_realize = agree(&Expected::class_realize, first);
        found.class_exit = agree(&Expected::class_exit, found.class_realize + 8);
    }
}

// ---- PCIDevice and X86CPU ---------------------------------------------------------------------

/// Copy from an address that may not exist.
bool read_safely(std::uint64_t address, std::span<std::byte> to) {
    const iovec local{to.data(), to.size()};
    const iovec remote{reinterpret_cast<void*>(address), to.size()};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(to.size());
}

/// The pointer, early in the device, to bytes that equal what QEMU's function reads there.
std::optional<std::size_t> find_config(PCIDevice* device) {
    constexpr std::size_t header = 64;
    std::array<std::byte, header> want{};
    for (unsigned at = 0; at < header; at += 4) {
        const auto word = pci_default_read_config(device, at, 4);
        std::memcpy(want.data() + at, &word, sizeof word);
    }
    const std::span block(reinterpret_cast<const std::byte*>(device), 1024);
    std::optional<std::size_t> match;
    for (std::size_t at = 0; at + 8 <= block.size(); at += 8) {
        std::array<std::byte, header> have{};
        if (!read_safely(load_at<std::uint64_t>(block, at), have) || have != want)
            continue;
        if (match)
            return std::nullopt;
        match = at;
    }
    return match;
}

void find_cpu_registers() {
    CPUState* cpu = qemu_get_cpu(0);
    if (cpu == nullptr)
        refuse("this machine has no CPU: give QEMU a PC machine ('-M pc')");
    // The registers lie in the first part of an object that is larger than this in all versions.
    const std::span block(reinterpret_cast<const std::byte*>(cpu), std::size_t{16} * 1024);
    found.cpu_registers = agree(&Expected::cpu_registers, find_reset_registers(block));
}

} // namespace

void refuse(std::string_view sentence) {
    std::fprintf(stderr, "vmguest-lab: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
    std::exit(97);
}

void falsify_expectation(std::string_view setting) {
    const auto colon = setting.find(':');
    const auto name = setting.substr(0, colon);
    auto number = colon == std::string_view::npos ? "" : setting.substr(colon + 1);
    if (number.starts_with('+'))
        number.remove_prefix(1);
    int delta = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), delta);
    const bool is_number = error == std::errc{} && end == number.data() + number.size();
    for (const auto& entry : names) {
        if (name != entry.name || !is_number)
            continue;
        for (auto& version : tested)
            version.*entry.number += static_cast<std::size_t>(delta);
        return;
    }
    std::string known;
    for (const auto& entry : names)
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
    refuse("'abi=" + std::string(setting) + "' is no NAME:DELTA of the layout; known are " + known);
}

void check_at_load() {
    identify_version();
    find_region_fields();
    check_region_ops();
    check_timer();
    find_class_fields();
}

void check_pci_config(PCIDevice* device) {
    if (found.pci_config == 0)
        found.pci_config = agree(&Expected::pci_config, find_config(device));
}

void check_machine() {
    find_cpu_registers();
    object_child_foreach_recursive(
        object_resolve_path("/machine", nullptr),
        [](Object* object, void*) {
            if (object_dynamic_cast(object, "pci-device") == nullptr)
                return 0;
            check_pci_config(reinterpret_cast<PCIDevice*>(object));
            return 1; // one device is enough
        },
        nullptr);
}

const Layout& layout() {
    return found;
}

std::string qemu_version() {
    return expected == nullptr
               ? "?"
               : std::to_string(expected->major) + "." + std::to_string(expected->minor);
}

} // namespace vmguest::lab
