// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Pages leave the balloon: the host unlocks them and the guest has them back,
 * or the host has forgotten them all.  Everything here runs under the lock,
 * allocates nothing, and can be called where memory is short.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "vmmemctl.h"

/* Accounts that differ are put right at most so often: a liar must not have it start for ever. */
#define VMMEMCTL_DISPUTE_PAUSE	(60 * HZ)

/**
 * vmmemctl_after - take note of what a command led to
 * @b: the balloon, locked
 * @outcome: of any command
 */
void vmmemctl_after(struct vmmemctl *b, enum vmmemctl_outcome outcome)
{
	lockdep_assert_held(&b->lock);
	if (outcome == VMMEMCTL_DONE)
		return;
	b->cycle.is_over = true;
	if (outcome != VMMEMCTL_FORGOTTEN)
		return;
	b->stats.resets++;
	b->is_forgotten = true;
	b->must_start = true;
}

/**
 * vmmemctl_dispute - the host's account of a page is not this driver's
 * @b: the balloon, locked
 *
 * One of both is wrong for good, so they begin anew: with START the host forgets
 * all frames, and then they can be freed.
 */
void vmmemctl_dispute(struct vmmemctl *b)
{
	lockdep_assert_held(&b->lock);
	if (time_before(jiffies, b->no_dispute_before))
		return;
	b->no_dispute_before = jiffies + VMMEMCTL_DISPUTE_PAUSE;
	b->stats.disputes++;
	b->must_start = true;
	b->cycle.is_over = true;
}

/* The host unlocked the lane's pages, or forgot them. */
static u32 vmmemctl_settle_back(struct vmmemctl *b, struct vmmemctl_lane *lane,
				enum vmmemctl_size size, enum vmmemctl_outcome outcome)
{
	struct vmmemctl_page_stats *stats = &b->stats.page[size];
	u32 i, freed = 0, kept = 0, count = lane->batch.count;
	struct page **page = lane->page;
	LIST_HEAD(keep);

	for (i = 0; i < count; i++) {
		enum vmmemctl_verdict verdict = VMMEMCTL_PAGE_REFUSED;

		if (outcome == VMMEMCTL_DONE)
			verdict = vmmemctl_batch_verdict(&lane->batch, i);
		if (verdict == VMMEMCTL_PAGE_MOVED || outcome == VMMEMCTL_FORGOTTEN) {
			page[freed++] = page[i];
			continue;
		}
		if (verdict == VMMEMCTL_PAGE_DISPUTED)
			vmmemctl_dispute(b);
		list_add(&page[i]->lru, &keep);
		kept++;
	}
	vmmemctl_free_many(page, size, freed);
	vmmemctl_keep(b, &keep, size, kept, true);
	*(outcome == VMMEMCTL_FORGOTTEN ? &stats->dropped : &stats->unlocked) +=
		freed * vmmemctl_frames(size);
	stats->kept += kept * vmmemctl_frames(size);
	/* What is refused now is tried again by the next tick. */
	if (kept)
		b->cycle.is_over = true;
	return freed;
}

/**
 * vmmemctl_shrink - give pages of one size back
 * @b: the balloon, locked and started
 * @size: which
 * @count: how many, at most a batch
 *
 * A page is freed when its unlocking has succeeded and not before.
 *
 * Return: frames.
 */
u64 vmmemctl_shrink(struct vmmemctl *b, enum vmmemctl_size size, u32 count)
{
	struct vmmemctl_lane *lane = b->lane[VMMEMCTL_LANE_BACK];
	enum vmmemctl_outcome outcome;
	u32 n;

	lockdep_assert_held(&b->lock);
	n = vmmemctl_take_out(b, lane->page, size, count);
	if (!n)
		return 0;
	vmmemctl_fill(lane, size, n);
	outcome = vmmemctl_host_move(&b->host, &lane->batch, false);
	vmmemctl_after(b, outcome);
	return (u64)vmmemctl_settle_back(b, lane, size, outcome) * vmmemctl_frames(size);
}

/**
 * vmmemctl_release - the guest needs memory, whatever the host's target is
 * @b: the balloon, locked
 * @frames: how many, at least if they are there
 *
 * Return: frames given back; fewer if the host refuses.
 */
u64 vmmemctl_release(struct vmmemctl *b, u64 frames)
{
	struct vmmemctl_host as_if = { .is_started = true };
	struct vmmemctl_view v;
	u64 given = 0, now;

	lockdep_assert_held(&b->lock);
	if (b->is_forgotten) {
		given = vmmemctl_balloon_size(b);
		vmmemctl_drop(b);
		return given - vmmemctl_balloon_size(b);
	}
	while (given < frames && !b->must_start) {
		struct vmmemctl_step step;

		v = (struct vmmemctl_view){ .small = b->small_count, .large = b->large_count };
		as_if.target = vmmemctl_size(&v) - min(vmmemctl_size(&v), frames - given);
		step = vmmemctl_next(&as_if, &v);
		/* A little more than asked for is better than nothing. */
		if (step.action == VMMEMCTL_WAIT && v.large)
			step = (struct vmmemctl_step){ VMMEMCTL_SHRINK, true, 1 };
		if (step.action != VMMEMCTL_SHRINK)
			break;
		now = vmmemctl_shrink(b, vmmemctl_step_size(step), step.count);
		given += now;
		if (!now)
			break;
	}
	return given;
}

/**
 * vmmemctl_release_range - large pages leave memory that is to go offline
 * @b: the balloon, locked
 * @pfn: its first frame
 * @frames: its size
 *
 * Small pages are moved elsewhere by the kernel.
 *
 * Return: frames given back.
 */
u64 vmmemctl_release_range(struct vmmemctl *b, unsigned long pfn, unsigned long frames)
{
	struct page *page, *next;
	LIST_HEAD(others);
	u32 count = 0, others_count;
	u64 given = 0;

	lockdep_assert_held(&b->lock);
	list_for_each_entry_safe(page, next, &b->large, lru) {
		if (page_to_pfn(page) - pfn < frames)
			count++;
		else
			list_move(&page->lru, &others);
	}
	others_count = b->large_count - count;
	b->large_count = count;
	while (b->large_count && !b->must_start) {
		u64 now = vmmemctl_shrink(b, VMMEMCTL_LARGE,
					  min_t(u64, b->large_count, VMMEMCTL_BATCH_ENTRIES));

		if (!now)
			break;
		given += now;
	}
	list_splice(&others, &b->large);
	b->large_count += others_count;
	return given;
}

/**
 * vmmemctl_drop - free all pages: the host knows none of them
 * @b: the balloon, locked
 *
 * Return: whether it is empty; pages that are being moved this moment are left,
 * and the caller has to come again.
 */
bool vmmemctl_drop(struct vmmemctl *b)
{
	struct vmmemctl_lane *lane = b->lane[VMMEMCTL_LANE_BACK];
	enum vmmemctl_size size;
	u32 i, n;

	lockdep_assert_held(&b->lock);
	for (size = 0; size < VMMEMCTL_SIZE_COUNT; size++) {
		while ((n = vmmemctl_take_out(b, lane->page, size, VMMEMCTL_BATCH_ENTRIES))) {
			for (i = 0; i < n; i++)
				vmmemctl_free(lane->page[i], size);
			b->stats.page[size].dropped += n * vmmemctl_frames(size);
			cond_resched();
		}
	}
	return !b->small_count && !b->large_count && !READ_ONCE(b->small.isolated_pages);
}
