// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "privilege.hpp"

#include <array>

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmguest::handover {
namespace {

constexpr auto nobody = static_cast<uid_t>(-1); // no such id: asks, or leaves as it is

using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

long capability_call(long number, Capabilities& sets) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    return syscall(number, &header, sets.data());
}

/// The kernel clears them when root becomes a user, unless whoever made this session has told it
/// otherwise (securebits), and it leaves the inheritable ones.
bool clear_capabilities() {
    Capabilities none = {};
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
           capability_call(SYS_capset, none) == 0;
}

bool has_capabilities() {
    Capabilities sets = {};
    if (capability_call(SYS_capget, sets) != 0)
        return true;
    for (const auto& set : sets)
        if (set.effective | set.permitted | set.inheritable)
            return true;
    return false;
}

bool is_user(uid_t user, gid_t group) {
    std::array<uid_t, 3> users = {};
    std::array<gid_t, 3> groups = {};
    if (getresuid(&users[0], &users[1], &users[2]) != 0 ||
        getresgid(&groups[0], &groups[1], &groups[2]) != 0)
        return false;
    for (const auto id : users)
        if (id != user)
            return false;
    for (const auto id : groups)
        if (id != group)
            return false;
    return static_cast<uid_t>(setfsuid(nobody)) == user &&
           static_cast<gid_t>(setfsgid(nobody)) == group;
}

} // namespace

bool become_user() {
    const auto user = getuid();
    const auto group = getgid();
    if (setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0)
        return false;
    if (user == 0)
        return is_user(user, group);
    return clear_capabilities() && !has_capabilities() && is_user(user, group) &&
           setresuid(nobody, 0, nobody) != 0;
}

} // namespace vmguest::handover
