// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The one place that touches the balloon's port.
 */
#include <linux/atomic.h>

#include "vmmemctl.h"

#define CREATE_TRACE_POINTS
#include "vmmemctl_trace.h"

/**
 * vmmemctl_port_call - carry out one command
 * @ctx: unused, the port is one per machine
 * @call: the command; its status, target and capabilities are filled in
 *
 * The CPU stands still until the host has answered.  Needs no memory and no
 * lock of its own, so it may be called from anywhere, a panic included.
 */
void vmmemctl_port_call(void *ctx, struct vmmemctl_call *call)
{
	static atomic_t ids = ATOMIC_INIT(0);
	unsigned long target = call->arg1, caps = call->command, rdx, rsi;
	u32 status = VMMEMCTL_MAGIC, id = atomic_inc_return(&ids);

	trace_vmmemctl_call_begin(id, call);
	asm volatile("inl %%dx, %%eax"
		     : "+a" (status), "+b" (target), "+c" (caps), "=d" (rdx), "=S" (rsi)
		     : "3" (VMMEMCTL_PORT), "4" (call->arg2)
		     : "memory");
	call->status = status;
	call->target = target;
	call->caps = caps;
	trace_vmmemctl_call_end(id, call);
}
