/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What the files of the balloon driver share.  There is one balloon in a
 * machine, so there is one struct vmmemctl.
 */
#ifndef VMMEMCTL_H
#define VMMEMCTL_H

#include <linux/atomic.h>
#include <linux/balloon.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "vmmemctl_core.h"

#define VMMEMCTL_NAME	"vmmemctl"
/* The OOM notifier has promised what the tick gathered to others. */
#define VMMEMCTL_LET_GO	(-1L)

enum vmmemctl_size {
	VMMEMCTL_SMALL,		/* pages of 4 KiB */
	VMMEMCTL_LARGE,		/* pages of 2 MiB */
	VMMEMCTL_SIZE_COUNT
};

/*
 * What became of the pages of one size, in frames.  Allocated ones are locked,
 * refused (and freed), unwanted (and freed), taken apart, or on their way.
 */
struct vmmemctl_page_stats {
	u64 allocated;
	u64 alloc_failures;	/* requests, not frames */
	u64 locked;
	u64 refused;
	u64 unwanted;
	u64 split;		/* large ones that became small ones */
	u64 unlocked;
	u64 kept;		/* whose unlocking the host refused */
	u64 dropped;		/* freed because the host had forgotten them */
};

struct vmmemctl_stats {
	struct vmmemctl_page_stats page[VMMEMCTL_SIZE_COUNT];
	u64 ticks;
	u64 doorbells;
	u64 resets;		/* the host's */
	u64 disputes;		/* starts because the accounts differed */
	u64 migrated;
	u64 migrate_failures;
	u64 reformed;		/* frames of small pages that became large ones */
	u64 reserve_frames;	/* given back to keep the reserve */
	u64 shrink_frames;	/* by the shrinker */
	u64 oom_frames;		/* on the brink of killing a program */
	u64 offline_frames;	/* because their memory goes offline */
	u64 holds;		/* times that growing was suspended */
	u64 slowed;		/* ticks that grew less because programs waited */
};

enum vmmemctl_state {
	VMMEMCTL_STATE_STOPPED,		/* no host, or it is starting */
	VMMEMCTL_STATE_IDLE,		/* on target, or as near as large pages allow */
	VMMEMCTL_STATE_INFLATING,
	VMMEMCTL_STATE_DEFLATING,
	VMMEMCTL_STATE_HOLDING,		/* below target: the guest needs its memory */
	VMMEMCTL_STATE_FAILING,		/* off target: host or allocator refused */
	VMMEMCTL_STATE_COUNT
};

/*
 * A batch with its pages.  @batch.entry is shared with the host; which page an
 * entry stands for is known from @page alone.
 */
struct vmmemctl_lane {
	struct vmmemctl *balloon;
	struct vmmemctl_batch batch;
	struct work_struct send;
	struct completion is_free;	/* complete while nothing is on the way */
	struct page *page[VMMEMCTL_BATCH_ENTRIES];
};

enum vmmemctl_lane_id {
	VMMEMCTL_LANE_A,	/* growing fills one while the other is at the host */
	VMMEMCTL_LANE_B,
	VMMEMCTL_LANE_BACK,	/* shrinking; guarded by the lock */
	VMMEMCTL_LANE_COUNT
};

/* What a tick has learnt; of the tick's own worker alone unless said otherwise. */
struct vmmemctl_cycle {
	u64 allowance;		/* frames left to grow by */
	u64 work;		/* batches left, whatever a host says */
	unsigned int block_order;	/* the largest block that may still be there */
	bool has_no_large;
	bool has_no_small;
	u8 look_again;		/* batches until free memory may have grown together */
	bool is_reclaiming;	/* nothing lies free any more */
	bool is_making_slow;	/* large pages take longer than they are worth */
	bool refuses_large;	/* the host does; under the lock */
	bool refuses_small;
	bool is_over;		/* a command failed; set under the lock */
	u32 splits;		/* refused large pages taken apart; under the lock */
	enum vmmemctl_lane_id turn;
};

/**
 * struct vmmemctl - the balloon
 * @lock: guards @host, the lists and counts of pages, the lane back, @hold_*,
 *	  @stats.  Held across a command, which takes as long as the host likes;
 *	  nothing is allocated under it, so that it may be taken where memory is
 *	  short: by the shrinker and by the OOM notifier.
 * @must_start: the conversation has to begin anew
 * @is_forgotten: the host knows none of the pages; they are to be freed without
 *		  a word, before any other is locked
 * @small: pages of 4 KiB, kept by the kernel's balloon code, which moves them
 * @large: pages of 2 MiB, by their first page's lru
 * @parts: small pages of large ones that the host refused; next to be tried
 * @aside: refused small pages, and @aside_large; kept until the tick ends, for
 *	   the allocator would hand them out again at once
 */
struct vmmemctl {
	struct platform_device *pdev;
	struct workqueue_struct *wq;
	struct delayed_work tick;
	struct task_struct *worker;	/* the tick's, while it allocates */

	struct mutex lock;		/* guards what follows, as said above */
	struct vmmemctl_host host;
	bool must_start;
	bool is_forgotten;
	bool is_off;			/* the machine goes down, or the module */
	struct balloon_dev_info small;
	u64 small_count;
	struct list_head large;
	u64 large_count;
	struct list_head parts;
	struct list_head aside;
	struct list_head aside_large;
	u32 aside_frames;
	u64 on_the_way;			/* frames */
	atomic_long_t gathered;		/* frames of the tick's next batch, or VMMEMCTL_LET_GO */
	struct vmmemctl_lane *lane[VMMEMCTL_LANE_COUNT];
	struct vmmemctl_stats stats;

	struct vmmemctl_cycle cycle;
	u32 reform_wait;		/* ticks */
	enum vmmemctl_state state;
	u64 told_size;			/* to those who poll the attributes */
	u64 told_target;
	enum vmmemctl_state told_state;

	/* from vmmemctl_pressure.c */
	unsigned long hold_until;	/* jiffies */
	u32 hold_ms;
	unsigned long no_dispute_before;
	u64 own_stall_ns;		/* this driver's, since the last look */
	bool has_grown;			/* since that look */
	bool was_growing;		/* before it */
	u64 stalled_us;
	ktime_t stalled_at;
	u32 stalled_permyriad;
	struct shrinker *shrinker;

	/* from vmmemctl_doorbell.c */
	bool has_doorbell;
	u32 doorbell_wait;		/* ticks until it is tried again */
	u64 doorbell_context;
	u64 doorbell_resource;
};

/* Notifiers of the kernel get no pointer of ours. */
extern struct vmmemctl vmmemctl_balloon;

static inline u32 vmmemctl_frames(enum vmmemctl_size size)
{
	return size == VMMEMCTL_LARGE ? VMMEMCTL_LARGE_FRAMES : 1;
}

static inline enum vmmemctl_size vmmemctl_step_size(struct vmmemctl_step step)
{
	return step.is_large ? VMMEMCTL_LARGE : VMMEMCTL_SMALL;
}

/* from vmmemctl_main.c */
void vmmemctl_wake(struct vmmemctl *b);
u64 vmmemctl_balloon_size(const struct vmmemctl *b);
u64 vmmemctl_reserve_frames(const struct vmmemctl *b);
const char *vmmemctl_state_name(enum vmmemctl_state state);

/* from vmmemctl_port.c */
void vmmemctl_port_call(void *ctx, struct vmmemctl_call *call);

/* from vmmemctl_grow.c */
u64 vmmemctl_grow(struct vmmemctl *b, struct vmmemctl_step step);
void vmmemctl_grow_wait(struct vmmemctl *b);
void vmmemctl_grow_end(struct vmmemctl *b);
void vmmemctl_send(struct work_struct *work);
void vmmemctl_reform(struct vmmemctl *b);

/* from vmmemctl_shrink.c; all with the lock held */
u64 vmmemctl_shrink(struct vmmemctl *b, enum vmmemctl_size size, u32 count);
u64 vmmemctl_release(struct vmmemctl *b, u64 frames);
u64 vmmemctl_release_range(struct vmmemctl *b, unsigned long pfn, unsigned long frames);
bool vmmemctl_drop(struct vmmemctl *b);
void vmmemctl_after(struct vmmemctl *b, enum vmmemctl_outcome outcome);
void vmmemctl_dispute(struct vmmemctl *b);

/* from vmmemctl_pages.c */
u32 vmmemctl_alloc_large(struct vmmemctl *b, struct page **page, u32 count);
u32 vmmemctl_alloc_small(struct vmmemctl *b, struct page **page, u32 count);
void vmmemctl_keep(struct vmmemctl *b, struct list_head *pages, enum vmmemctl_size size, u32 count,
		   bool is_back);
u32 vmmemctl_take_out(struct vmmemctl *b, struct page **page, enum vmmemctl_size size, u32 count);
void vmmemctl_fill(struct vmmemctl_lane *lane, enum vmmemctl_size size, u32 count);
void vmmemctl_free(struct page *page, enum vmmemctl_size size);
void vmmemctl_free_many(struct page **page, enum vmmemctl_size size, u32 count);
void vmmemctl_free_list(struct list_head *pages, enum vmmemctl_size size);
void vmmemctl_split(struct vmmemctl *b, struct page *page);
int vmmemctl_migrate(struct balloon_dev_info *info, struct page *newpage, struct page *page,
		     enum migrate_mode mode);

/* from vmmemctl_pressure.c */
u64 vmmemctl_room_now(const struct vmmemctl *b);
bool vmmemctl_is_held(const struct vmmemctl *b);
void vmmemctl_hold(struct vmmemctl *b);
u64 vmmemctl_pressure_look(struct vmmemctl *b);
void vmmemctl_pressure_update(struct vmmemctl *b);
int vmmemctl_pressure_init(struct vmmemctl *b);
void vmmemctl_pressure_exit(struct vmmemctl *b);

/* from vmmemctl_doorbell.c */
void vmmemctl_doorbell_keep(struct vmmemctl *b);
void vmmemctl_doorbell_remove(struct vmmemctl *b);

/* from vmmemctl_power.c */
extern const struct dev_pm_ops vmmemctl_pm_ops;
int vmmemctl_power_init(struct vmmemctl *b);
void vmmemctl_power_exit(struct vmmemctl *b);

/* from vmmemctl_debugfs.c */
void vmmemctl_debugfs_init(struct vmmemctl *b);
void vmmemctl_debugfs_exit(void);

/* from vmmemctl_stats.c */
extern const struct attribute_group vmmemctl_stats_group;

/* from vmmemctl_sysfs.c */
extern const struct attribute_group *vmmemctl_groups[];
void vmmemctl_sysfs_notify(struct vmmemctl *b);

#endif /* VMMEMCTL_H */
