// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The ethtool surface: identity, counters, ring sizes, channels, link.
 */
#include <linux/ethtool.h>

#include "vmxnet3.h"

static void vmxnet3_get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	strscpy(info->driver, VMXNET3_NAME, sizeof(info->driver));
	strscpy(info->version, VMXNET3_VERSION, sizeof(info->version));
	strscpy(info->bus_info, pci_name(priv->pdev), sizeof(info->bus_info));
}

static int vmxnet3_get_sset_count(struct net_device *netdev, int set)
{
	return set == ETH_SS_STATS ? vmxnet3_stats_count(netdev_priv(netdev)) : -EOPNOTSUPP;
}

static void vmxnet3_get_strings(struct net_device *netdev, u32 set, u8 *out)
{
	if (set == ETH_SS_STATS)
		vmxnet3_stats_names(netdev_priv(netdev), out);
}

static void vmxnet3_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats,
				      u64 *out)
{
	vmxnet3_stats_values(netdev_priv(netdev), out);
}

static void vmxnet3_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *r,
				  struct kernel_ethtool_ringparam *kernel,
				  struct netlink_ext_ack *extack)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	r->rx_max_pending = VMXNET3_RING_MAX;
	r->rx_jumbo_max_pending = VMXNET3_RING_MAX;
	r->tx_max_pending = VMXNET3_RING_MAX;
	r->rx_pending = priv->config.rx_size;
	r->rx_jumbo_pending = priv->config.rx2_size;
	r->tx_pending = priv->config.tx_size;
}

/* Sizes are rounded up to a power of two and reported as they came out. */
static int vmxnet3_set_ringparam(struct net_device *netdev, struct ethtool_ringparam *r,
				 struct kernel_ethtool_ringparam *kernel,
				 struct netlink_ext_ack *extack)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	struct vmxnet3_config config = priv->config;

	if (!r->rx_pending || !r->tx_pending || !r->rx_jumbo_pending) {
		NL_SET_ERR_MSG(extack, "A ring needs at least 32 entries");
		return -EINVAL;
	}
	config.rx_size = vmxnet3_ring_size_round(r->rx_pending);
	config.rx2_size = vmxnet3_ring_size_round(r->rx_jumbo_pending);
	config.tx_size = vmxnet3_ring_size_round(max_t(u32, r->tx_pending, VMXNET3_TX_RING_MIN));
	if (!memcmp(&config, &priv->config, sizeof(config)))
		return 0;
	return vmxnet3_reconfigure(priv, &config);
}

static int vmxnet3_get_tunable(struct net_device *netdev, const struct ethtool_tunable *tunable,
			       void *value)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	if (tunable->id != ETHTOOL_RX_COPYBREAK)
		return -EOPNOTSUPP;
	*(u32 *)value = priv->queue[0].rx.copybreak;
	return 0;
}

static int vmxnet3_set_tunable(struct net_device *netdev, const struct ethtool_tunable *tunable,
			       const void *value)
{
	u32 len = *(const u32 *)value;

	if (tunable->id != ETHTOOL_RX_COPYBREAK)
		return -EOPNOTSUPP;
	if (len > VMXNET3_RX_COPY_MAX) {
		netdev_err(netdev, "rx-copybreak %u is too large; at most %u\n", len,
			   VMXNET3_RX_COPY_MAX);
		return -EINVAL;
	}
	vmxnet3_rx_set_copybreak(netdev_priv(netdev), len);
	return 0;
}

static void vmxnet3_get_channels(struct net_device *netdev, struct ethtool_channels *c)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	c->max_combined = priv->max_pairs;
	c->combined_count = priv->config.pairs;
	if (priv->intr_type == VMXNET3_INTR_MSIX) {
		c->max_other = 1;
		c->other_count = 1;
	}
}

static int vmxnet3_set_channels(struct net_device *netdev, struct ethtool_channels *c)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	struct vmxnet3_config config = priv->config;

	if (vmxnet3_pairs_for(priv->hw.caps, c->combined_count, priv->max_pairs) !=
	    c->combined_count) {
		netdev_err(netdev, "%u queue pairs cannot be had; use a power of two up to %u\n",
			   c->combined_count, priv->max_pairs);
		return -EINVAL;
	}
	config.pairs = c->combined_count;
	return config.pairs == priv->config.pairs ? 0 : vmxnet3_reconfigure(priv, &config);
}

static int vmxnet3_get_link_ksettings(struct net_device *netdev,
				      struct ethtool_link_ksettings *cmd)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	bool is_up = netif_carrier_ok(netdev) && priv->link.mbps;

	ethtool_link_ksettings_zero_link_mode(cmd, supported);
	ethtool_link_ksettings_zero_link_mode(cmd, advertising);
	ethtool_link_ksettings_add_link_mode(cmd, supported, TP);
	cmd->base.port = PORT_TP;
	cmd->base.autoneg = AUTONEG_DISABLE;
	cmd->base.speed = is_up ? priv->link.mbps : SPEED_UNKNOWN;
	cmd->base.duplex = is_up ? DUPLEX_FULL : DUPLEX_UNKNOWN;
	return 0;
}

/*
 * Below version 3 there is one switch: whether the device spaces interrupts
 * out as it sees fit, or raises one for everything at once.
 */
static int vmxnet3_get_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
				struct kernel_ethtool_coalesce *kernel,
				struct netlink_ext_ack *extack)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	c->use_adaptive_rx_coalesce = priv->has_moderation;
	return 0;
}

static int vmxnet3_set_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
				struct kernel_ethtool_coalesce *kernel,
				struct netlink_ext_ack *extack)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	bool is_wanted = c->use_adaptive_rx_coalesce;
	int err;

	if (is_wanted == priv->has_moderation)
		return 0;
	priv->has_moderation = is_wanted;
	err = priv->is_up ? vmxnet3_reactivate(priv) : 0;
	/* The next attempt is with what worked. */
	if (err)
		priv->has_moderation = !is_wanted;
	return err;
}

/*
 * ethtool prints version 2 by a layout that is not ours, and reads beyond the
 * end on the way.  Of a version that it does not know it shows the bytes.
 */
#define VMXNET3_DUMP_VERSION	100

/* What vmxnet3_get_regs() fills, each a u32; the numbers of queues come first. */
enum vmxnet3_reg_dump {
	VMXNET3_DUMP_PAIRS,
	VMXNET3_DUMP_VERSIONS,
	VMXNET3_DUMP_UPT_VERSIONS,
	VMXNET3_DUMP_MAC_LOW,
	VMXNET3_DUMP_MAC_HIGH,
	VMXNET3_DUMP_EVENTS,
	VMXNET3_DUMP_COUNT
};

enum vmxnet3_queue_dump {
	VMXNET3_DUMP_TX_SIZE,
	VMXNET3_DUMP_TX_PROD,
	VMXNET3_DUMP_TX_RUNG,
	VMXNET3_DUMP_TX_CONS,
	VMXNET3_DUMP_TX_COMP,
	VMXNET3_DUMP_RX_SIZE,
	VMXNET3_DUMP_RX_PROD,
	VMXNET3_DUMP_RX_CONS,
	VMXNET3_DUMP_RX2_SIZE,
	VMXNET3_DUMP_RX2_PROD,
	VMXNET3_DUMP_RX2_CONS,
	VMXNET3_DUMP_RX_COMP,
	VMXNET3_DUMP_QUEUE_COUNT
};

static int vmxnet3_get_regs_len(struct net_device *netdev)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	return (VMXNET3_DUMP_COUNT + priv->max_pairs * VMXNET3_DUMP_QUEUE_COUNT) * sizeof(u32);
}

static void vmxnet3_dump_queue(const struct vmxnet3_queue *q, u32 *out)
{
	out[VMXNET3_DUMP_TX_SIZE] = q->tx.mask + 1;
	out[VMXNET3_DUMP_TX_PROD] = READ_ONCE(q->tx.prod);
	out[VMXNET3_DUMP_TX_RUNG] = READ_ONCE(q->tx.rung);
	out[VMXNET3_DUMP_TX_CONS] = READ_ONCE(q->tx.cons);
	out[VMXNET3_DUMP_TX_COMP] = READ_ONCE(q->tx.comp_pos.next);
	out[VMXNET3_DUMP_RX_SIZE] = q->rx.pos[0].mask + 1;
	out[VMXNET3_DUMP_RX_PROD] = READ_ONCE(q->rx.pos[0].prod);
	out[VMXNET3_DUMP_RX_CONS] = READ_ONCE(q->rx.pos[0].cons);
	out[VMXNET3_DUMP_RX2_SIZE] = q->rx.pos[1].mask + 1;
	out[VMXNET3_DUMP_RX2_PROD] = READ_ONCE(q->rx.pos[1].prod);
	out[VMXNET3_DUMP_RX2_CONS] = READ_ONCE(q->rx.pos[1].cons);
	out[VMXNET3_DUMP_RX_COMP] = READ_ONCE(q->rx.comp_pos.next);
}

/* Only registers whose reading changes nothing, and positions from memory. */
static void vmxnet3_get_regs(struct net_device *netdev, struct ethtool_regs *regs, void *data)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	u32 i, *out = data;

	regs->version = VMXNET3_DUMP_VERSION;
	memset(out, 0, vmxnet3_get_regs_len(netdev));
	out[VMXNET3_DUMP_PAIRS] = priv->max_pairs;
	out[VMXNET3_DUMP_VERSIONS] = vmxnet3_hw_peek(&priv->hw, VMXNET3_VD_VRRS);
	out[VMXNET3_DUMP_UPT_VERSIONS] = vmxnet3_hw_peek(&priv->hw, VMXNET3_VD_UVRS);
	out[VMXNET3_DUMP_MAC_LOW] = vmxnet3_hw_peek(&priv->hw, VMXNET3_VD_MACL);
	out[VMXNET3_DUMP_MAC_HIGH] = vmxnet3_hw_peek(&priv->hw, VMXNET3_VD_MACH);
	out[VMXNET3_DUMP_EVENTS] = le32_to_cpu(READ_ONCE(priv->hw.shared->ecr));
	if (!priv->rings)
		return;
	for (i = 0; i < vmxnet3_pairs(priv); i++)
		vmxnet3_dump_queue(&priv->queue[i], out + VMXNET3_DUMP_COUNT +
						    i * VMXNET3_DUMP_QUEUE_COUNT);
}

VMGUEST_RXFH_OPS(vmxnet3_get_rxfh, vmxnet3_set_rxfh, vmxnet3_get_rx_ring_count)

const struct ethtool_ops vmxnet3_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USE_ADAPTIVE_RX,
	.get_drvinfo = vmxnet3_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = vmxnet3_get_link_ksettings,
	.get_ts_info = ethtool_op_get_ts_info,
	.get_sset_count = vmxnet3_get_sset_count,
	.get_strings = vmxnet3_get_strings,
	.get_ethtool_stats = vmxnet3_get_ethtool_stats,
	.get_ringparam = vmxnet3_get_ringparam,
	.set_ringparam = vmxnet3_set_ringparam,
	.get_coalesce = vmxnet3_get_coalesce,
	.set_coalesce = vmxnet3_set_coalesce,
	.get_regs_len = vmxnet3_get_regs_len,
	.get_regs = vmxnet3_get_regs,
	.get_wol = vmxnet3_get_wol,
	.set_wol = vmxnet3_set_wol,
	.get_rxfh_key_size = vmxnet3_get_rxfh_key_size,
	.get_rxfh_indir_size = vmxnet3_get_rxfh_indir_size,
	VMGUEST_RXFH_MEMBERS(vmxnet3_get_rxfh, vmxnet3_set_rxfh, vmxnet3_get_rx_ring_count)
	.get_tunable = vmxnet3_get_tunable,
	.set_tunable = vmxnet3_set_tunable,
	.get_channels = vmxnet3_get_channels,
	.set_channels = vmxnet3_set_channels,
};
