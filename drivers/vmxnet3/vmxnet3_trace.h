/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Tracepoints, one per batch.  A tx doorbell carries the position up to which
 * packets are posted and a tx batch the one up to which they are completed, so
 * the time between is a packet's; an rx poll has a start and an end.  They take
 * the queue as it is: what is looked up in it costs nothing while they are off.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmxnet3

#if !defined(VMXNET3_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMXNET3_TRACE_H

#include <linux/tracepoint.h>

#include "vmxnet3.h"

TRACE_EVENT(vmxnet3_tx_doorbell,
	TP_PROTO(const struct vmxnet3_queue *q, u32 prod),
	TP_ARGS(q, prod),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(u32, prod)
	),
	TP_fast_assign(
		__entry->ifindex = q->priv->netdev->ifindex;
		__entry->queue = q->id;
		__entry->prod = prod;
	),
	TP_printk("ifindex=%d queue=%u prod=%u", __entry->ifindex, __entry->queue, __entry->prod)
);

TRACE_EVENT(vmxnet3_tx_batch,
	TP_PROTO(const struct vmxnet3_queue *q, u32 cons, u32 packets, u32 bytes),
	TP_ARGS(q, cons, packets, bytes),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(u32, cons)
		__field(u32, packets)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->ifindex = q->priv->netdev->ifindex;
		__entry->queue = q->id;
		__entry->cons = cons;
		__entry->packets = packets;
		__entry->bytes = bytes;
	),
	TP_printk("ifindex=%d queue=%u cons=%u packets=%u bytes=%u", __entry->ifindex,
		  __entry->queue, __entry->cons, __entry->packets, __entry->bytes)
);

TRACE_EVENT(vmxnet3_rx_poll,
	TP_PROTO(const struct vmxnet3_queue *q, int budget),
	TP_ARGS(q, budget),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(int, budget)
	),
	TP_fast_assign(
		__entry->ifindex = q->priv->netdev->ifindex;
		__entry->queue = q->id;
		__entry->budget = budget;
	),
	TP_printk("ifindex=%d queue=%u budget=%d", __entry->ifindex, __entry->queue,
		  __entry->budget)
);

TRACE_EVENT(vmxnet3_rx_batch,
	TP_PROTO(const struct vmxnet3_queue *q, int packets),
	TP_ARGS(q, packets),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(int, packets)
	),
	TP_fast_assign(
		__entry->ifindex = q->priv->netdev->ifindex;
		__entry->queue = q->id;
		__entry->packets = packets;
	),
	TP_printk("ifindex=%d queue=%u packets=%d", __entry->ifindex, __entry->queue,
		  __entry->packets)
);

#endif /* VMXNET3_TRACE_H */

/* This header is found next to the files that use it: Kbuild adds the folder. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE vmxnet3_trace
#include <trace/define_trace.h>
