// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The node: who has it open, and that there is something to take.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "ovmapi.h"

static int ovmapi_open(struct inode *inode, struct file *file)
{
	struct ovmapi_app *app = kzalloc(sizeof(*app), GFP_KERNEL_ACCOUNT);

	if (!app)
		return -ENOMEM;
	ovmapi_app_init(app);
	file->private_data = app;
	return stream_open(inode, file);
}

static int ovmapi_fasync(int fd, struct file *file, int on)
{
	struct ovmapi_app *app = file->private_data;

	return fasync_helper(fd, file, on, &app->fasync);
}

static int ovmapi_release(struct inode *inode, struct file *file)
{
	ovmapi_app_unregister(file->private_data);
	ovmapi_fasync(-1, file, 0);
	kfree(file->private_data);
	return 0;
}

static __poll_t ovmapi_poll(struct file *file, struct poll_table_struct *table)
{
	struct ovmapi_app *app = file->private_data;

	poll_wait(file, &app->wait, table);
	return ovmapi_app_has_events(app) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long ovmapi_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	if (ovmapi_is_original(cmd))
		return ovmapi_original(file->private_data, cmd, user, false);
	return ovmapi_modern(file->private_data, cmd, user);
}

/* The original structures have pointers and longs, the modern ones are the same everywhere. */
static long ovmapi_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = compat_ptr(arg);

	if (ovmapi_is_original(cmd))
		return ovmapi_original(file->private_data, cmd, user, true);
	return ovmapi_modern(file->private_data, cmd, user);
}

const struct file_operations ovmapi_fops = {
	.owner = THIS_MODULE,
	.open = ovmapi_open,
	.release = ovmapi_release,
	.unlocked_ioctl = ovmapi_ioctl,
	.compat_ioctl = ovmapi_compat_ioctl,
	.poll = ovmapi_poll,
	.fasync = ovmapi_fasync,
};
