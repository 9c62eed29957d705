// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What a guest's memory looks like before and while the balloon moves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

namespace vmguest::balloonbench {

/// Bytes of a line of /proc/meminfo ("MemFree"); 0 if it is not there. `text` is the file.
std::uint64_t parse_meminfo(std::string_view text, std::string_view name);
/// Of this guest, now.
std::uint64_t meminfo(std::string_view name);

/// Anonymous memory, in pages of 4 KiB.
class Mapping {
public:
    explicit Mapping(std::size_t size);
    ~Mapping();
    Mapping(Mapping&& other) noexcept : start_(other.start_), size_(other.size_) {
        other.start_ = nullptr;
    }
    Mapping& operator=(Mapping&&) = delete;
    std::byte* data() const { return start_; }
    std::size_t size() const { return size_; }

private:
    std::byte* start_;
    std::size_t size_;
};

/// Make this a guest that has run for long: a page of a program in every 32 KiB, so that hardly a
/// frame of 2 MiB is free, and clean page cache in what the programs do not hold. The same in every
/// guest: nearly all free memory is mapped, seven of eight pages are given back, a disk of zeros is
/// read until no more of it stays, and the kernel does not tidy up of its own accord. Called again
/// it only fills the page cache again; nothing undoes it.
void age_memory();

/// A program that lives on memory: it holds `size` bytes and replaces the oldest of them by new
/// ones all the time.
class Hog {
public:
    explicit Hog(std::size_t size);
    /// Touch the next 64 KiB, of a new mapping when the newest is full.
    void step();

private:
    std::deque<Mapping> chunks_;
    std::size_t touched_ = 0; ///< of the newest
};

} // namespace vmguest::balloonbench
