// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Which filesystem lies upon which, and so which is to be frozen first: arithmetic over what
// system.hpp has read. What lies on another one has a higher level.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "vmguest/descriptor.hpp"
#include "vmguest/mounts.hpp"

namespace vmguest {

/// A block device, as /sys/dev/block has it.
struct BlockDevice {
    DeviceNumber number;
    std::string name;                ///< "loop0", "dm-3"
    std::vector<DeviceNumber> below; ///< the disk of a partition, the slaves of dm, md, bcache
    std::string backing_file;        ///< of a loop device, as the kernel calls it; else empty
};

/// All that is known of a system.
struct Facts {
    MountTable mounts;
    std::set<std::string, std::less<>> diskless_types; ///< "nodev" in /proc/filesystems
    std::vector<BlockDevice> devices;
    /// What the sources of mounts are, where a filesystem's own number says nothing (btrfs).
    std::map<std::string, DeviceNumber, std::less<>> sources;
    /// The devices of each btrfs.
    std::vector<std::vector<DeviceNumber>> pools;
};

/// What kind of filesystem it is; only one that has a disk can be frozen.
enum class FilesystemKind { disk, diskless, network, program };

/// A filesystem, however often it is mounted.
struct Filesystem {
    DeviceNumber device;
    FilesystemKind kind = FilesystemKind::diskless;
    std::vector<std::size_t> mounts; ///< of Facts::mounts, never empty
    /// How many filesystems that can be frozen lie below this one, one upon the other.
    std::uint32_t level = 0;
    /// The filesystems on which it lies at once, through whatever devices.
    std::vector<std::size_t> below;
};

/// All filesystems, in the order in which they come in the table of mounts.
struct Stack {
    std::vector<Filesystem> filesystems;
    std::map<DeviceNumber, std::size_t> by_device; ///< of filesystems
    /// Something seems to lie on itself, which cannot be. What was mounted first is lowest then.
    bool has_cycle = false;
};

/// Takes time in proportion to what there is (but for the depth of paths).
Stack work_out_levels(const Facts& facts) noexcept;

/// Why a filesystem is not to be frozen.
enum class SkipReason {
    network,         ///< a server answers for it
    diskless,        ///< it has no disk of its own
    program,         ///< a program answers for it
    hidden,          ///< another mount covers each of its own
    behind_others,   ///< the way to it leads through one that may not answer
    same_filesystem, ///< as an earlier one's
    overlay,         ///< what it writes to is taken in its place
    changed,         ///< it went, or was covered, after the table was read
};

/// Of a reason: a word for programs, and the end of a sentence for people.
std::string_view name(SkipReason reason) noexcept;
std::string_view explanation(SkipReason reason) noexcept;

struct PlannedVolume {
    std::string path; ///< as the caller gave it, or where it is mounted
    DeviceNumber device;
    std::string type;
    std::string source;
    std::uint32_t level = 0;
    int mount_id = 0;
    std::vector<std::string> below; ///< where the filesystems are mounted on which it lies at once
    Descriptor file;                ///< O_PATH; empty until open_volumes()
};

struct SkippedFilesystem {
    std::string path;
    DeviceNumber device;
    std::string type;
    SkipReason reason = SkipReason::diskless;
};

/// What to freeze, highest levels first, and what not.
struct Plan {
    std::vector<PlannedVolume> volumes;
    std::vector<SkippedFilesystem> skipped;
    bool has_cycle = false;
};

/// Every mounted filesystem that has a disk of its own.
Plan plan_all(const Facts& facts, const Stack& stack) noexcept;

/// A path and the mount that it was found to be on.
struct ChosenMount {
    std::string path;
    std::size_t mount = 0;
    Descriptor file;
};

/// The filesystems of these paths. For an overlay, the one that it writes to is taken.
Plan plan_mounts(const Facts& facts, const Stack& stack, std::vector<ChosenMount> chosen) noexcept;

} // namespace vmguest
