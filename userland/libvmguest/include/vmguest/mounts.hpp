// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The table of mounts, and which of them holds a path. Nothing here touches a filesystem: a path is
// text, so a server that does not answer cannot hold anybody up.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vmguest {

/// Of a block device, or of a filesystem without one (then `major` is 0).
struct DeviceNumber {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;

    auto operator<=>(const DeviceNumber&) const = default;
};

/// "MAJOR:MINOR".
std::string to_string(DeviceNumber device);

/// The number that such a text begins with, up to its end or a line's.
std::optional<DeviceNumber> parse_device_number(std::string_view text) noexcept;

/// A line of /proc/self/mountinfo, its escapes resolved; proc_pid_mountinfo(5) explains the fields.
struct Mount {
    int id = 0;
    int parent = 0;
    DeviceNumber device; ///< the same for all mounts of one filesystem
    std::string root;    ///< what of the filesystem is mounted
    std::string point;   ///< where; absolute
    std::string type;
    std::string source;
    std::string super_options; ///< those of the filesystem, not of this mount
};

/// All mounts in the order of the text. A line that is no mount is left out.
std::vector<Mount> parse_mountinfo(std::string_view text) noexcept;

/// Whether a server elsewhere answers for filesystems of this type.
bool is_network_type(std::string_view type) noexcept;

/// Whether a program of this machine answers for them: fuse, fuseblk.
bool is_program_type(std::string_view type) noexcept;

/// Mounts, and where paths lead to through them. Mounts are named by their place in the table.
class MountTable {
public:
    MountTable() = default;
    explicit MountTable(std::vector<Mount> mounts) noexcept;
    // The index points into the table.
    MountTable(MountTable&&) noexcept = default;
    MountTable& operator=(MountTable&&) noexcept = default;
    MountTable(const MountTable&) = delete;
    MountTable& operator=(const MountTable&) = delete;

    std::size_t size() const noexcept { return mounts_.size(); }
    const Mount& operator[](std::size_t mount) const noexcept { return mounts_[mount]; }

    std::optional<std::size_t> by_id(int id) const noexcept;

    /// The mount that holds an absolute path, taking each component for what it is called: "..",
    /// "//" and links are the caller's to resolve. Nothing if the path is not absolute, or leads to
    /// no mount of the table, as outside of a chroot.
    std::optional<std::size_t> holder(std::string_view path) const noexcept;

    /// Whether the mount's own point leads to it: not if another is mounted over it.
    bool is_visible(std::size_t mount) const noexcept;

    /// Whether the way to it leads through a filesystem whose server or program may never answer.
    bool is_behind_others(std::size_t mount) const noexcept { return is_behind_others_[mount]; }

private:
    struct Place {
        std::size_t parent = 0;
        std::string_view point;
        bool operator==(const Place&) const = default;
    };
    struct PlaceHash {
        std::size_t operator()(const Place& place) const noexcept {
            return std::hash<std::string_view>()(place.point) * 31 + place.parent;
        }
    };

    std::size_t parent(std::size_t mount) const noexcept;
    std::size_t at(std::size_t parent, std::string_view point) const noexcept;
    void find_tops();
    void find_those_behind_others();

    std::vector<Mount> mounts_;
    std::unordered_map<int, std::size_t> by_id_;
    std::unordered_map<Place, std::size_t, PlaceHash> children_;
    std::vector<std::size_t> top_; ///< what covers a mount at its own point, or itself
    std::vector<bool> is_behind_others_;
};

} // namespace vmguest
