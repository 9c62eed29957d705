// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Files below a folder, by way of the kernel's own guarantee (openat2) that a path does not leave
// it.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "names.hpp"
#include "status.hpp"

namespace vmguest::hgfs {

/// Owns a file descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    int get() const { return number_; }
    /// Give it up unclosed: somebody else owns it now.
    int release() { return std::exchange(number_, -1); }
    explicit operator bool() const { return number_ >= 0; }

private:
    int number_ = -1;
};

/// What a name stands for within the directory that holds it. `leaf` is empty for the folder of the
/// share itself, and then `parent` is that folder.
struct Place {
    Descriptor parent; ///< O_PATH
    std::string leaf;  ///< one component: neither "." nor "..", no '/'
};

/// Find a file without opening it (O_PATH); a symbolic link as the last component is itself what is
/// found, others are followed as long as they stay below `folder`.
/// Errors: access_denied if the way leads out of the folder, else those of open(2).
Outcome<Descriptor> find_beneath(int folder, const Components& path);

/// Find the directory in which a name is to be made, removed or replaced. Errors as above.
Outcome<Place> find_place(int folder, const Components& path);

/// Open what was found with find_beneath() with other flags: the same file, whatever has become of
/// its name. Never waits for the other end of a pipe. Errors: those of open(2).
Outcome<Descriptor> reopen(int found, int flags);

/// The name by which this process reaches a descriptor's file.
std::string descriptor_path(int number);

/// The names in a directory, with "." and "..", in the order of the file system; names that are not
/// UTF-8 are left out. Errors: generic_error beyond `max_bytes` (of names), else those of open(2).
Outcome<Components> list_directory(int found, std::size_t max_bytes);

/// The path as it is spelled on the host, if case does not count: exact names win over others. The
/// directories that are read for it may have `max_bytes` of names together.
/// Errors: no_such_file, or those of find_beneath() and list_directory().
Outcome<Components> find_caseless(int folder, const Components& path, std::size_t max_bytes);

} // namespace vmguest::hgfs
