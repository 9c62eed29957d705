// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Drops UDP to port 9 and passes the rest.
#include "xdp.h"

SEC("xdp") int drop(struct xdp_md *ctx)
{
	const struct frame *f = udp_frame(ctx);

	return f && f->udp.dest == to_be16(9) ? XDP_DROP : XDP_PASS;
}
