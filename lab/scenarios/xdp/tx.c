// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// An echo server at UDP port 7003: sends such frames back where they came from. Every swap leaves the
// checksums right.
#include "xdp.h"

SEC("xdp") int tx(struct xdp_md *ctx)
{
	struct frame *f = udp_frame(ctx);
	unsigned char mac[ETH_ALEN];
	__be16 port;
	__be32 address;

	if (!f || f->udp.dest != to_be16(7003))
		return XDP_PASS;
	__builtin_memcpy(mac, f->eth.h_dest, ETH_ALEN);
	__builtin_memcpy(f->eth.h_dest, f->eth.h_source, ETH_ALEN);
	__builtin_memcpy(f->eth.h_source, mac, ETH_ALEN);
	address = f->ip.saddr;
	f->ip.saddr = f->ip.daddr;
	f->ip.daddr = address;
	port = f->udp.source;
	f->udp.source = f->udp.dest;
	f->udp.dest = port;
	return XDP_TX;
}
