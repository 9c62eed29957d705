/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * /dev/ovmapi: messages between Oracle VM's manager and programs of a guest.
 */
#ifndef VMGUEST_OVMAPI_H
#define VMGUEST_OVMAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include <vmguest/ioctl.h>

/*
 * The original interface. Its numbers are literal; its structures are packed and
 * have pointers and longs of the program's own size (Documentation/ovmapi.md).
 */
#define OVMAPI_REGISTER			0x803
#define OVMAPI_UNREGISTER		0x805
#define OVMAPI_GET_NEXT_EVENT		0x806
#define OVMAPI_READ_PARAMETER		0x80c
#define OVMAPI_SEND_MESSAGE		0x80d
#define OVMAPI_GET_PARAM_COUNT		0x80e
#define OVMAPI_GET_PARAM_BY_INDEX	0x80f
#define OVMAPI_WRITE_PARAMETER		0x811
#define OVMAPI_DELETE_PARAM		0x812
#define OVMAPI_GET_ALL_PARAM_NAMES	0x820
#define OVMAPI_GET_PARAM_VALUE_SIZE	0x822
#define OVMAPI_MODIFY_EVENT_FILTER	0x823
#define OVMAPI_POST_EVENT		0x824
#define OVMAPI_GET_EVENT_HEADER		0x825
#define OVMAPI_GET_NEXT_EVENT_HEADER	0x826
#define OVMAPI_GET_EVENT		0x827
#define OVMAPI_DISCARD_EVENT		0x828
#define OVMAPI_DISCARD_NEXT_EVENT	0x829

#define OVMAPI_NAME_SIZE		256	/* with the NUL */
#define OVMAPI_VALUE_SIZE		8192	/* with the NUL */
#define OVMAPI_EVENT_SIZE		4096	/* header and payload */

/* Types of events, one bit each. */
#define OVMAPI_SNAPSHOT			0x0001
#define OVMAPI_MIGRATE			0x0002
#define OVMAPI_SHUTDOWN			0x0004
#define OVMAPI_RECONFIG			0x0008
#define OVMAPI_IP_ADDRESS		0x0010
#define OVMAPI_USER			0x0020
#define OVMAPI_NEW_PARAM		0x0040	/* the driver's */
#define OVMAPI_SYSTEM			0x0080
#define OVMAPI_MORE_PROCESSING		0x4000	/* the host's */

#define OVMAPI_PHASE_PRE		0
#define OVMAPI_PHASE_IMMED		1
#define OVMAPI_PHASE_POST		2

#define OVMAPI_SEVERITY_DEBUG		0
#define OVMAPI_SEVERITY_INFO		1
#define OVMAPI_SEVERITY_WARNING		2
#define OVMAPI_SEVERITY_ERROR		3
#define OVMAPI_SEVERITY_CRITICAL	4
#define OVMAPI_SEVERITY_SYSTEM		5

/* The modern interface: sizes without NUL, no need to register. */
#define OVMAPI_VERSION			1

/* ovmapi_param.flags: OVMAPI_IOC_SET tells the host nothing */
#define OVMAPI_LOCAL			0x1

/**
 * struct ovmapi_param - a name and its value
 * @header: size and version of this structure
 * @name: address of the name, 1 to 255 bytes, none of them NUL
 * @value: address of the value
 * @name_length: bytes of the name
 * @value_size: bytes of the value, or room for it; at most 8191
 * @flags: OVMAPI_LOCAL for OVMAPI_IOC_SET, else 0
 * @reserved: 0
 */
struct ovmapi_param {
	struct vmguest_ioctl_header header;
	__u64 name;
	__u64 value;
	__u32 name_length;
	__u32 value_size;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct ovmapi_names - the names of all parameters, oldest first
 * @header: size and version of this structure
 * @names: address of room for them, each with a NUL behind it
 * @size: bytes of room; OVMAPI_IOC_LIST sets it to what they need
 * @count: set to their number
 */
struct ovmapi_names {
	struct vmguest_ioctl_header header;
	__u64 names;
	__u32 size;
	__u32 count;
};

/**
 * struct ovmapi_mask - which events an open file gets
 * @header: size and version of this structure
 * @mask: types of events, 0 for none; those that wait and do not match are dropped
 * @lost: set to the number of events that this file had no room for so far
 */
struct ovmapi_mask {
	struct vmguest_ioctl_header header;
	__u32 mask;
	__u32 lost;
};

/* ovmapi_event.origin */
#define OVMAPI_FROM_HOST		1
#define OVMAPI_FROM_DRIVER		2
#define OVMAPI_FROM_PROGRAM		3

/* ovmapi_event.flags: OVMAPI_IOC_EVENT leaves it in the queue */
#define OVMAPI_PEEK			0x1

/**
 * struct ovmapi_event - an event, to post or to take
 * @header: size and version of this structure
 * @data: address of the payload
 * @id: OVMAPI_IOC_EVENT sets it to its number; they start at 0 and rise by one an
 *	event; 0 for OVMAPI_IOC_POST
 * @size: bytes of the payload, or room for it; at most 4080
 * @flags: OVMAPI_PEEK for OVMAPI_IOC_EVENT, else 0
 * @type: one of the bits above
 * @severity: one of OVMAPI_SEVERITY_*
 * @phase: one of OVMAPI_PHASE_*
 * @origin: OVMAPI_IOC_EVENT sets it to where it came from; 0 for OVMAPI_IOC_POST
 */
struct ovmapi_event {
	struct vmguest_ioctl_header header;
	__u64 data;
	__u64 id;
	__u32 size;
	__u32 flags;
	__u16 type;
	__u16 severity;
	__u16 phase;
	__u16 origin;
};

/*
 * The numbers have the header's size in them, so they stay when a structure
 * grows. EINVAL: a version, flag, length or reserved member that is not known;
 * E2BIG: members behind the known ones are set; EMSGSIZE: beyond a limit, or no
 * room (the size that is needed is set); ENOMEM.
 *
 * OVMAPI_IOC_SEND	to the host only. EINVAL: there is a NUL in the value;
 *			EACCES, ENOSPC: xenstored refuses; EIO: it says something
 *			else; ENOTCONN: it is not there yet; EBUSY: too many wait;
 *			ETIMEDOUT: no answer in ten seconds, it may still come;
 *			EINTR: killed
 * OVMAPI_IOC_SET	keep a parameter and post NEW_PARAM, then send it. EDQUOT:
 *			no room, nothing has changed. An error of the sending is
 *			returned while the parameter is kept
 * OVMAPI_IOC_GET	ENOENT if there is none
 * OVMAPI_IOC_DELETE	the host is not told; ENOENT
 * OVMAPI_IOC_LIST
 * OVMAPI_IOC_SUBSCRIBE
 * OVMAPI_IOC_EVENT	the oldest event; EAGAIN if there is none: poll() first
 * OVMAPI_IOC_POST	to all other open files that want the type. EPERM for the
 *			host's and the driver's types; SNAPSHOT, MIGRATE, SHUTDOWN,
 *			RECONFIG and SYSTEM need CAP_SYS_ADMIN
 */
#define OVMAPI_IOC_SEND		_IOWR(0xf8, 0x40, struct vmguest_ioctl_header)
#define OVMAPI_IOC_SET		_IOWR(0xf8, 0x41, struct vmguest_ioctl_header)
#define OVMAPI_IOC_GET		_IOWR(0xf8, 0x42, struct vmguest_ioctl_header)
#define OVMAPI_IOC_DELETE	_IOWR(0xf8, 0x43, struct vmguest_ioctl_header)
#define OVMAPI_IOC_LIST		_IOWR(0xf8, 0x44, struct vmguest_ioctl_header)
#define OVMAPI_IOC_SUBSCRIBE	_IOWR(0xf8, 0x45, struct vmguest_ioctl_header)
#define OVMAPI_IOC_EVENT	_IOWR(0xf8, 0x46, struct vmguest_ioctl_header)
#define OVMAPI_IOC_POST		_IOWR(0xf8, 0x47, struct vmguest_ioctl_header)

#endif
