// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Searches of raw memory by which the shim finds where this QEMU keeps a field. Pure: the caller
// answers for the span being readable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace vmguest::lab {

template <class T>
T load_at(std::span<const std::byte> block, std::size_t offset) {
    T value;
    std::memcpy(&value, block.data() + offset, sizeof value);
    return value;
}

/// Offset of the only 8-byte slot that holds `value`; nothing if there is none or are several.
inline std::optional<std::size_t> find_word(std::span<const std::byte> block, std::uint64_t value) {
    std::optional<std::size_t> found;
    for (std::size_t at = 0; at + 8 <= block.size(); at += 8) {
        if (load_at<std::uint64_t>(block, at) != value)
            continue;
        if (found)
            return std::nullopt;
        found = at;
    }
    return found;
}

/// How many leading bytes of a block filled with `canary` somebody has written to.
inline std::size_t written_size(std::span<const std::byte> block, std::byte canary) {
    std::size_t size = block.size();
    while (size > 0 && block[size - 1] == canary)
        --size;
    return size;
}

/// Where a freshly reset x86 CPU's registers lie: sixteen general ones, all zero but EDX (which
/// holds the CPU's signature), then EIP = 0xfff0, then EFLAGS = 2. The architecture says so, and
/// no other place of a CPU's state looks like that.
inline std::optional<std::size_t> find_reset_registers(std::span<const std::byte> block) {
    constexpr std::size_t words = 18;
    for (std::size_t at = 0; at + words * 8 <= block.size(); at += 8) {
        std::array<std::uint64_t, words> w;
        std::memcpy(w.data(), block.data() + at, sizeof w);
        const bool signature = w[2] != 0 && w[2] <= 0xffff'ffff;
        if (!signature || w[16] != 0xfff0 || w[17] != 2)
            continue;
        bool others_zero = true;
        for (std::size_t i = 0; i < 16; ++i)
            others_zero = others_zero && (i == 2 || w[i] == 0);
        if (others_zero)
            return at;
    }
    return std::nullopt;
}

/// What a PCI device class says of a device, as laid out in QEMU's PCIDeviceClass.
struct ClassIds {
    std::uint16_t vendor;
    std::uint16_t device;
    std::uint8_t revision;
    std::uint8_t padding;
    std::uint16_t class_id;
    std::uint16_t subsystem_vendor;
    std::uint16_t subsystem_device;
};
static_assert(sizeof(ClassIds) == 12);

/// Offset of these ids in a class; stops at the first match, so reads no further than needed.
inline std::optional<std::size_t> find_class_ids(const std::byte* block, std::size_t limit,
                                                 const ClassIds& ids) {
    for (std::size_t at = 0; at + sizeof ids <= limit; at += 8)
        if (std::memcmp(block + at, &ids, sizeof ids) == 0)
            return at;
    return std::nullopt;
}

} // namespace vmguest::lab
