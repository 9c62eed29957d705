// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "control.hpp"

#include <cstring>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "mounts.hpp"

namespace vmguest::handover {
namespace {

constexpr const char* fuse_node = "/run/vmblock-fuse/dev";
constexpr const char* module_node = "/proc/fs/vmblock/dev";
constexpr int always = O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;

MountScan scan_mounts() {
    MountScan scan;
    const Descriptor list(open("/proc/self/mounts", O_RDONLY | O_CLOEXEC));
    char piece[4096];
    ssize_t size = 0;
    while (list.is_open() && (size = read(list.number(), piece, sizeof piece)) > 0)
        scan.feed({piece, static_cast<std::size_t>(size)});
    return scan;
}

/// With 1 the kernel lets a user look into programs that have changed who they are: then there is
/// a moment, while this program becomes the user, in which the descriptor can be taken.
bool is_open_to_inspection() {
    const Descriptor setting(open("/proc/sys/fs/suid_dumpable", O_RDONLY | O_CLOEXEC));
    char value = 0;
    return !setting.is_open() || read(setting.number(), &value, 1) != 1 ||
           (value != '0' && value != '2');
}

/// Root's, nobody else's to write to, and in the filesystem where it has to be.
bool is_genuine(int node, unsigned long filesystem) {
    struct stat what = {};
    struct statfs where = {};
    return fstat(node, &what) == 0 && S_ISREG(what.st_mode) && what.st_uid == 0 &&
           (what.st_mode & (S_IWGRP | S_IWOTH)) == 0 && fstatfs(node, &where) == 0 &&
           static_cast<unsigned long>(where.f_type) == filesystem;
}

/// What agents tell the flavours apart by.
bool says_it_is_fuse(int node) {
    constexpr char greeting[] = "I am VMBLOCK-FUSE"; // with its NUL
    char text[sizeof greeting];
    return read(node, text, sizeof text) == static_cast<ssize_t>(sizeof text) &&
           std::memcmp(text, greeting, sizeof text) == 0;
}

Descriptor open_fuse() {
    Descriptor node(open(fuse_node, O_RDWR | always));
    if (node.is_open() &&
        !(is_genuine(node.number(), FUSE_SUPER_MAGIC) && says_it_is_fuse(node.number())))
        node.close_now();
    return node;
}

Descriptor open_module() {
    Descriptor node(open(module_node, O_WRONLY | always));
    if (node.is_open() && !is_genuine(node.number(), PROC_SUPER_MAGIC))
        node.close_now();
    return node;
}

} // namespace

Control open_control() {
    if (geteuid() != 0)
        return {Descriptor(), "this program is not setuid root here, so it cannot open vmblock's "
                              "control node: see vmware-user-suid-wrapper(1)"};
    if (is_open_to_inspection())
        return {Descriptor(), "vmblock is not handed over while users may inspect privileged "
                              "programs: run 'sysctl fs.suid_dumpable=0' as root"};
    const auto mounts = scan_mounts();
    Control control;
    if (mounts.has_fuse())
        control.node = open_fuse();
    if (!control.node.is_open() && mounts.has_module())
        control.node = open_module();
    if (control.node.is_open())
        return control;
    control.problem =
        mounts.has_fuse() || mounts.has_module()
            ? "vmblock is mounted, but its control node cannot be opened"
            : "vmblock is not mounted: run 'modprobe vmblock && mount -t vmblock none "
              "/proc/fs/vmblock/mountPoint' as root";
    return control;
}

} // namespace vmguest::handover
