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
#include <linux/timer.h>

#ifdef NEED_PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif

#ifdef NEED_NETIF_NAPI_ADD_CONFIG
static inline void netif_napi_add_config(struct net_device *dev, struct napi_struct *napi,
					 int (*poll)(struct napi_struct *, int), int index)
{
	netif_napi_add(dev, napi, poll);
}
#endif

#ifdef NEED_NETIF_NAPI_SET_IRQ
static inline void netif_napi_set_irq(struct napi_struct *napi, int irq)
{
}
#endif

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

/*
 * Drivers fill what they know of a queue; the members they use are here, too.  There is no member
 * of a device to set where there are no such operations, hence vmguest_set_stat_ops().
 */
#ifdef NEED_NETDEV_STAT_OPS
struct netdev_queue_stats_rx {
	u64 bytes;
	u64 packets;
	u64 alloc_fail;
	u64 hw_drop_overruns;
	u64 csum_unnecessary;
};

struct netdev_queue_stats_tx {
	u64 bytes;
	u64 packets;
	u64 hw_drop_errors;
	u64 needs_csum;
	u64 hw_gso_packets;
	u64 stop;
	u64 wake;
};

struct netdev_stat_ops {
	void (*get_queue_stats_rx)(struct net_device *dev, int idx,
				   struct netdev_queue_stats_rx *stats);
	void (*get_queue_stats_tx)(struct net_device *dev, int idx,
				   struct netdev_queue_stats_tx *stats);
	void (*get_base_stats)(struct net_device *dev, struct netdev_queue_stats_rx *rx,
			       struct netdev_queue_stats_tx *tx);
};

static inline void vmguest_set_stat_ops(struct net_device *dev, const struct netdev_stat_ops *ops)
{
}
#else
#include <net/netdev_queues.h>

static inline void vmguest_set_stat_ops(struct net_device *dev, const struct netdev_stat_ops *ops)
{
	dev->stat_ops = ops;
}
#endif

/* GRO holds nothing for this poller, and is not told to keep anything after a poll. */
static inline bool vmguest_gro_is_idle(const struct napi_struct *napi)
{
#ifdef NEED_NAPI_GRO_FLUSH_TIMEOUT
	unsigned long timeout = READ_ONCE(napi->dev->gro_flush_timeout);
#else
	unsigned long timeout = READ_ONCE(napi->gro_flush_timeout);
#endif

#ifdef NEED_NAPI_GRO
	return !(timeout | napi->gro_bitmask | napi->rx_count);
#else
	return !(timeout | napi->gro.bitmask | napi->gro.rx_count);
#endif
}

#ifdef NEED_XDP_SET_FEATURES_FLAG
#define NETDEV_XDP_ACT_BASIC 0
#define NETDEV_XDP_ACT_REDIRECT 0
#define NETDEV_XDP_ACT_NDO_XMIT 0
static inline void xdp_set_features_flag(struct net_device *dev, u32 val)
{
}
#endif

/* The text without its arguments would mislead: they are left out whole. */
#ifdef NEED_NL_SET_ERR_MSG_FMT_MOD
#define NL_SET_ERR_MSG_FMT_MOD(extack, fmt, ...) \
	do { (void)(extack); pr_err(KBUILD_MODNAME ": " fmt "\n", ##__VA_ARGS__); } while (0)
#endif

/*
 * Drivers write get_rxfh(), set_rxfh() and get_rx_ring_count() as the newest kernel calls them.
 * VMGUEST_RXFH_OPS() stands before the table of operations, VMGUEST_RXFH_MEMBERS() in it.
 */
#ifdef NEED_RXFH_PARAM
struct ethtool_rxfh_param {
	u8 hfunc;
	u32 indir_size;
	u32 *indir;
	u32 key_size;
	u8 *key;
};

#define VMGUEST_RXFH_PARAM_OPS(get, set)						\
static int vmguest_get_rxfh(struct net_device *dev, u32 *indir, u8 *key, u8 *hfunc)	\
{											\
	struct ethtool_rxfh_param p = { .indir = indir, .key = key };			\
	int err = get(dev, &p);								\
											\
	if (!err && hfunc)								\
		*hfunc = p.hfunc;							\
	return err;									\
}											\
static int vmguest_set_rxfh(struct net_device *dev, const u32 *indir, const u8 *key,	\
			    const u8 hfunc)						\
{											\
	struct ethtool_rxfh_param p = {							\
		.hfunc = hfunc,								\
		.indir = (u32 *)indir,							\
		.key = (u8 *)key,							\
	};										\
											\
	return set(dev, &p, NULL);							\
}
#define VMGUEST_RXFH_PARAM_MEMBERS(get, set) \
	.get_rxfh = vmguest_get_rxfh, .set_rxfh = vmguest_set_rxfh,
#else
#define VMGUEST_RXFH_PARAM_OPS(get, set)
#define VMGUEST_RXFH_PARAM_MEMBERS(get, set) .get_rxfh = get, .set_rxfh = set,
#endif

#ifdef NEED_GET_RX_RING_COUNT
#define VMGUEST_RING_COUNT_OPS(count)							\
static int vmguest_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *c, u32 *rules) \
{											\
	if (c->cmd != ETHTOOL_GRXRINGS)							\
		return -EOPNOTSUPP;							\
	c->data = count(dev);								\
	return 0;									\
}
#define VMGUEST_RING_COUNT_MEMBERS(count) .get_rxnfc = vmguest_get_rxnfc,
#else
#define VMGUEST_RING_COUNT_OPS(count)
#define VMGUEST_RING_COUNT_MEMBERS(count) .get_rx_ring_count = count,
#endif

#define VMGUEST_RXFH_OPS(get, set, count) \
	VMGUEST_RXFH_PARAM_OPS(get, set) VMGUEST_RING_COUNT_OPS(count)
#define VMGUEST_RXFH_MEMBERS(get, set, count) \
	VMGUEST_RXFH_PARAM_MEMBERS(get, set) VMGUEST_RING_COUNT_MEMBERS(count)

#ifdef NEED_DEVLINK_DEFAULT_PERIODS
#include <net/devlink.h>
#define devlink_health_reporter_create(devlink, ops, priv) \
	devlink_health_reporter_create(devlink, ops, 0, priv)
#endif

#ifdef NEED_ETHTOOL_PUTS
static inline void ethtool_puts(u8 **data, const char *str)
{
	strscpy_pad((char *)*data, str, ETH_GSTRING_LEN);
	*data += ETH_GSTRING_LEN;
}
#endif

#ifdef NEED_TIMER_DELETE_SYNC
#define timer_delete_sync del_timer_sync
#endif

#ifdef NEED_TIMER_CONTAINER_OF
#define timer_container_of(var, callback_timer, timer_fieldname) \
	container_of(callback_timer, typeof(*(var)), timer_fieldname)
#endif

#ifdef NEED_SYSTEM_PERCPU_WQ
#define system_percpu_wq system_wq
#endif

#include <linux/shrinker.h>

/* A shrinker that somebody else allocates; drivers set its members, then register it. */
#ifdef NEED_SHRINKER_ALLOC
#include <linux/slab.h>

static inline struct shrinker *shrinker_alloc(unsigned int flags, const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (shrinker) {
		shrinker->flags = flags;
		shrinker->seeks = DEFAULT_SEEKS;
	}
	return shrinker;
}

static inline int vmguest_shrinker_register(struct shrinker *shrinker, const char *name)
{
	return register_shrinker(shrinker, "%s", name);
}

/* Also of one that was never registered. */
static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#else
static inline int vmguest_shrinker_register(struct shrinker *shrinker, const char *name)
{
	shrinker_register(shrinker);
	return 0;
}
#endif

#ifdef NEED_SYSTEM_DFL_WQ
#define system_dfl_wq system_unbound_wq
#endif

/* The threads of older kernels have the root of the first program. */
#ifdef NEED_SCOPED_WITH_INIT_FS
#define scoped_with_init_fs()
#endif

#ifdef NEED_ITER_DEST
#define ITER_DEST READ
#endif

/*
 * Also the operations of a superblock, of the same names. Without holders a superblock is frozen or
 * not, whoever has done it.
 */
#include <linux/fs.h>

#ifdef NEED_FREEZE_HOLDER
enum freeze_holder {
	FREEZE_HOLDER_KERNEL	= (1U << 0),
	FREEZE_HOLDER_USERSPACE	= (1U << 1),
};

#define freeze_super(sb, who, owner) freeze_super(sb)
#define thaw_super(sb, who, owner) thaw_super(sb)
#elif defined(NEED_FREEZE_OWNER)
#define freeze_super(sb, who, owner) freeze_super(sb, who)
#define thaw_super(sb, who, owner) thaw_super(sb, who)
#endif

/* How often the kernel itself holds a superblock frozen. */
static inline int vmguest_kernel_freezes(const struct super_block *sb)
{
#ifdef NEED_FREEZE_COUNT
	return 0;
#else
	return READ_ONCE(sb->s_writers.freeze_kcount);
#endif
}

#include "balloon.h"
#include "filesystem.h"

#endif /* VMGUEST_COMPAT_H */
