// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The message driver's life.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <xen/xen.h>

#include "ovmapi.h"

static struct miscdevice ovmapi_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = OVMAPI_NAME,
	.fops = &ovmapi_fops,
	.groups = ovmapi_groups,
	.mode = 0600,
};

static int __init ovmapi_load(void)
{
	int err;

	if (!xen_domain()) {
		pr_info(OVMAPI_NAME ": this is no domain of Xen's: there is nobody to talk to\n");
		return -ENODEV;
	}
	err = ovmapi_bus_init();
	if (err)
		return err;
	err = misc_register(&ovmapi_device);
	if (err) {
		ovmapi_bus_exit();
		return err;
	}
	ovmapi_bus_start();	/* last: what was received is gone from xenstore */
	return 0;
}
module_init(ovmapi_load);

/* No file is open: each of them holds the module. */
static void __exit ovmapi_unload(void)
{
	misc_deregister(&ovmapi_device);
	ovmapi_bus_stop();
	ovmapi_bus_exit();
	ovmapi_hub_exit();
}
module_exit(ovmapi_unload);

MODULE_AUTHOR("the vmguest authors");
MODULE_DESCRIPTION("Messages between Oracle VM's manager and programs of a guest");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0.0");
