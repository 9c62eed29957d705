// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A wire between the guest's first two NICs, eth0 (interface 2) and eth1 (interface 3).
#include "xdp.h"

SEC("xdp") int redirect(struct xdp_md *ctx)
{
	return bpf_redirect(ctx->ingress_ifindex == 2 ? 3 : 2, 0);
}
