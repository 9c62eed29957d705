/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * A freeze of several volumes, pure: what each volume's thread does next, in
 * which order, until when. Nothing here sleeps, allocates, or knows of a
 * superblock; time is given in microseconds of a clock that only goes forward.
 *
 * Each volume has one thread, which alone syncs, freezes and thaws it: who has
 * frozen a volume is who thaws it, once. The thread asks vmsync_next() what to
 * do, does it without any lock, and tells vmsync_done() how it went.
 */
#ifndef VMSYNC_CORE_H
#define VMSYNC_CORE_H

#include <linux/types.h>

/* The values are those of uapi/vmguest/vmsync.h, which vmsync_ioctl.c asserts. */
enum vmsync_phase {
	VMSYNC_NONE,		/* volumes are being gathered */
	VMSYNC_SYNCING,
	VMSYNC_FREEZING,
	VMSYNC_FROZEN,
	VMSYNC_THAWING,
	VMSYNC_OVER,		/* no volume's thread has anything left to do */
	VMSYNC_PHASE_COUNT
};

enum vmsync_cause {
	VMSYNC_NO_CAUSE,
	VMSYNC_ASKED,
	VMSYNC_FAILED,
	VMSYNC_EXPIRED,
	VMSYNC_CLOSED,
	VMSYNC_LOST,
	VMSYNC_CAUSE_COUNT
};

enum vmsync_state {
	VMSYNC_VOLUME_NEW,
	VMSYNC_VOLUME_SYNCING,
	VMSYNC_VOLUME_READY,
	VMSYNC_VOLUME_FREEZING,
	VMSYNC_VOLUME_FROZEN,
	VMSYNC_VOLUME_THAWING,
	VMSYNC_VOLUME_THAWED,
	VMSYNC_VOLUME_SKIPPED,
	VMSYNC_VOLUME_FAILED,
	VMSYNC_VOLUME_COUNT
};

/* What a volume's thread does next. */
enum vmsync_action {
	VMSYNC_WAIT,
	VMSYNC_DO_SYNC,
	VMSYNC_DO_FREEZE,
	VMSYNC_DO_THAW,
	VMSYNC_END,
	VMSYNC_ACTION_COUNT
};

/* What can be told of a filesystem without touching it. */
struct vmsync_facts {
	const char *type;
	bool has_disk;		/* its type needs a block device */
	bool is_frozen;		/* by whomever */
};

#define VMSYNC_POLICY_REFUSE_UNFREEZABLE	0x1
#define VMSYNC_POLICY_REFUSE_NETWORK		0x2
#define VMSYNC_POLICY_SKIP_BUSY			0x4
#define VMSYNC_POLICY_SKIP_MISSING		0x8

/* The order of thawing is kept for so long; after that nobody waits for anybody. */
#define VMSYNC_PATIENCE_US		1000000ULL
/* Who asked for a freeze that has ended waits so long for the thaw. */
#define VMSYNC_ANSWER_US		2000000ULL
/* A thaw that failed is tried again so often, with such a pause. */
#define VMSYNC_THAW_TRIES		30
#define VMSYNC_THAW_PAUSE_US		1000000ULL

/**
 * struct vmsync_volume - one filesystem of a freeze
 * @level: what is stacked on others has a higher one
 * @state: see above
 * @error: why it was skipped or failed, negative
 * @tries: thaws that failed
 * @begun_us: when what its thread is doing began
 * @froze_us: when its freezing began
 * @frozen_at_us: when it was frozen
 * @sync_us: how long writing back took
 * @freeze_us: how long freezing took
 * @frozen_us: how long it was frozen
 * @stall_us: from the freeze's beginning to the thaw's end
 */
struct vmsync_volume {
	u32 level;
	enum vmsync_state state;
	int error;
	u32 tries;
	u64 begun_us;
	u64 froze_us;
	u64 frozen_at_us;
	u64 sync_us;
	u64 freeze_us;
	u64 frozen_us;
	u64 stall_us;
};

/**
 * struct vmsync_batch - volumes that are frozen together
 * @volume: the first of @count volumes
 * @count: of them
 * @phase: see above
 * @cause: why it ended, from the moment that it is to
 * @error: negative, if it failed
 * @policy: VMSYNC_POLICY_*
 * @level: of the volumes that are being frozen
 * @sync_end_us: when writing back has to be over
 * @window_us: from the first volume's freezing to the thaw
 * @end_us: that thaw's time, 0 until it is known
 * @thaw_us: when the thawing began
 *
 * The caller serialises all calls.
 */
struct vmsync_batch {
	struct vmsync_volume *volume;
	u32 count;
	enum vmsync_phase phase;
	enum vmsync_cause cause;
	int error;
	u32 policy;
	u32 level;
	u64 sync_end_us;
	u64 window_us;
	u64 end_us;
	u64 thaw_us;
};

/* What is done to a filesystem; each returns 0 or a negative errno. */
struct vmsync_ops {
	int (*sync)(void *volume);
	int (*freeze)(void *volume);
	int (*thaw)(void *volume);
};

void vmsync_batch_init(struct vmsync_batch *b, struct vmsync_volume *volume, u32 count, u32 policy);
int vmsync_batch_begin(struct vmsync_batch *b, u64 sync_us, u64 window_us, u64 now);
bool vmsync_batch_tick(struct vmsync_batch *b, u64 now);
bool vmsync_batch_thaw(struct vmsync_batch *b, enum vmsync_cause cause, u64 now);
bool vmsync_batch_is_settled(const struct vmsync_batch *b);
bool vmsync_batch_has_answer(const struct vmsync_batch *b, u64 now);
u32 vmsync_batch_held(const struct vmsync_batch *b);
u32 vmsync_batch_left(const struct vmsync_batch *b);
u64 vmsync_batch_wait_us(const struct vmsync_batch *b, u64 now);

enum vmsync_action vmsync_next(struct vmsync_batch *b, struct vmsync_volume *v, u64 now,
			       u64 *wait_us);
int vmsync_do(const struct vmsync_ops *ops, enum vmsync_action action, void *volume);
bool vmsync_done(struct vmsync_batch *b, struct vmsync_volume *v, enum vmsync_action action,
		 int err, u64 now);

bool vmsync_is_busy(const struct vmsync_volume *v);
int vmsync_judge(const struct vmsync_facts *facts);
bool vmsync_may_skip(u32 policy, int err);
void vmsync_volume_times(const struct vmsync_volume *v, u64 now, u64 *frozen_us, u64 *stall_us);

const char *vmsync_cause_name(enum vmsync_cause cause);

#endif /* VMSYNC_CORE_H */
