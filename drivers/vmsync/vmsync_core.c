// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The state machine of a freeze. All volumes are written back at once; then
 * those of the highest level are frozen at once, then those of the next, until
 * all are; thawing goes the other way round. Whatever goes wrong, and whenever
 * it does, the answer is the same: thaw.
 */
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "vmsync_core.h"

/**
 * vmsync_cause_name - why a freeze ended, as users read it
 * @cause: any of them
 *
 * Return: one word.
 */
const char *vmsync_cause_name(enum vmsync_cause cause)
{
	static const char *const names[VMSYNC_CAUSE_COUNT] = {
		[VMSYNC_NO_CAUSE] = "none",
		[VMSYNC_ASKED] = "asked",
		[VMSYNC_FAILED] = "failed",
		[VMSYNC_EXPIRED] = "expired",
		[VMSYNC_CLOSED] = "closed",
		[VMSYNC_LOST] = "lost",
	};

	return names[cause];
}

/**
 * vmsync_batch_init - a batch whose volumes are being gathered
 * @b: the batch
 * @volume: its volumes, all zero
 * @count: of them
 * @policy: VMSYNC_POLICY_*
 */
void vmsync_batch_init(struct vmsync_batch *b, struct vmsync_volume *volume, u32 count, u32 policy)
{
	*b = (struct vmsync_batch){ .volume = volume, .count = count, .policy = policy };
}

static bool vmsync_is_held(const struct vmsync_volume *v)
{
	return v->state == VMSYNC_VOLUME_FROZEN || v->state == VMSYNC_VOLUME_THAWING;
}

/**
 * vmsync_is_busy - whether a volume's thread is at work on it
 * @v: the volume
 *
 * Return: false if, once the batch has ended, nothing will be done to it.
 */
bool vmsync_is_busy(const struct vmsync_volume *v)
{
	return vmsync_is_held(v) || v->state == VMSYNC_VOLUME_SYNCING ||
	       v->state == VMSYNC_VOLUME_FREEZING;
}

/**
 * vmsync_batch_held - how many volumes the batch keeps from their writers
 * @b: the batch
 *
 * Return: frozen ones, and those whose thaw has not ended.
 */
u32 vmsync_batch_held(const struct vmsync_batch *b)
{
	u32 i, held = 0;

	for (i = 0; i < b->count; i++)
		held += vmsync_is_held(&b->volume[i]);
	return held;
}

/**
 * vmsync_batch_left - how many volumes may still stop a writer
 * @b: the batch
 *
 * Return: those of vmsync_batch_held(), and those inside the kernel's freeze.
 */
u32 vmsync_batch_left(const struct vmsync_batch *b)
{
	u32 i, left = vmsync_batch_held(b);

	for (i = 0; i < b->count; i++)
		left += b->volume[i].state == VMSYNC_VOLUME_FREEZING;
	return left;
}

/**
 * vmsync_batch_is_settled - whether the freeze has come to its end, this way or that
 * @b: the batch
 *
 * A volume may still be on its way into the kernel's freeze, which nothing can
 * interrupt; it is thawed when it gets there.
 *
 * Return: true if everything is frozen, or nothing is any more.
 */
bool vmsync_batch_is_settled(const struct vmsync_batch *b)
{
	return b->phase == VMSYNC_FROZEN || b->phase == VMSYNC_OVER ||
	       (b->phase == VMSYNC_THAWING && !vmsync_batch_held(b));
}

/**
 * vmsync_batch_has_answer - whether who asked for the freeze has waited enough
 * @b: the batch
 * @now: the time
 *
 * A thaw may write to what it lies on, and have to wait there for a freeze that
 * waits for a writer: that may take as long as the writer likes.
 *
 * Return: true if the batch is settled, or should be.
 */
bool vmsync_batch_has_answer(const struct vmsync_batch *b, u64 now)
{
	return vmsync_batch_is_settled(b) ||
	       (b->phase == VMSYNC_THAWING && now - b->thaw_us >= VMSYNC_ANSWER_US);
}

static bool vmsync_has(const struct vmsync_batch *b, enum vmsync_state state, u32 level)
{
	u32 i;

	for (i = 0; i < b->count; i++)
		if (b->volume[i].state == state && b->volume[i].level == level)
			return true;
	return false;
}

static void vmsync_check_over(struct vmsync_batch *b)
{
	u32 i;

	if (b->phase != VMSYNC_THAWING)
		return;
	for (i = 0; i < b->count; i++)
		if (vmsync_is_busy(&b->volume[i]))
			return;
	b->phase = VMSYNC_OVER;
}

/* The first cause counts: what follows is its consequence. */
static bool vmsync_end(struct vmsync_batch *b, enum vmsync_cause cause, int err, u64 now)
{
	if (b->phase >= VMSYNC_THAWING)
		return false;
	b->cause = cause;
	b->error = err;
	b->phase = VMSYNC_THAWING;
	b->thaw_us = now;
	vmsync_check_over(b);
	return true;
}

/**
 * vmsync_batch_thaw - end a freeze, wherever it is
 * @b: the batch
 * @cause: why
 * @now: the time
 *
 * Return: whether those who wait for the batch have to look again.
 */
bool vmsync_batch_thaw(struct vmsync_batch *b, enum vmsync_cause cause, u64 now)
{
	return vmsync_end(b, cause, b->phase < VMSYNC_FROZEN ? -ECANCELED : 0, now);
}

/* The highest level with something left to freeze. */
static bool vmsync_pick_level(struct vmsync_batch *b)
{
	bool has_any = false;
	u32 i;

	for (i = 0; i < b->count; i++) {
		const struct vmsync_volume *v = &b->volume[i];

		if (v->state != VMSYNC_VOLUME_READY || (has_any && v->level <= b->level))
			continue;
		b->level = v->level;
		has_any = true;
	}
	return has_any;
}

/* On to the next level, if this one is done. */
static bool vmsync_advance(struct vmsync_batch *b)
{
	if (b->phase != VMSYNC_FREEZING || vmsync_has(b, VMSYNC_VOLUME_READY, b->level) ||
	    vmsync_has(b, VMSYNC_VOLUME_FREEZING, b->level))
		return false;
	if (!vmsync_pick_level(b))
		b->phase = vmsync_batch_held(b) ? VMSYNC_FROZEN : VMSYNC_OVER;
	return true;
}

/* Once everything is written back the window opens. */
static bool vmsync_check_synced(struct vmsync_batch *b, u64 now)
{
	u32 i;

	if (b->phase != VMSYNC_SYNCING)
		return false;
	for (i = 0; i < b->count; i++)
		if (b->volume[i].state == VMSYNC_VOLUME_NEW ||
		    b->volume[i].state == VMSYNC_VOLUME_SYNCING)
			return false;
	b->phase = VMSYNC_FREEZING;
	if (!b->end_us)
		b->end_us = now + b->window_us;
	if (!vmsync_pick_level(b))
		b->phase = VMSYNC_OVER;
	return true;
}

/**
 * vmsync_batch_begin - all volumes are there: start
 * @b: the batch; @end_us is kept if it is set already
 * @sync_us: the longest that writing back may take
 * @window_us: the longest that anything may stay frozen
 * @now: the time
 *
 * Return: 0, or -ECANCELED if the freeze was ended before it began.
 */
int vmsync_batch_begin(struct vmsync_batch *b, u64 sync_us, u64 window_us, u64 now)
{
	if (b->phase != VMSYNC_NONE)
		return -ECANCELED;
	b->phase = VMSYNC_SYNCING;
	b->sync_end_us = now + sync_us;
	b->window_us = window_us;
	vmsync_check_synced(b, now);
	return 0;
}

/**
 * vmsync_batch_tick - what time alone brings about
 * @b: the batch
 * @now: the time
 *
 * Return: whether those who wait for the batch have to look again.
 */
bool vmsync_batch_tick(struct vmsync_batch *b, u64 now)
{
	if (b->phase == VMSYNC_SYNCING && now >= b->sync_end_us)
		return vmsync_end(b, VMSYNC_FAILED, -ETIMEDOUT, now);
	if (b->phase == VMSYNC_FREEZING && now >= b->end_us)
		return vmsync_end(b, VMSYNC_EXPIRED, -ETIMEDOUT, now);
	if (b->phase == VMSYNC_FROZEN && now >= b->end_us)
		return vmsync_end(b, VMSYNC_EXPIRED, 0, now);
	return false;
}

/**
 * vmsync_batch_wait_us - when to look at the clock again
 * @b: the batch
 * @now: the time; vmsync_batch_tick() was called with it
 *
 * Return: microseconds; U64_MAX if time changes nothing.
 */
u64 vmsync_batch_wait_us(const struct vmsync_batch *b, u64 now)
{
	switch (b->phase) {
	case VMSYNC_SYNCING:
		return b->sync_end_us - now;
	case VMSYNC_FREEZING:
	case VMSYNC_FROZEN:
		return b->end_us - now;
	case VMSYNC_THAWING:
		return VMSYNC_PATIENCE_US;
	default:
		return U64_MAX;
	}
}

/*
 * What lies below is thawed first, for the thaw of what is stacked on it may
 * write. It need not have succeeded: order is a courtesy, thawing is not.
 */
static bool vmsync_is_held_up(const struct vmsync_batch *b, const struct vmsync_volume *v, u64 now)
{
	u32 i;

	if (now - b->thaw_us >= VMSYNC_PATIENCE_US)
		return false;
	for (i = 0; i < b->count; i++)
		if (b->volume[i].level < v->level && vmsync_is_held(&b->volume[i]))
			return true;
	return false;
}

static enum vmsync_action vmsync_start(struct vmsync_volume *v, enum vmsync_state state,
				       enum vmsync_action action, u64 now)
{
	v->state = state;
	v->begun_us = now;
	return action;
}

static enum vmsync_action vmsync_next_thaw(const struct vmsync_batch *b, struct vmsync_volume *v,
					   u64 now, u64 *wait_us)
{
	if (v->state != VMSYNC_VOLUME_FROZEN)
		return VMSYNC_END;
	if (v->tries && now - v->begun_us < VMSYNC_THAW_PAUSE_US) {
		*wait_us = VMSYNC_THAW_PAUSE_US - (now - v->begun_us);
		return VMSYNC_WAIT;
	}
	if (vmsync_is_held_up(b, v, now)) {
		*wait_us = VMSYNC_PATIENCE_US - (now - b->thaw_us);
		return VMSYNC_WAIT;
	}
	v->frozen_us = now - v->frozen_at_us;
	return vmsync_start(v, VMSYNC_VOLUME_THAWING, VMSYNC_DO_THAW, now);
}

/**
 * vmsync_next - what a volume's thread is to do
 * @b: the batch
 * @v: the volume
 * @now: the time; vmsync_batch_tick() was called with it
 * @wait_us: for VMSYNC_WAIT: until when at most, U64_MAX if time brings nothing
 *
 * Return: the action, which then is under way until vmsync_done() is told.
 */
enum vmsync_action vmsync_next(struct vmsync_batch *b, struct vmsync_volume *v, u64 now,
			       u64 *wait_us)
{
	*wait_us = vmsync_batch_wait_us(b, now);
	if (v->state == VMSYNC_VOLUME_SKIPPED)
		return VMSYNC_END;
	switch (b->phase) {
	case VMSYNC_SYNCING:
		if (v->state != VMSYNC_VOLUME_NEW)
			return VMSYNC_WAIT;
		return vmsync_start(v, VMSYNC_VOLUME_SYNCING, VMSYNC_DO_SYNC, now);
	case VMSYNC_FREEZING:
		if (v->state != VMSYNC_VOLUME_READY || v->level != b->level)
			return VMSYNC_WAIT;
		v->froze_us = now;
		return vmsync_start(v, VMSYNC_VOLUME_FREEZING, VMSYNC_DO_FREEZE, now);
	case VMSYNC_THAWING:
		return vmsync_next_thaw(b, v, now, wait_us);
	case VMSYNC_OVER:
		return VMSYNC_END;
	default:
		return VMSYNC_WAIT;
	}
}

/**
 * vmsync_do - carry an action out
 * @ops: how
 * @action: what vmsync_next() said
 * @volume: for @ops
 *
 * Return: 0, or what vmsync_done() is to be told.
 */
int vmsync_do(const struct vmsync_ops *ops, enum vmsync_action action, void *volume)
{
	switch (action) {
	case VMSYNC_DO_SYNC:
		return ops->sync(volume);
	case VMSYNC_DO_FREEZE:
		return ops->freeze(volume);
	case VMSYNC_DO_THAW:
		return ops->thaw(volume);
	default:
		return 0;
	}
}

static bool vmsync_fail(struct vmsync_batch *b, struct vmsync_volume *v, int err, u64 now)
{
	v->state = VMSYNC_VOLUME_FAILED;
	v->error = err;
	return vmsync_end(b, VMSYNC_FAILED, err, now);
}

static bool vmsync_done_sync(struct vmsync_batch *b, struct vmsync_volume *v, int err, u64 now)
{
	v->sync_us = now - v->begun_us;
	if (err)
		return vmsync_fail(b, v, err, now);
	v->state = VMSYNC_VOLUME_READY;
	return vmsync_check_synced(b, now);
}

/* One that was frozen too late is frozen all the same: its thread thaws it next. */
static bool vmsync_done_freeze(struct vmsync_batch *b, struct vmsync_volume *v, int err, u64 now)
{
	v->freeze_us = now - v->begun_us;
	v->frozen_at_us = now;
	v->stall_us = v->freeze_us;
	if (!err) {
		v->state = VMSYNC_VOLUME_FROZEN;
		return vmsync_advance(b);
	}
	if (!vmsync_may_skip(b->policy, err))
		return vmsync_fail(b, v, err, now);
	v->state = VMSYNC_VOLUME_SKIPPED;
	v->error = err;
	return vmsync_advance(b);
}

/* -ESTALE: it was no longer ours to thaw. */
static bool vmsync_done_thaw(struct vmsync_batch *b, struct vmsync_volume *v, int err, u64 now)
{
	v->stall_us = now - v->froze_us;
	v->begun_us = now;
	v->error = err;
	if (err && err != -ESTALE) {
		v->state = VMSYNC_VOLUME_FROZEN;
		if (++v->tries < VMSYNC_THAW_TRIES)
			return false;
		v->state = VMSYNC_VOLUME_FAILED;
		return true;
	}
	v->state = VMSYNC_VOLUME_THAWED;
	if (err && b->cause != VMSYNC_EXPIRED) {
		b->cause = VMSYNC_LOST;
		b->error = err;
	}
	return true;
}

/**
 * vmsync_done - how an action went
 * @b: the batch
 * @v: the volume
 * @action: what vmsync_next() had said
 * @err: how it went: 0 or a negative errno
 * @now: the time
 *
 * Return: whether those who wait for the batch have to look again.
 */
bool vmsync_done(struct vmsync_batch *b, struct vmsync_volume *v, enum vmsync_action action,
		 int err, u64 now)
{
	bool has_changed = vmsync_batch_tick(b, now);

	switch (action) {
	case VMSYNC_DO_SYNC:
		has_changed |= vmsync_done_sync(b, v, err, now);
		break;
	case VMSYNC_DO_FREEZE:
		has_changed |= vmsync_done_freeze(b, v, err, now);
		break;
	case VMSYNC_DO_THAW:
		has_changed |= vmsync_done_thaw(b, v, err, now);
		break;
	default:
		break;
	}
	vmsync_check_over(b);
	return has_changed || b->phase == VMSYNC_THAWING || b->phase == VMSYNC_OVER;
}

/**
 * vmsync_volume_times - how long a volume has been frozen so far
 * @v: the volume
 * @now: the time
 * @frozen_us: from the freeze's end to the thaw's beginning
 * @stall_us: the longest that a writer can have waited
 */
void vmsync_volume_times(const struct vmsync_volume *v, u64 now, u64 *frozen_us, u64 *stall_us)
{
	*frozen_us = v->state == VMSYNC_VOLUME_FROZEN ? now - v->frozen_at_us : v->frozen_us;
	*stall_us = v->state == VMSYNC_VOLUME_FREEZING || vmsync_is_held(v) ? now - v->froze_us :
									       v->stall_us;
}

static bool vmsync_is_network(const char *type)
{
	static const char *const types[] = {
		"9p", "afs", "beegfs", "ceph", "cifs", "coda", "glusterfs", "lustre", "nfs", "nfs4",
		"orangefs", "pvfs2", "smb3", "smbfs", "virtiofs", "vmhgfs",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

/**
 * vmsync_judge - whether a filesystem is one to freeze
 * @facts: what is known of it
 *
 * A filesystem with a disk of its own can be frozen, with or without an
 * operation for that: the kernel stops its writers and writes it back. What
 * runs in a program (fuseblk) cannot, for the program writes as it likes.
 *
 * Return: 0; -EREMOTE for a network filesystem; -EOPNOTSUPP if there is nothing
 * to freeze; -EBUSY if somebody has frozen it.
 */
int vmsync_judge(const struct vmsync_facts *facts)
{
	if (vmsync_is_network(facts->type))
		return -EREMOTE;
	if (!facts->has_disk || !strcmp(facts->type, "fuseblk"))
		return -EOPNOTSUPP;
	return facts->is_frozen ? -EBUSY : 0;
}

/**
 * vmsync_may_skip - whether the freeze goes on without a volume
 * @policy: VMSYNC_POLICY_*
 * @err: what is wrong with it
 *
 * Return: true if it does.
 */
bool vmsync_may_skip(u32 policy, int err)
{
	switch (err) {
	case -EEXIST:
		return true;
	case -EOPNOTSUPP:
		return !(policy & VMSYNC_POLICY_REFUSE_UNFREEZABLE);
	case -EREMOTE:
		return !(policy & VMSYNC_POLICY_REFUSE_NETWORK);
	case -EBUSY:
		return policy & VMSYNC_POLICY_SKIP_BUSY;
	case -ENOENT:
	case -ENOTDIR:
	case -EACCES:
	case -ELOOP:
	case -ENXIO:
		return policy & VMSYNC_POLICY_SKIP_MISSING;
	default:
		return false;
	}
}
