// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Sleeping and waking: suspend and resume, shutdown, PCI errors, and what may
 * wake the machine.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/pm.h>
#include <linux/rtnetlink.h>

#include "vmxnet3.h"

#define VMXNET3_WAKE_SUPPORTED	(WAKE_UCAST | WAKE_ARP | WAKE_MAGIC)

void vmxnet3_get_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	wol->supported = VMXNET3_WAKE_SUPPORTED;
	wol->wolopts = priv->wake;
}

int vmxnet3_set_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct vmxnet3_priv *priv = netdev_priv(netdev);

	if (wol->wolopts & ~VMXNET3_WAKE_SUPPORTED)
		return -EOPNOTSUPP;
	priv->wake = wol->wolopts;
	device_set_wakeup_enable(&priv->pdev->dev, priv->wake);
	return 0;
}

/* The interface's first IPv4 address, 0 if it has none. */
static __be32 vmxnet3_first_ipv4(struct net_device *netdev)
{
	const struct in_device *in_dev;
	const struct in_ifaddr *ifa;
	__be32 addr = 0;

	rcu_read_lock();
	in_dev = __in_dev_get_rcu(netdev);
	ifa = in_dev ? rcu_dereference(in_dev->ifa_list) : NULL;
	if (ifa)
		addr = ifa->ifa_local;
	rcu_read_unlock();
	return addr;
}

/* Tells the device what to wake for, while it is still active. */
static void vmxnet3_arm_wake(struct vmxnet3_priv *priv)
{
	struct vmxnet3_shared *s = priv->hw.shared;
	__be32 addr = vmxnet3_first_ipv4(priv->netdev);
	struct vmxnet3_wake wake = {
		.is_magic = priv->wake & WAKE_MAGIC,
		.is_ucast = priv->wake & WAKE_UCAST,
		.is_arp = (priv->wake & WAKE_ARP) && addr,
		.mac = priv->netdev->dev_addr,
		.ipv4 = (const u8 *)&addr,
	};

	if (!priv->wake || !priv->is_up)
		return;
	vmxnet3_fill_wake(&priv->hw.blocks->pm, &wake);
	s->pm_conf.version = cpu_to_le32(1);
	s->pm_conf.len = cpu_to_le32(sizeof(priv->hw.blocks->pm));
	s->pm_conf.pa = cpu_to_le64(priv->hw.blocks_pa + offsetof(struct vmxnet3_blocks, pm));
	vmxnet3_hw_set(&priv->hw, VMXNET3_CMD_PM_CONF);
}

/* Stops the interface for good or until it wakes; its rings stay allocated. */
static void vmxnet3_pm_down(struct vmxnet3_priv *priv, bool may_wake_us)
{
	rtnl_lock();
	netif_device_detach(priv->netdev);
	if (may_wake_us)
		vmxnet3_arm_wake(priv);
	vmxnet3_halt(priv);
	vmxnet3_irq_free(priv);
	/* RESET would make the device forget what to wake for. */
	if (!may_wake_us || !priv->wake)
		vmxnet3_hw_reset(&priv->hw);
	rtnl_unlock();
}

/* Assumes that the device has forgotten everything, the version too. */
static int vmxnet3_pm_up(struct vmxnet3_priv *priv)
{
	int err;

	rtnl_lock();
	vmxnet3_halt(priv);
	/* A device that was never told to go down still has them. */
	vmxnet3_irq_free(priv);
	err = vmxnet3_start_device(priv);
	if (!err && netif_running(priv->netdev)) {
		err = vmxnet3_irq_request(priv);
		if (!err && vmxnet3_restart(priv))
			vmxnet3_restart_failed(priv);
	}
	if (!err)
		netif_device_attach(priv->netdev);
	rtnl_unlock();
	return err;
}

void vmxnet3_shutdown(struct pci_dev *pdev)
{
	struct vmxnet3_priv *priv = netdev_priv(pci_get_drvdata(pdev));

	vmxnet3_pm_down(priv, system_state == SYSTEM_POWER_OFF);
	if (system_state == SYSTEM_POWER_OFF) {
		pci_wake_from_d3(pdev, priv->wake);
		pci_set_power_state(pdev, PCI_D3hot);
	}
}

static int vmxnet3_suspend(struct device *dev)
{
	vmxnet3_pm_down(netdev_priv(dev_get_drvdata(dev)), true);
	return 0;
}

static int vmxnet3_resume(struct device *dev)
{
	return vmxnet3_pm_up(netdev_priv(dev_get_drvdata(dev)));
}

DEFINE_SIMPLE_DEV_PM_OPS(vmxnet3_pm_ops, vmxnet3_suspend, vmxnet3_resume);

static pci_ers_result_t vmxnet3_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct vmxnet3_priv *priv = netdev_priv(pci_get_drvdata(pdev));

	vmxnet3_pm_down(priv, false);
	/* Disabling it would be one time too many should it never come back. */
	pci_clear_master(pdev);
	return state == pci_channel_io_perm_failure ? PCI_ERS_RESULT_DISCONNECT :
						      PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t vmxnet3_slot_reset(struct pci_dev *pdev)
{
	struct vmxnet3_priv *priv = netdev_priv(pci_get_drvdata(pdev));

	pci_restore_state(pdev);
	/* A restored state is used up. */
	pci_save_state(pdev);
	pci_set_master(pdev);
	priv->hw.is_gone = false;
	return PCI_ERS_RESULT_RECOVERED;
}

static void vmxnet3_error_resume(struct pci_dev *pdev)
{
	struct vmxnet3_priv *priv = netdev_priv(pci_get_drvdata(pdev));

	vmxnet3_count(priv, VMXNET3_DEV_RESET_PCI);
	if (vmxnet3_pm_up(priv))
		dev_err(&pdev->dev, "does not come back after a PCI error; remove and rescan it\n");
}

const struct pci_error_handlers vmxnet3_pci_errors = {
	.error_detected = vmxnet3_error_detected,
	.slot_reset = vmxnet3_slot_reset,
	.resume = vmxnet3_error_resume,
};
