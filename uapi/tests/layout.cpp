// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The layout of uapi/ as C++ sees it; layout.c is the same for C.
 */
#include <cstddef>
#include <type_traits>

#include <vmguest/ioctl.h>
#include <vmguest/ovmapi.h>
#include <vmguest/vmblock.h>
#include <vmguest/vmsync.h>

#define SIZE(type, bytes)                                                                          \
    static_assert(sizeof(struct type) == (bytes), "size of " #type);                               \
    static_assert(std::is_trivial_v<type> && std::is_standard_layout_v<type>, #type " is plain");
#define MEMBER(type, member, offset, bytes)                                                        \
    static_assert(offsetof(struct type, member) == (offset), "place of " #type "." #member);       \
    static_assert(sizeof(type::member) == (bytes), "size of " #type "." #member);
#include "layout.def"
