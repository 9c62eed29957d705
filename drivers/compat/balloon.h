/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The kernel's balloon pages. Linux 7.x keeps the account of a balloon by itself, the managed pages
 * and a page's migration included; before that it was the driver's work, and is done here.
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

#ifdef NEED_BALLOON_ACCOUNT

#ifdef NEED_BALLOON_PAGE_FINALIZE
#define balloon_page_finalize balloon_page_delete
#endif

static inline void vmguest_balloon_init(struct balloon_dev_info *b)
{
	balloon_devinfo_init(b);
}

/* Neighbours are of one zone, most of the time. */
static inline void vmguest_balloon_adjust(struct list_head *pages, long sign)
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
		n += sign;
	}
	if (first)
		adjust_managed_page_count(first, n);
}

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
	adjust_managed_page_count(page, 1);
	if (!err) {
		adjust_managed_page_count(newpage, -1);
		get_page(newpage);
	}
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

static inline void vmguest_balloon_init(struct balloon_dev_info *b)
{
	balloon_devinfo_init(b);
	b->adjust_managed_page_count = true;
}

static inline void vmguest_balloon_list_enqueue(struct balloon_dev_info *b, struct list_head *pages)
{
	balloon_page_list_enqueue(b, pages);
}

static inline void vmguest_balloon_list_put_back(struct balloon_dev_info *b,
						 struct list_head *pages)
{
	balloon_page_list_enqueue(b, pages);
}

static inline void vmguest_balloon_list_dequeue(struct balloon_dev_info *b,
						struct list_head *pages, size_t count)
{
	balloon_page_list_dequeue(b, pages, count);
}

static inline int vmguest_balloon_migrated(struct balloon_dev_info *b, struct page *newpage,
					   struct page *page, int err)
{
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
