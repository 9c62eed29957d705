// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Pages go into the balloon.  The tick fills one lane with pages while the
 * other lane's batch is at the host, carried there by a worker; a last or a
 * short batch goes at once.  Refused pages are kept aside until the tick ends.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "vmmemctl.h"

/* Refused large pages are taken apart so often in a tick, not for ever. */
#define VMMEMCTL_SPLITS_MAX	16
/* Batches of small pages between two looks for large ones: 16 MiB. */
#define VMMEMCTL_LOOK_AGAIN	8
/* After the host refused a large page for small ones. */
#define VMMEMCTL_REFORM_PAUSE	60	/* ticks */
/* What of memory may be out of use because the host refused it. */
#define VMMEMCTL_ASIDE_MAX	8192	/* frames: 32 MiB */

/* A refused page: the allocator would hand it out again, so it waits for the tick's end. */
static void vmmemctl_put_aside(struct vmmemctl *b, struct page *page, enum vmmemctl_size size)
{
	u32 frames = vmmemctl_frames(size);

	b->stats.page[size].refused += frames;
	if (b->aside_frames >= VMMEMCTL_ASIDE_MAX) {
		vmmemctl_free(page, size);
		return;
	}
	list_add(&page->lru, size == VMMEMCTL_LARGE ? &b->aside_large : &b->aside);
	b->aside_frames += frames;
}

static void vmmemctl_settle_one(struct vmmemctl *b, struct page *page, enum vmmemctl_size size,
				enum vmmemctl_verdict verdict)
{
	struct vmmemctl_page_stats *stats = &b->stats.page[size];
	u32 frames = vmmemctl_frames(size);

	switch (verdict) {
	case VMMEMCTL_PAGE_UNWANTED:
		vmmemctl_free(page, size);
		stats->unwanted += frames;
		return;
	case VMMEMCTL_PAGE_UNSUITABLE:
		if (size == VMMEMCTL_LARGE && b->cycle.splits < VMMEMCTL_SPLITS_MAX) {
			b->cycle.splits++;
			vmmemctl_split(b, page);
			stats->split += frames;
			b->stats.page[VMMEMCTL_SMALL].allocated += frames;
			return;
		}
		break;
	case VMMEMCTL_PAGE_DISPUTED:
		vmmemctl_dispute(b);
		break;
	default:
		break;
	}
	vmmemctl_put_aside(b, page, size);
}

/* The host has answered: locked pages are the balloon's, the others are not. */
static void vmmemctl_settle(struct vmmemctl *b, struct vmmemctl_lane *lane,
			    enum vmmemctl_outcome outcome)
{
	enum vmmemctl_size size = lane->batch.is_large ? VMMEMCTL_LARGE : VMMEMCTL_SMALL;
	u32 i, moved = 0, count = lane->batch.count;
	u32 frames = vmmemctl_frames(size);
	struct page **page = lane->page;
	LIST_HEAD(keep);

	for (i = 0; i < count; i++) {
		enum vmmemctl_verdict verdict = VMMEMCTL_PAGE_UNWANTED;

		if (outcome == VMMEMCTL_DONE)
			verdict = vmmemctl_batch_verdict(&lane->batch, i);
		if (likely(verdict == VMMEMCTL_PAGE_MOVED)) {
			list_add_tail(&page[i]->lru, &keep);
			moved++;
		} else {
			vmmemctl_settle_one(b, page[i], size, verdict);
		}
	}
	vmmemctl_keep(b, &keep, size, moved, false);
	b->stats.page[size].locked += moved * frames;
	b->on_the_way -= count * frames;
	if (moved)
		return;
	/* More of the same would fare no better. */
	if (size == VMMEMCTL_LARGE)
		b->cycle.refuses_large = true;
	else
		b->cycle.refuses_small = true;
}

static void vmmemctl_send_now(struct vmmemctl_lane *lane)
{
	struct vmmemctl *b = lane->balloon;
	enum vmmemctl_outcome outcome = VMMEMCTL_REFUSED;

	mutex_lock(&b->lock);
	/* It may have been reset, or somebody may need them, since the pages were gathered. */
	if (b->host.is_started && !b->must_start && !b->is_forgotten && !vmmemctl_is_held(b)) {
		outcome = vmmemctl_host_move(&b->host, &lane->batch, true);
		vmmemctl_after(b, outcome);
	}
	vmmemctl_settle(b, lane, outcome);
	mutex_unlock(&b->lock);
	complete(&lane->is_free);
}

/* A batch on its way, in a worker of its own. */
void vmmemctl_send(struct work_struct *work)
{
	vmmemctl_send_now(container_of(work, struct vmmemctl_lane, send));
}

/* Parts of refused large pages come first. */
static u32 vmmemctl_take_parts(struct vmmemctl *b, struct page **page, u32 count)
{
	u32 n = 0;

	mutex_lock(&b->lock);
	while (n < count && !list_empty(&b->parts)) {
		page[n] = list_first_entry(&b->parts, struct page, lru);
		list_del(&page[n++]->lru);
	}
	mutex_unlock(&b->lock);
	return n;
}

/* The OOM notifier has promised these pages to somebody. */
static bool vmmemctl_let_go(struct vmmemctl *b, struct page **page, u32 count,
			    enum vmmemctl_size size)
{
	u32 i;

	if (atomic_long_xchg(&b->gathered, 0) != VMMEMCTL_LET_GO)
		return false;
	for (i = 0; i < count; i++)
		vmmemctl_free(page[i], size);
	mutex_lock(&b->lock);
	b->stats.page[size].unwanted += (u64)count * vmmemctl_frames(size);
	b->stats.oom_frames += (u64)count * vmmemctl_frames(size);
	b->cycle.is_over = true;
	vmmemctl_hold(b);
	mutex_unlock(&b->lock);
	return true;
}

/* There were fewer large pages than wanted: small ones are next, for a while. */
static void vmmemctl_large_ran_out(struct vmmemctl *b)
{
	b->cycle.has_no_large = true;
	b->cycle.look_again = VMMEMCTL_LOOK_AGAIN;
}

/* Nothing lies free any more: the kernel has to reclaim, large pages first. */
static void vmmemctl_small_ran_out(struct vmmemctl *b)
{
	b->cycle.has_no_small = b->cycle.is_reclaiming;
	b->cycle.has_no_large &= b->cycle.is_reclaiming;
	b->cycle.is_reclaiming = true;
}

/* What reclaim frees for small pages may be larger: a page of 2 MiB spares a command. */
static void vmmemctl_look_again(struct vmmemctl *b)
{
	if (!b->cycle.look_again || --b->cycle.look_again)
		return;
	b->cycle.has_no_large = false;
	b->cycle.block_order = VMMEMCTL_LARGE_ORDER;
}

static u32 vmmemctl_gather(struct vmmemctl *b, struct page **page, struct vmmemctl_step step)
{
	enum vmmemctl_size size = vmmemctl_step_size(step);
	struct vmmemctl_page_stats *stats = &b->stats.page[size];
	u32 parts = 0, n;

	WRITE_ONCE(b->worker, current);
	b->has_grown = true;
	if (step.is_large) {
		n = vmmemctl_alloc_large(b, page, step.count);
		if (n < step.count)
			vmmemctl_large_ran_out(b);
	} else {
		if (!list_empty(&b->parts))
			parts = vmmemctl_take_parts(b, page, step.count);
		n = vmmemctl_alloc_small(b, page + parts, step.count - parts);
		if (parts + n < step.count)
			vmmemctl_small_ran_out(b);
		vmmemctl_look_again(b);
	}
	WRITE_ONCE(b->worker, NULL);
	mutex_lock(&b->lock);
	stats->allocated += n * vmmemctl_frames(size);
	mutex_unlock(&b->lock);
	if (vmmemctl_let_go(b, page, parts + n, size))
		return 0;
	mutex_lock(&b->lock);
	stats->alloc_failures += parts + n < step.count;
	b->on_the_way += (parts + n) * vmmemctl_frames(size);
	mutex_unlock(&b->lock);
	return parts + n;
}

/**
 * vmmemctl_grow - lock so many pages, or as many as there are
 * @b: the balloon; called by the tick alone, without the lock
 * @step: what to do
 *
 * Return: frames that went to the host, or are on their way there.
 */
u64 vmmemctl_grow(struct vmmemctl *b, struct vmmemctl_step step)
{
	struct vmmemctl_lane *lane = b->lane[b->cycle.turn];
	u64 frames;
	u32 n;

	wait_for_completion(&lane->is_free);
	n = vmmemctl_gather(b, lane->page, step);
	frames = (u64)n * vmmemctl_frames(vmmemctl_step_size(step));
	if (!n) {
		complete(&lane->is_free);
		return 0;
	}
	vmmemctl_fill(lane, vmmemctl_step_size(step), n);
	/* A short batch is soon done: nothing is gained by another worker, nor on one CPU. */
	if (n < VMMEMCTL_BATCH_ENTRIES || num_online_cpus() == 1) {
		vmmemctl_send_now(lane);
		return frames;
	}
	/* Not on the tick's queue: a tick that is to be frozen waits for it. */
	queue_work(system_dfl_wq, &lane->send);
	b->cycle.turn = b->cycle.turn == VMMEMCTL_LANE_A ? VMMEMCTL_LANE_B : VMMEMCTL_LANE_A;
	return frames;
}

/**
 * vmmemctl_grow_wait - until no batch is on its way
 * @b: the balloon; called by the tick alone, without the lock
 */
void vmmemctl_grow_wait(struct vmmemctl *b)
{
	flush_work(&b->lane[VMMEMCTL_LANE_A]->send);
	flush_work(&b->lane[VMMEMCTL_LANE_B]->send);
}

/**
 * vmmemctl_grow_end - the tick is over: what was refused is free again
 * @b: the balloon; called by the tick alone, without the lock
 */
void vmmemctl_grow_end(struct vmmemctl *b)
{
	LIST_HEAD(small);
	LIST_HEAD(large);
	LIST_HEAD(parts);
	struct page *page;

	vmmemctl_grow_wait(b);
	mutex_lock(&b->lock);
	list_splice_init(&b->aside, &small);
	list_splice_init(&b->aside_large, &large);
	list_splice_init(&b->parts, &parts);
	b->aside_frames = 0;
	list_for_each_entry(page, &parts, lru)
		b->stats.page[VMMEMCTL_SMALL].unwanted++;
	mutex_unlock(&b->lock);
	vmmemctl_free_list(&small, VMMEMCTL_SMALL);
	vmmemctl_free_list(&parts, VMMEMCTL_SMALL);
	vmmemctl_free_list(&large, VMMEMCTL_LARGE);
}

/* Room for it at the host: small pages of the same size go first. */
static bool vmmemctl_make_way(struct vmmemctl *b)
{
	u64 freed = 0;

	mutex_lock(&b->lock);
	if (b->small_count >= VMMEMCTL_LARGE_FRAMES && !b->must_start && !b->is_forgotten)
		freed = vmmemctl_shrink(b, VMMEMCTL_SMALL, VMMEMCTL_LARGE_FRAMES);
	mutex_unlock(&b->lock);
	return freed == VMMEMCTL_LARGE_FRAMES;
}

/* @page goes in, in place of 512 small ones.  Return: whether it did. */
static bool vmmemctl_exchange(struct vmmemctl *b, struct page *page)
{
	struct vmmemctl_lane *lane = b->lane[VMMEMCTL_LANE_A];
	u64 before = READ_ONCE(b->large_count);

	if (!vmmemctl_make_way(b)) {
		vmmemctl_free(page, VMMEMCTL_LARGE);
		return false;
	}
	wait_for_completion(&lane->is_free);
	lane->page[0] = page;
	vmmemctl_fill(lane, VMMEMCTL_LARGE, 1);
	mutex_lock(&b->lock);
	b->stats.page[VMMEMCTL_LARGE].allocated += VMMEMCTL_LARGE_FRAMES;
	b->on_the_way += VMMEMCTL_LARGE_FRAMES;
	mutex_unlock(&b->lock);
	vmmemctl_send_now(lane);
	if (READ_ONCE(b->large_count) <= before)
		return false;
	mutex_lock(&b->lock);
	b->stats.reformed += VMMEMCTL_LARGE_FRAMES;
	mutex_unlock(&b->lock);
	return true;
}

/**
 * vmmemctl_reform - 512 small pages of the balloon become one large one
 * @b: the balloon, on target; called by the tick alone, without the lock
 *
 * Once a tick, if a large page lies free: for two commands both sides have one
 * huge page in place of 512.  A host that refused one is left alone for a while.
 */
void vmmemctl_reform(struct vmmemctl *b)
{
	struct page *page;

	if (!vmmemctl_host_has_large(&b->host) || b->small_count < VMMEMCTL_LARGE_FRAMES)
		return;
	if (b->reform_wait) {
		b->reform_wait--;
		return;
	}
	page = alloc_pages((GFP_HIGHUSER | __GFP_NOWARN | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM,
			   VMMEMCTL_LARGE_ORDER);
	if (page && !vmmemctl_exchange(b, page))
		b->reform_wait = VMMEMCTL_REFORM_PAUSE;
}
