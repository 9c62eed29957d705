// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "vmguest/memory.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/mman.h>

namespace vmguest {
namespace {

/// More than anything here uses.
constexpr std::size_t stack_bytes = std::size_t{128} << 10;
constexpr std::size_t page_bytes = 4096;

Failure cannot_lock(int error) {
    return {error,
            std::string("memory cannot be locked: ") + std::strerror(error) + "; see 'ulimit -l'"};
}

/// The stack only grows when it is used, which is what it shall not need to later.
[[gnu::noinline]] void touch_stack() {
    std::array<char, stack_bytes> room;
    for (std::size_t i = 0; i < room.size(); i += page_bytes)
        const_cast<volatile char&>(room[i]) = 0;
}

} // namespace

LockedMemory::~LockedMemory() {
    if (start_)
        munmap(start_, size_);
}

Result<LockedMemory> LockedMemory::make(std::size_t bytes) noexcept {
    LockedMemory memory;
    void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return cannot_lock(errno);
    memory.start_ = start;
    memory.size_ = bytes;
    if (mlock(start, bytes) != 0)
        return cannot_lock(errno);
    return memory;
}

Result<bool> lock_program() noexcept {
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        return cannot_lock(errno);
    touch_stack();
    return true;
}

} // namespace vmguest
