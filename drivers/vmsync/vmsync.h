/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What the files of the freezing driver share.
 *
 * An open file has jobs, one for each FREEZE; a job has volumes; a volume has a
 * thread, its claim on the superblock and an active reference to it. A thread
 * outlives the file if the kernel's freeze does not return, so it has a
 * reference to all that it needs, the module included: rmmod is refused as long
 * as a file is open or a volume is being worked on.
 */
#ifndef VMSYNC_H
#define VMSYNC_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "vmsync_core.h"

#define VMSYNC_NAME	"vmsync"
/* Closing a file waits so long for its thaw, which goes on without it. */
#define VMSYNC_CLOSE_WAIT_MS	2000
/* A machine that is to sleep does not wait for who waits in an ioctl, where no lock is held. */
#define VMSYNC_CALLER_WAITS	(TASK_KILLABLE | TASK_FREEZABLE)

/**
 * struct vmsync_file - an open file of either interface
 * @ref: of the file and of each job
 * @lock: guards @jobs and everything in their batches; nothing sleeps under it,
 *	  which is why QUERY never waits
 * @wait: threads, and those who wait for a job, when a batch has changed
 * @jobs: oldest first
 */
struct vmsync_file {
	struct kref ref;
	spinlock_t lock;	/* see above */
	wait_queue_head_t wait;
	struct list_head jobs;
};

/**
 * struct vmsync_vol - a volume as the kernel knows it
 * @job: it belongs to
 * @sb: with an active reference, NULL if there is nothing to freeze
 * @dev: the superblock's number, kept for the owner to read
 * @type: its filesystem's name, likewise
 * @claim: in the list of all superblocks that the driver works on
 * @thread: its own
 */
struct vmsync_vol {
	struct vmsync_job *job;
	struct super_block *sb;
	dev_t dev;
	char type[16];
	struct list_head claim;
	struct task_struct *thread;
};

/**
 * struct vmsync_job - what one FREEZE is about
 * @ref: of its file, of each thread and of a call at work
 * @file: it was asked for through
 * @entry: in the file's list
 * @batch: order and time; under the file's lock
 * @vol: as many as @batch has volumes, in the same order
 * @claimed: of them with a superblock
 * @pins: threads that have not let go of theirs
 * @is_counted: its end is in the statistics
 * @is_told: the owner knows of its end
 */
struct vmsync_job {
	struct kref ref;
	struct vmsync_file *file;
	struct list_head entry;
	struct vmsync_batch batch;
	struct vmsync_vol *vol;
	u32 claimed;
	u32 pins;
	bool is_counted;
	bool is_told;
};

struct vmsync_stats {
	atomic64_t freezes;		/* jobs begun */
	atomic64_t ended[VMSYNC_CAUSE_COUNT];
	atomic64_t volumes_frozen;
	atomic64_t volumes_thawed;
	atomic64_t volumes_skipped;
	atomic64_t volumes_failed;
	atomic64_t volumes_late;	/* frozen after the job had ended */
	atomic64_t volumes_lost;	/* thawed by somebody else */
	atomic64_t thaw_failures;
	atomic64_t longest_stall_us;
};

extern struct vmsync_stats vmsync_stats;
extern atomic_t vmsync_frozen_all;

/* from vmsync_main.c */
bool vmsync_may(struct file *file);
u32 vmsync_default_deadline_ms(void);

/* from vmsync_job.c */
struct vmsync_file *vmsync_file_new(void);
void vmsync_file_put(struct vmsync_file *f);
struct vmsync_job *vmsync_job_new(struct vmsync_file *f, u32 count, u32 policy, bool is_only);
void vmsync_job_put(struct vmsync_job *job);
void vmsync_job_put_all(struct list_head *gone);
struct vmsync_job *vmsync_job_last(struct vmsync_file *f);

/* from vmsync_claim.c */
int vmsync_job_add(struct vmsync_job *job, u32 i, struct super_block *sb, u32 level);
int vmsync_job_miss(struct vmsync_job *job, u32 i, int err);
int vmsync_claim_all(struct vmsync_job *job);
void vmsync_claim_release(struct vmsync_vol *v);
void vmsync_unclaim_idle(struct vmsync_job *job);

/* from vmsync_run.c */
int vmsync_job_run(struct vmsync_job *job, u32 sync_ms, u32 window_ms, u64 end_us);
void vmsync_job_cancel(struct vmsync_job *job, int err);
void vmsync_job_thaw(struct vmsync_job *job, enum vmsync_cause cause);
void vmsync_job_wait_thawed(struct vmsync_job *job, u32 ms, unsigned int state);
bool vmsync_job_tick(struct vmsync_job *job, u64 now);
void vmsync_file_thaw(struct vmsync_file *f, enum vmsync_cause cause, u32 ms, unsigned int state);
u64 vmsync_now_us(void);

/* from vmsync_fs.c */
extern const struct vmsync_ops vmsync_fs_ops;
int vmsync_fs_judge(struct super_block *sb);

/* from vmsync_ioctl.c */
extern const struct file_operations vmsync_fops;

/* from vmsync_original.c */
int vmsync_original_init(void);
void vmsync_original_exit(void);

/* from vmsync_stats.c */
extern const struct attribute_group *vmsync_groups[];
void vmsync_stats_stall(u64 us);

#endif /* VMSYNC_H */
