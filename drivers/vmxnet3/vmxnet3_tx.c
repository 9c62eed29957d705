// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Transmit: which packets the device may finish for us, posting a packet, and
 * reaping completions.
 *
 * A packet becomes visible to the device in one store, that of word 1 of its
 * first descriptor: until then the slot keeps its word of the previous lap,
 * and the device never looks past it.  So everything that can fail happens
 * before, and a failure only has to put back the words of the later slots.
 */
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/netdev_queues.h>
#include <net/tcp.h>

#include "vmxnet3.h"

/* Is this a plain TCP or UDP header right behind the outermost IP header? */
static bool vmxnet3_l4_is_plain(const struct sk_buff *skb, __be16 type, const u8 *l4)
{
	const u8 *net = skb_network_header(skb);
	u8 proto;

	if (type == htons(ETH_P_IP)) {
		if (net + sizeof(struct iphdr) > l4 || net + ip_hdrlen(skb) != l4)
			return false;
		proto = ip_hdr(skb)->protocol;
	} else {
		/* Extension headers are left to software. */
		if (type != htons(ETH_P_IPV6) || net + sizeof(struct ipv6hdr) != l4)
			return false;
		proto = ipv6_hdr(skb)->nexthdr;
	}
	return proto == IPPROTO_UDP || proto == IPPROTO_TCP;
}

static bool vmxnet3_can_offload(const struct sk_buff *skb, __be16 type)
{
	const u8 *l4 = skb_checksum_start(skb);
	const u8 *end = skb_tail_pointer(skb);
	u32 start = l4 - skb->data;

	/* One bound for both fields; for the unknown tunnels there is no encoding. */
	if (start + skb->csum_offset > VMXNET3_TX_MAX_HLEN || skb->encapsulation)
		return false;
	/* Headers in fragments are not worth a special case. */
	if (l4 + sizeof(struct udphdr) > end || !vmxnet3_l4_is_plain(skb, type, l4))
		return false;
	if (!skb_is_gso(skb))
		return true;
	if (l4 + sizeof(struct tcphdr) > end)
		return false;
	start += __tcp_hdrlen((const struct tcphdr *)l4);
	return start <= min(VMXNET3_TX_MAX_HLEN, skb_headlen(skb)) &&
	       skb_shinfo(skb)->gso_size <= VMXNET3_TX_MAX_MSS;
}

static netdev_features_t vmxnet3_offloads_of(const struct sk_buff *skb, __be16 type,
					     netdev_features_t features)
{
	if (likely(vmxnet3_can_offload(skb, type)))
		return features;
	return features & ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
}

/* A tag in the data, and then perhaps another one beside it. */
static noinline netdev_features_t vmxnet3_features_check_tagged(struct sk_buff *skb,
								netdev_features_t features)
{
	return vlan_features_check(skb, vmxnet3_offloads_of(skb, vlan_get_protocol(skb),
							    features));
}

/* Packets whose offload does not fit the descriptor are done in software. */
netdev_features_t vmxnet3_features_check(struct sk_buff *skb, struct net_device *netdev,
					 netdev_features_t features)
{
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return features;
	if (unlikely(eth_type_vlan(skb->protocol)))
		return vmxnet3_features_check_tagged(skb, features);
	return vmxnet3_offloads_of(skb, skb->protocol, features);
}

/*
 * Brings the headers of a TSO packet into the form the device wants: pseudo
 * header sum without the length, and no IPv4 header checksum.  The IPv6
 * payload length stays as it is; the device accepts it either way.  Returns
 * the offload bits of the first descriptor, 0 if the packet has to go.
 */
static noinline u64 vmxnet3_tx_prepare_tso(struct vmxnet3_txq *tx, struct sk_buff *skb)
{
	u32 hlen, start = skb_checksum_start_offset(skb);
	struct tcphdr *th;

	if (unlikely(skb_cow_head(skb, 0))) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_NOMEM);
		return 0;
	}
	th = (struct tcphdr *)skb_checksum_start(skb);
	hlen = start + sizeof(*th);
	if (likely(hlen <= skb_headlen(skb)))
		hlen = start + __tcp_hdrlen(th);
	if (unlikely(hlen > min(VMXNET3_TX_MAX_HLEN, skb_headlen(skb)))) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_HEADER);
		return 0;
	}

	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4) {
		ip_hdr(skb)->check = 0;
		th->check = ~csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, 0,
					       IPPROTO_TCP, 0);
	} else {
		th->check = ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, 0,
					     IPPROTO_TCP, 0);
	}
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_TSO);
	return vmxnet3_txd_tso(hlen, skb_shinfo(skb)->gso_size);
}

/* Offload bits for a packet with CHECKSUM_PARTIAL; 0 if it has to go. */
static u64 vmxnet3_tx_prepare(struct vmxnet3_txq *tx, struct sk_buff *skb)
{
	if (skb_is_gso(skb))
		return vmxnet3_tx_prepare_tso(tx, skb);
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_CSUM);
	return vmxnet3_txd_csum(skb_checksum_start_offset(skb), skb->csum_offset);
}

static u32 vmxnet3_tx_segs(u32 len)
{
	return DIV_ROUND_UP(len, VMXNET3_TX_MAX_SEG);
}

/* Descriptors for the packet; a head that fits the data ring takes one. */
static u32 vmxnet3_tx_count(const struct sk_buff *skb)
{
	u32 num = vmxnet3_tx_segs(skb_headlen(skb));
	int i;

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++)
		num += vmxnet3_tx_segs(skb_frag_size(&skb_shinfo(skb)->frags[i]));
	return num;
}

/* One packet being posted. */
struct vmxnet3_tx_fill {
	u32 sop;
	u32 pos;
	u32 last;
	u64 sop_word;	/* held back, it publishes the packet */
};

static void vmxnet3_tx_put(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f, dma_addr_t addr,
			   u32 len)
{
	struct vmxnet3_desc *d = &tx->desc[f->pos & tx->mask];
	u64 word = vmxnet3_txd_word(len, f->pos, f->last, tx->mask);

	d->addr = cpu_to_le64(addr);
	if (f->pos == f->sop)
		f->sop_word = word;
	else
		d->word = cpu_to_le64(word);
	f->pos++;
}

/* Takes over a mapped range: one mapping, as many descriptors as it needs. */
static bool vmxnet3_tx_put_mapped(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f,
				  dma_addr_t addr, u32 len, enum vmxnet3_map map)
{
	struct vmxnet3_tx_buf *buf = &tx->buf[f->pos & tx->mask];

	if (unlikely(dma_mapping_error(tx->dma_dev, addr)))
		return false;
	buf->dma = addr;
	buf->map_len = len;
	buf->map = map;
	while (len > VMXNET3_TX_MAX_SEG) {
		vmxnet3_tx_put(tx, f, addr, VMXNET3_TX_MAX_SEG);
		addr += VMXNET3_TX_MAX_SEG;
		len -= VMXNET3_TX_MAX_SEG;
	}
	vmxnet3_tx_put(tx, f, addr, len);
	return true;
}

static void vmxnet3_tx_unmap(struct vmxnet3_txq *tx, struct vmxnet3_tx_buf *buf)
{
	if (buf->map == VMXNET3_MAP_SINGLE)
		dma_unmap_single(tx->dma_dev, buf->dma, buf->map_len, DMA_TO_DEVICE);
	else if (buf->map == VMXNET3_MAP_PAGE)
		dma_unmap_page(tx->dma_dev, buf->dma, buf->map_len, DMA_TO_DEVICE);
	buf->map = VMXNET3_MAP_NONE;
}

/* The later slots carry this lap's generation already: give back the old. */
static void vmxnet3_tx_unwind(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f)
{
	while (f->pos != f->sop) {
		u32 slot = --f->pos & tx->mask;

		vmxnet3_tx_unmap(tx, &tx->buf[slot]);
		if (f->pos != f->sop)
			tx->desc[slot].word = cpu_to_le64(vmxnet3_txd_undo(f->pos, tx->mask));
	}
}

/*
 * The head goes through the data ring if it fits: no mapping, and for a small
 * packet no second descriptor either.
 */
static bool vmxnet3_tx_fill_head(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f,
				 struct sk_buff *skb)
{
	u32 len = skb_headlen(skb);
	u32 off = (f->pos & tx->mask) * VMXNET3_TX_DATA_SIZE;

	if (len > VMXNET3_TX_DATA_SIZE)
		return vmxnet3_tx_put_mapped(tx, f, dma_map_single(tx->dma_dev, skb->data, len,
								   DMA_TO_DEVICE),
					     len, VMXNET3_MAP_SINGLE);
	memcpy(tx->data + off, skb->data, len);
	vmxnet3_tx_put(tx, f, tx->data_pa + off, len);
	return true;
}

static bool vmxnet3_tx_fill_frags(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f,
				  struct sk_buff *skb)
{
	int i;

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		u32 len = skb_frag_size(frag);

		/* Length 0 would mean 16384. */
		if (unlikely(!len))
			continue;
		if (!vmxnet3_tx_put_mapped(tx, f, skb_frag_dma_map(tx->dma_dev, frag, 0, len,
								   DMA_TO_DEVICE),
					   len, VMXNET3_MAP_PAGE))
			return false;
	}
	return true;
}

/* Small and in pieces: gather it in the data ring. */
static bool vmxnet3_tx_fill_gathered(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f,
				     struct sk_buff *skb)
{
	u32 off = (f->pos & tx->mask) * VMXNET3_TX_DATA_SIZE;

	if (skb_copy_bits(skb, 0, tx->data + off, skb->len))
		return false;
	vmxnet3_tx_put(tx, f, tx->data_pa + off, skb->len);
	return true;
}

/*
 * Writes all descriptors but the word that publishes them, which is returned;
 * 0 if the packet could not be mapped.
 */
static noinline u64 vmxnet3_tx_fill(struct vmxnet3_txq *tx, struct sk_buff *skb, u32 num)
{
	struct vmxnet3_tx_fill f = {
		.sop = tx->prod,
		.pos = tx->prod,
		.last = tx->prod + num - 1,
	};
	bool is_ok;

	if (skb->len <= VMXNET3_TX_DATA_SIZE)
		is_ok = vmxnet3_tx_fill_gathered(tx, &f, skb);
	else
		is_ok = vmxnet3_tx_fill_head(tx, &f, skb) && vmxnet3_tx_fill_frags(tx, &f, skb);
	if (likely(is_ok))
		return f.sop_word;
	vmxnet3_tx_unwind(tx, &f);
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_MAP);
	return 0;
}

/* The same for the most frequent kind: small and in one piece. */
static u64 vmxnet3_tx_fill_small(struct vmxnet3_txq *tx, const struct sk_buff *skb)
{
	u32 pos = tx->prod, slot = pos & tx->mask, len = skb->len;

	memcpy(tx->data + slot * VMXNET3_TX_DATA_SIZE, skb->data, len);
	tx->desc[slot].addr = cpu_to_le64(tx->data_pa + slot * VMXNET3_TX_DATA_SIZE);
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_COPIED);
	return vmxnet3_txd_word(len, pos, pos, tx->mask);
}

static void vmxnet3_tx_doorbell(struct vmxnet3_txq *tx)
{
	u32 prod = tx->prod;

	tx->rung = prod;
	vmxnet3_hw_ring(tx->doorbell, prod & tx->mask);
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_DOORBELLS);
}

static u32 vmxnet3_tx_free(const struct vmxnet3_txq *tx)
{
	return vmxnet3_ring_free(tx->prod, READ_ONCE(tx->cons), tx->mask);
}

/*
 * Hands the packet over.  The device may complete it the moment the word is
 * stored, so the byte accounting and prod, against which the poller checks
 * completions, come first.
 */
static void vmxnet3_tx_publish(struct vmxnet3_txq *tx, struct sk_buff *skb, u32 num, u64 word)
{
	u32 pos = tx->prod, slot = pos & tx->mask;
	struct vmxnet3_tx_buf *first = &tx->buf[slot];
	bool must_ring;

	first->skb = skb;
	first->bytes = skb->len;
	first->num_desc = num;
	skb_tx_timestamp(skb);
	must_ring = __netdev_tx_sent_queue(tx->nq, first->bytes, netdev_xmit_more());
	/* Pairs with the acquire in vmxnet3_tx_complete(): the buffer is set up. */
	smp_store_release(&tx->prod, pos + num);
	/* Descriptors and prod before the word that starts the device. */
	dma_wmb();
	WRITE_ONCE(tx->desc[slot].word, cpu_to_le64(word));

	if (!netif_txq_maybe_stop(tx->nq, vmxnet3_tx_free(tx), VMXNET3_TX_STOP, VMXNET3_TX_WAKE)) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_STOPPED);
		must_ring = true;
	}
	if (must_ring)
		vmxnet3_tx_doorbell(tx);
}

/* The reason has been counted where it was found. */
static netdev_tx_t vmxnet3_tx_drop(struct vmxnet3_txq *tx, struct sk_buff *skb)
{
	dev_kfree_skb_any(skb);
	/* Earlier packets of the burst may still wait for their doorbell. */
	if (!netdev_xmit_more() && tx->rung != tx->prod)
		vmxnet3_tx_doorbell(tx);
	return NETDEV_TX_OK;
}

/* The stop threshold leaves room for any packet, so this is a lost race. */
static netdev_tx_t vmxnet3_tx_busy(struct vmxnet3_txq *tx)
{
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_BUSY);
	netif_txq_try_stop(tx->nq, vmxnet3_tx_free(tx), VMXNET3_TX_WAKE);
	if (tx->rung != tx->prod)
		vmxnet3_tx_doorbell(tx);
	return NETDEV_TX_BUSY;
}

/* Too many pieces for the device: make it one.  Returns 0 if that fails. */
static u32 vmxnet3_tx_linearize(struct vmxnet3_txq *tx, struct sk_buff *skb)
{
	u32 num;

	if (skb_linearize(skb)) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_NOMEM);
		return 0;
	}
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_LINEARIZED);
	num = vmxnet3_tx_count(skb);
	if (num <= VMXNET3_TX_MAX_DESC)
		return num;
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_SEGMENTS);
	return 0;
}

/* Descriptors for a packet, brought below the device's limit. */
static u32 vmxnet3_tx_fit(struct vmxnet3_txq *tx, struct sk_buff *skb)
{
	u32 num = vmxnet3_tx_count(skb);

	if (likely(num <= VMXNET3_TX_MAX_DESC ||
		   (skb_is_gso(skb) && num <= VMXNET3_TX_MAX_DESC_TSO)))
		return num;
	return vmxnet3_tx_linearize(tx, skb);
}

netdev_tx_t vmxnet3_start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	struct vmxnet3_txq *tx = &priv->queue[skb_get_queue_mapping(skb)].tx;
	bool is_small = skb->len <= VMXNET3_TX_DATA_SIZE;
	u32 num = is_small ? 1 : vmxnet3_tx_fit(tx, skb);
	u64 offload = 0, word;

	if (unlikely(!num))
		return vmxnet3_tx_drop(tx, skb);
	if (unlikely(vmxnet3_tx_free(tx) < num))
		return vmxnet3_tx_busy(tx);

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		offload = vmxnet3_tx_prepare(tx, skb);
		if (unlikely(!offload))
			return vmxnet3_tx_drop(tx, skb);
	}
	if (skb_vlan_tag_present(skb))
		offload |= vmxnet3_txd_vlan(skb_vlan_tag_get(skb));
	word = is_small && !skb_is_nonlinear(skb) ? vmxnet3_tx_fill_small(tx, skb) :
						    vmxnet3_tx_fill(tx, skb, num);
	if (unlikely(!word))
		return vmxnet3_tx_drop(tx, skb);
	vmxnet3_tx_publish(tx, skb, num, word | offload);
	return NETDEV_TX_OK;
}

/*
 * What one poll has completed.  The functions that pass it on are inlined, so
 * that it lives in registers.
 */
struct vmxnet3_tx_done {
	u32 cons;
	u32 packets;
	u32 bytes;
};

/* Gives one packet back, its mappings and its skb; cons moves behind it. */
static __always_inline void vmxnet3_tx_release(struct vmxnet3_txq *tx, struct vmxnet3_tx_done *done,
					       int budget)
{
	struct vmxnet3_tx_buf *first = &tx->buf[done->cons & tx->mask], *buf = first;
	u32 left = first->num_desc;

	done->packets++;
	done->bytes += first->bytes;
	for (;;) {
		if (buf->map != VMXNET3_MAP_NONE)
			vmxnet3_tx_unmap(tx, buf);
		done->cons++;
		if (likely(!--left))
			break;
		buf = &tx->buf[done->cons & tx->mask];
	}
	napi_consume_skb(first->skb, budget);
}

/*
 * Completes all packets up to the slot that the device names.  False if the
 * slot is not one the device owns, or not the end of a packet.
 */
static __always_inline bool vmxnet3_tx_complete(struct vmxnet3_txq *tx,
						struct vmxnet3_tx_done *done, u32 slot, int budget)
{
	/* Pairs with the release in vmxnet3_tx_publish(). */
	u32 prod = smp_load_acquire(&tx->prod);
	u32 mask = tx->mask, end;

	if (unlikely(!vmxnet3_ring_holds(prod, done->cons, mask, slot)))
		return false;
	end = vmxnet3_ring_pos(done->cons, mask, slot);
	do {
		u32 num = tx->buf[done->cons & mask].num_desc;

		if (unlikely(!vmxnet3_tx_ends_by(done->cons, num, end)))
			return false;
		vmxnet3_tx_release(tx, done, budget);
	} while (unlikely(done->cons != end + 1));
	return true;
}

/* Publishes the new consumer position; the sender may use the slots now. */
static void vmxnet3_tx_account(struct vmxnet3_queue *q, const struct vmxnet3_tx_done *done)
{
	u64_stats_update_begin(&q->stats.syncp);
	u64_stats_add(&q->stats.v[VMXNET3_POLL_TX_PACKETS], done->packets);
	u64_stats_add(&q->stats.v[VMXNET3_POLL_TX_BYTES], done->bytes);
	u64_stats_update_end(&q->stats.syncp);
	/* The slots are empty before the sender may see that they are free. */
	smp_store_release(&q->tx.cons, done->cons);
}

static void vmxnet3_tx_bad(struct vmxnet3_queue *q, u32 slot)
{
	q->is_broken = true;
	vmxnet3_poll_count(q, VMXNET3_POLL_TX_BAD_COMPLETION);
	if (net_ratelimit())
		netdev_err(q->priv->netdev, "queue %u: completion names tx slot %u, resetting\n",
			   q->id, slot);
	vmxnet3_schedule_service(q->priv, VMXNET3_SERVICE_BAD_COMPLETION);
}

/* Takes the completions that are there, at most one lap. */
static __always_inline struct vmxnet3_tx_done vmxnet3_tx_collect(struct vmxnet3_queue *q,
								 int budget)
{
	struct vmxnet3_txq *tx = &q->tx;
	struct vmxnet3_tx_done done = { .cons = tx->cons };
	u32 left = tx->mask + 1;

	do {
		struct vmxnet3_comp *c = &tx->comp[tx->comp_pos.next];
		u32 slot;

		if (!vmxnet3_comp_is_new(&tx->comp_pos, le64_to_cpu(READ_ONCE(c->w1))))
			break;
		/* The rest of the completion is valid once its generation is. */
		dma_rmb();
		slot = vmxnet3_txc_slot(le64_to_cpu(READ_ONCE(c->w0)));
		vmxnet3_comp_advance(&tx->comp_pos);
		if (unlikely(!vmxnet3_tx_complete(tx, &done, slot, budget))) {
			vmxnet3_tx_bad(q, slot);
			break;
		}
	} while (--left);
	if (likely(done.packets))
		vmxnet3_tx_account(q, &done);
	return done;
}

void vmxnet3_tx_reap(struct vmxnet3_queue *q, int budget)
{
	struct vmxnet3_tx_done done = vmxnet3_tx_collect(q, budget);
	struct vmxnet3_txq *tx = &q->tx;

	if (likely(done.packets))
		netif_txq_completed_wake(tx->nq, done.packets, done.bytes, vmxnet3_tx_free(tx),
					 VMXNET3_TX_WAKE);
}

/* A fresh start on zeroed memory; nothing is in flight. */
void vmxnet3_tx_start(struct vmxnet3_txq *tx)
{
	memset(tx->desc, 0, (tx->mask + 1) * sizeof(*tx->desc));
	memset(tx->comp, 0, (tx->mask + 1) * sizeof(*tx->comp));
	vmxnet3_comp_start(&tx->comp_pos, tx->mask + 1);
	tx->prod = 0;
	tx->cons = 0;
	tx->rung = 0;
	netdev_tx_reset_queue(tx->nq);
}

/*
 * Sender and poller are off and the device is quiet: count what it did send,
 * without waking the sender, and drop the rest.
 */
void vmxnet3_tx_drain(struct vmxnet3_queue *q)
{
	struct vmxnet3_txq *tx = &q->tx;
	struct vmxnet3_tx_done done;

	if (!q->is_broken && tx->cons != tx->prod)
		vmxnet3_tx_collect(q, 0);
	done.cons = tx->cons;
	while (done.cons != tx->prod) {
		vmxnet3_poll_count(q, VMXNET3_POLL_TX_DROP_RESET);
		vmxnet3_tx_release(tx, &done, 0);
	}
	tx->cons = done.cons;
	netdev_tx_reset_queue(tx->nq);
}
