/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Tracepoints: a begin and an end for each command, with an id, so the time
 * between is the host's; memory that was given back and why; pages that moved.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmmemctl

#if !defined(VMMEMCTL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMMEMCTL_TRACE_H

#include <linux/tracepoint.h>

#include "vmmemctl.h"

TRACE_EVENT(vmmemctl_call_begin,
	TP_PROTO(u32 id, const struct vmmemctl_call *call),
	TP_ARGS(id, call),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, command)
		__field(u64, arg1)
		__field(u64, arg2)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->command = call->command;
		__entry->arg1 = call->arg1;
		__entry->arg2 = call->arg2;
	),
	TP_printk("id=%u command=%u arg1=%#llx arg2=%#llx", __entry->id, __entry->command,
		  __entry->arg1, __entry->arg2)
);

TRACE_EVENT(vmmemctl_call_end,
	TP_PROTO(u32 id, const struct vmmemctl_call *call),
	TP_ARGS(id, call),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, command)
		__field(u32, status)
		__field(u64, target)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->command = call->command;
		__entry->status = call->status;
		__entry->target = call->target;
	),
	TP_printk("id=%u command=%u status=%#x target=%llu", __entry->id, __entry->command,
		  __entry->status, __entry->target)
);

TRACE_EVENT(vmmemctl_give_back,
	TP_PROTO(const char *reason, u64 asked, u64 given),
	TP_ARGS(reason, asked, given),
	TP_STRUCT__entry(
		__field(const char *, reason)
		__field(u64, asked)
		__field(u64, given)
	),
	TP_fast_assign(
		__entry->reason = reason;
		__entry->asked = asked;
		__entry->given = given;
	),
	TP_printk("reason=%s asked=%llu given=%llu", __entry->reason, __entry->asked,
		  __entry->given)
);

TRACE_EVENT(vmmemctl_migrate,
	TP_PROTO(unsigned long from, unsigned long to, int err),
	TP_ARGS(from, to, err),
	TP_STRUCT__entry(
		__field(unsigned long, from)
		__field(unsigned long, to)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->from = from;
		__entry->to = to;
		__entry->err = err;
	),
	TP_printk("from=%#lx to=%#lx err=%d", __entry->from, __entry->to, __entry->err)
);

#endif /* VMMEMCTL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE vmmemctl_trace
#include <trace/define_trace.h>
