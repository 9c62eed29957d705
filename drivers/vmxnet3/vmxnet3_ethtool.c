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

const struct ethtool_ops vmxnet3_ethtool_ops = {
	.get_drvinfo = vmxnet3_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = vmxnet3_get_link_ksettings,
	.get_ts_info = ethtool_op_get_ts_info,
	.get_sset_count = vmxnet3_get_sset_count,
	.get_strings = vmxnet3_get_strings,
	.get_ethtool_stats = vmxnet3_get_ethtool_stats,
	.get_ringparam = vmxnet3_get_ringparam,
	.set_ringparam = vmxnet3_set_ringparam,
	.get_channels = vmxnet3_get_channels,
	.set_channels = vmxnet3_set_channels,
};
