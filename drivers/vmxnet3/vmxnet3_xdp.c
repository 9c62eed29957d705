// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * XDP: programs that see each received frame first, and frames that other
 * devices redirect here.
 *
 * A program wants the frame in one buffer with XDP_PACKET_HEADROOM before it,
 * so attaching the first one reallocates the receive rings (whole pages, no
 * merging by the device) and detaching the last one goes back; exchanging one
 * for another disturbs nothing.  Frames are sent through the ordinary tx
 * queues, under the stack's lock.
 */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>

#include "vmxnet3.h"

/* Under the tx queue's lock: may frames be posted?  A halted device's queues are stopped. */
static bool vmxnet3_xdp_may_post(struct vmxnet3_queue *q)
{
	if (unlikely(netif_tx_queue_stopped(q->tx.nq)))
		return false;
	/* The watchdog shall not mistake our use for a hung queue. */
	txq_trans_cond_update(q->tx.nq);
	return true;
}

/* XDP_TX: the frame goes out in the buffer it came in. */
static bool vmxnet3_xdp_tx(struct vmxnet3_queue *q, struct xdp_buff *xdp)
{
	struct xdp_frame *frame = xdp_convert_buff_to_frame(xdp);
	bool is_posted;

	if (unlikely(!frame))
		return false;
	__netif_tx_lock(q->tx.nq, smp_processor_id());
	is_posted = vmxnet3_xdp_may_post(q) && vmxnet3_tx_post_frame(q, frame, VMXNET3_TX_XDP_RX);
	__netif_tx_unlock(q->tx.nq);
	q->rx.must_kick |= is_posted;
	return is_posted;
}

static void vmxnet3_xdp_count(struct vmxnet3_queue *q, enum vmxnet3_poll_stat s, u32 len)
{
	u64_stats_update_begin(&q->stats.syncp);
	u64_stats_inc(&q->stats.v[s]);
	u64_stats_inc(&q->stats.v[VMXNET3_POLL_RX_PACKETS]);
	u64_stats_add(&q->stats.v[VMXNET3_POLL_RX_BYTES], len);
	u64_stats_update_end(&q->stats.syncp);
}

/**
 * vmxnet3_xdp_run - let the program decide what becomes of a frame
 * @q: the queue pair, in its poll
 * @buf: the buffer; it leaves its slot if the frame is sent or redirected, and
 *	stays there to be posted again if it is dropped
 * @xdp: the frame, which the program may have changed afterwards
 *
 * Return: true if the frame is to be handed up.
 */
bool vmxnet3_xdp_run(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf, struct xdp_buff *xdp)
{
	struct net_device *netdev = q->priv->netdev;
	u32 act, len = xdp->data_end - xdp->data;

	act = bpf_prog_run_xdp(q->rx.prog, xdp);
	switch (act) {
	case XDP_PASS:
		vmxnet3_poll_count(q, VMXNET3_POLL_RX_XDP_PASS);
		return true;
	case XDP_TX:
		if (unlikely(!vmxnet3_xdp_tx(q, xdp)))
			break;
		buf->page = NULL;
		vmxnet3_xdp_count(q, VMXNET3_POLL_RX_XDP_TX, len);
		return false;
	case XDP_REDIRECT:
		if (unlikely(xdp_do_redirect(netdev, xdp, q->rx.prog)))
			break;
		buf->page = NULL;
		q->rx.must_flush = true;
		vmxnet3_xdp_count(q, VMXNET3_POLL_RX_XDP_REDIRECT, len);
		return false;
	case XDP_DROP:
		vmxnet3_xdp_count(q, VMXNET3_POLL_RX_XDP_DROP, len);
		return false;
	default:
		bpf_warn_invalid_xdp_action(netdev, q->rx.prog, act);
		break;
	case XDP_ABORTED:
		break;
	}
	trace_xdp_exception(netdev, q->rx.prog, act);
	vmxnet3_xdp_count(q, VMXNET3_POLL_RX_XDP_ABORTED, len);
	return false;
}

/* The end of a poll: one doorbell for all frames sent, one flush for all redirected. */
void vmxnet3_xdp_flush(struct vmxnet3_queue *q)
{
	if (q->rx.must_kick) {
		q->rx.must_kick = false;
		__netif_tx_lock(q->tx.nq, smp_processor_id());
		vmxnet3_tx_kick(q);
		__netif_tx_unlock(q->tx.nq);
	}
	if (q->rx.must_flush) {
		q->rx.must_flush = false;
		xdp_do_flush();
	}
}

/**
 * vmxnet3_xdp_xmit - send frames that were redirected here
 * @netdev: the interface
 * @n: how many
 * @frames: the frames; those that are sent belong to us from then on
 * @flags: XDP_XMIT_FLUSH rings the doorbell behind them
 *
 * Return: how many were taken (0 from a stopped queue), or -ENETDOWN without a
 * link, or -EINVAL.
 */
int vmxnet3_xdp_xmit(struct net_device *netdev, int n, struct xdp_frame **frames, u32 flags)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	u32 id = smp_processor_id() % READ_ONCE(netdev->real_num_tx_queues);
	struct vmxnet3_queue *q = &priv->queue[id];
	int sent = 0;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	if (unlikely(!netif_carrier_ok(netdev)))
		return -ENETDOWN;
	__netif_tx_lock(q->tx.nq, smp_processor_id());
	if (likely(vmxnet3_xdp_may_post(q))) {
		while (sent < n && vmxnet3_tx_post_frame(q, frames[sent], VMXNET3_TX_XDP))
			sent++;
		if ((flags & XDP_XMIT_FLUSH) && q->tx.rung != q->tx.prod)
			vmxnet3_tx_kick(q);
	}
	__netif_tx_unlock(q->tx.nq);
	return sent;
}

/* Attaches, exchanges or detaches the program; the first and the last change the rings. */
static int vmxnet3_xdp_set(struct vmxnet3_priv *priv, struct bpf_prog *prog,
			   struct netlink_ext_ack *extack)
{
	struct vmxnet3_config config = priv->config;
	struct bpf_prog *old = priv->prog;
	int err = 0;

	if (prog && config.mtu + VMXNET3_RX_OVERHEAD > VMXNET3_XDP_MAX_FRAME) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "An XDP program needs an MTU of at most %u",
				       (u32)(VMXNET3_XDP_MAX_FRAME - VMXNET3_RX_OVERHEAD));
		return -EINVAL;
	}
	/* Pollers pick the new one up when they next run. */
	xchg(&priv->prog, prog);
	config.has_xdp = prog;
	config.has_lro = vmxnet3_wants_lro(priv, priv->features);
	if (config.has_xdp != priv->config.has_xdp)
		err = vmxnet3_reconfigure(priv, &config);
	if (err) {
		NL_SET_ERR_MSG_MOD(extack, "The receive rings could not be made anew");
		xchg(&priv->prog, old);
		return err;
	}
	if (old)
		bpf_prog_put(old);
	netdev_update_features(priv->netdev);
	return 0;
}

int vmxnet3_bpf(struct net_device *netdev, struct netdev_bpf *bpf)
{
	if (bpf->command != XDP_SETUP_PROG)
		return -EINVAL;
	return vmxnet3_xdp_set(netdev_priv(netdev), bpf->prog, bpf->extack);
}
