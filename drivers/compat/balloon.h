/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The kernel's balloon pages. Linux 7.x keeps the account of a balloon by itself, a page's moves
 * included; before that it was the driver's work, and is done here. Managed pages are counted here
 * on all kernels: 7.x would do it page by page, and work out all zones' reserves each time.
 */
#ifndef VMGUEST_COMPAT_BALLOON_H
#define VMGUEST_COMPAT_BALLOON_H

#if defined(CONFIG_MEMORY_BALLOON) || defined(CONFIG_BALLOON)

#include <linux/balloon.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/vmstat.h>

#if defined(CONFIG_BALLOON_COMPACTION) && !defined(CONFIG_BALLOON_MIGRATION)
#define CONFIG_BALLOON_MIGRATION 1
#endif

/* By @frames for each page: neighbours are of one zone, most of the time. */
static inline void vmguest_balloon_adjust(struct list_head *pages, long frames)
{
	struct page *page, *first = NULL;
	long n = 0;

	list_for_each_entry(page, pages, lru) {
		if (first && page_zone_id(first) != page_zone_id(page)) {
			adjust_managed_page_count(first, n);
			n = 0;
			first = NULL;
		}
		if (!first)
			first = page;
		n += frames;
	}
	if (first)
		adjust_managed_page_count(first, n);
}

/* What was @page is @newpage now, or (-ENOENT) the guest's again. */
static inline void vmguest_balloon_adjust_moved(struct page *newpage, struct page *page, int err)
{
	if (!err && page_zone(page) == page_zone(newpage))
		return;
	adjust_managed_page_count(page, 1);
	if (!err)
		adjust_managed_page_count(newpage, -1);
}

/*
 * Drop a reference of each page. The kernel's free_pages_bulk() is not for modules; its
 * free_contig_range() makes blocks of neighbours at once, too, on the kernels that have both.
 * Older ones go page by page, and complain of others' references; release_pages() costs them
 * a tenth more than that.
 */
static inline void vmguest_free_pages_bulk(struct page **page, unsigned long n)
{
#if defined(NEED_FREE_PAGES_BULK) || !defined(CONFIG_CONTIG_ALLOC)
	while (n--)
		__free_page(*page++);
#else
	struct page **end = page + n, **first, *next;

	while (page < end) {
		first = page;
		next = *page;
		do {
			next++;
			page++;
		} while (page < end && *page == next);
		free_contig_range(page_to_pfn(*first), page - first);
	}
#endif
}

#ifdef NEED_BALLOON_ACCOUNT

#ifdef NEED_BALLOON_PAGE_FINALIZE
#define balloon_page_finalize balloon_page_delete
#endif

static inline void vmguest_balloon_list_enqueue(struct balloon_dev_info *b, struct list_head *pages)
{
	vmguest_balloon_adjust(pages, -1);
	balloon_page_list_enqueue(b, pages);
}

/*
 * Pages that were the balloon's a moment ago: compaction may still be looking at one, with its lock
 * held, which balloon_page_list_enqueue() takes for a fault.
 */
static inline void vmguest_balloon_list_put_back(struct balloon_dev_info *b,
						 struct list_head *pages)
{
	struct page *page, *next;
	unsigned long flags;

	vmguest_balloon_adjust(pages, -1);
	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		lock_page(page);
		spin_lock_irqsave(&b->pages_lock, flags);
		balloon_page_insert(b, page);
		__count_vm_event(BALLOON_INFLATE);
		spin_unlock_irqrestore(&b->pages_lock, flags);
		unlock_page(page);
	}
}

static inline void vmguest_balloon_list_dequeue(struct balloon_dev_info *b,
						struct list_head *pages, size_t count)
{
	balloon_page_list_dequeue(b, pages, count);
	vmguest_balloon_adjust(pages, 1);
}

/* What is left to do after a driver has moved a page to @newpage, or (-ENOENT) only lost @page. */
static inline int vmguest_balloon_migrated(struct balloon_dev_info *b, struct page *newpage,
					   struct page *page, int err)
{
#ifdef CONFIG_BALLOON_MIGRATION
	unsigned long flags;

	if (err && err != -ENOENT)
		return err;
	vmguest_balloon_adjust_moved(newpage, page, err);
	if (!err)
		get_page(newpage);
	spin_lock_irqsave(&b->pages_lock, flags);
	if (!err)
		balloon_page_insert(b, newpage);
	b->isolated_pages--;
	__count_vm_event(err ? BALLOON_DEFLATE : BALLOON_MIGRATE);
	spin_unlock_irqrestore(&b->pages_lock, flags);
	balloon_page_finalize(page);
	put_page(page);
#endif
	return err;
}

static inline void vmguest_count_balloon_pages(struct page *page, long frames)
{
}

#else /* the kernel does */

static inline void vmguest_balloon_list_enqueue(struct balloon_dev_info *b, struct list_head *pages)
{
	vmguest_balloon_adjust(pages, -1);
	balloon_page_list_enqueue(b, pages);
}

static inline void vmguest_balloon_list_put_back(struct balloon_dev_info *b,
						 struct list_head *pages)
{
	vmguest_balloon_list_enqueue(b, pages);
}

static inline void vmguest_balloon_list_dequeue(struct balloon_dev_info *b,
						struct list_head *pages, size_t count)
{
	balloon_page_list_dequeue(b, pages, count);
	vmguest_balloon_adjust(pages, 1);
}

static inline int vmguest_balloon_migrated(struct balloon_dev_info *b, struct page *newpage,
					   struct page *page, int err)
{
	if (!err || err == -ENOENT)
		vmguest_balloon_adjust_moved(newpage, page, err);
	return err;
}

static inline void vmguest_count_balloon_pages(struct page *page, long frames)
{
	mod_node_page_state(page_pgdat(page), NR_BALLOON_PAGES, frames);
}

#endif

#ifdef NEED_ALLOC_PAGES_BULK
#define alloc_pages_bulk alloc_pages_bulk_array
#endif

#endif /* CONFIG_BALLOON */
#endif /* VMGUEST_COMPAT_BALLOON_H */
