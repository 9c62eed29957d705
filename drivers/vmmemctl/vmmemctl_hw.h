/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The memory balloon's port as the host defines it: registers, commands,
 * capabilities, statuses and the batch page.  Numbers are those that hosts and
 * guests of the field have used since the protocol was published; amounts are
 * in frames of 4 KiB unless said otherwise.
 */
#ifndef VMMEMCTL_HW_H
#define VMMEMCTL_HW_H

#include <linux/build_bug.h>
#include <linux/types.h>

/* One IN of 32 bits: EAX the magic, ECX the command, RBX and RSI its arguments. */
#define VMMEMCTL_PORT		0x5670
#define VMMEMCTL_MAGIC		0x456c6d6fu

#define VMMEMCTL_GUEST_LINUX	1
#define VMMEMCTL_NO_DOORBELL	(~0ULL)	/* both arguments of DOORBELL_SET */

enum vmmemctl_command {
	VMMEMCTL_START			= 0,	/* wanted capabilities; ECX: granted ones */
	VMMEMCTL_GET_TARGET		= 1,	/* the guest's limit */
	VMMEMCTL_LOCK			= 2,	/* frame number, 32 bits */
	VMMEMCTL_UNLOCK			= 3,
	VMMEMCTL_GUEST_ID		= 4,
	VMMEMCTL_BURNED			= 5,	/* must never be used */
	VMMEMCTL_BATCHED_LOCK		= 6,	/* frame number of the batch page, entries */
	VMMEMCTL_BATCHED_UNLOCK		= 7,
	VMMEMCTL_BATCHED_2M_LOCK	= 8,
	VMMEMCTL_BATCHED_2M_UNLOCK	= 9,
	VMMEMCTL_DOORBELL_SET		= 10,	/* VMCI context, VMCI resource */
	VMMEMCTL_COMMAND_COUNT
};

/* Capabilities. Bit 0 was a version once and is never asked for. */
#define VMMEMCTL_CAP_BASIC		0x02u
#define VMMEMCTL_CAP_BATCHED		0x04u
#define VMMEMCTL_CAP_BATCHED_2M		0x08u
#define VMMEMCTL_CAP_DOORBELL		0x10u
#define VMMEMCTL_CAP_WIDE_TARGET	0x20u	/* targets and frame numbers above 32 bits */
#define VMMEMCTL_CAP_ALL		0x3eu

/* Statuses, in EAX and in the entries of a batch. */
#define VMMEMCTL_SUCCESS		0u
#define VMMEMCTL_SUCCESS_CAPS		0x03000000u	/* of START only */
#define VMMEMCTL_COMMAND_INVALID	1u
#define VMMEMCTL_FRAME_INVALID		2u	/* cannot be ballooned */
#define VMMEMCTL_FRAME_LOCKED		3u
#define VMMEMCTL_FRAME_UNLOCKED		4u
#define VMMEMCTL_FRAME_PINNED		5u	/* the host needs it where it is */
#define VMMEMCTL_FRAME_NOT_NEEDED	6u	/* the host has enough */
#define VMMEMCTL_RESET			7u	/* the host has forgotten the balloon */
#define VMMEMCTL_BUSY			8u
#define VMMEMCTL_ABSENT			0xffffffffu	/* what an empty port reads as */

/*
 * The batch page: one page of 512 little-endian entries.  An entry is a frame
 * number above bit 12; the host writes the outcome to bits 0 to 4.  It is given
 * by its frame number, so it is one 4 KiB page.
 */
#define VMMEMCTL_FRAME_SHIFT		12
#define VMMEMCTL_BATCH_ENTRIES		512
#define VMMEMCTL_ENTRY_STATUS		0x1fu
#define VMMEMCTL_LARGE_FRAMES		512	/* frames in a page of 2 MiB */
#define VMMEMCTL_LARGE_ORDER		9

static_assert(VMMEMCTL_BATCH_ENTRIES * sizeof(u64) == 1 << VMMEMCTL_FRAME_SHIFT);
static_assert(VMMEMCTL_LARGE_FRAMES == 1 << VMMEMCTL_LARGE_ORDER);

#endif /* VMMEMCTL_HW_H */
