/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * /dev/vmsync: freeze filesystems for a snapshot of the host's, see
 * Documentation/vmsync.md. The original interface, /proc/driver/vmware-sync,
 * has numbers of its own at the end.
 */
#ifndef VMGUEST_VMSYNC_H
#define VMGUEST_VMSYNC_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include <vmguest/ioctl.h>

#define VMSYNC_DEVICE			"/dev/vmsync"
#define VMSYNC_VERSION			1
#define VMSYNC_RECORDS_MAX		256
#define VMSYNC_DEADLINE_MAX_MS		900000	/* a host gives up after 15 minutes */
#define VMSYNC_SYNC_DEFAULT_MS		60000
#define VMSYNC_THAW_WAIT_MAX_MS		60000

/* Phases of a freeze: vmsync_query.phase */
#define VMSYNC_PHASE_NONE		0	/* nothing was asked for yet */
#define VMSYNC_PHASE_SYNCING		1	/* writing back, nothing is frozen */
#define VMSYNC_PHASE_FREEZING		2
#define VMSYNC_PHASE_FROZEN		3	/* all that was to be is frozen */
#define VMSYNC_PHASE_THAWING		4
#define VMSYNC_PHASE_OVER		5

/* Why a freeze ended: vmsync_query.cause, vmsync_thaw.cause */
#define VMSYNC_CAUSE_NONE		0	/* it has not */
#define VMSYNC_CAUSE_ASKED		1	/* by THAW */
#define VMSYNC_CAUSE_FAILED		2	/* a volume could not be frozen */
#define VMSYNC_CAUSE_EXPIRED		3	/* by the kernel, at the deadline */
#define VMSYNC_CAUSE_CLOSED		4	/* the file was closed, or its owner died */
#define VMSYNC_CAUSE_LOST		5	/* somebody else had thawed a volume */

/* States of a volume: vmsync_record.state */
#define VMSYNC_STATE_NEW		0	/* nothing was done to it */
#define VMSYNC_STATE_SYNCING		1
#define VMSYNC_STATE_READY		2	/* written back, not frozen */
#define VMSYNC_STATE_FREEZING		3
#define VMSYNC_STATE_FROZEN		4
#define VMSYNC_STATE_THAWING		5
#define VMSYNC_STATE_THAWED		6
#define VMSYNC_STATE_SKIPPED		7	/* vmsync_record.error says why */
#define VMSYNC_STATE_FAILED		8

/* vmsync_freeze.flags: what is skipped if not set, and the other way round */
#define VMSYNC_REFUSE_UNFREEZABLE	0x1	/* fail on tmpfs, overlay, ... */
#define VMSYNC_REFUSE_NETWORK		0x2	/* fail on nfs, cifs, ... */
#define VMSYNC_SKIP_BUSY		0x4	/* go on without what others froze */
#define VMSYNC_SKIP_MISSING		0x8	/* go on without what is not found */
#define VMSYNC_FREEZE_FLAGS		0xf

/**
 * struct vmsync_record - a volume to freeze, and what became of it
 * @path: in: address of a path of any file in it, or 0
 * @fd: in: if @path is 0, a descriptor of any file in it (O_PATH will do)
 * @level: in: what is stacked on others has a higher one, and is frozen first
 *	   and thawed last; equal ones are frozen at the same time
 * @state: VMSYNC_STATE_*
 * @error: an errno value: why it was skipped, or failed. EOPNOTSUPP: it has no
 *	   disk of its own; EREMOTE: a network filesystem; EEXIST: the same
 *	   filesystem as an earlier record; EBUSY: frozen by somebody else
 * @device: the filesystem's, encoded as st_dev is; /proc/self/mountinfo has it, too
 * @sync_us: writing back before the freeze
 * @freeze_us: the kernel's freezing
 * @frozen_us: from the freeze's end to the thaw's beginning, or to now
 * @stall_us: the longest that a writer can have waited: from the freeze's
 *	      beginning to the thaw's end, or to now
 * @type: of the filesystem, NUL-terminated
 */
struct vmsync_record {
	__u64 path;
	__s32 fd;
	__u32 level;
	__u32 state;
	__u32 error;
	__u64 device;
	__u64 sync_us;
	__u64 freeze_us;
	__u64 frozen_us;
	__u64 stall_us;
	char type[16];
};

/**
 * struct vmsync_freeze - freeze volumes: VMSYNC_FREEZE
 * @header: size and version
 * @records: address of the first of @count records
 * @count: at most VMSYNC_RECORDS_MAX
 * @record_size: bytes from one record to the next
 * @flags: VMSYNC_REFUSE_*, VMSYNC_SKIP_*
 * @deadline_ms: from the first volume's freezing to the kernel's own thaw;
 *		 0: the module's parameter deadline_ms
 * @sync_ms: the longest that writing back before the freeze may take; 0: a minute
 * @frozen: out: volumes that are frozen
 *
 * Returns when all volumes are frozen, or none is; after an error 2 seconds after
 * its end at the latest, even if a thaw hangs, which goes on: VMSYNC_QUERY tells.
 * On an error the records are written, too. One freeze at a time for each open file.
 */
struct vmsync_freeze {
	struct vmguest_ioctl_header header;
	__u64 records;
	__u32 count;
	__u32 record_size;
	__u32 flags;
	__u32 deadline_ms;
	__u32 sync_ms;
	__u32 frozen;
};

/**
 * struct vmsync_thaw - thaw, or abort a freeze at any moment: VMSYNC_THAW
 * @header: size and version
 * @wait_ms: how long to wait for the thaw's end; it goes on without this call
 * @cause: out: VMSYNC_CAUSE_*
 * @left: out: volumes that are still frozen, or whose freeze has not ended: that thaws them at once
 * @reserved: 0
 *
 * Fails with ETIMEDOUT if the kernel had thawed before, which is what a
 * snapshot taken meanwhile is worth, and with ESTALE if somebody else had.
 */
struct vmsync_thaw {
	struct vmguest_ioctl_header header;
	__u32 wait_ms;
	__u32 cause;
	__u32 left;
	__u32 reserved;
};

/**
 * struct vmsync_query - the freeze as it is, without waiting: VMSYNC_QUERY
 * @header: size and version
 * @records: address of room for records, or 0
 * @count: records there is room for; out: records of the freeze
 * @record_size: bytes from one record to the next
 * @phase: out: VMSYNC_PHASE_*
 * @cause: out: VMSYNC_CAUSE_*
 * @error: out: an errno value if it failed
 * @frozen: out: volumes frozen by it
 * @frozen_all: out: volumes frozen through any file of either interface
 * @left_ms: out: until the deadline
 */
struct vmsync_query {
	struct vmguest_ioctl_header header;
	__u64 records;
	__u32 count;
	__u32 record_size;
	__u32 phase;
	__u32 cause;
	__u32 error;
	__u32 frozen;
	__u32 frozen_all;
	__u32 left_ms;
};

/* Structures grow, numbers stay: they carry the size of what all begin with. */
#define VMSYNC_FREEZE	_IOWR(0xF5, 16, struct vmguest_ioctl_header)
#define VMSYNC_THAW	_IOWR(0xF5, 17, struct vmguest_ioctl_header)
#define VMSYNC_QUERY	_IOWR(0xF5, 18, struct vmguest_ioctl_header)

/* The original interface. FREEZE's number has the size of the caller's pointer. */
#define VMSYNC_ORIGINAL_NODE	"/proc/driver/vmware-sync"
#define VMSYNC_ORIGINAL_FREEZE	_IOW(0xF5, 1, const char *)
#define VMSYNC_ORIGINAL_THAW	_IO(0xF5, 2)
#define VMSYNC_ORIGINAL_QUERY	_IOR(0xF5, 3, __s32)

#endif
