// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The threads that do a job's work, and who waits for them. A volume's thread
 * exists before anything is frozen and is the one to thaw it, so that thawing
 * needs neither a new thread nor a work queue's rescuer when memory is short. It
 * sleeps until the deadline and thaws then, whether or not the owner is still
 * alive.
 */
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "vmsync.h"

#define CREATE_TRACE_POINTS
#include "vmsync_trace.h"

/* Who sleeps looks again after a day, so that no time overflows. */
#define VMSYNC_SLEEP_MAX_US	(86400ULL * USEC_PER_SEC)
#define VMSYNC_SLACK_NS		(100 * NSEC_PER_USEC)

struct vmsync_stats vmsync_stats;
/* Volumes that are frozen, through whichever file. */
atomic_t vmsync_frozen_all = ATOMIC_INIT(0);

u64 vmsync_now_us(void)
{
	return ktime_to_us(ktime_get());
}

/* By the clock that deadlines are kept with: a jiffy would add its length, and one more. */
static void vmsync_sleep(u64 us)
{
	ktime_t time = ns_to_ktime(min(us, VMSYNC_SLEEP_MAX_US) * NSEC_PER_USEC);

	schedule_hrtimeout_range(us == U64_MAX ? NULL : &time, VMSYNC_SLACK_NS, HRTIMER_MODE_REL);
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

static enum vmsync_action vmsync_look(struct vmsync_vol *v, u64 *wait_us)
{
	struct vmsync_file *f = v->job->file;
	enum vmsync_action action;
	u64 now;

	spin_lock(&f->lock);
	now = vmsync_now_us();
	vmsync_job_tick(v->job, now);
	action = vmsync_next(&v->job->batch, vmsync_core(v), now, wait_us);
	spin_unlock(&f->lock);
	return action;
}

/* Idle, not uninterruptible: a volume may be meant to stay frozen for minutes. */
static enum vmsync_action vmsync_wait_action(struct vmsync_vol *v)
{
	struct vmsync_file *f = v->job->file;
	enum vmsync_action action;
	DEFINE_WAIT(wait);
	u64 wait_us;

	for (;;) {
		prepare_to_wait(&f->wait, &wait, TASK_IDLE);
		action = vmsync_look(v, &wait_us);
		if (action != VMSYNC_WAIT)
			break;
		vmsync_sleep(wait_us);
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

/* From its freeze to its thaw everybody waits for this thread: it goes before those it let on. */
static void vmsync_act(struct vmsync_vol *v, enum vmsync_action action)
{
	struct vmsync_file *f = v->job->file;
	struct vmsync_batch *b = &v->job->batch;
	struct vmsync_volume *core = vmsync_core(v);
	dev_t dev = v->sb->s_dev;
	int err;

	if (action == VMSYNC_DO_FREEZE)
		set_user_nice(current, MIN_NICE);
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
	vmsync_claim_release(v);
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
			vmsync_claim_release(v);
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

static bool vmsync_has_answer(const struct vmsync_job *job)
{
	return vmsync_batch_has_answer(&job->batch, vmsync_now_us());
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
		vmsync_sleep(min(wait_us, end - now));
	}
	finish_wait(&f->wait, &wait);
	return err;
}

/* What FREEZE returns for a job that has an answer. */
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
 * Returns when everything is frozen, or nothing is any more, or that takes too
 * long. Fatal signals and vmsync_job_thaw() end it at any moment.
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
	vmsync_wake_threads(job);
	err = vmsync_job_wait(job, vmsync_has_answer, U32_MAX, VMSYNC_CALLER_WAITS);
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
	vmsync_job_put_all(&jobs);
}
