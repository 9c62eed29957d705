// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Receive-side scaling: which queue a flow goes to.  Key and table are kept
 * here in the driver and only written to the device, never read back.  A new
 * table takes effect live, a new key with an activation.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "vmxnet3.h"

/* One queue needs no choice, and without MSI-X there is only one. */
bool vmxnet3_rss_is_on(const struct vmxnet3_priv *priv)
{
	return vmxnet3_pairs(priv) > 1;
}

/* An even spread, unless the user has set a table; the core keeps that within the pairs. */
void vmxnet3_rss_spread(struct vmxnet3_priv *priv, u32 pairs)
{
	u32 i;

	if (netif_is_rxfh_configured(priv->netdev))
		return;
	for (i = 0; i < ARRAY_SIZE(priv->rss.table); i++)
		priv->rss.table[i] = ethtool_rxfh_indir_default(i, pairs);
}

void vmxnet3_rss_init(struct vmxnet3_priv *priv)
{
	netdev_rss_key_fill(priv->rss.key, sizeof(priv->rss.key));
	vmxnet3_rss_spread(priv, priv->max_pairs);
}

/* Writes the block that ACTIVATE and UPDATE_RSSIDT read. */
void vmxnet3_rss_fill(struct vmxnet3_priv *priv)
{
	struct vmxnet3_rss_conf *conf = &priv->hw.blocks->rss;
	struct vmxnet3_shared *s = priv->hw.shared;

	conf->hash_type = cpu_to_le16(VMXNET3_RSS_IPV4 | VMXNET3_RSS_TCP_IPV4 |
				      VMXNET3_RSS_IPV6 | VMXNET3_RSS_TCP_IPV6);
	conf->hash_func = cpu_to_le16(VMXNET3_RSS_TOEPLITZ);
	conf->key_size = cpu_to_le16(sizeof(conf->key));
	conf->table_size = cpu_to_le16(sizeof(conf->table));
	memcpy(conf->key, priv->rss.key, sizeof(conf->key));
	memcpy(conf->table, priv->rss.table, sizeof(conf->table));
	s->rss_conf.version = cpu_to_le32(1);
	s->rss_conf.len = cpu_to_le32(sizeof(*conf));
	s->rss_conf.pa = cpu_to_le64(priv->hw.blocks_pa + offsetof(struct vmxnet3_blocks, rss));
}

u32 vmxnet3_get_rxfh_key_size(struct net_device *netdev)
{
	return VMXNET3_RSS_KEY_SIZE;
}

u32 vmxnet3_get_rxfh_indir_size(struct net_device *netdev)
{
	return VMXNET3_RSS_TABLE_SIZE;
}

u32 vmxnet3_get_rx_ring_count(struct net_device *netdev)
{
	return vmxnet3_pairs(netdev_priv(netdev));
}

int vmxnet3_get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *p)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	u32 i;

	p->hfunc = ETH_RSS_HASH_TOP;
	for (i = 0; p->indir && i < ARRAY_SIZE(priv->rss.table); i++)
		p->indir[i] = priv->rss.table[i];
	if (p->key)
		memcpy(p->key, priv->rss.key, sizeof(priv->rss.key));
	return 0;
}

int vmxnet3_set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *p,
		     struct netlink_ext_ack *extack)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	typeof(priv->rss) old = priv->rss;
	int err;
	u32 i;

	if (p->hfunc != ETH_RSS_HASH_NO_CHANGE && p->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG_MOD(extack, "The device hashes by Toeplitz only");
		return -EOPNOTSUPP;
	}
	for (i = 0; p->indir && i < ARRAY_SIZE(priv->rss.table); i++)
		priv->rss.table[i] = p->indir[i];
	if (p->key)
		memcpy(priv->rss.key, p->key, sizeof(priv->rss.key));
	if (!priv->is_up || !vmxnet3_rss_is_on(priv))
		return 0;
	if (!p->key) {
		vmxnet3_rss_fill(priv);
		vmxnet3_hw_set(&priv->hw, VMXNET3_CMD_RSS_TABLE);
		return 0;
	}
	err = vmxnet3_reactivate(priv);
	/* The next attempt is with what worked. */
	if (err)
		priv->rss = old;
	return err;
}
