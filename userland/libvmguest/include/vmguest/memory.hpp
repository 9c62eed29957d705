// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Memory that is there when it is needed.
#pragma once

#include <cstddef>
#include <utility>

#include "vmguest/result.hpp"

namespace vmguest {

/// Zeroed memory that stays resident.
class LockedMemory {
public:
    LockedMemory() noexcept = default;
    LockedMemory(LockedMemory&& other) noexcept
        : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    LockedMemory& operator=(LockedMemory&& other) noexcept {
        std::swap(start_, other.start_);
        std::swap(size_, other.size_);
        return *this;
    }
    LockedMemory(const LockedMemory&) = delete;
    LockedMemory& operator=(const LockedMemory&) = delete;
    ~LockedMemory();

    /// Failure: ENOMEM, there is not so much, or it may not be locked (RLIMIT_MEMLOCK).
    static Result<LockedMemory> make(std::size_t bytes) noexcept;

    void* start() const noexcept { return start_; }

private:
    void* start_ = nullptr;
    std::size_t size_ = 0;
};

/// Keep the whole program resident, its code, its libraries and some stack included, also what it
/// will allocate. Failure: as above.
Result<bool> lock_program() noexcept;

} // namespace vmguest
