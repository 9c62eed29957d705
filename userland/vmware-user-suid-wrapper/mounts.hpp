// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Which flavours of vmblock are mounted, from the kernel's list of mounts. A driver that is loaded
// and not mounted is of no use: the agent would tell others paths that are not there.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace vmguest::handover {

inline constexpr std::string_view fuse_mount = "/run/vmblock-fuse";
inline constexpr std::string_view module_mount = "/proc/fs/vmblock/mountPoint";

/// Reads the text of /proc/self/mounts, piece by piece, without allocating.
class MountScan {
public:
    void feed(std::string_view piece);

    /// By root: everybody may make FUSE filesystems, and whoever opens a file there waits for the
    /// program that serves it.
    bool has_fuse() const { return has_fuse_; }
    bool has_module() const { return has_module_; }

private:
    void judge(std::string_view line);

    std::array<char, 4096> line_ = {};
    std::size_t length_ = 0; // beyond the array's: too long for one that is looked for
    bool has_fuse_ = false;
    bool has_module_ = false;
};

} // namespace vmguest::handover
