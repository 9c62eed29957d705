/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Tracepoints: a begin and an end for each thing done to a volume, its device
 * the id, so the time between is the filesystem's; and the end of a job.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmsync

#if !defined(VMSYNC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMSYNC_TRACE_H

#include <linux/kdev_t.h>
#include <linux/tracepoint.h>

#include "vmsync.h"

#define vmsync_show_action(action)			\
	__print_symbolic(action,			\
			 { VMSYNC_DO_SYNC, "sync" },	\
			 { VMSYNC_DO_FREEZE, "freeze" },	\
			 { VMSYNC_DO_THAW, "thaw" })

TRACE_EVENT(vmsync_begin,
	TP_PROTO(dev_t dev, unsigned int action, u32 level),
	TP_ARGS(dev, action, level),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned int, action)
		__field(u32, level)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->action = action;
		__entry->level = level;
	),
	TP_printk("dev=%u:%u action=%s level=%u", MAJOR(__entry->dev), MINOR(__entry->dev),
		  vmsync_show_action(__entry->action), __entry->level)
);

TRACE_EVENT(vmsync_end,
	TP_PROTO(dev_t dev, unsigned int action, int err),
	TP_ARGS(dev, action, err),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned int, action)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->action = action;
		__entry->err = err;
	),
	TP_printk("dev=%u:%u action=%s err=%d", MAJOR(__entry->dev), MINOR(__entry->dev),
		  vmsync_show_action(__entry->action), __entry->err)
);

TRACE_EVENT(vmsync_over,
	TP_PROTO(const char *cause, int err, u32 held),
	TP_ARGS(cause, err, held),
	TP_STRUCT__entry(
		__field(const char *, cause)
		__field(int, err)
		__field(u32, held)
	),
	TP_fast_assign(
		__entry->cause = cause;
		__entry->err = err;
		__entry->held = held;
	),
	TP_printk("cause=%s err=%d held=%u", __entry->cause, __entry->err, __entry->held)
);

#endif /* VMSYNC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE vmsync_trace
#include <trace/define_trace.h>
