// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "world.hpp"

#include <filesystem>

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system.hpp"

namespace vmguest::blockbench {
namespace {

using bench::failure;

constexpr const char* world = "/run/blockbench";

void mount_new(const char* type, const std::string& path) {
    std::filesystem::create_directories(path);
    if (mount(type, path.c_str(), type, 0, nullptr) != 0)
        throw failure(path);
}

} // namespace

std::string in_world(const std::string& path) {
    return world + path;
}

/// Google Benchmark looks at the processors in proc and sysfs.
void make_world() {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        throw failure("a mount namespace");
    mount_new("tmpfs", world);
    mount_new("proc", in_world("/proc"));
    mount_new("sysfs", in_world("/sys"));
    std::filesystem::create_directories(in_world(staging));
    if (chmod(in_world(staging).c_str(), 01777) != 0)
        throw failure(staging);
    if (mount(in_world("/tmp").c_str(), "/tmp", nullptr, MS_BIND, nullptr) != 0)
        throw failure("/tmp");
}

void enter_world(const std::string& directory) {
    if (chroot(world) != 0 || chdir(directory.c_str()) != 0)
        throw failure("entering " + in_world(directory));
}

} // namespace vmguest::blockbench
