// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The funnel to the device: registers and commands.  Nothing else in the
 * driver touches a register (the two hot ones are inline in vmxnet3.h, with
 * addresses from here).
 *
 * A command is synchronous: when the CMD write has completed the device has
 * done it, so there is nothing to wait for and nothing to time out.  What can
 * happen instead has a name: done, refused, or gone (all reads are all ones
 * because the device has left the bus; from then on no command is given).
 */
#include <linux/etherdevice.h>

#include "vmxnet3.h"

static const char * const vmxnet3_outcomes[VMXNET3_OUTCOME_COUNT] = {
	[VMXNET3_DONE] = "done",
	[VMXNET3_REFUSED] = "refused by the device",
	[VMXNET3_GONE] = "device gone",
};

const char *vmxnet3_outcome_name(enum vmxnet3_outcome o)
{
	return o < VMXNET3_OUTCOME_COUNT ? vmxnet3_outcomes[o] : "unknown";
}

static u32 vmxnet3_vd_read(struct vmxnet3_hw *hw, u32 reg)
{
	return READ_ONCE(hw->is_gone) ? VMXNET3_ALL_ONES : readl(hw->vd + reg);
}

static void vmxnet3_vd_write(struct vmxnet3_hw *hw, u32 reg, u32 value)
{
	if (!READ_ONCE(hw->is_gone))
		writel(value, hw->vd + reg);
}

int vmxnet3_hw_map(struct vmxnet3_hw *hw, struct pci_dev *pdev)
{
	if (pci_resource_len(pdev, VMXNET3_BAR_PT) < VMXNET3_PT_SIZE ||
	    pci_resource_len(pdev, VMXNET3_BAR_VD) < VMXNET3_VD_SIZE)
		return -ENODEV;
	hw->pt = pci_iomap(pdev, VMXNET3_BAR_PT, VMXNET3_PT_SIZE);
	if (!hw->pt)
		return -EIO;
	hw->vd = pci_iomap(pdev, VMXNET3_BAR_VD, VMXNET3_VD_SIZE);
	if (!hw->vd) {
		pci_iounmap(pdev, hw->pt);
		return -EIO;
	}
	spin_lock_init(&hw->lock);
	return 0;
}

void vmxnet3_hw_unmap(struct vmxnet3_hw *hw, struct pci_dev *pdev)
{
	pci_iounmap(pdev, hw->vd);
	pci_iounmap(pdev, hw->pt);
}

/**
 * vmxnet3_hw_negotiate - select the device version and the UPT version
 * @hw: the device
 *
 * Must come before any command, after probe as well as after resume.
 *
 * Return: 0, -EBUSY if no version is common, -ENODEV if the device is gone.
 */
int vmxnet3_hw_negotiate(struct vmxnet3_hw *hw)
{
	const struct vmxnet3_caps *caps;
	u32 offered = vmxnet3_vd_read(hw, VMXNET3_VD_VRRS);

	if (offered == VMXNET3_ALL_ONES)
		return -ENODEV;
	caps = vmxnet3_pick_version(offered);
	if (!caps)
		return -EBUSY;
	/* After resume the data structures are cut for hw->caps already. */
	if (hw->caps && hw->caps != caps)
		return -EBUSY;
	vmxnet3_vd_write(hw, VMXNET3_VD_VRRS, BIT(caps->version - 1));
	if (!(vmxnet3_vd_read(hw, VMXNET3_VD_UVRS) & BIT(0)))
		return -EBUSY;
	vmxnet3_vd_write(hw, VMXNET3_VD_UVRS, BIT(0));
	hw->caps = caps;
	return 0;
}

/*
 * All ones may be a legal answer to a command, so ask a register that never
 * reads so: no device supports 32 versions.
 */
static bool vmxnet3_hw_check_gone(struct vmxnet3_hw *hw, u32 value)
{
	if (value == VMXNET3_ALL_ONES &&
	    vmxnet3_vd_read(hw, VMXNET3_VD_VRRS) == VMXNET3_ALL_ONES)
		WRITE_ONCE(hw->is_gone, true);
	return READ_ONCE(hw->is_gone);
}

static enum vmxnet3_outcome vmxnet3_cmd_locked(struct vmxnet3_hw *hw, enum vmxnet3_cmd cmd,
					       u32 *value)
{
	lockdep_assert_held(&hw->lock);
	if (READ_ONCE(hw->is_gone))
		return VMXNET3_GONE;
	vmxnet3_vd_write(hw, VMXNET3_VD_CMD, cmd);
	if (!value)
		return VMXNET3_DONE;
	*value = vmxnet3_vd_read(hw, VMXNET3_VD_CMD);
	return vmxnet3_hw_check_gone(hw, *value) ? VMXNET3_GONE : VMXNET3_DONE;
}

/* A command without a result: whether it took effect is not reported. */
enum vmxnet3_outcome vmxnet3_hw_set(struct vmxnet3_hw *hw, enum vmxnet3_cmd cmd)
{
	enum vmxnet3_outcome o;
	unsigned long flags;

	spin_lock_irqsave(&hw->lock, flags);
	o = vmxnet3_cmd_locked(hw, cmd, NULL);
	spin_unlock_irqrestore(&hw->lock, flags);
	return o;
}

/* A command with a result; *value is untouched unless the outcome is DONE. */
enum vmxnet3_outcome vmxnet3_hw_get(struct vmxnet3_hw *hw, enum vmxnet3_cmd cmd, u32 *value)
{
	enum vmxnet3_outcome o;
	unsigned long flags;
	u32 result;

	spin_lock_irqsave(&hw->lock, flags);
	o = vmxnet3_cmd_locked(hw, cmd, &result);
	spin_unlock_irqrestore(&hw->lock, flags);
	if (o == VMXNET3_DONE)
		*value = result;
	return o;
}

/**
 * vmxnet3_hw_activate - hand the shared block over and start the device
 * @hw: the device; the shared block and queue descriptors are filled in
 *
 * The address is written each time, because RESET makes the device forget it.
 *
 * Return: the named outcome; on anything but VMXNET3_DONE the device has been
 * told to forget the address again.
 */
enum vmxnet3_outcome vmxnet3_hw_activate(struct vmxnet3_hw *hw)
{
	enum vmxnet3_outcome o;
	unsigned long flags;
	u32 result;

	spin_lock_irqsave(&hw->lock, flags);
	vmxnet3_vd_write(hw, VMXNET3_VD_DSAL, lower_32_bits(hw->blocks_pa));
	vmxnet3_vd_write(hw, VMXNET3_VD_DSAH, upper_32_bits(hw->blocks_pa));
	o = vmxnet3_cmd_locked(hw, VMXNET3_CMD_ACTIVATE, &result);
	if (o == VMXNET3_DONE && result)
		o = VMXNET3_REFUSED;
	hw->is_active = o == VMXNET3_DONE;
	spin_unlock_irqrestore(&hw->lock, flags);
	if (o != VMXNET3_DONE)
		vmxnet3_hw_forget_shared(hw);
	return o;
}

static enum vmxnet3_outcome vmxnet3_hw_stop(struct vmxnet3_hw *hw, enum vmxnet3_cmd cmd)
{
	enum vmxnet3_outcome o;
	unsigned long flags;
	u32 result;

	spin_lock_irqsave(&hw->lock, flags);
	hw->is_active = false;
	o = vmxnet3_cmd_locked(hw, cmd, &result);
	spin_unlock_irqrestore(&hw->lock, flags);
	return o;
}

/* When this returns the device has stopped reading and writing our memory. */
enum vmxnet3_outcome vmxnet3_hw_quiesce(struct vmxnet3_hw *hw)
{
	return vmxnet3_hw_stop(hw, VMXNET3_CMD_QUIESCE);
}

enum vmxnet3_outcome vmxnet3_hw_reset(struct vmxnet3_hw *hw)
{
	return vmxnet3_hw_stop(hw, VMXNET3_CMD_RESET);
}

/* Before the shared block is freed: address 0 detaches it. */
void vmxnet3_hw_forget_shared(struct vmxnet3_hw *hw)
{
	unsigned long flags;

	spin_lock_irqsave(&hw->lock, flags);
	vmxnet3_vd_write(hw, VMXNET3_VD_DSAL, 0);
	vmxnet3_vd_write(hw, VMXNET3_VD_DSAH, 0);
	spin_unlock_irqrestore(&hw->lock, flags);
}

/* The permanent address, else the current one; the caller validates it. */
void vmxnet3_hw_perm_mac(struct vmxnet3_hw *hw, u8 *addr)
{
	u32 lo = 0, hi = 0;

	vmxnet3_hw_get(hw, VMXNET3_CMD_PERM_MAC_LO, &lo);
	vmxnet3_hw_get(hw, VMXNET3_CMD_PERM_MAC_HI, &hi);
	if (!lo && !hi) {
		lo = vmxnet3_vd_read(hw, VMXNET3_VD_MACL);
		hi = vmxnet3_vd_read(hw, VMXNET3_VD_MACH);
	}
	put_unaligned_le32(lo, addr);
	put_unaligned_le16(hi, addr + 4);
}

void vmxnet3_hw_write_mac(struct vmxnet3_hw *hw, const u8 *addr)
{
	unsigned long flags;

	spin_lock_irqsave(&hw->lock, flags);
	vmxnet3_vd_write(hw, VMXNET3_VD_MACL, get_unaligned_le32(addr));
	vmxnet3_vd_write(hw, VMXNET3_VD_MACH, get_unaligned_le16(addr + 4));
	spin_unlock_irqrestore(&hw->lock, flags);
}

/* For dumps: a register of BAR1 whose reading changes nothing. */
u32 vmxnet3_hw_peek(struct vmxnet3_hw *hw, u32 reg)
{
	return vmxnet3_vd_read(hw, reg);
}

/* Reading the register clears the cause and deasserts the line. */
bool vmxnet3_hw_intx_fired(struct vmxnet3_hw *hw)
{
	u32 cause = vmxnet3_vd_read(hw, VMXNET3_VD_ICR);

	return cause && !vmxnet3_hw_check_gone(hw, cause);
}

void vmxnet3_hw_ack_events(struct vmxnet3_hw *hw, u32 bits)
{
	vmxnet3_vd_write(hw, VMXNET3_VD_ECR, bits);
}

void __iomem *vmxnet3_hw_tx_doorbell(struct vmxnet3_hw *hw, u32 queue)
{
	return hw->pt + VMXNET3_PT_TXPROD(queue);
}

void __iomem *vmxnet3_hw_imr(struct vmxnet3_hw *hw, u32 vector)
{
	return hw->pt + VMXNET3_PT_IMR(vector);
}

void vmxnet3_hw_rx_doorbell(struct vmxnet3_hw *hw, u32 queue, u32 ring, u32 slot)
{
	u32 reg = ring ? VMXNET3_PT_RXPROD2(queue) : VMXNET3_PT_RXPROD(queue);

	writel(slot, hw->pt + reg);
}

/* Fills the table; false if the list does not fit. */
static bool vmxnet3_mf_fill(struct vmxnet3_hw *hw, struct net_device *netdev)
{
	struct netdev_hw_addr *ha;
	u32 len = 0;

	netdev_for_each_mc_addr(ha, netdev) {
		if (len + ETH_ALEN > VMXNET3_MF_TABLE_SIZE)
			return false;
		memcpy(hw->blocks->mf_table + len, ha->addr, ETH_ALEN);
		len += ETH_ALEN;
	}
	hw->shared->mf_table_len = cpu_to_le16(len);
	hw->shared->mf_table_pa =
		len ? cpu_to_le64(hw->blocks_pa + offsetof(struct vmxnet3_blocks, mf_table)) : 0;
	return true;
}

/**
 * vmxnet3_hw_set_rx_mode - bring the device's filters in line with the netdev
 * @hw: the device
 * @netdev: its flags and address lists; the caller holds the address lock
 *
 * The device has no table for further unicast addresses, so any of those (a
 * bridge port, a macvlan) needs promiscuous mode.  Inactive, only the shared
 * block is written; ACTIVATE reads it.
 */
void vmxnet3_hw_set_rx_mode(struct vmxnet3_hw *hw, struct net_device *netdev)
{
	u32 mode = VMXNET3_RXMODE_UCAST | VMXNET3_RXMODE_BCAST;
	unsigned long flags;

	if ((netdev->flags & IFF_PROMISC) || !netdev_uc_empty(netdev))
		mode |= VMXNET3_RXMODE_PROMISC;

	spin_lock_irqsave(&hw->lock, flags);
	if (netdev->flags & IFF_ALLMULTI || !vmxnet3_mf_fill(hw, netdev)) {
		mode |= VMXNET3_RXMODE_ALLMULTI;
		hw->shared->mf_table_len = 0;
		hw->shared->mf_table_pa = 0;
	} else if (!netdev_mc_empty(netdev)) {
		mode |= VMXNET3_RXMODE_MCAST;
	}
	hw->shared->rx_mode = cpu_to_le32(mode);
	if (hw->is_active) {
		vmxnet3_cmd_locked(hw, VMXNET3_CMD_RX_MODE, NULL);
		vmxnet3_cmd_locked(hw, VMXNET3_CMD_MAC_FILTERS, NULL);
	}
	spin_unlock_irqrestore(&hw->lock, flags);
}

/**
 * vmxnet3_hw_set_vlans - rewrite the VLAN table
 * @hw: the device
 * @vlans: bitmap of 4096 ids
 * @all: let every id pass (promiscuous mode)
 *
 * Bit 0 stands for untagged and priority-tagged frames and is always set.
 */
void vmxnet3_hw_set_vlans(struct vmxnet3_hw *hw, const unsigned long *vlans, bool all)
{
	unsigned long flags;
	u32 words[ARRAY_SIZE(hw->shared->vf_table)];
	int i;

	spin_lock_irqsave(&hw->lock, flags);
	/* Read under the lock, so that the last to write the table has the latest ids. */
	bitmap_to_arr32(words, vlans, 4096);
	words[0] |= BIT(0);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		hw->shared->vf_table[i] = cpu_to_le32(all ? ~0u : words[i]);
	if (hw->is_active)
		vmxnet3_cmd_locked(hw, VMXNET3_CMD_VLAN_FILTERS, NULL);
	spin_unlock_irqrestore(&hw->lock, flags);
}
