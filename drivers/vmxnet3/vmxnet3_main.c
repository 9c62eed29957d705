// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Binding to the device, the life cycle of the interface, and the service
 * work that handles events and resets.
 *
 * Every way up goes through vmxnet3_activate() + vmxnet3_run(), every way down
 * through vmxnet3_halt(); open, stop, reset, a new configuration, suspend and
 * resume only combine them.
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>

#include "vmxnet3.h"

#define CREATE_TRACE_POINTS
#include "vmxnet3_trace.h"

static char *irq_mode = "auto";
module_param(irq_mode, charp, 0444);
MODULE_PARM_DESC(irq_mode, "Interrupt type: auto, msix, msi or intx (default auto)");

/* A device that has events without end is looked at a hundred times a second. */
static unsigned long vmxnet3_event_delay(const struct vmxnet3_priv *priv)
{
	unsigned long due = READ_ONCE(priv->last_event) + max(HZ / 100, 1);

	return time_before(jiffies, due) ? due - jiffies : 0;
}

void vmxnet3_schedule_service(struct vmxnet3_priv *priv, enum vmxnet3_service what)
{
	unsigned long delay = what == VMXNET3_SERVICE_EVENT ? vmxnet3_event_delay(priv) : 0;

	set_bit(what, &priv->pending);
	/* Even if the work is waiting for its next reset: it waits on by itself. */
	mod_delayed_work(system_percpu_wq, &priv->service, delay);
}

static int vmxnet3_outcome_errno(enum vmxnet3_outcome o)
{
	static const int err[VMXNET3_OUTCOME_COUNT] = {
		[VMXNET3_DONE] = 0,
		[VMXNET3_REFUSED] = -EIO,
		[VMXNET3_GONE] = -ENODEV,
	};

	return err[o];
}

static void vmxnet3_update_link(struct vmxnet3_priv *priv)
{
	struct vmxnet3_link link;
	u32 value;

	if (vmxnet3_hw_get(&priv->hw, VMXNET3_CMD_LINK, &value) != VMXNET3_DONE)
		return;
	link = vmxnet3_decode_link(value);
	if (link.is_up != netif_carrier_ok(priv->netdev)) {
		if (link.is_up)
			netif_carrier_on(priv->netdev);
		else
			netif_carrier_off(priv->netdev);
		if (net_ratelimit() && netif_running(priv->netdev))
			netdev_info(priv->netdev, "link is %s\n", link.is_up ? "up" : "down");
	}
	priv->link = link;
}

static void vmxnet3_sync_filters(struct vmxnet3_priv *priv)
{
	struct net_device *netdev = priv->netdev;

	netif_addr_lock_bh(netdev);
	vmxnet3_hw_set_vlans(&priv->hw, priv->active_vlans, netdev->flags & IFF_PROMISC);
	vmxnet3_hw_set_rx_mode(&priv->hw, netdev);
	netif_addr_unlock_bh(netdev);
}

/*
 * Starts the device on the attached rings; pollers and senders stay off.
 * Needs rtnl.  Returns -EIO if the device refuses, -ENODEV if it is gone.
 */
static int vmxnet3_activate(struct vmxnet3_priv *priv)
{
	enum vmxnet3_outcome o;
	u32 i;

	ASSERT_RTNL();
	/* What asked for a reset until now has got it. */
	for (i = VMXNET3_SERVICE_EVENT + 1; i < VMXNET3_SERVICE_COUNT; i++)
		clear_bit(i, &priv->pending);
	atomic_set(&priv->ecr, 0);
	vmxnet3_shared_fill(priv);
	for (i = 0; i < vmxnet3_pairs(priv); i++) {
		vmxnet3_tx_start(&priv->queue[i].tx);
		vmxnet3_rx_start(&priv->queue[i]);
	}
	vmxnet3_hw_stats_restart(priv);
	o = vmxnet3_hw_activate(&priv->hw);
	if (o != VMXNET3_DONE) {
		vmxnet3_count(priv, VMXNET3_DEV_ACTIVATE_REFUSED);
		if (net_ratelimit())
			netdev_err(priv->netdev, "activation failed: %s\n",
				   vmxnet3_outcome_name(o));
		return vmxnet3_outcome_errno(o);
	}
	vmxnet3_count(priv, VMXNET3_DEV_ACTIVATIONS);
	for (i = 0; i < vmxnet3_pairs(priv); i++)
		vmxnet3_rx_kick(&priv->queue[i]);
	/* Some devices fall back to the permanent address on ACTIVATE. */
	vmxnet3_hw_write_mac(&priv->hw, priv->netdev->dev_addr);
	vmxnet3_sync_filters(priv);
	return 0;
}

/* Tells the stack which poller serves a pair's queues, or that none does. */
static void vmxnet3_show_poller(struct vmxnet3_queue *q, struct napi_struct *napi)
{
	netif_queue_set_napi(q->priv->netdev, q->id, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(q->priv->netdev, q->id, NETDEV_QUEUE_TYPE_TX, napi);
}

/* Lets pollers, senders and interrupts run on an activated device. */
static void vmxnet3_run(struct vmxnet3_priv *priv)
{
	u32 i;

	for (i = 0; i < vmxnet3_pairs(priv); i++) {
		napi_enable(&priv->queue[i].napi);
		vmxnet3_show_poller(&priv->queue[i], &priv->queue[i].napi);
	}
	priv->is_up = true;
	vmxnet3_update_link(priv);
	netif_tx_wake_all_queues(priv->netdev);
	vmxnet3_irq_unmask_all(priv);
	/* What arrived before the unmask may have raised no interrupt. */
	local_bh_disable();
	for (i = 0; i < vmxnet3_pairs(priv); i++)
		napi_schedule(&priv->queue[i].napi);
	local_bh_enable();
}

/*
 * The watchdog looks at all queues, even those that never send: it shall not
 * take the pause for a hang.
 */
static void vmxnet3_stop_senders(struct net_device *netdev)
{
	u32 i;

	for (i = 0; i < netdev->num_tx_queues; i++)
		WRITE_ONCE(netdev_get_tx_queue(netdev, i)->trans_start, jiffies);
	netif_tx_disable(netdev);
}

/*
 * Stops pollers, senders, interrupts and then the device.  Pollers go before
 * senders, because a poller may wake a sender, and interrupts after both, since
 * a sender may unmask its queue's; a poller that is off cannot be scheduled.
 */
void vmxnet3_halt(struct vmxnet3_priv *priv)
{
	enum vmxnet3_outcome o;
	u32 i;

	ASSERT_RTNL();
	if (!priv->is_up) {
		/* The stack may have woken senders all the same. */
		vmxnet3_stop_senders(priv->netdev);
		return;
	}
	priv->is_up = false;
	vmxnet3_hw_stats_update(priv);
	for (i = 0; i < vmxnet3_pairs(priv); i++) {
		vmxnet3_show_poller(&priv->queue[i], NULL);
		napi_disable(&priv->queue[i].napi);
		timer_delete_sync(&priv->queue[i].rx.refill_timer);
	}
	vmxnet3_stop_senders(priv->netdev);
	vmxnet3_irq_mask_all(priv);
	o = vmxnet3_hw_quiesce(&priv->hw);
	if (o != VMXNET3_DONE)
		netdev_warn(priv->netdev, "quiesce: %s\n", vmxnet3_outcome_name(o));
}

/* From a halted device with attached rings to a running one. */
int vmxnet3_restart(struct vmxnet3_priv *priv)
{
	int err;

	vmxnet3_rings_drain(priv);
	vmxnet3_hw_reset(&priv->hw);
	err = vmxnet3_activate(priv);
	if (!err)
		vmxnet3_run(priv);
	return err;
}

/* The interface stays without a working device: try again later. */
void vmxnet3_restart_failed(struct vmxnet3_priv *priv)
{
	netif_carrier_off(priv->netdev);
	if (!priv->hw.is_gone)
		vmxnet3_schedule_service(priv, VMXNET3_SERVICE_RETRY);
}

/* Lets a running device read again what only ACTIVATE makes it read.  Needs rtnl. */
int vmxnet3_reactivate(struct vmxnet3_priv *priv)
{
	int err;

	vmxnet3_halt(priv);
	err = vmxnet3_restart(priv);
	if (err)
		vmxnet3_restart_failed(priv);
	return err;
}

/* Tells the stack; only growing can fail, and the senders must be off. */
static int vmxnet3_set_pairs(struct vmxnet3_priv *priv, u32 pairs)
{
	u32 i, old = priv->netdev->real_num_tx_queues;
	int err;

	if (pairs == old)
		return 0;
	err = netif_set_real_num_queues(priv->netdev, pairs, pairs);
	/* The stack forgot who sends on a queue when the queue went. */
	for (i = old; !err && i < pairs; i++)
		vmxnet3_xps_spread(&priv->queue[i]);
	return err;
}

/**
 * vmxnet3_reconfigure - run with other rings, queues, MTU or aggregation
 * @priv: the device
 * @config: the new configuration
 *
 * Everything that can fail for want of memory happens while the old
 * configuration still runs; should the device refuse the new one, the old one
 * is started again.  Needs rtnl.
 *
 * Return: 0, or a negative error with the old configuration in force.
 */
int vmxnet3_reconfigure(struct vmxnet3_priv *priv, const struct vmxnet3_config *config)
{
	struct vmxnet3_rings *old = priv->rings;
	struct vmxnet3_rings *rings;
	int err;

	ASSERT_RTNL();
	if (!netif_running(priv->netdev)) {
		err = vmxnet3_set_pairs(priv, config->pairs);
		if (err)
			return err;
		vmxnet3_rss_spread(priv, config->pairs);
		priv->config = *config;
		return 0;
	}
	if (!netif_device_present(priv->netdev))
		return -ENODEV;
	rings = vmxnet3_rings_alloc(priv, config);
	if (IS_ERR(rings))
		return PTR_ERR(rings);
	if (config->pairs != old->config.pairs)
		vmxnet3_rss_spread(priv, config->pairs);

	vmxnet3_halt(priv);
	vmxnet3_rings_drain(priv);
	vmxnet3_rings_attach(priv, rings);
	vmxnet3_hw_reset(&priv->hw);
	err = vmxnet3_set_pairs(priv, config->pairs);
	if (!err)
		err = vmxnet3_activate(priv);
	if (err) {
		vmxnet3_rings_attach(priv, old);
		vmxnet3_rings_free(priv, rings);
		vmxnet3_set_pairs(priv, old->config.pairs);
		vmxnet3_rss_spread(priv, old->config.pairs);
		if (vmxnet3_restart(priv))
			vmxnet3_restart_failed(priv);
		return err;
	}
	priv->config = *config;
	/* Before the pollers run again: their page pools go with the rings. */
	vmxnet3_rings_free(priv, old);
	vmxnet3_run(priv);
	return 0;
}

static int vmxnet3_open(struct net_device *netdev)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	struct vmxnet3_rings *rings;
	int err;

	rings = vmxnet3_rings_alloc(priv, &priv->config);
	if (IS_ERR(rings))
		return PTR_ERR(rings);
	vmxnet3_rings_attach(priv, rings);
	err = vmxnet3_irq_request(priv);
	if (err)
		goto err_free_rings;
	priv->features = netdev->features;
	err = vmxnet3_activate(priv);
	if (err)
		goto err_free_irqs;
	vmxnet3_run(priv);
	return 0;

err_free_irqs:
	vmxnet3_irq_free(priv);
err_free_rings:
	priv->rings = NULL;
	vmxnet3_rings_free(priv, rings);
	return err;
}

static int vmxnet3_stop(struct net_device *netdev)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	vmxnet3_halt(priv);
	netif_carrier_off(netdev);
	vmxnet3_irq_free(priv);
	vmxnet3_rings_drain(priv);
	vmxnet3_rings_free(priv, priv->rings);
	priv->rings = NULL;
	return 0;
}

static void vmxnet3_log_queue_errors(struct vmxnet3_priv *priv)
{
	struct vmxnet3_txq_desc *tx = priv->hw.qdesc;
	struct vmxnet3_rxq_desc *rx = (void *)(tx + vmxnet3_pairs(priv));
	u32 i;

	vmxnet3_hw_set(&priv->hw, VMXNET3_CMD_QUEUE_STATUS);
	for (i = 0; i < vmxnet3_pairs(priv); i++) {
		if (READ_ONCE(tx[i].stopped))
			netdev_err(priv->netdev, "tx queue %u stopped: %s\n", i,
				   vmxnet3_queue_error_name(le32_to_cpu(READ_ONCE(tx[i].error))));
		if (READ_ONCE(rx[i].stopped))
			netdev_err(priv->netdev, "rx queue %u stopped: %s\n", i,
				   vmxnet3_queue_error_name(le32_to_cpu(READ_ONCE(rx[i].error))));
	}
}

static void vmxnet3_handle_events(struct vmxnet3_priv *priv)
{
	const u32 known = VMXNET3_ECR_RQERR | VMXNET3_ECR_TQERR | VMXNET3_ECR_LINK |
			  VMXNET3_ECR_DIC;
	u32 ecr;

	WRITE_ONCE(priv->last_event, jiffies);
	if (priv->intr_type == VMXNET3_INTR_MSIX)
		vmxnet3_events_collect(priv);
	ecr = atomic_xchg(&priv->ecr, 0);
	if (ecr & VMXNET3_ECR_LINK) {
		vmxnet3_count(priv, VMXNET3_DEV_LINK_EVENTS);
		/* A device that is not up has no carrier, whatever its link. */
		if (priv->is_up)
			vmxnet3_update_link(priv);
	}
	if (ecr & VMXNET3_ECR_DIC)
		vmxnet3_count(priv, VMXNET3_DEV_MODE_EVENTS);
	if (ecr & ~known)
		vmxnet3_count(priv, VMXNET3_DEV_UNKNOWN_EVENTS);
	if (ecr & (VMXNET3_ECR_RQERR | VMXNET3_ECR_TQERR)) {
		if (net_ratelimit())
			vmxnet3_log_queue_errors(priv);
		set_bit(VMXNET3_SERVICE_QUEUE_ERROR, &priv->pending);
	}
	if (priv->intr_type == VMXNET3_INTR_MSIX)
		vmxnet3_hw_mask(vmxnet3_hw_imr(&priv->hw, priv->event_vector), false);
}

/* Takes the reset reasons and counts each; returns the name of the first, or NULL. */
static const char *vmxnet3_take_reset_reasons(struct vmxnet3_priv *priv)
{
	static const struct {
		enum vmxnet3_service bit;
		enum vmxnet3_dev_stat stat;
		const char *name;
	} reasons[] = {
		{ VMXNET3_SERVICE_TX_TIMEOUT, VMXNET3_DEV_RESET_TX_TIMEOUT, "tx timeout" },
		{ VMXNET3_SERVICE_BAD_COMPLETION, VMXNET3_DEV_RESET_BAD_COMPLETION,
		  "impossible completion" },
		{ VMXNET3_SERVICE_QUEUE_ERROR, VMXNET3_DEV_RESET_QUEUE_ERROR,
		  "queue error reported by the device" },
		{ VMXNET3_SERVICE_RETRY, VMXNET3_DEV_RESET_RETRY, "the last reset failed" },
		{ VMXNET3_SERVICE_USER, VMXNET3_DEV_RESET_USER, "asked for by the user" },
	};
	const char *first = NULL;
	int i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (!test_and_clear_bit(reasons[i].bit, &priv->pending))
			continue;
		vmxnet3_count(priv, reasons[i].stat);
		first = first ?: reasons[i].name;
	}
	return first;
}

/*
 * Resets at once or, after a recent reset, when its wait is over.  Returns the
 * reason if it did.
 */
static const char *vmxnet3_reset_when_due(struct vmxnet3_priv *priv)
{
	u32 quiet_ms, wait_ms;
	const char *reason;

	if (!(READ_ONCE(priv->pending) & ~BIT(VMXNET3_SERVICE_EVENT)))
		return NULL;
	quiet_ms = jiffies_to_msecs(jiffies - priv->last_reset);
	wait_ms = vmxnet3_backoff_ms(priv->backoff_ms, quiet_ms);
	if (quiet_ms < wait_ms) {
		schedule_delayed_work(&priv->service, msecs_to_jiffies(wait_ms - quiet_ms) + 1);
		return NULL;
	}
	reason = vmxnet3_take_reset_reasons(priv);
	if (!reason)
		return NULL;
	vmxnet3_count(priv, VMXNET3_DEV_RESETS);
	priv->backoff_ms = wait_ms;
	vmxnet3_reactivate(priv);
	priv->last_reset = jiffies;
	return reason;
}

static void vmxnet3_service(struct work_struct *work)
{
	struct vmxnet3_priv *priv = container_of(to_delayed_work(work), struct vmxnet3_priv,
						 service);
	const char *reason = NULL;

	rtnl_lock();
	if (netif_running(priv->netdev) && netif_device_present(priv->netdev)) {
		if (test_and_clear_bit(VMXNET3_SERVICE_EVENT, &priv->pending))
			vmxnet3_handle_events(priv);
		reason = vmxnet3_reset_when_due(priv);
	}
	rtnl_unlock();
	if (reason && !READ_ONCE(priv->is_going))
		vmxnet3_health_report(priv, reason);
}

static void vmxnet3_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	struct vmxnet3_txq *tx;

	/* The stack knows of more queues than there are vectors for. */
	if (queue >= priv->max_pairs)
		return;
	tx = &priv->queue[queue].tx;
	if (net_ratelimit())
		netdev_err(netdev, "tx queue %u hung: posted %u, rung %u, completed %u\n", queue,
			   READ_ONCE(tx->prod), READ_ONCE(tx->rung), READ_ONCE(tx->cons));
	vmxnet3_schedule_service(priv, VMXNET3_SERVICE_TX_TIMEOUT);
}

static void vmxnet3_set_rx_mode(struct net_device *netdev)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	vmxnet3_hw_set_vlans(&priv->hw, priv->active_vlans, netdev->flags & IFF_PROMISC);
	vmxnet3_hw_set_rx_mode(&priv->hw, netdev);
}

static int vmxnet3_vlan_add(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	set_bit(vid, priv->active_vlans);
	vmxnet3_hw_set_vlans(&priv->hw, priv->active_vlans, netdev->flags & IFF_PROMISC);
	return 0;
}

static int vmxnet3_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	clear_bit(vid, priv->active_vlans);
	vmxnet3_hw_set_vlans(&priv->hw, priv->active_vlans, netdev->flags & IFF_PROMISC);
	return 0;
}

static int vmxnet3_set_mac(struct net_device *netdev, void *addr)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	int err = eth_mac_addr(netdev, addr);

	if (!err && priv->is_up)
		vmxnet3_hw_write_mac(&priv->hw, netdev->dev_addr);
	return err;
}

static int vmxnet3_change_mtu(struct net_device *netdev, int mtu)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	struct vmxnet3_config config = priv->config;
	int err;

	if (priv->prog && mtu + VMXNET3_RX_OVERHEAD > VMXNET3_XDP_MAX_FRAME) {
		netdev_err(netdev, "MTU %d is too large for the XDP program; at most %u\n", mtu,
			   (u32)(VMXNET3_XDP_MAX_FRAME - VMXNET3_RX_OVERHEAD));
		return -EINVAL;
	}
	config.mtu = mtu;
	err = vmxnet3_reconfigure(priv, &config);
	if (!err)
		WRITE_ONCE(netdev->mtu, mtu);
	return err;
}

/*
 * By default the device's merging is offered as GRO in hardware, since what it
 * merges is handed up as GRO would.  As LRO it is there for who asks for that.
 */
bool vmxnet3_wants_lro(const struct vmxnet3_priv *priv, netdev_features_t features)
{
	return (features & (NETIF_F_LRO | NETIF_F_GRO_HW)) && !priv->prog;
}

/*
 * The device merges only segments whose checksum it verified, a tag left in the
 * packet hides that it was merged, and a program wants segments one by one.  What
 * goes on to others must be cut where the sender cut it, which a version 1 device
 * does not say; the stack comes here whenever an interface begins to forward.  Who
 * switches GRO off wants none merged by that name.  Asked for both names, the
 * stack would drop LRO, so who asks for LRO gets it by dropping the other.
 */
static netdev_features_t vmxnet3_fix_features(struct net_device *netdev, netdev_features_t f)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	if (!(f & NETIF_F_RXCSUM) || !(f & NETIF_F_HW_VLAN_CTAG_RX) || priv->prog ||
	    vmxnet3_may_forward(netdev))
		f &= ~(NETIF_F_LRO | NETIF_F_GRO_HW);
	if (!(f & NETIF_F_GRO))
		f &= ~NETIF_F_GRO_HW;
	return f & NETIF_F_LRO ? f & ~NETIF_F_GRO_HW : f;
}

static int vmxnet3_set_features(struct net_device *netdev, netdev_features_t features)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);
	struct vmxnet3_config config = priv->config;
	netdev_features_t old = priv->features;
	int err = 0;

	priv->features = features;
	config.has_lro = vmxnet3_wants_lro(priv, features);
	if (config.has_lro != priv->config.has_lro) {
		err = vmxnet3_reconfigure(priv, &config);
		if (!err)
			return 0;
		/* The old rings were started with the new features. */
		priv->features = old;
	}
	if (priv->is_up) {
		vmxnet3_shared_set_features(priv);
		vmxnet3_hw_set(&priv->hw, VMXNET3_CMD_FEATURE);
	}
	return err;
}

static const struct net_device_ops vmxnet3_netdev_ops = {
	.ndo_open = vmxnet3_open,
	.ndo_stop = vmxnet3_stop,
	.ndo_start_xmit = vmxnet3_start_xmit,
	.ndo_features_check = vmxnet3_features_check,
	.ndo_get_stats64 = vmxnet3_get_stats64,
	.ndo_tx_timeout = vmxnet3_tx_timeout,
	.ndo_set_rx_mode = vmxnet3_set_rx_mode,
	.ndo_vlan_rx_add_vid = vmxnet3_vlan_add,
	.ndo_vlan_rx_kill_vid = vmxnet3_vlan_kill,
	.ndo_set_mac_address = vmxnet3_set_mac,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = vmxnet3_change_mtu,
	.ndo_fix_features = vmxnet3_fix_features,
	.ndo_set_features = vmxnet3_set_features,
	.ndo_bpf = vmxnet3_bpf,
	.ndo_xdp_xmit = vmxnet3_xdp_xmit,
};

static void vmxnet3_init_netdev(struct vmxnet3_priv *priv)
{
	struct net_device *netdev = priv->netdev;
	u8 mac[ETH_ALEN];

	vmxnet3_hw_perm_mac(&priv->hw, mac);
	if (is_valid_ether_addr(mac)) {
		eth_hw_addr_set(netdev, mac);
		ether_addr_copy(netdev->perm_addr, mac);
	} else {
		eth_hw_addr_random(netdev);
	}
	netdev->netdev_ops = &vmxnet3_netdev_ops;
	netdev->ethtool_ops = &vmxnet3_ethtool_ops;
	vmguest_set_stat_ops(netdev, &vmxnet3_stat_ops);
	netdev->watchdog_timeo = 5 * HZ;
	netdev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	netdev->min_mtu = VMXNET3_MIN_MTU;
	netdev->max_mtu = priv->hw.caps->max_mtu;
	netdev->hw_features = NETIF_F_SG | NETIF_F_RXCSUM | NETIF_F_HW_CSUM | NETIF_F_TSO |
			      NETIF_F_TSO6 | NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_CTAG_RX |
			      NETIF_F_LRO | NETIF_F_GRO_HW;
	if (priv->max_pairs > 1)
		netdev->hw_features |= NETIF_F_RXHASH;
	netdev->features = (netdev->hw_features & ~NETIF_F_LRO) | NETIF_F_HIGHDMA |
			   NETIF_F_HW_VLAN_CTAG_FILTER;
	netdev->vlan_features = netdev->features & ~(NETIF_F_HW_VLAN_CTAG_TX |
						     NETIF_F_HW_VLAN_CTAG_RX |
						     NETIF_F_HW_VLAN_CTAG_FILTER | NETIF_F_GRO_HW |
						     NETIF_F_RXHASH);
	xdp_set_features_flag(netdev, NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
				      NETDEV_XDP_ACT_NDO_XMIT);
	priv->config = (struct vmxnet3_config) {
		.pairs = priv->max_pairs,
		.tx_size = VMXNET3_TX_RING_DEFAULT,
		.rx_size = VMXNET3_RX_RING_DEFAULT,
		.rx2_size = VMXNET3_RX2_RING_DEFAULT,
		.mtu = netdev->mtu,
		.has_lro = true,
	};
	priv->has_moderation = true;
	vmxnet3_rss_init(priv);
}

static int vmxnet3_init_queues(struct vmxnet3_priv *priv)
{
	struct net_device *netdev = priv->netdev;
	u32 i;

	priv->queue = kvcalloc(priv->max_pairs, sizeof(*priv->queue), GFP_KERNEL);
	if (!priv->queue)
		return -ENOMEM;
	for (i = 0; i < priv->max_pairs; i++) {
		struct vmxnet3_queue *q = &priv->queue[i];

		q->priv = priv;
		q->id = i;
		q->imr = vmxnet3_hw_imr(&priv->hw, vmxnet3_rx_vector(priv, i));
		q->tx.nq = netdev_get_tx_queue(netdev, i);
		q->tx.dma_dev = &priv->pdev->dev;
		q->tx.doorbell = vmxnet3_hw_tx_doorbell(&priv->hw, i);
		q->tx.imr = vmxnet3_hw_imr(&priv->hw, vmxnet3_tx_vector(priv, i));
		q->tx.is_shared = priv->intr_type != VMXNET3_INTR_MSIX;
		u64_stats_init(&q->tx.stats.syncp);
		u64_stats_init(&q->stats.syncp);
		timer_setup(&q->rx.refill_timer, vmxnet3_rx_refill_timer, 0);
		netif_napi_add_config(netdev, &q->napi, vmxnet3_poll, i);
	}
	return 0;
}

static void vmxnet3_free_queues(struct vmxnet3_priv *priv)
{
	u32 i;

	for (i = 0; i < priv->max_pairs; i++) {
		timer_delete_sync(&priv->queue[i].rx.refill_timer);
		netif_napi_del(&priv->queue[i].napi);
	}
	kvfree(priv->queue);
}

/* Negotiates, and ends whatever a previous kernel left running (kexec). */
int vmxnet3_start_device(struct vmxnet3_priv *priv)
{
	int err = vmxnet3_hw_negotiate(&priv->hw);

	if (err) {
		dev_err(&priv->pdev->dev, "no common device version\n");
		return err;
	}
	vmxnet3_hw_quiesce(&priv->hw);
	vmxnet3_hw_reset(&priv->hw);
	return 0;
}

static int vmxnet3_init_device(struct vmxnet3_priv *priv)
{
	enum vmxnet3_intr_type wanted;
	int err;

	if (vmxnet3_intr_type_parse(irq_mode, &wanted)) {
		dev_err(&priv->pdev->dev, "irq_mode must be auto, msix, msi or intx, not %s\n",
			irq_mode);
		return -EINVAL;
	}
	err = vmxnet3_start_device(priv);
	if (err)
		return err;
	err = vmxnet3_irq_setup(priv, wanted);
	if (err)
		return err;
	err = vmxnet3_init_queues(priv);
	if (err)
		goto err_free_vectors;
	err = vmxnet3_hw_alloc(priv);
	if (err)
		goto err_free_queues;
	return 0;

err_free_queues:
	vmxnet3_free_queues(priv);
err_free_vectors:
	vmxnet3_irq_teardown(priv);
	return err;
}

static void vmxnet3_exit_device(struct vmxnet3_priv *priv)
{
	vmxnet3_hw_quiesce(&priv->hw);
	vmxnet3_hw_reset(&priv->hw);
	vmxnet3_hw_free(priv);
	vmxnet3_free_queues(priv);
	vmxnet3_irq_teardown(priv);
}

static int vmxnet3_register(struct vmxnet3_priv *priv)
{
	struct net_device *netdev = priv->netdev;
	int err;

	vmxnet3_init_netdev(priv);
	err = netif_set_real_num_queues(netdev, priv->max_pairs, priv->max_pairs);
	if (err)
		return err;
	netif_carrier_off(netdev);
	err = register_netdev(netdev);
	if (err)
		return err;
	netdev_info(netdev, "device version %u, %u queue pair%s, %s\n", priv->hw.caps->version,
		    priv->max_pairs, priv->max_pairs == 1 ? "" : "s",
		    vmxnet3_intr_type_name(priv->intr_type));
	return 0;
}

static int vmxnet3_enable_pci(struct pci_dev *pdev)
{
	int err = pci_enable_device(pdev);

	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!err)
		err = pci_request_selected_regions(pdev, BIT(VMXNET3_BAR_PT) | BIT(VMXNET3_BAR_VD),
						   VMXNET3_NAME);
	if (err) {
		pci_disable_device(pdev);
		return err;
	}
	pci_set_master(pdev);
	/* For the recovery from a PCI error. */
	pci_save_state(pdev);
	return 0;
}

static void vmxnet3_disable_pci(struct pci_dev *pdev)
{
	pci_release_selected_regions(pdev, BIT(VMXNET3_BAR_PT) | BIT(VMXNET3_BAR_VD));
	pci_disable_device(pdev);
}

static int vmxnet3_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *netdev;
	struct vmxnet3_priv *priv;
	int err;

	netdev = alloc_etherdev_mq(sizeof(*priv), VMXNET3_MAX_QUEUES);
	if (!netdev)
		return -ENOMEM;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	pci_set_drvdata(pdev, netdev);
	priv = netdev_priv(netdev);
	priv->netdev = netdev;
	priv->pdev = pdev;
	priv->last_reset = jiffies - msecs_to_jiffies(60000);
	priv->last_event = jiffies - HZ;
	INIT_DELAYED_WORK(&priv->service, vmxnet3_service);

	err = vmxnet3_enable_pci(pdev);
	if (err)
		goto err_free_netdev;
	err = vmxnet3_hw_map(&priv->hw, pdev);
	if (err)
		goto err_disable_pci;
	err = vmxnet3_init_device(priv);
	if (err)
		goto err_unmap;
	err = vmxnet3_register(priv);
	if (err)
		goto err_exit_device;
	vmxnet3_health_register(priv);
	return 0;

err_exit_device:
	vmxnet3_exit_device(priv);
err_unmap:
	vmxnet3_hw_unmap(&priv->hw, pdev);
err_disable_pci:
	vmxnet3_disable_pci(pdev);
err_free_netdev:
	free_netdev(netdev);
	return err;
}

static void vmxnet3_remove(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	WRITE_ONCE(priv->is_going, true);
	unregister_netdev(netdev);
	cancel_delayed_work_sync(&priv->service);
	vmxnet3_health_unregister(priv);
	/* Once more for who asked through devlink in the meantime. */
	cancel_delayed_work_sync(&priv->service);
	vmxnet3_exit_device(priv);
	vmxnet3_hw_unmap(&priv->hw, pdev);
	vmxnet3_disable_pci(pdev);
	free_netdev(netdev);
}

static const struct pci_device_id vmxnet3_ids[] = {
	{ PCI_DEVICE(VMXNET3_PCI_VENDOR, VMXNET3_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vmxnet3_ids);

static struct pci_driver vmxnet3_driver = {
	.name = VMXNET3_NAME,
	.id_table = vmxnet3_ids,
	.probe = vmxnet3_probe,
	.remove = vmxnet3_remove,
	.shutdown = vmxnet3_shutdown,
	.err_handler = &vmxnet3_pci_errors,
	.driver.pm = pm_sleep_ptr(&vmxnet3_pm_ops),
};
module_pci_driver(vmxnet3_driver);

MODULE_AUTHOR("the vmguest authors");
MODULE_DESCRIPTION("VMware vmxnet3 network driver");
MODULE_LICENSE("GPL");
MODULE_VERSION(VMXNET3_VERSION);
