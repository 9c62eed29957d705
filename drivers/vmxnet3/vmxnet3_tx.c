// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Transmit: posting a packet, and taking back what the device has completed.
 *
 * A packet becomes visible to the device in one store, that of word 1 of its
 * first descriptor: until then the slot keeps its word of the previous lap,
 * and the device never looks past it.  So everything that can fail happens
 * before, and a failure only has to put back the words of the later slots.
 *
 * One completion covers all packets before it, so only the last of a burst asks
 * for one.  Which one that is shows when the next packet comes, or the doorbell:
 * until then a packet is held, posted but for that store.
 *
 * Everything here runs under the stack's lock of the tx queue, whoever comes:
 * the sender, who takes completions right after the doorbell, or the poller,
 * who takes them when the queue's vector fired.  That vector is unmasked only
 * while packets are outstanding, so a device that is done when the doorbell
 * write returns never raises an interrupt for them, and one that takes its
 * time raises no more of them than ever.
 */
#include "vmxnet3.h"
#include "vmxnet3_trace.h"

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

/*
 * One packet being posted.  Whatever takes one is inlined and no address of it
 * is passed on, so that it lives in registers.
 */
struct vmxnet3_tx_fill {
	u32 sop;
	u32 pos;
	u32 last;
	u64 sop_word;	/* held back, it publishes the packet */
};

static __always_inline void vmxnet3_tx_put(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f,
					   dma_addr_t addr, u32 len)
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

/* Maps a range, of the head or a fragment: one mapping, as many descriptors as it needs. */
static __always_inline bool vmxnet3_tx_put_range(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f,
						 struct page *page, u32 offset, u32 len)
{
	struct vmxnet3_tx_buf *buf = &tx->buf[f->pos & tx->mask];
	dma_addr_t addr = dma_map_page(tx->dma_dev, page, offset, len, DMA_TO_DEVICE);

	if (unlikely(dma_mapping_error(tx->dma_dev, addr)))
		return false;
	buf->dma = addr;
	buf->map_len = len;
	while (unlikely(len > VMXNET3_TX_MAX_SEG)) {
		vmxnet3_tx_put(tx, f, addr, VMXNET3_TX_MAX_SEG);
		addr += VMXNET3_TX_MAX_SEG;
		len -= VMXNET3_TX_MAX_SEG;
	}
	vmxnet3_tx_put(tx, f, addr, len);
	return true;
}

static __always_inline void vmxnet3_tx_unmap(struct vmxnet3_txq *tx, struct vmxnet3_tx_buf *buf)
{
	if (!buf->map_len)
		return;
	dma_unmap_page(tx->dma_dev, buf->dma, buf->map_len, DMA_TO_DEVICE);
	buf->map_len = 0;
}

/* The later slots carry this lap's generation already: give back the old. */
static noinline void vmxnet3_tx_unwind(struct vmxnet3_txq *tx, u32 sop, u32 pos)
{
	while (pos != sop) {
		u32 slot = --pos & tx->mask;

		vmxnet3_tx_unmap(tx, &tx->buf[slot]);
		if (pos != sop)
			tx->desc[slot].word = cpu_to_le64(vmxnet3_txd_undo(pos, tx->mask));
	}
}

/*
 * The head goes through the data ring if it fits: no mapping, and for a small
 * packet no second descriptor either.
 */
static __always_inline bool vmxnet3_tx_fill_head(struct vmxnet3_txq *tx, struct vmxnet3_tx_fill *f,
						 struct sk_buff *skb)
{
	u32 len = skb_headlen(skb);
	u32 off = (f->pos & tx->mask) * VMXNET3_TX_DATA_SIZE;

	/* All of it in fragments; a length of 0 would mean 16384. */
	if (unlikely(!len))
		return true;
	if (len > VMXNET3_TX_DATA_SIZE)
		return vmxnet3_tx_put_range(tx, f, virt_to_page(skb->data),
					    offset_in_page(skb->data), len);
	memcpy(tx->data + off, skb->data, len);
	vmxnet3_tx_put(tx, f, tx->data_pa + off, len);
	return true;
}

static __always_inline bool vmxnet3_tx_fill_frags(struct vmxnet3_txq *tx,
						  struct vmxnet3_tx_fill *f, struct sk_buff *skb)
{
	const skb_frag_t *frag = skb_shinfo(skb)->frags;
	const skb_frag_t *end = frag + skb_shinfo(skb)->nr_frags;

	for (; frag != end; frag++) {
		/* Length 0 would mean 16384. */
		if (unlikely(!skb_frag_size(frag)))
			continue;
		if (!vmxnet3_tx_put_range(tx, f, skb_frag_page(frag), skb_frag_off(frag),
					  skb_frag_size(frag)))
			return false;
	}
	return true;
}

/* Small and in pieces: gather it in the data ring. */
static u64 vmxnet3_tx_fill_gathered(struct vmxnet3_txq *tx, struct sk_buff *skb)
{
	u32 pos = tx->prod, slot = pos & tx->mask;

	if (unlikely(skb_copy_bits(skb, 0, tx->data + slot * VMXNET3_TX_DATA_SIZE, skb->len))) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_MAP);
		return VMXNET3_TXD_NONE;
	}
	tx->desc[slot].addr = cpu_to_le64(tx->data_pa + slot * VMXNET3_TX_DATA_SIZE);
	return vmxnet3_txd_word(skb->len, pos, pos, tx->mask);
}

/*
 * Writes all descriptors but the word that publishes them, which is returned;
 * VMXNET3_TXD_NONE if the packet could not be mapped.
 */
static noinline u64 vmxnet3_tx_fill(struct vmxnet3_txq *tx, struct sk_buff *skb, u32 num)
{
	struct vmxnet3_tx_fill f = {
		.sop = tx->prod,
		.pos = tx->prod,
		.last = tx->prod + num - 1,
	};

	if (skb->len <= VMXNET3_TX_DATA_SIZE)
		return vmxnet3_tx_fill_gathered(tx, skb);
	if (likely(vmxnet3_tx_fill_head(tx, &f, skb) && vmxnet3_tx_fill_frags(tx, &f, skb)))
		return f.sop_word;
	vmxnet3_tx_unwind(tx, f.sop, f.pos);
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_MAP);
	return VMXNET3_TXD_NONE;
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

static u32 vmxnet3_tx_free(const struct vmxnet3_txq *tx)
{
	return vmxnet3_ring_free(tx->prod, tx->cons, tx->mask);
}

/*
 * What has been completed in one go.  The functions that pass it on are
 * inlined, so that it lives in registers.
 */
struct vmxnet3_tx_done {
	u32 cons;
	u32 packets;
	u32 bytes;
};

static noinline void vmxnet3_tx_unmap_packet(struct vmxnet3_txq *tx, u32 pos, u32 num)
{
	for (; num; num--)
		vmxnet3_tx_unmap(tx, &tx->buf[pos++ & tx->mask]);
}

static noinline void vmxnet3_tx_return_frame(struct vmxnet3_txq *tx, struct vmxnet3_tx_buf *buf,
					     int budget)
{
	tx->num_frames--;
	if (buf->owner == VMXNET3_TX_XDP_RX && budget)
		xdp_return_frame_rx_napi(buf->frame);
	else
		xdp_return_frame(buf->frame);
}

/*
 * Gives one packet back, its mappings and its skb; cons moves behind it.  What
 * a small packet in the data ring does not need is done out of line.
 */
static __always_inline void vmxnet3_tx_release(struct vmxnet3_txq *tx, struct vmxnet3_tx_done *done,
					       int budget)
{
	struct vmxnet3_tx_buf *first = &tx->buf[done->cons & tx->mask];
	u32 num = first->num_desc;

	if (num > 1 || first->map_len)
		vmxnet3_tx_unmap_packet(tx, done->cons, num);
	done->packets++;
	done->bytes += first->bytes;
	done->cons += num;
	if (likely(first->owner == VMXNET3_TX_STACK))
		napi_consume_skb(first->skb, budget);
	else
		vmxnet3_tx_return_frame(tx, first, budget);
}

/*
 * Completes all packets up to the slot that the device names.  False if the
 * slot is not one the device owns, or not the end of a packet.
 */
static __always_inline bool vmxnet3_tx_complete(struct vmxnet3_txq *tx,
						struct vmxnet3_tx_done *done, u32 slot, int budget)
{
	u32 mask = tx->mask, end;

	if (unlikely(!vmxnet3_ring_holds(tx->prod, done->cons, mask, slot)))
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

/* The queue is left alone, and stopped, until the reset that this schedules. */
static noinline void vmxnet3_tx_bad(struct vmxnet3_queue *q, u32 slot)
{
	q->tx.is_broken = true;
	netif_tx_stop_queue(q->tx.nq);
	vmxnet3_xmit_count(&q->tx, VMXNET3_XMIT_BAD_COMPLETION);
	if (net_ratelimit())
		netdev_err(q->priv->netdev, "queue %u: impossible tx completion (slot %u), resetting\n",
			   q->id, slot);
	vmxnet3_schedule_service(q->priv, VMXNET3_SERVICE_BAD_COMPLETION);
}

/*
 * Takes the completions that are there, of which the first has been seen.  Each
 * has to take a packet that is outstanding, or else is bad: that bounds it.
 */
static __always_inline struct vmxnet3_tx_done vmxnet3_tx_collect(struct vmxnet3_queue *q,
								 int budget)
{
	struct vmxnet3_txq *tx = &q->tx;
	struct vmxnet3_tx_done done = { .cons = tx->cons };

	do {
		u32 slot;

		/* The rest of a completion is valid once its generation is. */
		dma_rmb();
		slot = vmxnet3_txc_slot(le64_to_cpu(READ_ONCE(tx->comp[tx->comp_pos.next].w0)));
		vmxnet3_comp_advance(&tx->comp_pos);
		if (unlikely(!vmxnet3_tx_complete(tx, &done, slot, budget))) {
			vmxnet3_tx_bad(q, slot);
			break;
		}
	} while (unlikely(vmxnet3_comp_is_pending(tx->comp, &tx->comp_pos)));
	tx->cons = done.cons;
	return done;
}

static void vmxnet3_tx_account(struct vmxnet3_txq *tx, const struct vmxnet3_tx_done *done)
{
	u64_stats_update_begin(&tx->stats.syncp);
	u64_stats_add(&tx->stats.v[VMXNET3_XMIT_PACKETS], done->packets);
	u64_stats_add(&tx->stats.v[VMXNET3_XMIT_BYTES], done->bytes);
	u64_stats_update_end(&tx->stats.syncp);
}

/* Packets complete in order, so those that BQL knows of come first. */
static void vmxnet3_tx_bql_completed(struct vmxnet3_txq *tx, const struct vmxnet3_tx_done *done)
{
	u32 known;

	if (likely(!tx->bql_known)) {
		tx->bql_unknown -= done->bytes;
		return;
	}
	known = min(done->bytes, tx->bql_known);
	tx->bql_unknown -= done->bytes - known;
	tx->bql_known -= known;
	netdev_tx_completed_queue(tx->nq, done->packets, known);
}

static void vmxnet3_tx_reap(struct vmxnet3_queue *q, int budget)
{
	struct vmxnet3_tx_done done = vmxnet3_tx_collect(q, budget);
	struct vmxnet3_txq *tx = &q->tx;

	trace_vmxnet3_tx_batch(q, done.cons, done.packets, done.bytes);
	vmxnet3_tx_account(tx, &done);
	vmxnet3_tx_bql_completed(tx, &done);
	if (unlikely(netif_tx_queue_stopped(tx->nq)) && vmxnet3_tx_free(tx) >= VMXNET3_TX_WAKE &&
	    !tx->is_broken) {
		netif_tx_wake_queue(tx->nq);
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_WOKEN);
	}
}

/* Netpoll comes with interrupts off, where frames of XDP must not be given back. */
static __always_inline bool vmxnet3_tx_may_reap(const struct vmxnet3_txq *tx)
{
	return likely(!tx->is_broken) && !(unlikely(tx->num_frames) && irqs_disabled());
}

static void vmxnet3_tx_reap_new(struct vmxnet3_queue *q, int budget)
{
	if (vmxnet3_comp_is_pending(q->tx.comp, &q->tx.comp_pos) && vmxnet3_tx_may_reap(&q->tx))
		vmxnet3_tx_reap(q, budget);
}

/*
 * Packets stay outstanding: byte queue limits learn of them, and they will
 * announce themselves by an interrupt.  The last look is for devices that raise
 * none for a completion which came while the vector was masked.
 */
static noinline void vmxnet3_tx_wait(struct vmxnet3_queue *q, int budget)
{
	struct vmxnet3_txq *tx = &q->tx;

	if (tx->bql_unknown) {
		tx->bql_known += tx->bql_unknown;
		netdev_tx_sent_queue(tx->nq, tx->bql_unknown);
		tx->bql_unknown = 0;
	}
	if (tx->is_armed || tx->is_broken)
		return;
	tx->is_armed = true;
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_ARMED);
	vmxnet3_hw_mask(tx->imr, false);
	vmxnet3_tx_reap_new(q, budget);
}

/*
 * Takes what is done.  A packet that the device finished before its doorbell
 * returned has never been in flight as far as byte queue limits are concerned.
 */
static void vmxnet3_tx_settle(struct vmxnet3_queue *q, int budget)
{
	vmxnet3_tx_reap_new(q, budget);
	if (unlikely(q->tx.cons != q->tx.prod))
		vmxnet3_tx_wait(q, budget);
}

static __always_inline void vmxnet3_tx_store(struct vmxnet3_txq *tx, u32 pos, u64 word)
{
	/* The packet's descriptors before the word that starts the device. */
	dma_wmb();
	WRITE_ONCE(tx->desc[pos & tx->mask].word, cpu_to_le64(word));
}

/* Publishes the packet that is held; it has a completion of its own if it is the last. */
static noinline void vmxnet3_tx_let_go(struct vmxnet3_txq *tx, bool is_last)
{
	u32 num = tx->held, pos = tx->prod - num;
	u64 word = tx->held_word;

	if (!is_last && num == 1)
		word &= ~VMXNET3_TXD_CQ;
	else if (!is_last)
		tx->desc[(tx->prod - 1) & tx->mask].word &= cpu_to_le64(~VMXNET3_TXD_CQ);
	tx->held = 0;
	vmxnet3_tx_store(tx, pos, word);
}

/* Rings the doorbell for all that has been posted.  Under the queue's lock. */
void vmxnet3_tx_kick(struct vmxnet3_queue *q)
{
	struct vmxnet3_txq *tx = &q->tx;
	u32 prod = tx->prod;

	if (unlikely(tx->held))
		vmxnet3_tx_let_go(tx, true);
	tx->rung = prod;
	trace_vmxnet3_tx_doorbell(q, prod);
	vmxnet3_hw_ring(tx->doorbell, prod & tx->mask);
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_DOORBELLS);
	vmxnet3_tx_settle(q, 0);
}

/**
 * vmxnet3_tx_poll - take completions in the poller
 * @q: the queue pair
 * @budget: NAPI's, 0 under netpoll
 *
 * The queue's vector is masked now if it fired; it stays so unless packets are
 * still outstanding.
 *
 * Return: false if a sender held the queue, who may not have seen the latest
 * completions: the poller has to come again.
 */
bool vmxnet3_tx_poll(struct vmxnet3_queue *q, int budget)
{
	struct vmxnet3_txq *tx = &q->tx;

	if (!__netif_tx_trylock(tx->nq))
		return false;
	if (READ_ONCE(tx->has_fired)) {
		/* It cannot fire again before it is unmasked. */
		WRITE_ONCE(tx->has_fired, false);
		tx->is_armed = false;
	}
	vmxnet3_tx_settle(q, budget);
	__netif_tx_unlock(tx->nq);
	return true;
}

/* Hands the packet over and rings, or holds it if more of the burst is to come. */
static void vmxnet3_tx_publish(struct vmxnet3_queue *q, struct sk_buff *skb, u32 num, u64 word)
{
	struct vmxnet3_txq *tx = &q->tx;
	u32 pos = tx->prod, slot = pos & tx->mask;
	struct vmxnet3_tx_buf *first = &tx->buf[slot];
	bool must_ring = !netdev_xmit_more();

	if (unlikely(tx->held))
		vmxnet3_tx_let_go(tx, false);
	first->skb = skb;
	first->bytes = skb->len;
	first->num_desc = num;
	first->owner = VMXNET3_TX_STACK;
	tx->bql_unknown += skb->len;
	skb_tx_timestamp(skb);
	tx->prod = pos + num;
	if (unlikely(vmxnet3_tx_free(tx) < VMXNET3_TX_STOP)) {
		netif_tx_stop_queue(tx->nq);
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_STOPPED);
		must_ring = true;
	}
	if (must_ring) {
		vmxnet3_tx_store(tx, pos, word);
		vmxnet3_tx_kick(q);
	} else {
		tx->held = num;
		tx->held_word = word;
	}
}

/* The reason has been counted where it was found. */
static netdev_tx_t vmxnet3_tx_drop(struct vmxnet3_queue *q, struct sk_buff *skb)
{
	dev_kfree_skb_any(skb);
	/* Earlier packets of the burst may still wait for their doorbell. */
	if (!netdev_xmit_more() && q->tx.rung != q->tx.prod)
		vmxnet3_tx_kick(q);
	return NETDEV_TX_OK;
}

/* The stop threshold leaves room for any packet, so the queue is broken. */
static noinline netdev_tx_t vmxnet3_tx_busy(struct vmxnet3_queue *q)
{
	vmxnet3_xmit_count(&q->tx, VMXNET3_XMIT_BUSY);
	netif_tx_stop_queue(q->tx.nq);
	if (q->tx.rung != q->tx.prod)
		vmxnet3_tx_kick(q);
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

/* Descriptors for a packet, brought below the device's limit; 0 if it has to go. */
static noinline u32 vmxnet3_tx_fit(struct vmxnet3_txq *tx, struct sk_buff *skb)
{
	u32 num;

	/* A length of 0 would mean 16384. */
	if (unlikely(skb->len < ETH_HLEN)) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_HEADER);
		return 0;
	}
	num = vmxnet3_tx_count(skb);
	if (likely(num <= VMXNET3_TX_MAX_DESC ||
		   (skb_is_gso(skb) && num <= VMXNET3_TX_MAX_DESC_TSO)))
		return num;
	return vmxnet3_tx_linearize(tx, skb);
}

netdev_tx_t vmxnet3_start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	struct vmxnet3_queue *q = &priv->queue[skb_get_queue_mapping(skb)];
	/* One comparison for both bounds: ETH_HLEN to VMXNET3_TX_DATA_SIZE. */
	bool is_small = skb->len - ETH_HLEN <= VMXNET3_TX_DATA_SIZE - ETH_HLEN;
	struct vmxnet3_txq *tx = &q->tx;
	u64 offload = 0, word;
	u32 num = 1;

	/* Who bypasses the queueing discipline may come for a queue that is gone. */
	if (unlikely(skb_get_queue_mapping(skb) >= netdev->real_num_tx_queues)) {
		vmxnet3_count(priv, VMXNET3_DEV_TX_DROP_QUEUE);
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	if (!is_small) {
		num = vmxnet3_tx_fit(tx, skb);
		if (unlikely(!num))
			return vmxnet3_tx_drop(q, skb);
	}
	if (unlikely(vmxnet3_tx_free(tx) < num))
		return vmxnet3_tx_busy(q);

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		offload = vmxnet3_tx_prepare(tx, skb);
		if (unlikely(!offload))
			return vmxnet3_tx_drop(q, skb);
	}
	if (skb_vlan_tag_present(skb))
		offload |= vmxnet3_txd_vlan(skb_vlan_tag_get(skb));
	word = is_small && !skb_is_nonlinear(skb) ? vmxnet3_tx_fill_small(tx, skb) :
						    vmxnet3_tx_fill(tx, skb, num);
	if (unlikely(word == VMXNET3_TXD_NONE))
		return vmxnet3_tx_drop(q, skb);
	vmxnet3_tx_publish(q, skb, num, word | offload);
	return NETDEV_TX_OK;
}

/**
 * vmxnet3_tx_post_frame - post an XDP frame, without ringing for it
 * @q: the queue pair; the caller holds the lock of its tx queue
 * @frame: one piece
 * @owner: VMXNET3_TX_XDP or VMXNET3_TX_XDP_RX
 *
 * Return: false if it does not fit or cannot be mapped; it is still the
 * caller's then.
 */
bool vmxnet3_tx_post_frame(struct vmxnet3_queue *q, struct xdp_frame *frame,
			   enum vmxnet3_tx_owner owner)
{
	struct vmxnet3_txq *tx = &q->tx;
	u32 pos = tx->prod, slot = pos & tx->mask;
	struct vmxnet3_tx_buf *buf = &tx->buf[slot];
	u32 len = frame->len;

	/* The stack keeps the room that lets it send any packet. */
	if (unlikely(vmxnet3_tx_free(tx) < VMXNET3_TX_STOP || len < ETH_HLEN ||
		     len > VMXNET3_TX_MAX_SEG || xdp_frame_has_frags(frame)))
		return false;
	if (owner == VMXNET3_TX_XDP) {
		buf->dma = dma_map_page(tx->dma_dev, virt_to_page(frame->data),
					offset_in_page(frame->data), len, DMA_TO_DEVICE);
		if (unlikely(dma_mapping_error(tx->dma_dev, buf->dma)))
			return false;
		buf->map_len = len;
	} else {
		struct page *page = virt_to_page(frame->data);

		/* The page pool's mapping is good for both directions. */
		buf->dma = page_pool_get_dma_addr(page) + offset_in_page(frame->data);
		dma_sync_single_for_device(tx->dma_dev, buf->dma, len, DMA_BIDIRECTIONAL);
	}
	if (unlikely(tx->held))
		vmxnet3_tx_let_go(tx, false);
	buf->frame = frame;
	buf->bytes = len;
	buf->num_desc = 1;
	buf->owner = owner;
	tx->num_frames++;
	tx->bql_unknown += len;
	tx->desc[slot].addr = cpu_to_le64(buf->dma);
	tx->prod = pos + 1;
	vmxnet3_tx_store(tx, pos, vmxnet3_txd_word(len, pos, pos, tx->mask));
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_XDP);
	return true;
}

/* A zeroed ring, with the sender still stopped. */
void vmxnet3_tx_start(struct vmxnet3_txq *tx)
{
	memset(tx->desc, 0, (tx->mask + 1) * sizeof(*tx->desc));
	memset(tx->comp, 0, (tx->mask + 1) * sizeof(*tx->comp));
	vmxnet3_comp_start(&tx->comp_pos, tx->mask + 1);
	tx->prod = 0;
	tx->rung = 0;
	tx->held = 0;
	tx->cons = 0;
	tx->bql_known = 0;
	tx->bql_unknown = 0;
	tx->num_frames = 0;
	tx->is_broken = false;
	tx->has_fired = false;
	/* A vector that serves receive as well is never masked for our sake. */
	tx->is_armed = tx->is_shared;
}

/*
 * Frees what was in flight, completing first what the device finished before
 * it was quiesced.  The sender and the poller are off.
 */
void vmxnet3_tx_drain(struct vmxnet3_queue *q)
{
	struct vmxnet3_txq *tx = &q->tx;
	struct vmxnet3_tx_done done = { };

	/* A ring that was attached anew holds completions of its former life. */
	if (tx->cons != tx->prod && !tx->is_broken &&
	    vmxnet3_comp_is_pending(tx->comp, &tx->comp_pos)) {
		done = vmxnet3_tx_collect(q, 0);
		vmxnet3_tx_account(tx, &done);
	}
	done.cons = tx->cons;
	while (done.cons != tx->prod) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_RESET);
		vmxnet3_tx_release(tx, &done, 0);
	}
	tx->cons = done.cons;
	netdev_tx_reset_queue(tx->nq);
}
