// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The message driver of a kernel that knows no Xen: a sentence.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/printk.h>

static int __init ovmapi_load(void)
{
	pr_info("ovmapi: this kernel is built without Xen: there is nobody to talk to\n");
	return -ENODEV;
}
module_init(ovmapi_load);

MODULE_AUTHOR("the vmguest authors");
MODULE_DESCRIPTION("Messages between Oracle VM's manager and programs of a guest");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0.0");
