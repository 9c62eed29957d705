/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * For kernels that have one net/page_pool.h (the header was split in 6.6); the helpers that came
 * after the split are written out here.
 */
#ifndef VMGUEST_COMPAT_NET_PAGE_POOL_HELPERS_H
#define VMGUEST_COMPAT_NET_PAGE_POOL_HELPERS_H

#include <net/page_pool/types.h>

/* The part of a page that the device wrote, counted from the pool's own offset. */
static inline void page_pool_dma_sync_for_cpu(const struct page_pool *pool,
					      const struct page *page,
					      u32 offset, u32 dma_sync_size)
{
	dma_sync_single_range_for_cpu(pool->p.dev, page_pool_get_dma_addr((struct page *)page),
				      offset + pool->p.offset, dma_sync_size,
				      page_pool_get_dma_dir((struct page_pool *)pool));
}

#endif /* VMGUEST_COMPAT_NET_PAGE_POOL_HELPERS_H */
