// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Attributes and times between the host's forms and the wire's.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#include <sys/types.h>

#include "codec.hpp"
#include "names.hpp"
#include "status.hpp"
#include "wire.hpp"

namespace vmguest::hgfs {

/// Units of 100 ns since 1601-01-01 UTC. What is earlier becomes 0, what is too late all ones;
/// fractions of 100 ns are cut off.
std::uint64_t to_filetime(const timespec& time);

/// The inverse for every value; times before 1970 have negative seconds.
timespec from_filetime(std::uint64_t filetime);

/// What the host tells of a file, and its device and inode, by which it is known again.
struct FileStatus {
    wire::AttrV2 attr{}; ///< mask attr_mask_handle
    mode_t mode = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
};

/// Look at an open (or merely found, O_PATH) file. Errors: those of statx(2).
Outcome<FileStatus> file_status(int descriptor);

/// Add what the server may do with the file found. `writable` is false if the share is read-only.
void add_effective_permissions(wire::AttrV2& attr, int found, bool writable);

/// The list of shares: a directory that nobody writes, as new as the question.
wire::AttrV2 base_attributes();

/// The target of a symbolic link that was found, as it goes on the wire. Errors: those of
/// readlinkat(2).
Outcome<std::string> link_target(int found);

/// The mode for a new file or directory: octets that are missing are read and write for the owner
/// (and search, in a directory), and the owner's for group and others. The set-id bits are never
/// in it.
mode_t creation_mode(const Permissions& permissions, bool is_directory);

} // namespace vmguest::hgfs
