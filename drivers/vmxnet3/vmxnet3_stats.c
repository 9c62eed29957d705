// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Counters: their names, the standard statistics, and the device's own, which
 * are fetched at most once a second, never from ndo_get_stats64, and carried
 * across activations so that they only grow.
 */
#include <linux/ethtool.h>

#include "vmxnet3.h"

struct vmxnet3_stat_name {
	const char *dir;	/* "tx" or "rx", followed by the queue number */
	const char *name;
};

static const struct vmxnet3_stat_name vmxnet3_xmit_names[VMXNET3_XMIT_STAT_COUNT] = {
	[VMXNET3_XMIT_PACKETS] = { "tx", "packets" },
	[VMXNET3_XMIT_BYTES] = { "tx", "bytes" },
	[VMXNET3_XMIT_CSUM] = { "tx", "csum" },
	[VMXNET3_XMIT_TSO] = { "tx", "tso" },
	[VMXNET3_XMIT_DOORBELLS] = { "tx", "doorbells" },
	[VMXNET3_XMIT_COPIED] = { "tx", "copied" },
	[VMXNET3_XMIT_LINEARIZED] = { "tx", "linearized" },
	[VMXNET3_XMIT_ARMED] = { "tx", "armed" },
	[VMXNET3_XMIT_STOPPED] = { "tx", "stopped" },
	[VMXNET3_XMIT_WOKEN] = { "tx", "woken" },
	[VMXNET3_XMIT_BUSY] = { "tx", "busy" },
	[VMXNET3_XMIT_XDP] = { "tx", "xdp_frames" },
	[VMXNET3_XMIT_DROP_HEADER] = { "tx", "drop_header" },
	[VMXNET3_XMIT_DROP_NOMEM] = { "tx", "drop_nomem" },
	[VMXNET3_XMIT_DROP_SEGMENTS] = { "tx", "drop_segments" },
	[VMXNET3_XMIT_DROP_MAP] = { "tx", "drop_map" },
	[VMXNET3_XMIT_DROP_RESET] = { "tx", "drop_reset" },
	[VMXNET3_XMIT_BAD_COMPLETION] = { "tx", "bad_completion" },
};

static const struct vmxnet3_stat_name vmxnet3_poll_names[VMXNET3_POLL_STAT_COUNT] = {
	[VMXNET3_POLL_RX_PACKETS] = { "rx", "packets" },
	[VMXNET3_POLL_RX_BYTES] = { "rx", "bytes" },
	[VMXNET3_POLL_RX_CSUM_GOOD] = { "rx", "csum_good" },
	[VMXNET3_POLL_RX_LRO] = { "rx", "lro" },
	[VMXNET3_POLL_RX_XDP_PASS] = { "rx", "xdp_pass" },
	[VMXNET3_POLL_RX_XDP_TX] = { "rx", "xdp_tx" },
	[VMXNET3_POLL_RX_XDP_REDIRECT] = { "rx", "xdp_redirect" },
	[VMXNET3_POLL_RX_XDP_DROP] = { "rx", "xdp_drop" },
	[VMXNET3_POLL_RX_XDP_ABORTED] = { "rx", "xdp_aborted" },
	[VMXNET3_POLL_RX_COPIED] = { "rx", "copied" },
	[VMXNET3_POLL_RX_SKIPPED] = { "rx", "skipped" },
	[VMXNET3_POLL_RX_REFILL_FAILED] = { "rx", "refill_failed" },
	[VMXNET3_POLL_RX_DROP_NOMEM] = { "rx", "drop_nomem" },
	[VMXNET3_POLL_RX_DROP_FCS] = { "rx", "drop_fcs" },
	[VMXNET3_POLL_RX_DROP_DEVICE] = { "rx", "drop_device" },
	[VMXNET3_POLL_RX_DROP_FRAGS] = { "rx", "drop_frags" },
	[VMXNET3_POLL_RX_DROP_RUNT] = { "rx", "drop_runt" },
	[VMXNET3_POLL_RX_DROP_RESET] = { "rx", "drop_reset" },
	[VMXNET3_POLL_RX_BAD_RING] = { "rx", "bad_ring" },
	[VMXNET3_POLL_RX_BAD_SLOT] = { "rx", "bad_slot" },
	[VMXNET3_POLL_RX_BAD_LEN] = { "rx", "bad_len" },
	[VMXNET3_POLL_RX_BAD_ORDER] = { "rx", "bad_order" },
};

/* The device's own counters, in the order of vmxnet3_hw_value(). */
static const struct vmxnet3_stat_name vmxnet3_hw_names[] = {
	{ "tx", "hw_errors" },
	{ "tx", "hw_discards" },
	{ "rx", "hw_out_of_buf" },
	{ "rx", "hw_errors" },
};

static const char * const vmxnet3_dev_names[VMXNET3_DEV_STAT_COUNT] = {
	[VMXNET3_DEV_ACTIVATIONS] = "activations",
	[VMXNET3_DEV_ACTIVATE_REFUSED] = "activate_refused",
	[VMXNET3_DEV_RESETS] = "resets",
	[VMXNET3_DEV_RESET_TX_TIMEOUT] = "reset_tx_timeout",
	[VMXNET3_DEV_RESET_BAD_COMPLETION] = "reset_bad_completion",
	[VMXNET3_DEV_RESET_QUEUE_ERROR] = "reset_queue_error",
	[VMXNET3_DEV_RESET_RETRY] = "reset_retry",
	[VMXNET3_DEV_RESET_USER] = "reset_user",
	[VMXNET3_DEV_RESET_PCI] = "reset_pci",
	[VMXNET3_DEV_LINK_EVENTS] = "link_events",
	[VMXNET3_DEV_MODE_EVENTS] = "mode_events",
	[VMXNET3_DEV_UNKNOWN_EVENTS] = "unknown_events",
	[VMXNET3_DEV_TX_DROP_QUEUE] = "tx_drop_queue",
};

static u64 vmxnet3_hw_value(const struct vmxnet3_queue *q, u32 i)
{
	const struct vmxnet3_hw_total *totals[] = {
		&q->tx_errors, &q->tx_discards, &q->rx_out_of_buf, &q->rx_errors,
	};

	return totals[i]->total;
}

static void vmxnet3_hw_add(struct vmxnet3_hw_total *t, __le64 now)
{
	WRITE_ONCE(t->total, vmxnet3_stat_total(t->total, le64_to_cpu(now), &t->last));
}

/* Fetches the device's counters; a heavy exit, so the caller paces itself. */
void vmxnet3_hw_stats_update(struct vmxnet3_priv *priv)
{
	const struct vmxnet3_txq_desc *tx = priv->hw.qdesc;
	const struct vmxnet3_rxq_desc *rx = (const void *)(tx + vmxnet3_pairs(priv));
	u32 i;

	ASSERT_RTNL();
	if (vmxnet3_hw_set(&priv->hw, VMXNET3_CMD_STATS) != VMXNET3_DONE)
		return;
	for (i = 0; i < vmxnet3_pairs(priv); i++) {
		struct vmxnet3_queue *q = &priv->queue[i];

		vmxnet3_hw_add(&q->tx_errors, READ_ONCE(tx[i].stats.errors));
		vmxnet3_hw_add(&q->tx_discards, READ_ONCE(tx[i].stats.discards));
		vmxnet3_hw_add(&q->rx_out_of_buf, READ_ONCE(rx[i].stats.out_of_buf));
		vmxnet3_hw_add(&q->rx_errors, READ_ONCE(rx[i].stats.errors));
	}
	priv->hw_stats_at = jiffies;
}

/* ACTIVATE is about to zero the device's counters. */
void vmxnet3_hw_stats_restart(struct vmxnet3_priv *priv)
{
	u32 i;

	for (i = 0; i < priv->max_pairs; i++) {
		struct vmxnet3_queue *q = &priv->queue[i];

		q->tx_errors.last = 0;
		q->tx_discards.last = 0;
		q->rx_out_of_buf.last = 0;
		q->rx_errors.last = 0;
	}
}

static void vmxnet3_read_xmit(struct vmxnet3_queue *q, u64 *v)
{
	unsigned int start;
	int i;

	do {
		start = u64_stats_fetch_begin(&q->tx.stats.syncp);
		for (i = 0; i < VMXNET3_XMIT_STAT_COUNT; i++)
			v[i] = u64_stats_read(&q->tx.stats.v[i]);
	} while (u64_stats_fetch_retry(&q->tx.stats.syncp, start));
}

static void vmxnet3_read_poll(struct vmxnet3_queue *q, u64 *v)
{
	unsigned int start;
	int i;

	do {
		start = u64_stats_fetch_begin(&q->stats.syncp);
		for (i = 0; i < VMXNET3_POLL_STAT_COUNT; i++)
			v[i] = u64_stats_read(&q->stats.v[i]);
	} while (u64_stats_fetch_retry(&q->stats.syncp, start));
}

static void vmxnet3_add_tx(struct rtnl_link_stats64 *s, const u64 *x)
{
	s->tx_packets += x[VMXNET3_XMIT_PACKETS];
	s->tx_bytes += x[VMXNET3_XMIT_BYTES];
	s->tx_dropped += x[VMXNET3_XMIT_DROP_HEADER] + x[VMXNET3_XMIT_DROP_NOMEM] +
			 x[VMXNET3_XMIT_DROP_SEGMENTS] + x[VMXNET3_XMIT_DROP_MAP] +
			 x[VMXNET3_XMIT_DROP_RESET];
}

static void vmxnet3_add_rx(struct rtnl_link_stats64 *s, const u64 *p)
{
	u64 length = p[VMXNET3_POLL_RX_BAD_LEN] + p[VMXNET3_POLL_RX_DROP_RUNT];
	u64 other = p[VMXNET3_POLL_RX_BAD_RING] + p[VMXNET3_POLL_RX_BAD_SLOT] +
		    p[VMXNET3_POLL_RX_BAD_ORDER] + p[VMXNET3_POLL_RX_DROP_DEVICE] +
		    p[VMXNET3_POLL_RX_DROP_FRAGS];

	s->rx_packets += p[VMXNET3_POLL_RX_PACKETS];
	s->rx_bytes += p[VMXNET3_POLL_RX_BYTES];
	s->rx_dropped += p[VMXNET3_POLL_RX_DROP_NOMEM] + p[VMXNET3_POLL_RX_DROP_RESET];
	s->rx_length_errors += length;
	s->rx_crc_errors += p[VMXNET3_POLL_RX_DROP_FCS];
	s->rx_errors += length + other + p[VMXNET3_POLL_RX_DROP_FCS];
}

/* Software counters only; the device's share is as old as the last fetch. */
void vmxnet3_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *s)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	u64 x[VMXNET3_XMIT_STAT_COUNT], p[VMXNET3_POLL_STAT_COUNT];
	u32 i;

	s->tx_dropped += atomic64_read(&priv->stats[VMXNET3_DEV_TX_DROP_QUEUE]);
	for (i = 0; i < priv->max_pairs; i++) {
		struct vmxnet3_queue *q = &priv->queue[i];

		vmxnet3_read_xmit(q, x);
		vmxnet3_read_poll(q, p);
		vmxnet3_add_tx(s, x);
		vmxnet3_add_rx(s, p);
		s->tx_errors += READ_ONCE(q->tx_errors.total) + READ_ONCE(q->tx_discards.total);
		s->rx_missed_errors += READ_ONCE(q->rx_out_of_buf.total);
	}
}

int vmxnet3_stats_count(struct vmxnet3_priv *priv)
{
	return VMXNET3_DEV_STAT_COUNT + priv->max_pairs * (VMXNET3_XMIT_STAT_COUNT +
						       VMXNET3_POLL_STAT_COUNT +
						       ARRAY_SIZE(vmxnet3_hw_names));
}

static void vmxnet3_name_queue(u8 **out, u32 id, const struct vmxnet3_stat_name *names, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		ethtool_sprintf(out, "%s%u_%s", names[i].dir, id, names[i].name);
}

void vmxnet3_stats_names(struct vmxnet3_priv *priv, u8 *out)
{
	u32 i;

	for (i = 0; i < VMXNET3_DEV_STAT_COUNT; i++)
		ethtool_puts(&out, vmxnet3_dev_names[i]);
	for (i = 0; i < priv->max_pairs; i++) {
		vmxnet3_name_queue(&out, i, vmxnet3_xmit_names, VMXNET3_XMIT_STAT_COUNT);
		vmxnet3_name_queue(&out, i, vmxnet3_poll_names, VMXNET3_POLL_STAT_COUNT);
		vmxnet3_name_queue(&out, i, vmxnet3_hw_names, ARRAY_SIZE(vmxnet3_hw_names));
	}
}

static void vmxnet3_hw_stats_refresh(struct vmxnet3_priv *priv)
{
	if (priv->is_up && time_after(jiffies, priv->hw_stats_at + HZ))
		vmxnet3_hw_stats_update(priv);
}

void vmxnet3_stats_values(struct vmxnet3_priv *priv, u64 *out)
{
	u32 i, k;

	vmxnet3_hw_stats_refresh(priv);
	for (i = 0; i < VMXNET3_DEV_STAT_COUNT; i++)
		*out++ = atomic64_read(&priv->stats[i]);
	for (i = 0; i < priv->max_pairs; i++) {
		vmxnet3_read_xmit(&priv->queue[i], out);
		out += VMXNET3_XMIT_STAT_COUNT;
		vmxnet3_read_poll(&priv->queue[i], out);
		out += VMXNET3_POLL_STAT_COUNT;
		for (k = 0; k < ARRAY_SIZE(vmxnet3_hw_names); k++)
			*out++ = vmxnet3_hw_value(&priv->queue[i], k);
	}
}

static void vmxnet3_qstats_add_rx(struct vmxnet3_queue *q, struct netdev_queue_stats_rx *s)
{
	u64 p[VMXNET3_POLL_STAT_COUNT];

	vmxnet3_read_poll(q, p);
	s->packets += p[VMXNET3_POLL_RX_PACKETS];
	s->bytes += p[VMXNET3_POLL_RX_BYTES];
	s->alloc_fail += p[VMXNET3_POLL_RX_REFILL_FAILED] + p[VMXNET3_POLL_RX_DROP_NOMEM];
	s->csum_unnecessary += p[VMXNET3_POLL_RX_CSUM_GOOD];
	s->hw_drop_overruns += READ_ONCE(q->rx_out_of_buf.total);
}

static void vmxnet3_qstats_add_tx(struct vmxnet3_queue *q, struct netdev_queue_stats_tx *s)
{
	u64 x[VMXNET3_XMIT_STAT_COUNT];

	vmxnet3_read_xmit(q, x);
	s->packets += x[VMXNET3_XMIT_PACKETS];
	s->bytes += x[VMXNET3_XMIT_BYTES];
	s->needs_csum += x[VMXNET3_XMIT_CSUM] + x[VMXNET3_XMIT_TSO];
	s->hw_gso_packets += x[VMXNET3_XMIT_TSO];
	s->stop += x[VMXNET3_XMIT_STOPPED];
	s->wake += x[VMXNET3_XMIT_WOKEN];
	s->hw_drop_errors += READ_ONCE(q->tx_errors.total) + READ_ONCE(q->tx_discards.total);
}

/* What is known of a queue is said by being set; the rest stays as it came. */
static void vmxnet3_qstats_zero_rx(struct netdev_queue_stats_rx *s)
{
	s->packets = 0;
	s->bytes = 0;
	s->alloc_fail = 0;
	s->csum_unnecessary = 0;
	s->hw_drop_overruns = 0;
}

static void vmxnet3_qstats_zero_tx(struct netdev_queue_stats_tx *s)
{
	s->packets = 0;
	s->bytes = 0;
	s->needs_csum = 0;
	s->hw_gso_packets = 0;
	s->stop = 0;
	s->wake = 0;
	s->hw_drop_errors = 0;
}

static void vmxnet3_qstats_rx(struct net_device *netdev, int idx, struct netdev_queue_stats_rx *s)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	vmxnet3_hw_stats_refresh(priv);
	vmxnet3_qstats_zero_rx(s);
	vmxnet3_qstats_add_rx(&priv->queue[idx], s);
}

static void vmxnet3_qstats_tx(struct net_device *netdev, int idx, struct netdev_queue_stats_tx *s)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	vmxnet3_hw_stats_refresh(priv);
	vmxnet3_qstats_zero_tx(s);
	vmxnet3_qstats_add_tx(&priv->queue[idx], s);
}

/* What queues counted that are not in use any more, after ethtool -L. */
static void vmxnet3_qstats_base(struct net_device *netdev, struct netdev_queue_stats_rx *rx,
				struct netdev_queue_stats_tx *tx)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	u32 i;

	vmxnet3_qstats_zero_rx(rx);
	vmxnet3_qstats_zero_tx(tx);
	for (i = netdev->real_num_rx_queues; i < priv->max_pairs; i++)
		vmxnet3_qstats_add_rx(&priv->queue[i], rx);
	for (i = netdev->real_num_tx_queues; i < priv->max_pairs; i++)
		vmxnet3_qstats_add_tx(&priv->queue[i], tx);
}

/* For the kernel's netdev netlink family; called under rtnl. */
const struct netdev_stat_ops vmxnet3_stat_ops = {
	.get_queue_stats_rx = vmxnet3_qstats_rx,
	.get_queue_stats_tx = vmxnet3_qstats_tx,
	.get_base_stats = vmxnet3_qstats_base,
};
