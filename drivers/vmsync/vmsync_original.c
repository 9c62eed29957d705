// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * /proc/driver/vmware-sync: the interface of the original driver, by its
 * numbers and with its answers. Documentation/vmsync.md lists where it differs.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <vmguest/vmsync.h>

#include "vmsync.h"

#define VMSYNC_NODE		"driver/vmware-sync"
#define VMSYNC_LIST_SIZE	4096	/* with its NUL */
#define VMSYNC_ORIGINAL_MS	30000
/* The size that a 32-bit program's pointer puts into the number. */
#define VMSYNC_COMPAT_FREEZE	_IOW(0xF5, 1, __u32)

static_assert(VMSYNC_COMPAT_FREEZE == 0x4004F501);
static_assert(VMSYNC_ORIGINAL_THAW == 0x0000F502);
static_assert(VMSYNC_ORIGINAL_QUERY == 0x8004F503);

/* proc_remove() waits for a release that is still running, which so may let go of the module. */
static int vmsync_original_open(struct inode *inode, struct file *file)
{
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	file->private_data = vmsync_file_new();
	if (file->private_data)
		return 0;
	module_put(THIS_MODULE);
	return -ENOMEM;
}

static int vmsync_original_release(struct inode *inode, struct file *file)
{
	vmsync_file_thaw(file->private_data, VMSYNC_CLOSED, VMSYNC_CLOSE_WAIT_MS, TASK_IDLE);
	vmsync_file_put(file->private_data);
	module_put(THIS_MODULE);
	return 0;
}

static char *vmsync_copy_list(const char __user *user)
{
	char *list = strndup_user(user, VMSYNC_LIST_SIZE);

	return list == ERR_PTR(-EINVAL) ? ERR_PTR(-ENAMETOOLONG) : list;
}

static u32 vmsync_count_list(const char *list)
{
	u32 count = 1;

	for (; *list; list++)
		count += *list == ':';
	return count;
}

/*
 * A mount on a network is not asked whether it is still there. What the lookup
 * calls invalid is skipped, as it always was.
 */
static int vmsync_add_path(struct vmsync_job *job, u32 i, const char *name)
{
	struct path path;
	int err;

	if (!*name)
		return -ENOENT;
	err = kern_path(name, LOOKUP_FOLLOW | LOOKUP_MOUNTPOINT, &path);
	if (err == -EINVAL)
		return vmsync_job_miss(job, i, -EOPNOTSUPP);
	if (err)
		return vmsync_job_miss(job, i, err);
	err = vmsync_job_add(job, i, path.mnt->mnt_sb, job->batch.count - i);
	path_put(&path);
	return err;
}

/* In the list's order, each waiting for the one before. */
static int vmsync_add_list(struct vmsync_job *job, char *list)
{
	char *name;
	u32 i = 0;
	int err = 0;

	while (!err && (name = strsep(&list, ":")))
		err = vmsync_add_path(job, i++, name);
	return err;
}

/* A later FREEZE is thawed with the first that still holds something: it does not put that off. */
static u64 vmsync_first_end(struct vmsync_file *f, const struct vmsync_job *own)
{
	struct vmsync_job *job;
	u64 end_us = 0;

	spin_lock(&f->lock);
	list_for_each_entry(job, &f->jobs, entry) {
		if (job == own || job->batch.phase != VMSYNC_FROZEN)
			continue;
		end_us = job->batch.end_us;
		break;
	}
	spin_unlock(&f->lock);
	return end_us;
}

static int vmsync_run_list(struct vmsync_file *f, char *list)
{
	struct vmsync_job *job = vmsync_job_new(f, vmsync_count_list(list), 0, false);
	int err;

	if (IS_ERR(job))
		return PTR_ERR(job);
	err = vmsync_add_list(job, list);
	if (err)
		vmsync_job_cancel(job, err);
	else
		err = vmsync_job_run(job, VMSYNC_SYNC_DEFAULT_MS, VMSYNC_ORIGINAL_MS,
				     vmsync_first_end(f, job));
	vmsync_job_put(job);
	return err == -EBUSY ? -EALREADY : err;
}

static long vmsync_original_freeze(struct file *file, const char __user *user)
{
	char *list;
	int err;

	if (!vmsync_may(file))
		return -EPERM;
	list = vmsync_copy_list(user);
	if (IS_ERR(list))
		return PTR_ERR(list);
	err = vmsync_run_list(file->private_data, list);
	kfree(list);
	return err;
}

static long vmsync_original_thaw(struct file *file)
{
	if (!vmsync_may(file))
		return -EPERM;
	vmsync_file_thaw(file->private_data, VMSYNC_ASKED, VMSYNC_THAW_WAIT_MAX_MS,
			 VMSYNC_CALLER_WAITS);
	return 0;
}

static long vmsync_original_query(__s32 __user *user)
{
	return put_user(atomic_read(&vmsync_frozen_all), user);
}

static long vmsync_original_call(struct file *file, unsigned int cmd, unsigned int freeze,
				 void __user *arg)
{
	if (cmd == freeze)
		return vmsync_original_freeze(file, arg);
	switch (cmd) {
	case VMSYNC_ORIGINAL_THAW:
		return vmsync_original_thaw(file);
	case VMSYNC_ORIGINAL_QUERY:
		return vmsync_original_query(arg);
	default:
		return -ENOTTY;
	}
}

static long vmsync_original_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return vmsync_original_call(file, cmd, VMSYNC_ORIGINAL_FREEZE, (void __user *)arg);
}

#ifdef CONFIG_COMPAT
static long vmsync_original_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return vmsync_original_call(file, cmd, VMSYNC_COMPAT_FREEZE, compat_ptr(arg));
}
#endif

static const struct proc_ops vmsync_original_ops = {
	.proc_open = vmsync_original_open,
	.proc_release = vmsync_original_release,
	.proc_ioctl = vmsync_original_ioctl,
#ifdef CONFIG_COMPAT
	.proc_compat_ioctl = vmsync_original_compat_ioctl,
#endif
	.proc_lseek = noop_llseek,
};

static struct proc_dir_entry *vmsync_original_entry;

int __init vmsync_original_init(void)
{
	vmsync_original_entry = proc_create(VMSYNC_NODE, 0444, NULL, &vmsync_original_ops);
	return vmsync_original_entry ? 0 : -ENOMEM;
}

void vmsync_original_exit(void)
{
	proc_remove(vmsync_original_entry);
}
