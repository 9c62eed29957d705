// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The layout of uapi/ as C sees it; layout.cpp is the same for C++.
 */
#include <stddef.h>

#include <vmguest/ioctl.h>
#include <vmguest/ovmapi.h>
#include <vmguest/vmblock.h>
#include <vmguest/vmsync.h>

#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), "size of " #type);
#define MEMBER(type, member, offset, bytes)							\
	_Static_assert(offsetof(struct type, member) == (offset), "place of " #type "." #member); \
	_Static_assert(sizeof(((struct type *)0)->member) == (bytes), "size of " #type "." #member);
#include "layout.def"
