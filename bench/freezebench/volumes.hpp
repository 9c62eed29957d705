// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Filesystems to freeze: ext4 on RAM disks.
#pragma once

#include <string>
#include <vector>

namespace vmguest::freezebench {

class Volumes {
public:
    /// Loads the driver of RAM disks, makes and mounts `count` filesystems.
    explicit Volumes(unsigned count);
    ~Volumes();
    Volumes(const Volumes&) = delete;
    Volumes& operator=(const Volumes&) = delete;

    /// Where they are mounted.
    const std::vector<std::string>& paths() const { return paths_; }

private:
    std::vector<std::string> paths_;
};

} // namespace vmguest::freezebench
