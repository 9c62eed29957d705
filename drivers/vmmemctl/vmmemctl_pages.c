// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The balloon's pages on the guest's side: getting them from the allocator,
 * keeping them where users and the kernel's compaction see them, giving them
 * back.  No word to the host here but by the migration callback.
 *
 * Small pages are kept by the kernel's balloon code, which lets compaction
 * move them.  Large ones are plain blocks of 512 frames; both are marked
 * offline, so dumps and hibernation images leave them out, and both are taken
 * from MemTotal.
 */
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "vmmemctl.h"
#include "vmmemctl_trace.h"

/* Below this order a block is not worth a call of its own: single pages come in bulk. */
#define VMMEMCTL_BLOCK_MIN	3

/* Large pages: 16 MiB at a time without a look at what others need. */
#define VMMEMCTL_LOOK_EVERY	8

/* What 512 small pages take, roughly and on a slow machine. */
#define VMMEMCTL_MAKING_US	2000

/* No reserves, no killing, no complaint: the balloon wants what nobody needs. */
#define VMMEMCTL_GFP	(__GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN)
#define VMMEMCTL_GFP_LARGE	(GFP_HIGHUSER | VMMEMCTL_GFP)
#ifdef CONFIG_BALLOON_MIGRATION
#define VMMEMCTL_GFP_SMALL	(GFP_HIGHUSER_MOVABLE | VMMEMCTL_GFP)
#else
#define VMMEMCTL_GFP_SMALL	(GFP_HIGHUSER | VMMEMCTL_GFP)
#endif

/* Reclaim on the balloon's behalf stalls nobody else, so it is kept apart (pressure). */
static ktime_t vmmemctl_stall_begin(void)
{
	return ktime_get();
}

static void vmmemctl_stall_end(struct vmmemctl *b, ktime_t begin)
{
	b->own_stall_ns += ktime_to_ns(ktime_sub(ktime_get(), begin));
}

/*
 * A batch of large pages is up to a gigabyte, and gathering it takes a while:
 * others may need memory meanwhile.  They are looked for every few pages.
 */
static bool vmmemctl_must_stop(struct vmmemctl *b, u32 have)
{
	long before = atomic_long_read(&b->gathered);

	/* Only the notifier changes it meanwhile, and only to that. */
	if (before == VMMEMCTL_LET_GO || READ_ONCE(b->is_off) ||
	    !atomic_long_try_cmpxchg(&b->gathered, &before, (long)have * VMMEMCTL_LARGE_FRAMES))
		return true;
	return have % VMMEMCTL_LOOK_EVERY == VMMEMCTL_LOOK_EVERY - 1 && !vmmemctl_room_now(b);
}

/* Free ones.  Return: how many. */
static u32 vmmemctl_alloc_large_free(struct vmmemctl *b, struct page **page, u32 count)
{
	u32 n = 0;

	while (n < count && !vmmemctl_must_stop(b, n)) {
		page[n] = alloc_pages(VMMEMCTL_GFP_LARGE & ~__GFP_RECLAIM, VMMEMCTL_LARGE_ORDER);
		if (!page[n])
			break;
		n++;
		cond_resched();
	}
	return n;
}

/*
 * One for which the kernel has to drop caches or compact memory.  Programs wait
 * for pages that are being moved, so this goes on only as long as it is no
 * dearer than 512 small pages would be.
 */
static struct page *vmmemctl_alloc_large_made(struct vmmemctl *b)
{
	ktime_t begin = vmmemctl_stall_begin();
	struct page *page;
	s64 took_us;

	page = alloc_pages(VMMEMCTL_GFP_LARGE, VMMEMCTL_LARGE_ORDER);
	took_us = ktime_us_delta(ktime_get(), begin);
	vmmemctl_stall_end(b, begin);
	b->cycle.is_making_slow = took_us > VMMEMCTL_MAKING_US;
	return page;
}

/**
 * vmmemctl_alloc_large - get pages of 2 MiB
 * @b: the balloon
 * @page: where to put them
 * @count: how many
 *
 * Return: how many there are, the rest cannot be had now.
 */
u32 vmmemctl_alloc_large(struct vmmemctl *b, struct page **page, u32 count)
{
	u32 n = vmmemctl_alloc_large_free(b, page, count);

	while (n < count && b->cycle.is_reclaiming && !b->cycle.is_making_slow &&
	       !vmmemctl_must_stop(b, n)) {
		page[n] = vmmemctl_alloc_large_made(b);
		if (!page[n])
			break;
		n++;
		cond_resched();
	}
	return n;
}

/* Pages of larger blocks: one call for many, and neighbours for the host. */
static u32 vmmemctl_alloc_blocks(struct vmmemctl *b, struct page **page, u32 count)
{
	unsigned int *largest = &b->cycle.block_order;
	u32 n = 0, i;

	while (n < count) {
		struct page *block;

		unsigned int order = min_t(unsigned int, *largest, ilog2(count - n));

		if (order < VMMEMCTL_BLOCK_MIN)
			break;
		block = alloc_pages(VMMEMCTL_GFP_SMALL & ~__GFP_RECLAIM, order);
		if (!block) {
			*largest = order - 1;
			continue;
		}
		split_page(block, order);
		for (i = 0; i < 1u << order; i++)
			page[n++] = block + i;
	}
	return n;
}

/* The bulk allocator fills the holes of an array. */
static u32 vmmemctl_alloc_bulk(gfp_t gfp, struct page **page, u32 count)
{
	u32 n = 0, got;

	if (count)
		memset(page, 0, count * sizeof(*page));
	while (n < count) {
		got = alloc_pages_bulk(gfp, count - n, page + n);
		if (!got)
			break;
		n += got;
	}
	return n;
}

/**
 * vmmemctl_alloc_small - get pages of 4 KiB
 * @b: the balloon
 * @page: where to put them
 * @count: how many, at most a batch
 *
 * Return: how many there are, the rest cannot be had now.
 */
u32 vmmemctl_alloc_small(struct vmmemctl *b, struct page **page, u32 count)
{
	ktime_t begin;
	u32 n;

	n = vmmemctl_alloc_blocks(b, page, count);
	n += vmmemctl_alloc_bulk(VMMEMCTL_GFP_SMALL & ~__GFP_DIRECT_RECLAIM, page + n, count - n);
	if (n < count && b->cycle.is_reclaiming) {
		begin = vmmemctl_stall_begin();
		n += vmmemctl_alloc_bulk(VMMEMCTL_GFP_SMALL, page + n, count - n);
		vmmemctl_stall_end(b, begin);
	}
	return n;
}

/* What /proc/vmstat and /proc/meminfo say of large pages; small ones are counted by the kernel. */
static void vmmemctl_count_large(struct list_head *pages, u32 count, bool is_kept)
{
	long frames = is_kept ? VMMEMCTL_LARGE_FRAMES : -VMMEMCTL_LARGE_FRAMES;
	struct page *page;

	count_vm_events(is_kept ? BALLOON_INFLATE : BALLOON_DEFLATE, count * VMMEMCTL_LARGE_FRAMES);
	list_for_each_entry(page, pages, lru)
		vmguest_count_balloon_pages(page, frames);
	vmguest_balloon_adjust(pages, -frames);
}

/* All 512 frames one by one, for each may be looked at by itself: the loops are worth unrolling. */
static void vmmemctl_mark_large(struct page *page)
{
	struct page *end = page + VMMEMCTL_LARGE_FRAMES;

#pragma GCC unroll 8
	for (; page < end; page++)
		__SetPageOffline(page);
}

static void vmmemctl_unmark_large(struct page *page)
{
	struct page *end = page + VMMEMCTL_LARGE_FRAMES;

#pragma GCC unroll 8
	for (; page < end; page++)
		__ClearPageOffline(page);
}

/**
 * vmmemctl_keep - pages that the host has locked are the balloon's now
 * @b: the balloon, locked
 * @pages: by their lru; empty afterwards
 * @size: of each of them
 * @count: how many
 * @is_back: they were the balloon's before, and their unlocking was refused
 */
void vmmemctl_keep(struct vmmemctl *b, struct list_head *pages, enum vmmemctl_size size, u32 count,
		   bool is_back)
{
	struct page *page;

	lockdep_assert_held(&b->lock);
	if (!count)
		return;
	if (size == VMMEMCTL_SMALL) {
		if (is_back)
			vmguest_balloon_list_put_back(&b->small, pages);
		else
			vmguest_balloon_list_enqueue(&b->small, pages);
		b->small_count += count;
		return;
	}
	list_for_each_entry(page, pages, lru)
		vmmemctl_mark_large(page);
	vmmemctl_count_large(pages, count, true);
	/* What the host would not unlock is not the next to be tried. */
	list_splice_tail_init(pages, &b->large);
	b->large_count += count;
}

static u32 vmmemctl_take_out_small(struct vmmemctl *b, struct page **page, u32 count)
{
	struct page *one;
	LIST_HEAD(pages);
	u32 n = 0;

	vmguest_balloon_list_dequeue(&b->small, &pages, count);
	/* The list is left behind: from here on the array has them. */
	list_for_each_entry(one, &pages, lru)
		page[n++] = one;
	b->small_count -= n;
	return n;
}

static u32 vmmemctl_take_out_large(struct vmmemctl *b, struct page **page, u32 count)
{
	LIST_HEAD(pages);
	u32 n = 0;

	while (n < count && !list_empty(&b->large)) {
		page[n] = list_first_entry(&b->large, struct page, lru);
		list_move_tail(&page[n]->lru, &pages);
		vmmemctl_unmark_large(page[n++]);
	}
	/* The list is left behind: from here on the array has them. */
	vmmemctl_count_large(&pages, n, false);
	b->large_count -= n;
	return n;
}

/**
 * vmmemctl_take_out - pages leave the balloon's lists
 * @b: the balloon, locked
 * @page: where to put them
 * @size: which ones
 * @count: how many, at most a batch
 *
 * They are the host's until it has unlocked them.
 *
 * Return: how many; small pages that are being moved this moment are not there.
 */
u32 vmmemctl_take_out(struct vmmemctl *b, struct page **page, enum vmmemctl_size size, u32 count)
{
	lockdep_assert_held(&b->lock);
	if (size == VMMEMCTL_SMALL)
		return vmmemctl_take_out_small(b, page, count);
	return vmmemctl_take_out_large(b, page, count);
}

/**
 * vmmemctl_fill - the host is to be told of a lane's pages
 * @lane: with @page set
 * @size: of each of them
 * @count: how many, at most a batch
 */
void vmmemctl_fill(struct vmmemctl_lane *lane, enum vmmemctl_size size, u32 count)
{
	u64 *entry = lane->batch.entry;
	struct page **page = lane->page;
	u32 i;

	vmmemctl_batch_start(&lane->batch, size == VMMEMCTL_LARGE);
	for (i = 0; i < count; i++)
		entry[i] = vmmemctl_entry(page_to_pfn(page[i]));
	lane->batch.count = count;
}

void vmmemctl_free(struct page *page, enum vmmemctl_size size)
{
	__free_pages(page, size == VMMEMCTL_LARGE ? VMMEMCTL_LARGE_ORDER : 0);
}

void vmmemctl_free_many(struct page **page, enum vmmemctl_size size, u32 count)
{
	u32 i;

	if (size == VMMEMCTL_SMALL) {
		vmguest_free_pages_bulk(page, count);
		return;
	}
	for (i = 0; i < count; i++)
		vmmemctl_free(page[i], size);
}

void vmmemctl_free_list(struct list_head *pages, enum vmmemctl_size size)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		vmmemctl_free(page, size);
	}
}

/**
 * vmmemctl_split - a large page that the host refused becomes 512 small ones
 * @b: the balloon, locked
 * @page: the page, in no list
 */
void vmmemctl_split(struct vmmemctl *b, struct page *page)
{
	u32 i;

	lockdep_assert_held(&b->lock);
	split_page(page, VMMEMCTL_LARGE_ORDER);
	for (i = 0; i < VMMEMCTL_LARGE_FRAMES; i++)
		list_add_tail(&page[i].lru, &b->parts);
}

/* By a batch of one where the host knows batches: some know nothing else. */
static enum vmmemctl_outcome vmmemctl_move_one(struct vmmemctl *b, struct page *page, bool is_lock)
{
	struct vmmemctl_batch *batch = &b->lane[VMMEMCTL_LANE_BACK]->batch;
	enum vmmemctl_outcome outcome;

	vmmemctl_batch_start(batch, false);
	vmmemctl_batch_add(batch, page_to_pfn(page));
	outcome = vmmemctl_host_move(&b->host, batch, is_lock);
	if (outcome == VMMEMCTL_DONE && vmmemctl_batch_verdict(batch, 0) != VMMEMCTL_PAGE_MOVED)
		return VMMEMCTL_REFUSED;
	return outcome;
}

static int vmmemctl_move(struct vmmemctl *b, struct page *newpage, struct page *page)
{
	enum vmmemctl_outcome outcome;

	if (b->must_start || b->is_forgotten || !b->host.is_started)
		return -EAGAIN;
	/* A host that has enough would refuse the new page while it has the old one. */
	outcome = vmmemctl_move_one(b, page, false);
	if (outcome == VMMEMCTL_REFUSED)
		return -EAGAIN;
	if (outcome == VMMEMCTL_DONE) {
		outcome = vmmemctl_move_one(b, newpage, true);
		if (outcome == VMMEMCTL_DONE)
			return 0;
		b->stats.page[VMMEMCTL_SMALL].unlocked++;
	} else {
		b->stats.page[VMMEMCTL_SMALL].dropped++;
	}
	/* Unlocked, or forgotten: the old page is the guest's again, the new one stays so. */
	b->small_count--;
	if (outcome == VMMEMCTL_FORGOTTEN) {
		vmmemctl_after(b, outcome);
		vmmemctl_wake(b);
	}
	return -ENOENT;
}

/**
 * vmmemctl_migrate - compaction moves a small page
 * @info: of the balloon
 * @newpage: to here, locked
 * @page: from here, locked and isolated
 * @mode: unused; nothing here waits for input or output
 *
 * Return: 0; -EAGAIN with nothing changed; -ENOENT: the old page has left the
 * balloon and the new one did not get in.
 */
int vmmemctl_migrate(struct balloon_dev_info *info, struct page *newpage, struct page *page,
		     enum migrate_mode mode)
{
	struct vmmemctl *b = container_of(info, struct vmmemctl, small);
	int err = -EAGAIN;

	/* Its holder may wait for the host; compaction has other pages to look at. */
	if (mutex_trylock(&b->lock)) {
		err = vmmemctl_move(b, newpage, page);
		if (err)
			b->stats.migrate_failures++;
		else
			b->stats.migrated++;
		trace_vmmemctl_migrate(page_to_pfn(page), page_to_pfn(newpage), err);
		err = vmguest_balloon_migrated(info, newpage, page, err);
		mutex_unlock(&b->lock);
	}
	return err;
}
