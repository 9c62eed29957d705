// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Receive: judging completions, building packets, refilling the rings.
 *
 * Ring 0 holds head buffers (room for an skb around the frame), ring 1 body
 * pages for what is longer, each from a page pool of its own; heads are half
 * pages where the MTU allows it.  Small frames are copied only on request: a
 * recycled half page costs the guest no more than memory for a copy, but pins
 * more.  A completion may pass over slots; whatever still has its buffer is
 * posted again as it is.
 */
#include <linux/etherdevice.h>
#include <linux/ipv6.h>
#include <linux/prefetch.h>
#include <net/busy_poll.h>
#include <net/gro.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "vmxnet3.h"
#include "vmxnet3_trace.h"

#define VMXNET3_RX_RETRY	(HZ / 50)

/* A buffer of @size bytes from @pool: a part of a page, or a page. */
static bool vmxnet3_rx_buf_fill(struct page_pool *pool, struct vmxnet3_rx_buf *buf, u32 size,
				gfp_t gfp)
{
	unsigned int offset = 0;
	struct page *page;

	if (size < VMXNET3_RX_PAGE)
		page = page_pool_alloc_frag(pool, &offset, size, gfp);
	else
		page = page_pool_alloc_pages(pool, gfp);
	if (unlikely(!page))
		return false;
	buf->page = page;
	buf->offset = offset;
	buf->dma = page_pool_get_dma_addr(page) + offset;
	return true;
}

static void *vmxnet3_rx_buf_va(const struct vmxnet3_rx_buf *buf)
{
	return page_address(buf->page) + buf->offset;
}

/* Buffers for a whole ring, before the rings are ever attached. */
int vmxnet3_rx_prefill(struct vmxnet3_rings *rings, struct vmxnet3_ring_mem *mem)
{
	u32 i, slot;

	for (i = 0; i < 2; i++)
		for (slot = 0; slot < rings->rx_size[i] - 1; slot++)
			if (!vmxnet3_rx_buf_fill(mem->pool[i], &mem->rx_buf[i][slot],
						 rings->buf_size[i], GFP_KERNEL))
				return -ENOMEM;
	return 0;
}

static __le64 vmxnet3_rx_addr(const struct vmxnet3_rxq *rx, const struct vmxnet3_rx_buf *buf,
			      u32 ring)
{
	return cpu_to_le64(buf->dma + (ring ? 0 : rx->headroom));
}

/*
 * Posts buffers until one slot is left or memory runs out; false if so.  Inline,
 * because with @ring a constant half of the address arithmetic goes away.
 */
static __always_inline bool vmxnet3_rx_refill_ring(struct vmxnet3_rxq *rx, const u32 ring)
{
	struct vmxnet3_rx_ring_pos *p = &rx->pos[ring];
	u64 kind = ring ? VMXNET3_RXD_BODY : 0;
	u32 prod, mask = p->mask, end = p->cons + mask;

	for (prod = p->prod; prod != end; p->prod = ++prod) {
		u32 slot = prod & mask;
		struct vmxnet3_rx_buf *buf = &rx->buf[ring][slot];
		struct vmxnet3_desc *d = &rx->desc[ring][slot];

		if (!buf->page) {
			if (!vmxnet3_rx_buf_fill(rx->pool[ring], buf, rx->buf_size[ring],
						 GFP_ATOMIC | __GFP_NOWARN))
				return false;
			d->addr = vmxnet3_rx_addr(rx, buf, ring);
		} else {
			/* Passed over, or looked at and not handed up. */
			dma_sync_single_for_device(rx->dma_dev, buf->dma, rx->buf_size[ring],
						   rx->dma_dir);
		}
		/* The address before the generation that hands the slot over. */
		dma_wmb();
		WRITE_ONCE(d->word, cpu_to_le64(vmxnet3_rxd_word(p->buf_len, kind, prod, mask)));
	}
	return true;
}

static u32 vmxnet3_rx_room(const struct vmxnet3_rx_ring_pos *p)
{
	return vmxnet3_ring_free(p->prod, p->cons, p->mask);
}

/*
 * Refills in batches.  An empty ring raises no interrupt, so after a failed
 * allocation only a timer brings us back here.
 */
static __always_inline void vmxnet3_rx_refill_one(struct vmxnet3_queue *q, const u32 ring)
{
	struct vmxnet3_rxq *rx = &q->rx;

	if (vmxnet3_rx_room(&rx->pos[ring]) < VMXNET3_RX_REFILL_BATCH)
		return;
	if (unlikely(!vmxnet3_rx_refill_ring(rx, ring))) {
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_REFILL_FAILED);
		rx->is_short = true;
		mod_timer(&rx->refill_timer, jiffies + VMXNET3_RX_RETRY);
	}
	/* Set by hosts that pass the ring to hardware. */
	if (unlikely(READ_ONCE(rx->qdesc->update_prod)))
		vmxnet3_hw_rx_doorbell(&q->priv->hw, q->id, ring,
				       rx->pos[ring].prod & rx->pos[ring].mask);
}

static noinline void vmxnet3_rx_refill(struct vmxnet3_queue *q)
{
	q->rx.is_short = false;
	vmxnet3_rx_refill_one(q, 0);
	vmxnet3_rx_refill_one(q, 1);
}

void vmxnet3_rx_refill_timer(struct timer_list *t)
{
	struct vmxnet3_rxq *rx = timer_container_of(rx, t, refill_timer);
	struct vmxnet3_queue *q = container_of(rx, struct vmxnet3_queue, rx);

	napi_schedule(&q->napi);
}

/* The first write of both producer registers is owed after every ACTIVATE. */
void vmxnet3_rx_kick(struct vmxnet3_queue *q)
{
	u32 ring;

	for (ring = 0; ring < 2; ring++)
		vmxnet3_hw_rx_doorbell(&q->priv->hw, q->id, ring,
				       q->rx.pos[ring].prod & q->rx.pos[ring].mask);
}

static void vmxnet3_rx_bad(struct vmxnet3_queue *q, enum vmxnet3_rxc_verdict v)
{
	static const u8 stat[VMXNET3_RXC_VERDICT_COUNT] = {
		[VMXNET3_RXC_BAD_RING] = VMXNET3_POLL_RX_BAD_RING,
		[VMXNET3_RXC_BAD_SLOT] = VMXNET3_POLL_RX_BAD_SLOT,
		[VMXNET3_RXC_BAD_LEN] = VMXNET3_POLL_RX_BAD_LEN,
		[VMXNET3_RXC_BAD_ORDER] = VMXNET3_POLL_RX_BAD_ORDER,
	};

	q->rx.is_broken = true;
	vmxnet3_poll_count(q, stat[v]);
	if (net_ratelimit())
		netdev_err(q->priv->netdev, "queue %u: impossible rx completion (%s), resetting\n",
			   q->id, vmxnet3_rxc_verdict_name(v));
	vmxnet3_schedule_service(q->priv, VMXNET3_SERVICE_BAD_COMPLETION);
}

/* The buffer a checked completion speaks of; its slot is ours again. */
static struct vmxnet3_rx_buf *vmxnet3_rx_take(struct vmxnet3_rxq *rx, u32 ring, u64 w0)
{
	struct vmxnet3_rx_ring_pos *p = &rx->pos[ring];
	u32 slot = vmxnet3_rxc_slot(w0);

	p->cons = vmxnet3_ring_pos(p->cons, p->mask, slot) + 1;
	return &rx->buf[ring][slot];
}

static struct vmxnet3_rx_buf *vmxnet3_rx_take_next(struct vmxnet3_rxq *rx, u32 ring)
{
	return &rx->buf[ring][rx->pos[ring].cons++ & rx->pos[ring].mask];
}

static void vmxnet3_rx_sync(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf, u32 offset,
			    u32 len)
{
	dma_sync_single_range_for_cpu(q->tx.dma_dev, buf->dma, offset, len, q->rx.dma_dir);
}

/* An skb around a head buffer, which leaves its slot; @headroom in front of the frame. */
static struct sk_buff *vmxnet3_rx_wrap(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf,
				       u32 headroom, u32 len)
{
	struct sk_buff *skb = napi_build_skb(vmxnet3_rx_buf_va(buf), q->rx.buf_size[0]);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, headroom);
	__skb_put(skb, len);
	skb_mark_for_recycle(skb);
	buf->page = NULL;
	return skb;
}

/* The same for the stack; without memory it is a drop, and counted. */
static __always_inline struct sk_buff *
vmxnet3_rx_build(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf, u32 len)
{
	u32 headroom = q->rx.headroom;
	struct sk_buff *skb;

	prefetch(vmxnet3_rx_buf_va(buf) + headroom);
	vmxnet3_rx_sync(q, buf, headroom, len);
	skb = vmxnet3_rx_wrap(q, buf, headroom, len);
	if (unlikely(!skb))
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_DROP_NOMEM);
	return skb;
}

/* An skb with a copy of the frame, as small as can be; the buffer stays in its slot. */
static noinline struct sk_buff *vmxnet3_rx_copy(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf,
						u32 len)
{
	struct sk_buff *skb = __alloc_skb(VMXNET3_RX_HEADROOM + len, GFP_ATOMIC | __GFP_NOWARN,
					  SKB_ALLOC_NAPI, NUMA_NO_NODE);

	if (unlikely(!skb)) {
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_DROP_NOMEM);
		return NULL;
	}
	vmxnet3_rx_sync(q, buf, q->rx.headroom, len);
	skb_reserve(skb, VMXNET3_RX_HEADROOM);
	skb_put_data(skb, vmxnet3_rx_buf_va(buf) + q->rx.headroom, len);
	vmxnet3_poll_count(q, VMXNET3_POLL_RX_COPIED);
	return skb;
}

static __always_inline struct sk_buff *
vmxnet3_rx_whole(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf, u32 len)
{
	if (unlikely(len <= READ_ONCE(q->rx.copybreak)))
		return vmxnet3_rx_copy(q, buf, len);
	return vmxnet3_rx_build(q, buf, len);
}

/* From the next packet on; 0 for none. */
void vmxnet3_rx_set_copybreak(struct vmxnet3_priv *priv, u32 len)
{
	u32 i;

	for (i = 0; i < priv->max_pairs; i++)
		WRITE_ONCE(priv->queue[i].rx.copybreak, len);
}

/* IP header length and TCP header length of an aggregated packet, or false. */
static bool vmxnet3_rx_tcp_hlen(const struct sk_buff *skb, u32 *net_hlen, u32 *tcp_hlen)
{
	const struct iphdr *ip = (const struct iphdr *)skb->data;
	const struct tcphdr *th;

	if (skb_headlen(skb) < sizeof(struct ipv6hdr) + sizeof(*th))
		return false;
	if (skb->protocol == htons(ETH_P_IP) && ip->protocol == IPPROTO_TCP)
		*net_hlen = ip->ihl * 4;
	else if (skb->protocol == htons(ETH_P_IPV6) &&
		 ((const struct ipv6hdr *)ip)->nexthdr == IPPROTO_TCP)
		*net_hlen = sizeof(struct ipv6hdr);
	else
		return false;
	if (*net_hlen < sizeof(*ip) || skb_headlen(skb) < *net_hlen + sizeof(*th))
		return false;
	th = (const struct tcphdr *)(skb->data + *net_hlen);
	*tcp_hlen = __tcp_hdrlen(th);
	return *tcp_hlen >= sizeof(*th) && *net_hlen + *tcp_hlen < skb->len;
}

/*
 * A version 1 device merges TCP segments without saying so: a verified TCP
 * packet above the MTU is one.  Its segment size is a guess from the MTU, good
 * enough for the own stack; nothing is merged that may go on to others (see
 * vmxnet3_fix_features()).  It is handed up in the form that GRO gives.
 */
static noinline void vmxnet3_rx_merged(struct vmxnet3_queue *q, struct sk_buff *skb)
{
	u32 net_hlen, tcp_hlen, mss;
	bool is_v4 = skb->protocol == htons(ETH_P_IP);
	struct tcphdr *th;

	if (skb->ip_summed != CHECKSUM_UNNECESSARY ||
	    !vmxnet3_rx_tcp_hlen(skb, &net_hlen, &tcp_hlen))
		return;
	mss = vmxnet3_lro_mss(q->rx.merged_above, net_hlen, tcp_hlen);
	if (!mss)
		return;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, net_hlen);
	th = tcp_hdr(skb);
	if (is_v4)
		th->check = ~tcp_v4_check(skb->len - net_hlen, ip_hdr(skb)->saddr,
					  ip_hdr(skb)->daddr, 0);
	else
		th->check = ~tcp_v6_check(skb->len - net_hlen, &ipv6_hdr(skb)->saddr,
					  &ipv6_hdr(skb)->daddr, 0);
	skb_shinfo(skb)->gso_size = mss;
	skb_shinfo(skb)->gso_type = is_v4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	NAPI_GRO_CB(skb)->count = DIV_ROUND_UP(skb->len - net_hlen - tcp_hlen, mss);
	tcp_gro_complete(skb);
	vmxnet3_poll_count(q, VMXNET3_POLL_RX_LRO);
}

/* The hash that chose the queue, if there was a choice. */
static void vmxnet3_rx_hash(struct sk_buff *skb, u64 w0)
{
	u32 type = vmxnet3_rxc_rss_type(w0);
	bool is_l4 = type == VMXNET3_RSSTYPE_TCPV4 || type == VMXNET3_RSSTYPE_TCPV6;

	skb_set_hash(skb, vmxnet3_rxc_hash(w0), is_l4 ? PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
}

/*
 * Tells the stack about a whole packet, and counts it; w0 and w1 are of its last
 * completion.  False if it was dropped.
 */
static __always_inline bool vmxnet3_rx_describe(struct vmxnet3_queue *q, struct sk_buff *skb,
						u64 w0, u64 w1)
{
	u32 len = skb->len;
	bool is_csum_good = q->rx.has_csum && vmxnet3_rxc_csum_good(w0, w1);

	/* The header has to be in the first buffer, whatever a hostile device puts there. */
	if (unlikely(skb_headlen(skb) < ETH_HLEN)) {
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_DROP_RUNT);
		dev_kfree_skb_any(skb);
		return false;
	}
	if (is_csum_good)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (w1 & VMXNET3_RXC1_TS)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), vmxnet3_rxc_tci(w1));
	if (vmxnet3_rxc_rss_type(w0) && (q->priv->netdev->features & NETIF_F_RXHASH))
		vmxnet3_rx_hash(skb, w0);
	skb_record_rx_queue(skb, q->id);
	skb->protocol = eth_type_trans(skb, q->priv->netdev);
	if (unlikely(skb->len > q->rx.merged_above))
		vmxnet3_rx_merged(q, skb);
	u64_stats_update_begin(&q->stats.syncp);
	u64_stats_inc(&q->stats.v[VMXNET3_POLL_RX_PACKETS]);
	u64_stats_add(&q->stats.v[VMXNET3_POLL_RX_BYTES], len);
	if (is_csum_good)
		u64_stats_inc(&q->stats.v[VMXNET3_POLL_RX_CSUM_GOOD]);
	u64_stats_update_end(&q->stats.syncp);
	return true;
}

/*
 * GRO is a detour where there is nothing to merge with: it is idle, and the next
 * completion is not there yet.
 */
static noinline void vmxnet3_rx_deliver(struct vmxnet3_queue *q, struct sk_buff *skb, u64 w0,
					u64 w1)
{
	if (!vmxnet3_rx_describe(q, skb, w0, w1))
		return;
	if (vmxnet3_comp_is_pending(q->rx.comp, &q->rx.comp_pos) ||
	    !vmguest_gro_is_idle(&q->napi)) {
		napi_gro_receive(&q->napi, skb);
		return;
	}
	skb_mark_napi_id(skb, &q->napi);
	netif_receive_skb(skb);
}

/* The device marked the packet bad; without FCS it was damaged on the wire. */
static void vmxnet3_rx_count_error(struct vmxnet3_queue *q, u64 w1)
{
	vmxnet3_poll_count(q, w1 & VMXNET3_RXC1_FCS ? VMXNET3_POLL_RX_DROP_DEVICE :
						      VMXNET3_POLL_RX_DROP_FCS);
}

/* Lets the program decide first, and hands up what it passes. */
static noinline void vmxnet3_rx_xdp(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf, u64 w0,
				    u64 w1)
{
	u32 metasize, len = vmxnet3_rxc_len(w1);
	struct sk_buff *skb;
	struct xdp_buff xdp;

	if (unlikely(len < ETH_HLEN)) {
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_DROP_RUNT);
		return;
	}
	vmxnet3_rx_sync(q, buf, q->rx.headroom, len);
	xdp_init_buff(&xdp, q->rx.buf_size[0], q->rx.xdp_rxq);
	xdp_prepare_buff(&xdp, vmxnet3_rx_buf_va(buf), q->rx.headroom, len, true);
	if (!vmxnet3_xdp_run(q, buf, &xdp))
		return;
	metasize = xdp.data - xdp.data_meta;
	skb = vmxnet3_rx_wrap(q, buf, xdp.data - xdp.data_hard_start, xdp.data_end - xdp.data);
	if (unlikely(!skb)) {
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_DROP_NOMEM);
		return;
	}
	if (metasize)
		skb_metadata_set(skb, metasize);
	vmxnet3_rx_deliver(q, skb, w0, w1);
}

/* A packet that a program looks at, or that may be the only one of its poll. */
static noinline void vmxnet3_rx_special(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf,
					u64 w0, u64 w1)
{
	struct sk_buff *skb;

	if (q->rx.prog) {
		vmxnet3_rx_xdp(q, buf, w0, w1);
		return;
	}
	q->rx.is_special = false;
	skb = vmxnet3_rx_whole(q, buf, vmxnet3_rxc_len(w1));
	if (likely(skb))
		vmxnet3_rx_deliver(q, skb, w0, w1);
}

/* A packet in one buffer: nearly all of them. */
static __always_inline void vmxnet3_rx_single(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf,
					      u64 w0, u64 w1)
{
	struct sk_buff *skb;

	if (unlikely(w1 & VMXNET3_RXC1_ERR)) {
		vmxnet3_rx_count_error(q, w1);
		return;
	}
	if (unlikely(q->rx.is_special)) {
		vmxnet3_rx_special(q, buf, w0, w1);
		return;
	}
	skb = vmxnet3_rx_whole(q, buf, vmxnet3_rxc_len(w1));
	if (likely(skb) && likely(vmxnet3_rx_describe(q, skb, w0, w1)))
		napi_gro_receive(&q->napi, skb);
}

/* The first of several buffers.  Without an skb the rest is dropped, too. */
static void vmxnet3_rx_first(struct vmxnet3_queue *q, u64 w0, u64 w1)
{
	struct vmxnet3_rx_buf *buf = vmxnet3_rx_take(&q->rx, 0, w0);

	q->rx.is_mid_packet = true;
	/* A program sees whole packets, and no MTU it allows needs more than one buffer. */
	if (unlikely(q->rx.prog)) {
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_DROP_FRAGS);
		return;
	}
	q->rx.skb = vmxnet3_rx_build(q, buf, vmxnet3_rxc_len(w1));
}

static void vmxnet3_rx_add_body(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf, u32 len)
{
	struct sk_buff *skb = q->rx.skb;
	u32 nr = skb_shinfo(skb)->nr_frags;

	if (unlikely(nr == MAX_SKB_FRAGS)) {
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_DROP_FRAGS);
		dev_kfree_skb_any(skb);
		q->rx.skb = NULL;
		return;
	}
	vmxnet3_rx_sync(q, buf, 0, len);
	skb_add_rx_frag(skb, nr, buf->page, 0, len, VMXNET3_RX_PAGE);
	buf->page = NULL;
}

/*
 * A further buffer of the packet.  Returns what it counts against the budget:
 * the end of a packet, and every buffer of one that is being dropped, so that
 * a packet without an end cannot keep us here.
 */
static int vmxnet3_rx_next(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf, u64 w0, u64 w1)
{
	u32 len = vmxnet3_rxc_len(w1);
	struct sk_buff *skb;

	if (len && q->rx.skb)
		vmxnet3_rx_add_body(q, buf, len);
	if (!(w0 & VMXNET3_RXC0_EOP))
		return q->rx.skb ? 0 : 1;

	skb = q->rx.skb;
	q->rx.skb = NULL;
	q->rx.is_mid_packet = false;
	if (!skb)
		return 1;
	if (unlikely(w1 & VMXNET3_RXC1_ERR)) {
		vmxnet3_rx_count_error(q, w1);
		dev_kfree_skb_any(skb);
	} else {
		vmxnet3_rx_deliver(q, skb, w0, w1);
	}
	/* Merged packets take 17 pages each and empty ring 1 faster than a poll ends. */
	if (vmxnet3_rx_room(&q->rx.pos[1]) >= VMXNET3_RX_REFILL_BODIES)
		vmxnet3_rx_refill(q);
	return 1;
}

static noinline int vmxnet3_rx_one(struct vmxnet3_queue *q, enum vmxnet3_rxc_verdict v, u64 w0,
				   u64 w1)
{
	if (unlikely(v == VMXNET3_RXC_SKIPPED)) {
		vmxnet3_rx_take(&q->rx, 0, w0);
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_SKIPPED);
		return 1;
	}
	if (!(w0 & VMXNET3_RXC0_SOP))
		return vmxnet3_rx_next(q, vmxnet3_rx_take(&q->rx, 1, w0), w0, w1);
	if (w0 & VMXNET3_RXC0_EOP) {
		vmxnet3_rx_single(q, vmxnet3_rx_take(&q->rx, 0, w0), w0, w1);
		return 1;
	}
	vmxnet3_rx_first(q, w0, w1);
	return 0;
}

/* At most @budget packets; a packet may stay unfinished between two polls. */
int vmxnet3_rx_poll(struct vmxnet3_queue *q, int budget)
{
	struct vmxnet3_rxq *rx = &q->rx;
	int done = 0;

	trace_vmxnet3_rx_poll(q, budget);
	rx->has_csum = q->priv->netdev->features & NETIF_F_RXCSUM;
	rx->prog = rx->xdp_rxq ? READ_ONCE(q->priv->prog) : NULL;
	rx->is_special = true;
	while (done < budget) {
		struct vmxnet3_comp *c = &rx->comp[rx->comp_pos.next];
		enum vmxnet3_rxc_verdict v;
		u64 w0, w1;

		if (!vmxnet3_comp_is_new(&rx->comp_pos, le64_to_cpu(READ_ONCE(c->w1))))
			break;
		/* The rest of the completion is valid once its generation is. */
		dma_rmb();
		w0 = le64_to_cpu(READ_ONCE(c->w0));
		w1 = le64_to_cpu(READ_ONCE(c->w1));
		vmxnet3_comp_advance(&rx->comp_pos);
		if (!rx->is_mid_packet) {
			if (likely(vmxnet3_rxc_is_simple(&rx->pos[0], w0, w1))) {
				vmxnet3_rx_single(q, vmxnet3_rx_take_next(rx, 0), w0, w1);
				done++;
				continue;
			}
		} else if (likely(vmxnet3_rxc_is_next_body(&rx->pos[1], w0, w1))) {
			done += vmxnet3_rx_next(q, vmxnet3_rx_take_next(rx, 1), w0, w1);
			continue;
		}
		v = vmxnet3_rxc_check(rx->pos, w0, w1, rx->is_mid_packet);
		if (unlikely(v > VMXNET3_RXC_SKIPPED)) {
			vmxnet3_rx_bad(q, v);
			break;
		}
		done += vmxnet3_rx_one(q, v, w0, w1);
	}
	if (likely(!rx->is_broken))
		vmxnet3_rx_refill(q);
	if (unlikely(rx->prog))
		vmxnet3_xdp_flush(q);
	trace_vmxnet3_rx_batch(q, done);
	return done;
}

/* Zeroed rings with all buffers posted that there are; the poller is off. */
void vmxnet3_rx_start(struct vmxnet3_queue *q)
{
	struct vmxnet3_rxq *rx = &q->rx;
	bool is_full;
	u32 ring, slot;

	for (ring = 0; ring < 2; ring++) {
		struct vmxnet3_rx_ring_pos *p = &rx->pos[ring];

		memset(rx->desc[ring], 0, (p->mask + 1) * sizeof(*rx->desc[ring]));
		for (slot = 0; slot <= p->mask; slot++)
			if (rx->buf[ring][slot].page)
				rx->desc[ring][slot].addr =
					vmxnet3_rx_addr(rx, &rx->buf[ring][slot], ring);
		p->prod = 0;
		p->cons = 0;
	}
	vmxnet3_comp_start(&rx->comp_pos, rx->pos[0].mask + rx->pos[1].mask + 2);
	memset(rx->comp, 0, rx->comp_pos.size * sizeof(*rx->comp));
	rx->is_mid_packet = false;
	rx->is_short = false;
	rx->is_broken = false;
	rx->is_masked = false;
	is_full = vmxnet3_rx_refill_ring(rx, 0);
	is_full &= vmxnet3_rx_refill_ring(rx, 1);
	if (is_full)
		return;
	rx->is_short = true;
	mod_timer(&rx->refill_timer, jiffies + VMXNET3_RX_RETRY);
}

/* Drops a packet that had not ended; posted pages stay in their slots. */
void vmxnet3_rx_drain(struct vmxnet3_queue *q)
{
	if (!q->rx.skb)
		return;
	vmxnet3_poll_count(q, VMXNET3_POLL_RX_DROP_RESET);
	dev_kfree_skb_any(q->rx.skb);
	q->rx.skb = NULL;
}
