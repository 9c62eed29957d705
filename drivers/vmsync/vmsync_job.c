// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What stands behind an open file, and the jobs that are asked for through it:
 * their memory and their references.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "vmsync.h"

static void vmsync_file_free(struct kref *ref)
{
	kfree(container_of(ref, struct vmsync_file, ref));
}

/**
 * vmsync_file_new - what stands behind an open file
 *
 * Return: it, or NULL if there is no memory.
 */
struct vmsync_file *vmsync_file_new(void)
{
	struct vmsync_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return NULL;
	kref_init(&f->ref);
	spin_lock_init(&f->lock);
	init_waitqueue_head(&f->wait);
	INIT_LIST_HEAD(&f->jobs);
	return f;
}

void vmsync_file_put(struct vmsync_file *f)
{
	kref_put(&f->ref, vmsync_file_free);
}

static void vmsync_job_free(struct kref *ref)
{
	struct vmsync_job *job = container_of(ref, struct vmsync_job, ref);

	kref_put(&job->file->ref, vmsync_file_free);
	kvfree(job->batch.volume);
	kvfree(job->vol);
	kfree(job);
}

void vmsync_job_put(struct vmsync_job *job)
{
	kref_put(&job->ref, vmsync_job_free);
}

/* Jobs that keep nothing any more go; it is the caller who puts them. */
static void vmsync_file_prune(struct vmsync_file *f, struct list_head *gone)
{
	struct vmsync_job *job, *next;

	lockdep_assert_held(&f->lock);
	list_for_each_entry_safe(job, next, &f->jobs, entry)
		if (job->batch.phase != VMSYNC_FROZEN && vmsync_batch_is_settled(&job->batch))
			list_move_tail(&job->entry, gone);
}

void vmsync_job_put_all(struct list_head *gone)
{
	struct vmsync_job *job, *next;

	list_for_each_entry_safe(job, next, gone, entry) {
		list_del_init(&job->entry);
		vmsync_job_put(job);
	}
}

static struct vmsync_job *vmsync_job_alloc(u32 count, u32 policy)
{
	struct vmsync_job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	struct vmsync_volume *volume;
	u32 i;

	if (!job)
		return NULL;
	job->vol = kvcalloc(count, sizeof(*job->vol), GFP_KERNEL);
	volume = kvcalloc(count, sizeof(*volume), GFP_KERNEL);
	if (!job->vol || !volume) {
		kvfree(job->vol);
		kvfree(volume);
		kfree(job);
		return NULL;
	}
	kref_init(&job->ref);
	for (i = 0; i < count; i++) {
		job->vol[i].job = job;
		INIT_LIST_HEAD(&job->vol[i].claim);
	}
	vmsync_batch_init(&job->batch, volume, count, policy);
	return job;
}

/**
 * vmsync_job_new - begin to gather what is to be frozen
 * @f: through which file
 * @count: volumes there is room for
 * @policy: VMSYNC_POLICY_*
 * @is_only: there must be no other job at work
 *
 * Return: the job with a reference of the caller's, or an error pointer.
 */
struct vmsync_job *vmsync_job_new(struct vmsync_file *f, u32 count, u32 policy, bool is_only)
{
	struct vmsync_job *job = vmsync_job_alloc(count, policy);
	LIST_HEAD(gone);
	bool is_busy;

	if (!job)
		return ERR_PTR(-ENOMEM);
	kref_get(&f->ref);
	job->file = f;
	spin_lock(&f->lock);
	vmsync_file_prune(f, &gone);
	is_busy = is_only && !list_empty(&f->jobs);
	if (!is_busy) {
		kref_get(&job->ref);
		list_add_tail(&job->entry, &f->jobs);
	}
	spin_unlock(&f->lock);
	vmsync_job_put_all(&gone);
	if (is_busy) {
		vmsync_job_put(job);
		return ERR_PTR(-EBUSY);
	}
	atomic64_inc(&vmsync_stats.freezes);
	return job;
}

/**
 * vmsync_job_last - the newest job of a file
 * @f: the file
 *
 * Return: the job with a reference of the caller's, or NULL.
 */
struct vmsync_job *vmsync_job_last(struct vmsync_file *f)
{
	struct vmsync_job *job = NULL;

	spin_lock(&f->lock);
	if (!list_empty(&f->jobs)) {
		job = list_last_entry(&f->jobs, struct vmsync_job, entry);
		kref_get(&job->ref);
	}
	spin_unlock(&f->lock);
	return job;
}
