// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The account of the balloon's frames; see the header.
#include "models/balloon/ledger.hpp"

#include <array>
#include <charconv>
#include <span>

namespace vmguest::lab::balloon {
namespace {

using Stamp = std::array<std::uint64_t, 2>;

/// No frame's stamp is that of another, so a guest that copies pages is found out, too.
Stamp stamp_of(std::uint64_t frame) {
    return {0x6e6f'6f6c'6c61'6276ULL, ~frame};
}

std::string name_of(std::uint64_t frame) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), frame, 16).ptr;
    return "frame 0x" + std::string(digits.begin(), end);
}

/// Frame numbers from this on are no address.
constexpr std::uint64_t frame_limit = std::uint64_t{1} << 52;

} // namespace

Status Ledger::lock(std::uint64_t frame, std::uint64_t count) {
    if (frame >= frame_limit || frame % count != 0)
        return fault(Status::frame_invalid, frame,
                     "is no frame of that size, and was to be locked");
    for (std::uint64_t i = 0; i < count; ++i)
        if (holds(frame + i))
            return fault(Status::frame_locked, frame + i, "was locked twice");
    for (std::uint64_t i = 0; i < count; ++i) {
        if (put_stamp(frame + i))
            continue;
        while (i-- > 0)
            wipe(frame + i);
        return fault(Status::frame_invalid, frame, "is no memory, and was to be locked");
    }
    for (std::uint64_t i = 0; i < count; ++i)
        frames_.insert(frame + i);
    return Status::success;
}

Status Ledger::unlock(std::uint64_t frame, std::uint64_t count) {
    if (frame >= frame_limit || frame % count != 0)
        return fault(Status::frame_invalid, frame,
                     "is no frame of that size, and was to be unlocked");
    for (std::uint64_t i = 0; i < count; ++i)
        if (!holds(frame + i))
            return fault(Status::frame_unlocked, frame + i, "was unlocked, but never locked");
    for (std::uint64_t i = 0; i < count; ++i) {
        if (!has_stamp(frame + i))
            host_.report(name_of(frame + i) + " was written to while it was in the balloon");
        wipe(frame + i);
        frames_.erase(frame + i);
    }
    return Status::success;
}

Status Ledger::fault(Status status, std::uint64_t frame, const std::string& what) {
    host_.report(name_of(frame) + " " + what);
    return status;
}

/// What is read-only takes a write without a word, so look again.
bool Ledger::put_stamp(std::uint64_t frame) {
    const auto stamp = stamp_of(frame);
    return host_.dma_write(frame * frame_size, std::as_bytes(std::span(stamp))) && has_stamp(frame);
}

bool Ledger::has_stamp(std::uint64_t frame) {
    Stamp found{};
    return host_.dma_read(frame * frame_size, std::as_writable_bytes(std::span(found))) &&
           found == stamp_of(frame);
}

/// The guest finds no trace of the stamp.
void Ledger::wipe(std::uint64_t frame) {
    const Stamp zeros{};
    if (!host_.dma_write(frame * frame_size, std::as_bytes(std::span(zeros))))
        host_.report(name_of(frame) + " was memory once and is no more");
}

} // namespace vmguest::lab::balloon
