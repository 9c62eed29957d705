// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Jobs, and the threads that do their work. A volume's thread exists before
 * anything is frozen and is the one to thaw it, so that thawing needs neither a
 * new thread nor a work queue's rescuer when memory is short. It sleeps until
 * the deadline and thaws then, whether or not the owner is still alive.
 */
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include <vmguest/vmsync.h>

#include "vmsync.h"

#define CREATE_TRACE_POINTS
#include "vmsync_trace.h"

struct vmsync_stats vmsync_stats;
/* Volumes that are frozen, through whichever file. */
atomic_t vmsync_frozen_all = ATOMIC_INIT(0);

/* Superblocks that are worked on, each by one volume; the lock is taken inside a file's. */
static LIST_HEAD(vmsync_claims);
static DEFINE_SPINLOCK(vmsync_claims_lock);

u64 vmsync_now_us(void)
{
	return ktime_to_us(ktime_get());
}

static long vmsync_jiffies(u64 us)
{
	if (us == U64_MAX)
		return MAX_SCHEDULE_TIMEOUT;
	return msecs_to_jiffies(min_t(u64, div_u64(us, 1000) + 1, INT_MAX / 2));
}

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

static void vmsync_unclaim(struct vmsync_vol *v)
{
	spin_lock(&vmsync_claims_lock);
	list_del_init(&v->claim);
	spin_unlock(&vmsync_claims_lock);
}

/* Before their owner hears of the end, so that he can freeze them again at once. */
static void vmsync_unclaim_idle(struct vmsync_job *job)
{
	u32 i;

	for (i = 0; i < job->batch.count; i++)
		if (!vmsync_is_busy(&job->batch.volume[i]))
			vmsync_unclaim(&job->vol[i]);
}

/* After a change: statistics, and all who wait look again. */
static void vmsync_job_changed(struct vmsync_job *job)
{
	struct vmsync_batch *b = &job->batch;

	lockdep_assert_held(&job->file->lock);
	if (b->phase >= VMSYNC_THAWING && b->cause != VMSYNC_NO_CAUSE && !job->is_counted) {
		job->is_counted = true;
		atomic64_inc(&vmsync_stats.ended[b->cause]);
		trace_vmsync_over(vmsync_cause_name(b->cause), b->error, vmsync_batch_held(b));
	}
	if (b->phase >= VMSYNC_THAWING)
		vmsync_unclaim_idle(job);
	wake_up_all(&job->file->wait);
}

/**
 * vmsync_job_tick - what time alone brings about
 * @job: with its file's lock held
 * @now: the time
 *
 * Return: whether anything has changed.
 */
bool vmsync_job_tick(struct vmsync_job *job, u64 now)
{
	if (!vmsync_batch_tick(&job->batch, now))
		return false;
	vmsync_job_changed(job);
	return true;
}

static struct vmsync_volume *vmsync_core(struct vmsync_vol *v)
{
	return &v->job->batch.volume[v - v->job->vol];
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

static void vmsync_put_all(struct list_head *gone)
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
	vmsync_put_all(&gone);
	if (is_busy) {
		vmsync_job_put(job);
		return ERR_PTR(-EBUSY);
	}
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

/* The last reference may unmount the filesystem, which takes its time; nobody waits for that. */
static void vmsync_vol_release(struct vmsync_vol *v)
{
	vmsync_unclaim(v);
	deactivate_super(v->sb);
	v->sb = NULL;
}

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

/* A frozen one may be frozen by this very driver, or be there twice. */
static int vmsync_claim_volume(struct vmsync_job *job, u32 i)
{
	struct vmsync_vol *v = &job->vol[i];
	int err = vmsync_fs_judge(v->sb);

	err = vmsync_claim(v) ?: err;
	if (!err)
		return ++job->claimed > VMSYNC_RECORDS_MAX ? -E2BIG : 0;
	vmsync_vol_release(v);
	return vmsync_job_miss(job, i, err);
}

/* All at once, when no path can make the caller wait any more: they are busy for others now. */
static int vmsync_claim_all(struct vmsync_job *job)
{
	int err = 0;
	u32 i;

	for (i = 0; i < job->batch.count && !err; i++)
		if (job->vol[i].sb)
			err = vmsync_claim_volume(job, i);
	return err;
}

static enum vmsync_action vmsync_look(struct vmsync_vol *v, long *timeout)
{
	struct vmsync_file *f = v->job->file;
	enum vmsync_action action;
	u64 now, wait_us;

	spin_lock(&f->lock);
	now = vmsync_now_us();
	vmsync_job_tick(v->job, now);
	action = vmsync_next(&v->job->batch, vmsync_core(v), now, &wait_us);
	spin_unlock(&f->lock);
	*timeout = vmsync_jiffies(wait_us);
	return action;
}

/* Idle, not uninterruptible: a volume may be meant to stay frozen for minutes. */
static enum vmsync_action vmsync_wait_action(struct vmsync_vol *v)
{
	struct vmsync_file *f = v->job->file;
	enum vmsync_action action;
	DEFINE_WAIT(wait);
	long timeout;

	for (;;) {
		prepare_to_wait(&f->wait, &wait, TASK_IDLE);
		action = vmsync_look(v, &timeout);
		if (action != VMSYNC_WAIT)
			break;
		schedule_timeout(timeout);
	}
	finish_wait(&f->wait, &wait);
	return action;
}

/* Before who waits is told: QUERY is to agree with what FREEZE and THAW return. */
static void vmsync_count(struct vmsync_vol *v, enum vmsync_action action, int err)
{
	if (action == VMSYNC_DO_FREEZE && !err) {
		atomic_inc(&vmsync_frozen_all);
		atomic64_inc(&vmsync_stats.volumes_frozen);
	} else if (action == VMSYNC_DO_THAW && (!err || err == -ESTALE)) {
		atomic_dec(&vmsync_frozen_all);
		atomic64_inc(err ? &vmsync_stats.volumes_lost : &vmsync_stats.volumes_thawed);
	} else if (action == VMSYNC_DO_THAW) {
		atomic64_inc(&vmsync_stats.thaw_failures);
	}
}

static void vmsync_act(struct vmsync_vol *v, enum vmsync_action action)
{
	struct vmsync_file *f = v->job->file;
	struct vmsync_batch *b = &v->job->batch;
	struct vmsync_volume *core = vmsync_core(v);
	dev_t dev = v->sb->s_dev;
	int err;

	trace_vmsync_begin(dev, action, core->level);
	err = vmsync_do(&vmsync_fs_ops, action, v);
	trace_vmsync_end(dev, action, err);
	vmsync_count(v, action, err);
	spin_lock(&f->lock);
	if (vmsync_done(b, core, action, err, vmsync_now_us()))
		vmsync_job_changed(v->job);
	if (action == VMSYNC_DO_FREEZE && !err && b->phase == VMSYNC_THAWING)
		atomic64_inc(&vmsync_stats.volumes_late);
	if (core->state == VMSYNC_VOLUME_SKIPPED)
		atomic64_inc(&vmsync_stats.volumes_skipped);
	if (core->state == VMSYNC_VOLUME_FAILED)
		atomic64_inc(&vmsync_stats.volumes_failed);
	if (action == VMSYNC_DO_THAW)
		vmsync_stats_stall(core->stall_us);
	spin_unlock(&f->lock);
}

/* Who waits for a thaw may want to unmount: now the filesystem is his again. */
static void vmsync_unpin(struct vmsync_job *job)
{
	spin_lock(&job->file->lock);
	if (!--job->pins)
		wake_up_all(&job->file->wait);
	spin_unlock(&job->file->lock);
}

static int vmsync_thread(void *data)
{
	struct vmsync_vol *v = data;
	enum vmsync_action action;

	while ((action = vmsync_wait_action(v)) != VMSYNC_END)
		vmsync_act(v, action);
	if (vmsync_core(v)->tries)
		pr_warn(VMSYNC_NAME ": thawing %s failed %u times, last with %d\n", v->sb->s_id,
			vmsync_core(v)->tries, vmsync_core(v)->error);
	vmsync_vol_release(v);
	vmsync_unpin(v->job);
	vmsync_job_put(v->job);
	module_put_and_kthread_exit(0);
	return 0;
}

/**
 * vmsync_job_cancel - end a job that has not begun
 * @job: the job; no thread of it has run
 * @err: why
 */
void vmsync_job_cancel(struct vmsync_job *job, int err)
{
	u32 i;

	spin_lock(&job->file->lock);
	vmsync_batch_thaw(&job->batch, VMSYNC_FAILED, vmsync_now_us());
	if (job->batch.cause == VMSYNC_FAILED)
		job->batch.error = err;
	job->is_told = true;
	vmsync_job_changed(job);
	spin_unlock(&job->file->lock);
	for (i = 0; i < job->batch.count; i++) {
		struct vmsync_vol *v = &job->vol[i];

		if (v->thread)
			kthread_stop(v->thread);
		v->thread = NULL;
		if (v->sb)
			vmsync_vol_release(v);
	}
}

/* Created asleep: either all of them run, or none ever did. */
static int vmsync_create_threads(struct vmsync_job *job)
{
	u32 i;

	for (i = 0; i < job->batch.count; i++) {
		struct task_struct *thread;

		if (!job->vol[i].sb)
			continue;
		thread = kthread_create(vmsync_thread, &job->vol[i], "vmsync/%u:%u",
					MAJOR(job->vol[i].sb->s_dev), MINOR(job->vol[i].sb->s_dev));
		if (IS_ERR(thread))
			return PTR_ERR(thread);
		job->vol[i].thread = thread;
	}
	return 0;
}

static void vmsync_wake_threads(struct vmsync_job *job)
{
	u32 i;

	for (i = 0; i < job->batch.count; i++) {
		if (!job->vol[i].thread)
			continue;
		__module_get(THIS_MODULE);
		kref_get(&job->ref);
		spin_lock(&job->file->lock);
		job->pins++;
		spin_unlock(&job->file->lock);
		wake_up_process(job->vol[i].thread);
	}
}

static bool vmsync_is_settled(const struct vmsync_job *job)
{
	return vmsync_batch_is_settled(&job->batch);
}

/* Nobody waits for a thread that is still inside the kernel's freeze. */
static bool vmsync_is_thawed(const struct vmsync_job *job)
{
	const struct vmsync_batch *b = &job->batch;

	if (b->phase == VMSYNC_OVER)
		return !job->pins;
	return b->phase == VMSYNC_THAWING && !vmsync_batch_held(b);
}

/*
 * Until @is_done, or for @ms at most (U32_MAX: no limit, and then @state has to
 * be killable). Who waits looks at the clock, too: all threads may be inside
 * the kernel's freeze. Return: 0, -ETIMEDOUT, or -EINTR when it was killed.
 */
static int vmsync_job_wait(struct vmsync_job *job, bool (*is_done)(const struct vmsync_job *),
			   u32 ms, unsigned int state)
{
	u64 now = vmsync_now_us(), end = ms == U32_MAX ? U64_MAX : now + ms * 1000ULL;
	struct vmsync_file *f = job->file;
	DEFINE_WAIT(wait);
	u64 wait_us;
	int err = 0;
	bool done;

	for (;;) {
		prepare_to_wait(&f->wait, &wait, state);
		spin_lock(&f->lock);
		now = vmsync_now_us();
		vmsync_job_tick(job, now);
		done = is_done(job);
		wait_us = vmsync_batch_wait_us(&job->batch, now);
		spin_unlock(&f->lock);
		if (done)
			break;
		if (signal_pending_state(state, current))
			err = -EINTR;
		else if (now >= end)
			err = -ETIMEDOUT;
		if (err)
			break;
		schedule_timeout(vmsync_jiffies(min(wait_us, end - now)));
	}
	finish_wait(&f->wait, &wait);
	return err;
}

/* What FREEZE returns for a job that is settled. */
static int vmsync_job_result(struct vmsync_job *job)
{
	const struct vmsync_batch *b = &job->batch;
	int err;

	spin_lock(&job->file->lock);
	err = b->error;
	if (!err && b->cause != VMSYNC_NO_CAUSE)
		err = b->cause == VMSYNC_EXPIRED ? -ETIMEDOUT : -ECANCELED;
	if (err)
		job->is_told = true;
	spin_unlock(&job->file->lock);
	return err;
}

/**
 * vmsync_job_run - freeze what was gathered
 * @job: the job; on an error nothing of it stays frozen
 * @sync_ms: the longest that writing back may take
 * @window_ms: the longest that anything may stay frozen
 * @end_us: when at the latest, 0: just @window_ms
 *
 * Returns when everything is frozen, or nothing is any more. Fatal signals
 * and vmsync_job_thaw() end it at any moment.
 *
 * Return: 0 or a negative errno.
 */
int vmsync_job_run(struct vmsync_job *job, u32 sync_ms, u32 window_ms, u64 end_us)
{
	struct vmsync_batch *b = &job->batch;
	int err = vmsync_claim_all(job) ?: vmsync_create_threads(job);

	if (!err) {
		spin_lock(&job->file->lock);
		b->end_us = end_us;
		err = vmsync_batch_begin(b, sync_ms * 1000ULL, window_ms * 1000ULL,
					 vmsync_now_us());
		spin_unlock(&job->file->lock);
	}
	if (err) {
		vmsync_job_cancel(job, err);
		return err;
	}
	atomic64_inc(&vmsync_stats.freezes);
	vmsync_wake_threads(job);
	err = vmsync_job_wait(job, vmsync_is_settled, U32_MAX, VMSYNC_CALLER_WAITS);
	if (err) {
		vmsync_job_thaw(job, VMSYNC_CLOSED);
		return err;
	}
	return vmsync_job_result(job);
}

/**
 * vmsync_job_thaw - end a job, wherever it is, without waiting
 * @job: the job
 * @cause: why
 */
void vmsync_job_thaw(struct vmsync_job *job, enum vmsync_cause cause)
{
	u64 now;

	spin_lock(&job->file->lock);
	now = vmsync_now_us();
	vmsync_job_tick(job, now);
	if (vmsync_batch_thaw(&job->batch, cause, now))
		vmsync_job_changed(job);
	spin_unlock(&job->file->lock);
}

/**
 * vmsync_job_wait_thawed - wait until nothing of a job is frozen
 * @job: a job that was told to thaw
 * @ms: at most
 * @state: VMSYNC_CALLER_WAITS, or TASK_IDLE
 */
void vmsync_job_wait_thawed(struct vmsync_job *job, u32 ms, unsigned int state)
{
	vmsync_job_wait(job, vmsync_is_thawed, ms, state);
}

/**
 * vmsync_file_thaw - end all jobs of a file, the newest first, and forget them
 * @f: what stands behind it
 * @cause: why
 * @ms: how long to wait for them all; what takes longer goes on without this call
 * @state: to wait in, VMSYNC_CALLER_WAITS or TASK_IDLE
 */
void vmsync_file_thaw(struct vmsync_file *f, enum vmsync_cause cause, u32 ms, unsigned int state)
{
	u64 end = vmsync_now_us() + ms * 1000ULL;
	struct vmsync_job *job;
	LIST_HEAD(jobs);

	spin_lock(&f->lock);
	list_splice_init(&f->jobs, &jobs);
	spin_unlock(&f->lock);
	list_for_each_entry_reverse(job, &jobs, entry) {
		u64 now = vmsync_now_us();

		vmsync_job_thaw(job, cause);
		vmsync_job_wait_thawed(job, now < end ? div_u64(end - now, 1000) : 0, state);
	}
	vmsync_put_all(&jobs);
}

void vmsync_file_put(struct vmsync_file *f)
{
	kref_put(&f->ref, vmsync_file_free);
}
