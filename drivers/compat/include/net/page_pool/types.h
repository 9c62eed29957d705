/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * For kernels that have one net/page_pool.h (the header was split in 6.6). Newer kernels are told
 * which NAPI and device a pool serves; older ones do not ask, so that is dropped on the way. A pool
 * of a newer kernel gives out pages and fragments of pages alike; an older one has to be told that
 * there will be fragments, and then keeps count of them for whole pages as well.
 */
#ifndef VMGUEST_COMPAT_NET_PAGE_POOL_TYPES_H
#define VMGUEST_COMPAT_NET_PAGE_POOL_TYPES_H

#include <net/page_pool.h>

struct vmguest_page_pool_params {
	unsigned int order;
	unsigned int pool_size;
	int nid;
	struct device *dev;
	struct napi_struct *napi;
	enum dma_data_direction dma_dir;
	unsigned int max_len;
	unsigned int offset;
	struct net_device *netdev;
	unsigned int queue_idx;
	unsigned int flags;
};

static inline struct page_pool *
vmguest_page_pool_create(const struct vmguest_page_pool_params *params)
{
	const struct page_pool_params old = {
		.flags = params->flags | PP_FLAG_PAGE_FRAG,
		.order = params->order,
		.pool_size = params->pool_size,
		.nid = params->nid,
		.dev = params->dev,
		.dma_dir = params->dma_dir,
		.max_len = params->max_len,
		.offset = params->offset,
	};

	return page_pool_create(&old);
}

static inline struct page *vmguest_page_pool_alloc_pages(struct page_pool *pool, gfp_t gfp)
{
	struct page *page = page_pool_alloc_pages(pool, gfp);

	if (likely(page))
		page_pool_fragment_page(page, 1);
	return page;
}

#define page_pool_alloc_pages vmguest_page_pool_alloc_pages
#define page_pool_params vmguest_page_pool_params
#define page_pool_create vmguest_page_pool_create

#endif /* VMGUEST_COMPAT_NET_PAGE_POOL_TYPES_H */
