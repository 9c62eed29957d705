/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Tracepoints: names blocked and unblocked; a begin and an end for each wait,
 * with an id, so the time between is what a user waited.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmblock

#if !defined(VMBLOCK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMBLOCK_TRACE_H

#include <linux/tracepoint.h>

#include "vmblock.h"

TRACE_EVENT(vmblock_add,
	TP_PROTO(const struct vmblock_name *name, int err),
	TP_ARGS(name, err),
	TP_STRUCT__entry(
		__dynamic_array(char, text, name->length + 1)
		__field(int, err)
	),
	TP_fast_assign(
		memcpy(__get_dynamic_array(text), name->text, name->length);
		((char *)__get_dynamic_array(text))[name->length] = '\0';
		__entry->err = err;
	),
	TP_printk("name=%s err=%d", (const char *)__get_dynamic_array(text), __entry->err)
);

TRACE_EVENT(vmblock_delete,
	TP_PROTO(const struct vmblock_name *name, int err),
	TP_ARGS(name, err),
	TP_STRUCT__entry(
		__dynamic_array(char, text, name->length + 1)
		__field(int, err)
	),
	TP_fast_assign(
		memcpy(__get_dynamic_array(text), name->text, name->length);
		((char *)__get_dynamic_array(text))[name->length] = '\0';
		__entry->err = err;
	),
	TP_printk("name=%s err=%d", (const char *)__get_dynamic_array(text), __entry->err)
);

TRACE_EVENT(vmblock_wait_begin,
	TP_PROTO(u32 id, const struct vmblock_name *name),
	TP_ARGS(id, name),
	TP_STRUCT__entry(
		__field(u32, id)
		__dynamic_array(char, text, name->length + 1)
	),
	TP_fast_assign(
		__entry->id = id;
		memcpy(__get_dynamic_array(text), name->text, name->length);
		((char *)__get_dynamic_array(text))[name->length] = '\0';
	),
	TP_printk("id=%u name=%s", __entry->id, (const char *)__get_dynamic_array(text))
);

TRACE_EVENT(vmblock_wait_end,
	TP_PROTO(u32 id, int err),
	TP_ARGS(id, err),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->err = err;
	),
	TP_printk("id=%u err=%d", __entry->id, __entry->err)
);

#endif /* VMBLOCK_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE vmblock_trace
#include <trace/define_trace.h>
