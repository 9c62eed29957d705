// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The balloon's protocol in numbers: one port, read with a command in the registers.
#pragma once

#include <cstdint>

namespace vmguest::lab::balloon {

inline constexpr std::uint16_t port = 0x5670;
inline constexpr std::uint32_t magic = 0x456c'6d6f; ///< in EAX
inline constexpr std::uint32_t absent =
    0xffff'ffff; ///< what a port reads as behind which nothing is

/// In CX.
enum class Command : std::uint16_t {
    start = 0,
    get_target = 1,
    lock = 2,
    unlock = 3,
    guest_id = 4,
    batched_lock = 6,
    batched_unlock = 7,
    batched_2m_lock = 8,
    batched_2m_unlock = 9,
    doorbell_set = 10,
};

/// Bits of what START asks for and is granted. Bit 0 is never granted: old drivers send a version.
enum Capability : std::uint32_t {
    basic = 1U << 1,
    batched = 1U << 2,
    batched_2m = 1U << 3,
    signaled_wakeup = 1U << 4,
    target_64bit = 1U << 5,
};

/// Of a command in EAX, of a batch's entry in its low five bits.
enum class Status : std::uint32_t {
    success = 0,
    invalid = 1,
    frame_invalid = 2,
    frame_locked = 3,
    frame_unlocked = 4,
    frame_pinned = 5,
    frame_not_needed = 6,
    reset = 7,
    busy = 8,
    success_with_capabilities = 0x0300'0000, ///< START's answer, with the set in ECX
    failure = absent,
};

inline constexpr std::uint64_t frame_size = 4096;
inline constexpr std::uint64_t large_frames = 512; ///< 4 KiB frames in one of 2 MiB
inline constexpr std::uint64_t most_entries = 512; ///< 8 bytes each, in one page
inline constexpr std::uint64_t status_bits = 0x1f; ///< of an entry; bits 63..12 are the frame

} // namespace vmguest::lab::balloon
