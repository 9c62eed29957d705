// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "attributes.hpp"

#include <array>
#include <climits>
#include <limits>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace vmguest::hgfs {
namespace {

using namespace wire;

constexpr std::int64_t units_per_second = 10'000'000;
constexpr std::int64_t ns_per_unit = 100;
constexpr std::int64_t epoch_seconds = 11'644'473'600; ///< from 1601 to 1970

/// The size that servers report for the list of shares.
constexpr u64 base_size = 4192;

u64 time_of(const statx_timestamp& stamp) {
    return to_filetime({.tv_sec = stamp.tv_sec, .tv_nsec = stamp.tv_nsec});
}

u32 type_of(unsigned mode) {
    if (S_ISDIR(mode))
        return type_directory;
    return S_ISLNK(mode) ? type_symlink : type_regular;
}

u8 octet(unsigned mode, unsigned shift) {
    return static_cast<u8>(mode >> shift & 7U);
}

AttrV2 to_attributes(const struct statx& found) {
    AttrV2 attr{};
    attr.mask = attr_mask_handle;
    attr.type = type_of(found.stx_mode);
    attr.size = found.stx_size;
    attr.created = time_of(found.stx_mask & STATX_BTIME ? found.stx_btime : found.stx_ctime);
    attr.accessed = time_of(found.stx_atime);
    attr.written = time_of(found.stx_mtime);
    attr.changed = time_of(found.stx_ctime);
    attr.special_permissions = octet(found.stx_mode, 9);
    attr.owner_permissions = octet(found.stx_mode, 6);
    attr.group_permissions = octet(found.stx_mode, 3);
    attr.other_permissions = octet(found.stx_mode, 0);
    attr.allocation = found.stx_blocks * 512;
    attr.user = found.stx_uid;
    attr.group = found.stx_gid;
    attr.file_id = found.stx_ino;
    attr.volume_id = static_cast<u32>(gnu_dev_makedev(found.stx_dev_major, found.stx_dev_minor));
    return attr;
}

bool may(int found, int how) {
    return faccessat(found, "", how, AT_EACCESS | AT_EMPTY_PATH) == 0;
}

} // namespace

u64 to_filetime(const timespec& time) {
    constexpr u64 end = std::numeric_limits<u64>::max();
    const std::int64_t seconds = time.tv_sec;
    if (seconds < -epoch_seconds)
        return 0;
    if (seconds > static_cast<std::int64_t>(end / units_per_second) - epoch_seconds)
        return end;
    const u64 whole = static_cast<u64>(seconds + epoch_seconds) * units_per_second;
    const u64 units = static_cast<u64>(time.tv_nsec / ns_per_unit);
    return units > end - whole ? end : whole + units;
}

timespec from_filetime(u64 filetime) {
    const auto seconds = static_cast<std::int64_t>(filetime / units_per_second);
    const auto units = static_cast<std::int64_t>(filetime % units_per_second);
    return {.tv_sec = seconds - epoch_seconds, .tv_nsec = units * ns_per_unit};
}

Outcome<FileStatus> file_status(int descriptor) {
    struct statx found {};
    if (statx(descriptor, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME,
              &found))
        return last_error();
    return FileStatus{.attr = to_attributes(found),
                      .mode = found.stx_mode,
                      .device = gnu_dev_makedev(found.stx_dev_major, found.stx_dev_minor),
                      .inode = found.stx_ino};
}

void add_effective_permissions(AttrV2& attr, int found, bool writable) {
    attr.mask |= attr_effective;
    attr.effective_permissions = effective_exists;
    for (const int how : {R_OK, W_OK, X_OK})
        if ((how != W_OK || writable) && may(found, how))
            attr.effective_permissions |= static_cast<u32>(how);
}

AttrV2 base_attributes() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    AttrV2 attr{};
    attr.mask = attr_mask_base;
    attr.type = type_directory;
    attr.size = base_size;
    attr.created = attr.accessed = attr.written = attr.changed = to_filetime(now);
    attr.owner_permissions = attr.group_permissions = attr.other_permissions = R_OK | X_OK;
    return attr;
}

Outcome<std::string> link_target(int found) {
    std::array<char, PATH_MAX> buffer{};
    const ssize_t length = readlinkat(found, "", buffer.data(), buffer.size());
    if (length < 0)
        return last_error();
    return swap_link({buffer.data(), static_cast<std::size_t>(length)});
}

mode_t creation_mode(const Permissions& permissions, bool is_directory) {
    const unsigned usual = R_OK | W_OK | (is_directory ? X_OK : 0);
    const unsigned owner = permissions.owner.value_or(usual) & 7U;
    const unsigned group = permissions.group.value_or(owner) & 7U;
    const unsigned other = permissions.other.value_or(owner) & 7U;
    const unsigned sticky = permissions.special.value_or(0) & 1U;
    return sticky << 9 | owner << 6 | group << 3 | other;
}

} // namespace vmguest::hgfs
