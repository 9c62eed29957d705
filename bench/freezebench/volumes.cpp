// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "volumes.hpp"

#include <cstdio>
#include <filesystem>

#include <sys/mount.h>

#include "system.hpp"

namespace vmguest::freezebench {
namespace {

constexpr unsigned disk_kibibytes = 48 << 10; ///< takes memory as it is written to
/// Nothing is left for the filesystem to do in the background later.
constexpr const char* make = "mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0,nodiscard ";

} // namespace

Volumes::Volumes(unsigned count) {
    bench::modprobe("brd rd_nr=" + std::to_string(count) +
                    " rd_size=" + std::to_string(disk_kibibytes));
    for (unsigned i = 0; i < count; ++i) {
        const auto disk = "/dev/ram" + std::to_string(i);
        const auto path = "/run/freezebench/" + std::to_string(i);
        bench::run_line(make + disk);
        std::filesystem::create_directories(path);
        if (mount(disk.c_str(), path.c_str(), "ext4", 0, nullptr) != 0)
            throw bench::failure("mounting " + disk);
        paths_.push_back(path);
    }
}

Volumes::~Volumes() {
    for (const auto& path : paths_)
        if (umount(path.c_str()) != 0)
            std::perror(path.c_str());
}

} // namespace vmguest::freezebench
