/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * For kernels that have one net/page_pool.h (the header was split in 6.6).
 */
#ifndef VMGUEST_COMPAT_NET_PAGE_POOL_HELPERS_H
#define VMGUEST_COMPAT_NET_PAGE_POOL_HELPERS_H

#include <net/page_pool/types.h>

#endif /* VMGUEST_COMPAT_NET_PAGE_POOL_HELPERS_H */
