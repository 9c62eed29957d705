/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * /proc/fs/vmblock/dev: blocking names, and learning that somebody waits.
 */
#ifndef VMGUEST_VMBLOCK_H
#define VMGUEST_VMBLOCK_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include <vmguest/ioctl.h>

#define VMBLOCK_VERSION		1

/* vmblock_request.flags: answer at once, with EAGAIN if there is nothing to say */
#define VMBLOCK_NOWAIT		0x1

/* vmblock_request.result */
#define VMBLOCK_ACCESSED	1	/* somebody waits for the name, or has waited */
#define VMBLOCK_REMOVED		2	/* it was unblocked before anybody came */

/**
 * struct vmblock_request - one name
 * @header: size and version of this structure
 * @path: address of the name: the real path, not one below the mount
 * @path_length: its bytes, less than 4096; none of them is NUL, and a NUL
 *		 behind them is not looked at.  Slashes at the end are left off
 * @flags: VMBLOCK_NOWAIT for VMBLOCK_IOC_WATCH, else 0
 * @result: 0; VMBLOCK_IOC_WATCH sets it
 * @reserved: 0
 */
struct vmblock_request {
	struct vmguest_ioctl_header header;
	__u64 path;
	__u32 path_length;
	__u32 flags;
	__u32 result;
	__u32 reserved;
};

/*
 * The numbers have the header's size in them, so they stay when the structure
 * grows.  EINVAL: a version, flag or reserved member that is not known, a path
 * of slashes alone; E2BIG: members behind the known ones are set.
 *
 * VMBLOCK_IOC_ADD	block the name for this open file: EEXIST if anybody
 *			blocks it, ENOSPC beyond a limit
 * VMBLOCK_IOC_DELETE	unblock it: ENOENT if this open file does not block it
 * VMBLOCK_IOC_WATCH	sleep until somebody waits for the name or it is
 *			unblocked, whoever has blocked it: ENOENT if nobody has.
 *			poll() on the file says POLLIN when there is something of
 *			a block of its own that this has not reported yet
 */
#define VMBLOCK_IOC_ADD		_IOWR(0xf7, 0x40, struct vmguest_ioctl_header)
#define VMBLOCK_IOC_DELETE	_IOWR(0xf7, 0x41, struct vmguest_ioctl_header)
#define VMBLOCK_IOC_WATCH	_IOWR(0xf7, 0x42, struct vmguest_ioctl_header)

#endif
