// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * vmblock: a filesystem of links into the directory for dropped files.  Who
 * follows a link whose name an agent has blocked sleeps until the file is there.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "vmblock.h"

static char *vmblock_root = VMBLOCK_DEFAULT_ROOT;
module_param_named(root, vmblock_root, charp, 0600);
MODULE_PARM_DESC(root, "Directory that a mount shows, read at each mount (/tmp/VMwareDnD)");

static unsigned int vmblock_max_blocks = 262144;
module_param_named(max_blocks, vmblock_max_blocks, uint, 0644);
MODULE_PARM_DESC(max_blocks, "Names that can be blocked at a time, in all (262144)");

static unsigned int vmblock_max_owner_blocks = 131072;
module_param_named(max_owner_blocks, vmblock_max_owner_blocks, uint, 0644);
MODULE_PARM_DESC(max_owner_blocks, "Names that one open file can block at a time (131072)");

/**
 * vmblock_root_text - the parameter as it is now
 *
 * Return: a copy for the caller to free, or NULL.
 */
char *vmblock_root_text(void)
{
	char *text;

	kernel_param_lock(THIS_MODULE);
	text = kstrdup(vmblock_root, GFP_KERNEL);
	kernel_param_unlock(THIS_MODULE);
	return text;
}

void vmblock_limits(struct vmblock_limits *limits)
{
	limits->total = READ_ONCE(vmblock_max_blocks);
	limits->owner = READ_ONCE(vmblock_max_owner_blocks);
}

static int __init vmblock_load(void)
{
	int err = vmblock_gates_init();

	if (err)
		return err;
	err = vmblock_stats_init();
	if (err)
		goto err_gates;
	err = vmblock_super_init();
	if (err)
		goto err_stats;
	err = vmblock_control_init();
	if (err)
		goto err_super;
	return 0;

err_super:
	vmblock_super_exit();
err_stats:
	vmblock_stats_exit();
err_gates:
	vmblock_gates_exit();
	return err;
}
module_init(vmblock_load);

static void __exit vmblock_unload(void)
{
	vmblock_control_exit();
	vmblock_super_exit();
	vmblock_stats_exit();
	vmblock_gates_exit();
}
module_exit(vmblock_unload);

MODULE_AUTHOR("the vmguest authors");
MODULE_DESCRIPTION("Links that wait until a dropped file has arrived");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0.0");
