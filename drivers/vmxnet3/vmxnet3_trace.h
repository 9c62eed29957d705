/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Tracepoints, one per batch.  A tx doorbell carries the position up to which
 * packets are posted and a tx batch the one up to which they are completed, so
 * the time between is a packet's; an rx poll has a start and an end.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmxnet3

#if !defined(VMXNET3_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMXNET3_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(vmxnet3_tx_doorbell,
	TP_PROTO(const struct net_device *netdev, u32 queue, u32 prod),
	TP_ARGS(netdev, queue, prod),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(u32, prod)
	),
	TP_fast_assign(
		__entry->ifindex = netdev->ifindex;
		__entry->queue = queue;
		__entry->prod = prod;
	),
	TP_printk("ifindex=%d queue=%u prod=%u", __entry->ifindex, __entry->queue, __entry->prod)
);

TRACE_EVENT(vmxnet3_tx_batch,
	TP_PROTO(const struct net_device *netdev, u32 queue, u32 cons, u32 packets, u32 bytes),
	TP_ARGS(netdev, queue, cons, packets, bytes),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(u32, cons)
		__field(u32, packets)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->ifindex = netdev->ifindex;
		__entry->queue = queue;
		__entry->cons = cons;
		__entry->packets = packets;
		__entry->bytes = bytes;
	),
	TP_printk("ifindex=%d queue=%u cons=%u packets=%u bytes=%u", __entry->ifindex,
		  __entry->queue, __entry->cons, __entry->packets, __entry->bytes)
);

TRACE_EVENT(vmxnet3_rx_poll,
	TP_PROTO(const struct net_device *netdev, u32 queue, int budget),
	TP_ARGS(netdev, queue, budget),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(int, budget)
	),
	TP_fast_assign(
		__entry->ifindex = netdev->ifindex;
		__entry->queue = queue;
		__entry->budget = budget;
	),
	TP_printk("ifindex=%d queue=%u budget=%d", __entry->ifindex, __entry->queue,
		  __entry->budget)
);

TRACE_EVENT(vmxnet3_rx_batch,
	TP_PROTO(const struct net_device *netdev, u32 queue, int packets),
	TP_ARGS(netdev, queue, packets),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(int, packets)
	),
	TP_fast_assign(
		__entry->ifindex = netdev->ifindex;
		__entry->queue = queue;
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
