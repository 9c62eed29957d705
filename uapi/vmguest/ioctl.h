/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What every modern ioctl of vmguest starts with.
 */
#ifndef VMGUEST_IOCTL_H
#define VMGUEST_IOCTL_H

#include <linux/types.h>

/**
 * struct vmguest_ioctl_header - first member of every ioctl structure
 * @size: bytes of the whole structure as the caller knows it
 * @version: of the interface, 1 today
 *
 * A structure only ever grows at its end, so @size tells which members the
 * caller has. A larger one is accepted if what is not known here is zero
 * (else -E2BIG), a smaller one is filled as far as it reaches.
 */
struct vmguest_ioctl_header {
	__u32 size;
	__u32 version;
};

#endif
