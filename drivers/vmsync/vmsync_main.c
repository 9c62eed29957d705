// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The freezing driver's life, and who may use it.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include <vmguest/vmsync.h>

#include "vmsync.h"

static uint deadline_ms = 10000;
module_param(deadline_ms, uint, 0644);
MODULE_PARM_DESC(deadline_ms,
		 "The longest that volumes stay frozen if the caller names no time, in milliseconds (default 10000, at most 900000)");

u32 vmsync_default_deadline_ms(void)
{
	return clamp_t(u32, READ_ONCE(deadline_ms), 1, VMSYNC_DEADLINE_MAX_MS);
}

/**
 * vmsync_may - whether this call may freeze or thaw
 * @file: the open file
 *
 * A freeze stops the whole system, so only the first user namespace's
 * administrator may: both who opened the file and who makes the call, so that a
 * descriptor gives no right to whom it is passed.
 *
 * Return: true if it may.
 */
bool vmsync_may(struct file *file)
{
	return file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN) && capable(CAP_SYS_ADMIN);
}

static struct miscdevice vmsync_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = VMSYNC_NAME,
	.fops = &vmsync_fops,
	.groups = vmsync_groups,
	.mode = 0600,
};

static int __init vmsync_load(void)
{
	int err = misc_register(&vmsync_device);

	if (err)
		return err;
	err = vmsync_original_init();
	if (err)
		misc_deregister(&vmsync_device);
	return err;
}
module_init(vmsync_load);

/* No file is open and no thread is left: each of them holds the module. */
static void __exit vmsync_unload(void)
{
	vmsync_original_exit();
	misc_deregister(&vmsync_device);
}
module_exit(vmsync_unload);

MODULE_AUTHOR("the vmguest authors");
MODULE_DESCRIPTION("Freezes filesystems for snapshots of virtual machines");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0.0");
