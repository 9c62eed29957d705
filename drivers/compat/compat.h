/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What older kernels lack, under the names of the newest supported one. Kbuild includes this before
 * every file of ours; code never includes it by hand. Which parts are needed is found from the
 * kernel's headers (see probes), never from its version.
 */
#ifndef VMGUEST_COMPAT_H
#define VMGUEST_COMPAT_H

#include "compat_flags.h"

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/timer.h>

#ifdef NEED_PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif

#ifdef NEED_NAPI_SCHEDULE_BOOL
static inline bool vmguest_napi_schedule(struct napi_struct *napi)
{
	if (!napi_schedule_prep(napi))
		return false;
	__napi_schedule(napi);
	return true;
}

#define napi_schedule vmguest_napi_schedule
#endif

/* Only netlink reads the link between queue, NAPI and interrupt: nothing to do without it. */
#ifdef NEED_NETIF_QUEUE_SET_NAPI
enum netdev_queue_type {
	NETDEV_QUEUE_TYPE_RX,
	NETDEV_QUEUE_TYPE_TX,
};

static inline void netif_queue_set_napi(struct net_device *dev, unsigned int queue_index,
					enum netdev_queue_type type, struct napi_struct *napi)
{
}
#endif

#ifdef NEED_NETIF_NAPI_SET_IRQ
static inline void netif_napi_set_irq(struct napi_struct *napi, int irq)
{
}
#endif

#ifdef NEED_NETIF_NAPI_ADD_CONFIG
static inline void netif_napi_add_config(struct net_device *dev, struct napi_struct *napi,
					 int (*poll)(struct napi_struct *, int), int index)
{
	netif_napi_add(dev, napi, poll);
}
#endif

#ifdef NEED_ETHTOOL_PUTS
static inline void ethtool_puts(u8 **data, const char *str)
{
	strscpy_pad((char *)*data, str, ETH_GSTRING_LEN);
	*data += ETH_GSTRING_LEN;
}
#endif

#ifdef NEED_SKB_FRAG_FILL_PAGE_DESC
static inline void skb_frag_fill_page_desc(skb_frag_t *frag, struct page *page, int off, int size)
{
	__skb_frag_set_page(frag, page);
	skb_frag_off_set(frag, off);
	skb_frag_size_set(frag, size);
}
#endif

/* Ours take no flags argument: every caller allocates with GFP_KERNEL. */
#ifdef NEED_KZALLOC_OBJ
#define kzalloc_obj(p) ((typeof(p) *)kzalloc(sizeof(p), GFP_KERNEL))
#define kzalloc_objs(p, count) ((typeof(p) *)kcalloc(count, sizeof(p), GFP_KERNEL))
#endif

#ifdef NEED_KVZALLOC_OBJS
#define kvzalloc_objs(p, count) ((typeof(p) *)kvcalloc(count, sizeof(p), GFP_KERNEL))
#endif

#ifdef NEED_TIMER_CONTAINER_OF
#define timer_container_of(var, callback_timer, timer_fieldname) \
	container_of(callback_timer, typeof(*(var)), timer_fieldname)
#endif

#ifdef NEED_TIMER_DELETE_SYNC
#define timer_delete_sync del_timer_sync
#define timer_delete del_timer
#endif

/* A macro, so net/netdev_queues.h need not be read before every file. */
#ifdef NEED_NETIF_TXQ_COMPLETED_WAKE
#define netif_txq_completed_wake(txq, pkts, bytes, get_desc, start_thrs)	\
	({									\
		netdev_tx_completed_queue(txq, pkts, bytes);			\
		netif_txq_maybe_wake(txq, get_desc, start_thrs);		\
	})
#endif

#endif /* VMGUEST_COMPAT_H */
