// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * /dev/vmsync: what programs ask for, checked and copied once.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <vmguest/vmsync.h>

#include "vmsync.h"

/* The core does not know of the interface; here both meet. */
static_assert(VMSYNC_PHASE_SYNCING == VMSYNC_SYNCING && VMSYNC_PHASE_OVER == VMSYNC_OVER);
static_assert(VMSYNC_CAUSE_ASKED == VMSYNC_ASKED && VMSYNC_CAUSE_LOST == VMSYNC_LOST);
static_assert(VMSYNC_STATE_NEW == VMSYNC_VOLUME_NEW && VMSYNC_STATE_FAILED == VMSYNC_VOLUME_FAILED);
static_assert(VMSYNC_REFUSE_UNFREEZABLE == VMSYNC_POLICY_REFUSE_UNFREEZABLE);
static_assert(VMSYNC_REFUSE_NETWORK == VMSYNC_POLICY_REFUSE_NETWORK);
static_assert(VMSYNC_SKIP_BUSY == VMSYNC_POLICY_SKIP_BUSY);
static_assert(VMSYNC_SKIP_MISSING == VMSYNC_POLICY_SKIP_MISSING);
static_assert(sizeof(struct vmsync_record) == 80 && sizeof(struct vmsync_freeze) == 40);

/* A record has room for what a program has to say. */
#define VMSYNC_RECORD_MIN	offsetofend(struct vmsync_record, level)

static int vmsync_open(struct inode *inode, struct file *file)
{
	file->private_data = vmsync_file_new();
	return file->private_data ? stream_open(inode, file) : -ENOMEM;
}

static int vmsync_release(struct inode *inode, struct file *file)
{
	vmsync_file_thaw(file->private_data, VMSYNC_CLOSED, VMSYNC_CLOSE_WAIT_MS, TASK_IDLE);
	vmsync_file_put(file->private_data);
	return 0;
}

/*
 * A structure of @known bytes as far as the caller has it, the rest 0. What the
 * caller has beyond has to be 0. Return: 0 with @size set, or a negative errno.
 */
static int vmsync_copy_in(void *to, size_t known, const void __user *from, u32 *size)
{
	struct vmguest_ioctl_header header;

	if (copy_from_user(&header, from, sizeof(header)))
		return -EFAULT;
	if (header.version != VMSYNC_VERSION || header.size < sizeof(header) ||
	    header.size > PAGE_SIZE)
		return -EINVAL;
	*size = header.size;
	return copy_struct_from_user(to, known, from, header.size);
}

/* The header stays as the caller wrote it. */
static int vmsync_copy_out(void __user *to, const void *from, size_t known, u32 size)
{
	size_t skip = sizeof(struct vmguest_ioctl_header), end = min_t(size_t, known, size);

	return copy_to_user(to + skip, from + skip, end - skip) ? -EFAULT : 0;
}

static void __user *vmsync_record_at(u64 records, u32 record_size, u32 i)
{
	return u64_to_user_ptr(records) + (u64)i * record_size;
}

/* Of the filesystem that a record names; nothing of it is opened, nor asked whether it is there. */
static int vmsync_record_path(const struct vmsync_record *r, struct path *path)
{
	struct file *file;

	if (r->path)
		return user_path_at(AT_FDCWD, u64_to_user_ptr(r->path),
				    LOOKUP_FOLLOW | LOOKUP_MOUNTPOINT, path);
	file = fget_raw(r->fd);
	if (!file)
		return -EBADF;
	*path = file->f_path;
	path_get(path);
	fput(file);
	return 0;
}

static int vmsync_add_record(struct vmsync_job *job, u32 i, const struct vmsync_record *r)
{
	struct path path;
	int err = vmsync_record_path(r, &path);

	if (err)
		return vmsync_job_miss(job, i, err);
	err = vmsync_job_add(job, i, path.mnt->mnt_sb, r->level);
	path_put(&path);
	return err;
}

static int vmsync_add_records(struct vmsync_job *job, const struct vmsync_freeze *a)
{
	struct vmsync_record r;
	u32 i;
	int err = 0;

	for (i = 0; i < a->count && !err; i++) {
		err = copy_struct_from_user(&r, sizeof(r),
					    vmsync_record_at(a->records, a->record_size, i),
					    a->record_size);
		if (!err)
			err = vmsync_add_record(job, i, &r);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	}
	return err;
}

static void vmsync_read_record(struct vmsync_job *job, u32 i, struct vmsync_record *r)
{
	const struct vmsync_volume *v = &job->batch.volume[i];

	memset(r, 0, sizeof(*r));
	spin_lock(&job->file->lock);
	r->state = v->state;
	r->error = -v->error;
	r->device = new_encode_dev(job->vol[i].dev);
	r->sync_us = v->sync_us;
	r->freeze_us = v->freeze_us;
	vmsync_volume_times(v, vmsync_now_us(), &r->frozen_us, &r->stall_us);
	strscpy(r->type, job->vol[i].type, sizeof(r->type));
	spin_unlock(&job->file->lock);
}

/*
 * What the driver has to say of the first @count volumes, from the member state
 * on. Each is under the lock for a moment: there is nothing to allocate and
 * nothing to wait for.
 */
static int vmsync_copy_records(struct vmsync_job *job, u64 records, u32 record_size, u32 count)
{
	size_t skip = offsetof(struct vmsync_record, state);
	size_t end = min_t(size_t, record_size, sizeof(struct vmsync_record));
	struct vmsync_record r;
	u32 i;

	for (i = 0; i < count; i++) {
		vmsync_read_record(job, i, &r);
		if (copy_to_user(vmsync_record_at(records, record_size, i) + skip,
				 (void *)&r + skip, end - skip))
			return -EFAULT;
	}
	return 0;
}

static int vmsync_check_freeze(struct vmsync_freeze *a)
{
	if (a->flags & ~VMSYNC_FREEZE_FLAGS || !a->count ||
	    a->deadline_ms > VMSYNC_DEADLINE_MAX_MS || a->sync_ms > VMSYNC_DEADLINE_MAX_MS)
		return -EINVAL;
	if (a->count > VMSYNC_RECORDS_MAX)
		return -E2BIG;
	if (a->record_size < VMSYNC_RECORD_MIN || a->record_size > PAGE_SIZE)
		return -EINVAL;
	a->deadline_ms = a->deadline_ms ?: vmsync_default_deadline_ms();
	a->sync_ms = a->sync_ms ?: VMSYNC_SYNC_DEFAULT_MS;
	return 0;
}

/* A program that does not learn what was frozen cannot know what it has. */
static int vmsync_run_records(struct vmsync_job *job, struct vmsync_freeze *a)
{
	int err = vmsync_add_records(job, a);

	if (err)
		vmsync_job_cancel(job, err);
	else
		err = vmsync_job_run(job, a->sync_ms, a->deadline_ms, 0);
	if (vmsync_copy_records(job, a->records, a->record_size, a->count) && !err)
		err = -EFAULT;
	spin_lock(&job->file->lock);
	a->frozen = vmsync_batch_held(&job->batch);
	spin_unlock(&job->file->lock);
	return err;
}

static long vmsync_freeze(struct file *file, void __user *arg)
{
	struct vmsync_job *job;
	struct vmsync_freeze a;
	int err, told;
	u32 size;

	if (!vmsync_may(file))
		return -EPERM;
	err = vmsync_copy_in(&a, sizeof(a), arg, &size) ?: vmsync_check_freeze(&a);
	if (err)
		return err;
	job = vmsync_job_new(file->private_data, a.count, a.flags, true);
	if (IS_ERR(job))
		return PTR_ERR(job);
	err = vmsync_run_records(job, &a);
	told = vmsync_copy_out(arg, &a, sizeof(a), size);
	if (err == -EFAULT || told)
		vmsync_job_thaw(job, VMSYNC_FAILED);
	vmsync_job_put(job);
	return err ?: told;
}

/* What a thaw says of the time before it. */
static int vmsync_thaw_result(struct vmsync_job *job, struct vmsync_thaw *a)
{
	spin_lock(&job->file->lock);
	a->cause = job->batch.cause;
	a->left = vmsync_batch_left(&job->batch);
	job->is_told = true;
	spin_unlock(&job->file->lock);
	if (a->cause == VMSYNC_CAUSE_EXPIRED)
		return -ETIMEDOUT;
	return a->cause == VMSYNC_CAUSE_LOST ? -ESTALE : 0;
}

static long vmsync_thaw(struct file *file, void __user *arg)
{
	struct vmsync_job *job;
	struct vmsync_thaw a;
	int err, told;
	u32 size;

	if (!vmsync_may(file))
		return -EPERM;
	err = vmsync_copy_in(&a, sizeof(a), arg, &size);
	if (err)
		return err;
	if (a.wait_ms > VMSYNC_THAW_WAIT_MAX_MS || a.reserved)
		return -EINVAL;
	a.cause = VMSYNC_CAUSE_NONE;
	a.left = 0;
	job = vmsync_job_last(file->private_data);
	if (job) {
		vmsync_job_thaw(job, VMSYNC_ASKED);
		vmsync_job_wait_thawed(job, a.wait_ms, VMSYNC_CALLER_WAITS);
		err = vmsync_thaw_result(job, &a);
		vmsync_job_put(job);
	}
	told = vmsync_copy_out(arg, &a, sizeof(a), size);
	return err ?: told;
}

static void vmsync_query_job(struct vmsync_job *job, struct vmsync_query *a)
{
	const struct vmsync_batch *b = &job->batch;
	u64 now;

	spin_lock(&job->file->lock);
	now = vmsync_now_us();
	vmsync_job_tick(job, now);
	a->phase = b->phase;
	a->cause = b->cause;
	a->error = -b->error;
	a->frozen = vmsync_batch_held(b);
	a->count = b->count;
	if (b->phase == VMSYNC_FREEZING || b->phase == VMSYNC_FROZEN)
		a->left_ms = div_u64(b->end_us - now, 1000);
	spin_unlock(&job->file->lock);
}

static long vmsync_query(struct file *file, void __user *arg)
{
	struct vmsync_query a, q = {};
	struct vmsync_job *job;
	int err;
	u32 size;

	err = vmsync_copy_in(&a, sizeof(a), arg, &size);
	if (err)
		return err;
	if (a.records && (a.record_size < VMSYNC_RECORD_MIN || a.record_size > PAGE_SIZE))
		return -EINVAL;
	q.header = a.header;
	q.records = a.records;
	q.record_size = a.record_size;
	q.frozen_all = atomic_read(&vmsync_frozen_all);
	job = vmsync_job_last(file->private_data);
	if (job) {
		vmsync_query_job(job, &q);
		if (a.records)
			err = vmsync_copy_records(job, a.records, a.record_size,
						  min(a.count, q.count));
		vmsync_job_put(job);
	}
	return err ?: vmsync_copy_out(arg, &q, sizeof(q), size);
}

static long vmsync_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case VMSYNC_FREEZE:
		return vmsync_freeze(file, user);
	case VMSYNC_THAW:
		return vmsync_thaw(file, user);
	case VMSYNC_QUERY:
		return vmsync_query(file, user);
	default:
		return -ENOTTY;
	}
}

/* That a freeze has ended without being asked to, until FREEZE or THAW has said so. */
static __poll_t vmsync_poll(struct file *file, struct poll_table_struct *table)
{
	struct vmsync_file *f = file->private_data;
	struct vmsync_job *job;
	__poll_t events = 0;

	poll_wait(file, &f->wait, table);
	spin_lock(&f->lock);
	list_for_each_entry(job, &f->jobs, entry) {
		vmsync_job_tick(job, vmsync_now_us());
		if (!job->is_told && (job->batch.cause == VMSYNC_EXPIRED ||
				      job->batch.cause == VMSYNC_LOST))
			events = EPOLLIN | EPOLLRDNORM | EPOLLPRI;
	}
	spin_unlock(&f->lock);
	return events;
}

const struct file_operations vmsync_fops = {
	.owner = THIS_MODULE,
	.open = vmsync_open,
	.release = vmsync_release,
	.unlocked_ioctl = vmsync_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = vmsync_poll,
};
