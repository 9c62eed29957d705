/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What the XDP programs of the scenarios share: the two helpers they call, by
 * number as the kernel documents them, and a look at UDP over IPv4.
 */
#ifndef VMGUEST_XDP_H
#define VMGUEST_XDP_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#define SEC(name) __attribute__((section(name), used))
#define to_be16(x) __builtin_bswap16(x)

static long (*const bpf_redirect)(__u32 ifindex, __u64 flags) = (void *)BPF_FUNC_redirect;

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

/* The frame if it is UDP without IP options, or NULL. */
static inline struct frame *udp_frame(struct xdp_md *ctx)
{
	struct frame *f = (void *)(long)ctx->data;

	if ((void *)(f + 1) > (void *)(long)ctx->data_end)
		return (void *)0;
	if (f->eth.h_proto != to_be16(ETH_P_IP) || f->ip.protocol != IPPROTO_UDP || f->ip.ihl != 5)
		return (void *)0;
	return f;
}

#endif
