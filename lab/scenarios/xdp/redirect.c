// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A wire between two interfaces whose numbers follow each other, as those of the guest's NICs do.
#include "xdp.h"

SEC("xdp") int next(struct xdp_md *ctx)
{
	return bpf_redirect(ctx->ingress_ifindex + 1, 0);
}

SEC("xdp") int back(struct xdp_md *ctx)
{
	return bpf_redirect(ctx->ingress_ifindex - 1, 0);
}
