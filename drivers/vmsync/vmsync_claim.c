// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Superblocks: which of a job's records have one, and that each is worked on by
 * one volume at a time, whoever asks.
 */
#include <linux/string.h>

#include <vmguest/vmsync.h>

#include "vmsync.h"

/* Superblocks that are worked on; the lock is taken inside a file's. */
static LIST_HEAD(vmsync_claims);
static DEFINE_SPINLOCK(vmsync_claims_lock);

/**
 * vmsync_job_miss - there is nothing to freeze for a record
 * @job: the job
 * @i: the record's number
 * @err: why, negative
 *
 * Return: 0 if the job's policy is to go on without it, else @err.
 */
int vmsync_job_miss(struct vmsync_job *job, u32 i, int err)
{
	bool may_skip = vmsync_may_skip(job->batch.policy, err);

	spin_lock(&job->file->lock);
	job->batch.volume[i].state = may_skip ? VMSYNC_VOLUME_SKIPPED : VMSYNC_VOLUME_FAILED;
	job->batch.volume[i].error = err;
	spin_unlock(&job->file->lock);
	atomic64_inc(may_skip ? &vmsync_stats.volumes_skipped : &vmsync_stats.volumes_failed);
	return may_skip ? 0 : err;
}

/**
 * vmsync_job_add - a superblock for a record
 * @job: the job
 * @i: the record's number
 * @sb: pinned by the caller's path
 * @level: what is stacked on others has a higher one
 *
 * Return: 0, also if it is skipped, or a negative errno.
 */
int vmsync_job_add(struct vmsync_job *job, u32 i, struct super_block *sb, u32 level)
{
	struct vmsync_vol *v = &job->vol[i];
	int err = vmsync_fs_judge(sb);

	spin_lock(&job->file->lock);
	job->batch.volume[i].level = level;
	v->dev = sb->s_dev;
	strscpy(v->type, sb->s_type->name, sizeof(v->type));
	spin_unlock(&job->file->lock);
	if (err && err != -EBUSY)
		return vmsync_job_miss(job, i, err);
	/* The caller's path has one, so it is not the first. */
	atomic_inc(&sb->s_active);
	v->sb = sb;
	return 0;
}

/* One volume for each superblock, whoever asks. */
static int vmsync_claim(struct vmsync_vol *v)
{
	struct vmsync_vol *other;
	int err = 0;

	spin_lock(&vmsync_claims_lock);
	list_for_each_entry(other, &vmsync_claims, claim) {
		if (other->sb != v->sb)
			continue;
		err = other->job == v->job ? -EEXIST : -EBUSY;
		break;
	}
	if (!err)
		list_add_tail(&v->claim, &vmsync_claims);
	spin_unlock(&vmsync_claims_lock);
	return err;
}

static void vmsync_unclaim(struct vmsync_vol *v)
{
	spin_lock(&vmsync_claims_lock);
	list_del_init(&v->claim);
	spin_unlock(&vmsync_claims_lock);
}

/* The last reference may unmount the filesystem, which takes its time; nobody waits for that. */
void vmsync_claim_release(struct vmsync_vol *v)
{
	vmsync_unclaim(v);
	deactivate_super(v->sb);
	v->sb = NULL;
}

/* A frozen one may be frozen by this very driver, or be there twice. */
static int vmsync_claim_volume(struct vmsync_job *job, u32 i)
{
	struct vmsync_vol *v = &job->vol[i];
	int err = vmsync_fs_judge(v->sb);

	err = vmsync_claim(v) ?: err;
	if (!err)
		return ++job->claimed > VMSYNC_RECORDS_MAX ? -E2BIG : 0;
	vmsync_claim_release(v);
	return vmsync_job_miss(job, i, err);
}

/* All at once, when no path can make the caller wait any more: they are busy for others now. */
int vmsync_claim_all(struct vmsync_job *job)
{
	int err = 0;
	u32 i;

	for (i = 0; i < job->batch.count && !err; i++)
		if (job->vol[i].sb)
			err = vmsync_claim_volume(job, i);
	return err;
}

/* Before their owner hears of the end, so that he can freeze them again at once. */
void vmsync_unclaim_idle(struct vmsync_job *job)
{
	u32 i;

	for (i = 0; i < job->batch.count; i++)
		if (!vmsync_is_busy(&job->batch.volume[i]))
			vmsync_unclaim(&job->vol[i]);
}
