// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Makes the calls to one PCI device's driver that the kernel would make: of
 * errors, which the lab's machine has none of, for it has no PCI Express; of
 * sleep, which the lab's console and file system do not survive.  Writing to the
 * parameter 'calls' makes them, in the order given, and fails if one is not
 * answered as the kernel wants it.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "whose driver is told: DOMAIN:BUS:SLOT.FUNCTION, all hexadecimal");

static int detect(struct pci_dev *pdev, const struct pci_error_handlers *h,
		  pci_channel_state_t state, pci_ers_result_t wanted)
{
	pdev->error_state = state;
	return h->error_detected(pdev, state) == wanted ? 0 : -EPROTO;
}

static int call_normal(struct pci_dev *pdev, const struct pci_error_handlers *h)
{
	return detect(pdev, h, pci_channel_io_normal, PCI_ERS_RESULT_NEED_RESET);
}

static int call_frozen(struct pci_dev *pdev, const struct pci_error_handlers *h)
{
	return detect(pdev, h, pci_channel_io_frozen, PCI_ERS_RESULT_NEED_RESET);
}

static int call_permanent(struct pci_dev *pdev, const struct pci_error_handlers *h)
{
	return detect(pdev, h, pci_channel_io_perm_failure, PCI_ERS_RESULT_DISCONNECT);
}

/* What a reset of the slot or a sleep does: addresses, command and MSI-X are gone. */
static int call_forget(struct pci_dev *pdev, const struct pci_error_handlers *h)
{
	int bar;

	pci_write_config_word(pdev, PCI_COMMAND, 0);
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * bar, 0);
	if (pdev->msix_cap)
		pci_write_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, 0);
	return 0;
}

static int call_slot_reset(struct pci_dev *pdev, const struct pci_error_handlers *h)
{
	pdev->error_state = pci_channel_io_normal;
	return h->slot_reset(pdev) == PCI_ERS_RESULT_RECOVERED ? 0 : -EPROTO;
}

static int call_resume(struct pci_dev *pdev, const struct pci_error_handlers *h)
{
	h->resume(pdev);
	return 0;
}

/* By way of the bus, which saves and restores configuration space around the driver's part. */
static int call_suspend(struct pci_dev *pdev, const struct pci_error_handlers *h)
{
	const struct dev_pm_ops *pm = pdev->dev.bus->pm;
	int err = pm && pm->suspend ? pm->suspend(&pdev->dev) : -EOPNOTSUPP;

	return err ?: pm->suspend_noirq(&pdev->dev);
}

static int call_wake(struct pci_dev *pdev, const struct pci_error_handlers *h)
{
	const struct dev_pm_ops *pm = pdev->dev.bus->pm;
	int err = pm && pm->resume ? pm->resume_noirq(&pdev->dev) : -EOPNOTSUPP;

	return err ?: pm->resume(&pdev->dev);
}

static const struct {
	const char *name;
	int (*make)(struct pci_dev *pdev, const struct pci_error_handlers *h);
} known[] = {
	{ "normal", call_normal },
	{ "frozen", call_frozen },
	{ "permanent", call_permanent },
	{ "forget", call_forget },
	{ "slot_reset", call_slot_reset },
	{ "resume", call_resume },
	{ "suspend", call_suspend },
	{ "wake", call_wake },
};

static int call(struct pci_dev *pdev, const struct pci_error_handlers *h, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(name, known[i].name))
			return known[i].make(pdev, h);
	return -EINVAL;
}

/* Under the lock under which the kernel makes these calls. */
static int call_all(struct pci_dev *pdev, char *names)
{
	const struct pci_error_handlers *h;
	char *name = "looking for handlers";
	int err = 0;

	device_lock(&pdev->dev);
	h = pdev->dev.driver ? to_pci_driver(pdev->dev.driver)->err_handler : NULL;
	if (!h || !h->error_detected || !h->slot_reset || !h->resume)
		err = -ENODEV;
	while (!err && (name = strsep(&names, ",")))
		err = call(pdev, h, name);
	if (err)
		pci_err(pdev, "pci_calls: '%s' failed: %d\n", name, err);
	device_unlock(&pdev->dev);
	return err;
}

/* Looked for each time: it may have been removed and found again. */
static struct pci_dev *look_up(void)
{
	unsigned int domain, bus, slot, function;

	if (sscanf(device, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
}

static int set_calls(const char *value, const struct kernel_param *param)
{
	struct pci_dev *pdev = look_up();
	char *names;
	int err;

	if (!pdev)
		return -ENXIO;
	names = kstrdup(value, GFP_KERNEL);
	err = names ? call_all(pdev, strim(names)) : -ENOMEM;
	kfree(names);
	pci_dev_put(pdev);
	return err;
}

static const struct kernel_param_ops calls_ops = {
	.set = set_calls,
};
module_param_cb(calls, &calls_ops, NULL, 0200);
MODULE_PARM_DESC(calls, "comma-separated: normal, frozen, permanent, forget, slot_reset, resume, suspend, wake");

MODULE_DESCRIPTION("tells a PCI device's driver of errors and sleep, for tests of that driver");
MODULE_LICENSE("GPL");
