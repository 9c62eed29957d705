// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Takes a device's bounce buffers away, so that its driver's mappings fail.
 * Writing N to the parameter 'leave' maps until no slot is left, and gives N
 * back; -1 gives back all.  The kernel must have been
 * booted with swiotlb=force.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

/* Every mapping takes a slot, however little is mapped; none shares a cache line. */
#define PIECE L1_CACHE_BYTES
#define MOST_SLOTS 32768

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "whose bounce buffers: DOMAIN:BUS:SLOT.FUNCTION, all hexadecimal");

static struct pci_dev *pdev;
static u8 *buffer;
static dma_addr_t *taken;
static unsigned int num_taken;
static DEFINE_MUTEX(lock);

static void give_back(unsigned int num)
{
	for (; num && num_taken; num--)
		dma_unmap_single(&pdev->dev, taken[--num_taken], PIECE, DMA_BIDIRECTIONAL);
}

static void take_all(void)
{
	while (num_taken < MOST_SLOTS) {
		dma_addr_t addr = dma_map_single(&pdev->dev, buffer + num_taken * PIECE, PIECE,
						 DMA_BIDIRECTIONAL);

		if (dma_mapping_error(&pdev->dev, addr))
			return;
		taken[num_taken++] = addr;
	}
}

static int set_leave(const char *value, const struct kernel_param *param)
{
	int leave, err = kstrtoint(value, 0, &leave);

	if (err)
		return err;
	if (!pdev)
		return -ENODEV;
	mutex_lock(&lock);
	give_back(num_taken);
	if (leave >= 0) {
		take_all();
		give_back(leave);
	}
	mutex_unlock(&lock);
	return 0;
}

static const struct kernel_param_ops leave_ops = {
	.set = set_leave,
};
module_param_cb(leave, &leave_ops, NULL, 0200);
MODULE_PARM_DESC(leave, "bounce buffers of 2 KiB that stay free, -1 for all");

static void free_all(void)
{
	kvfree(taken);
	if (buffer)
		free_pages_exact(buffer, MOST_SLOTS * PIECE);
}

static int __init bounce_hog_init(void)
{
	unsigned int domain, bus, slot, function;

	if (sscanf(device, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return -EINVAL;
	buffer = alloc_pages_exact(MOST_SLOTS * PIECE, GFP_KERNEL);
	taken = kvmalloc_array(MOST_SLOTS, sizeof(*taken), GFP_KERNEL);
	if (buffer && taken)
		pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
	if (pdev)
		return 0;
	free_all();
	return -ENODEV;
}

static void __exit bounce_hog_exit(void)
{
	give_back(num_taken);
	pci_dev_put(pdev);
	free_all();
}

module_init(bounce_hog_init);
module_exit(bounce_hog_exit);
MODULE_DESCRIPTION("takes a device's bounce buffers away, for tests of its driver");
MODULE_LICENSE("GPL");
