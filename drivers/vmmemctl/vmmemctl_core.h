/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The balloon's protocol and its decisions, pure: the conversation with a host
 * behind one function, and what to do next, given what is.  Nothing here
 * allocates, sleeps or knows of struct page.  All amounts are frames of 4 KiB.
 */
#ifndef VMMEMCTL_CORE_H
#define VMMEMCTL_CORE_H

#include <linux/compiler.h>

#include "vmmemctl_hw.h"

/* 16 MiB: the balloon's growth in a tick while programs wait for memory. */
#define VMMEMCTL_SLOW_FRAMES	4096ULL

/* One command: what goes in, what comes out. */
struct vmmemctl_call {
	u32 command;
	u64 arg1;
	u64 arg2;
	u32 status;
	u64 target;	/* RBX afterwards */
	u64 caps;	/* RCX afterwards */
};

/* What became of a command; hosts' statuses are mapped to these in one place. */
enum vmmemctl_outcome {
	VMMEMCTL_DONE,
	VMMEMCTL_REFUSED,	/* this command, now; try again later */
	VMMEMCTL_FORGOTTEN,	/* the host wants a fresh start */
	VMMEMCTL_OUTCOME_COUNT
};

/* What became of one page of a batch. */
enum vmmemctl_verdict {
	VMMEMCTL_PAGE_MOVED,		/* locked, or unlocked */
	VMMEMCTL_PAGE_UNWANTED,		/* the host has enough: free it at once */
	VMMEMCTL_PAGE_UNSUITABLE,	/* never this one; parts of it may do */
	VMMEMCTL_PAGE_REFUSED,
	VMMEMCTL_PAGE_DISPUTED,		/* the host's account of it is another one */
	VMMEMCTL_VERDICT_COUNT
};

struct vmmemctl_command_stats {
	u64 calls;
	u64 failures;
};

/**
 * struct vmmemctl_host - the conversation with the host
 * @call: carries one command out; may be called in any context that may wait
 *	  for the host
 * @ctx: passed to @call
 * @caps: what the host granted and this driver understands
 * @is_started: START succeeded and no reset came since
 * @has_doorbell: the host knows what to ring
 * @target: as last told, never above @limit
 * @limit: what the host was last told that the balloon can grow to
 * @last_command: the last command that failed, if @last_status is not 0
 * @last_status: how it failed
 * @commands: statistics, by command
 *
 * The caller serialises all calls.
 */
struct vmmemctl_host {
	void (*call)(void *ctx, struct vmmemctl_call *call);
	void *ctx;
	u32 caps;
	bool is_started;
	bool has_doorbell;
	u64 target;
	u64 limit;
	u32 last_command;
	u32 last_status;
	struct vmmemctl_command_stats commands[VMMEMCTL_COMMAND_COUNT];
};

/**
 * struct vmmemctl_batch - pages of one size on their way to or from the host
 * @entry: the batch page, VMMEMCTL_BATCH_ENTRIES long.  The host may write what
 *	   it likes there: only the five bits of an outcome are ever read back.
 * @frame: its own frame number
 * @count: entries in use
 * @is_large: they are pages of 2 MiB
 */
struct vmmemctl_batch {
	u64 *entry;
	u64 frame;
	u32 count;
	bool is_large;
};

/* The balloon as it is, and what is known of the next attempt. */
struct vmmemctl_view {
	u64 small;		/* pages of 4 KiB in it */
	u64 large;		/* pages of 2 MiB in it */
	u64 on_the_way;		/* frames that a batch is taking to the host */
	u64 room;		/* frames that the guest can spare now */
	bool is_held;		/* it must not grow: memory was short a moment ago */
	bool has_no_large;	/* no page of 2 MiB could be had in this cycle */
	bool has_no_small;	/* nor one of 4 KiB */
};

enum vmmemctl_action {
	VMMEMCTL_WAIT,		/* nothing to do until the next tick */
	VMMEMCTL_GROW,
	VMMEMCTL_SHRINK,
	VMMEMCTL_ACTION_COUNT
};

/* Move @count pages, all large or all small. */
struct vmmemctl_step {
	enum vmmemctl_action action;
	bool is_large;
	u32 count;
};

void vmmemctl_host_init(struct vmmemctl_host *h, void (*call)(void *, struct vmmemctl_call *),
			void *ctx);
enum vmmemctl_outcome vmmemctl_host_start(struct vmmemctl_host *h, u32 wanted);
enum vmmemctl_outcome vmmemctl_host_stop(struct vmmemctl_host *h);
enum vmmemctl_outcome vmmemctl_host_poll(struct vmmemctl_host *h, u64 limit);
enum vmmemctl_outcome vmmemctl_host_doorbell(struct vmmemctl_host *h, u64 context, u64 resource);
enum vmmemctl_outcome vmmemctl_host_move(struct vmmemctl_host *h, struct vmmemctl_batch *b,
					 bool is_lock);
enum vmmemctl_outcome vmmemctl_host_move_one(struct vmmemctl_host *h, u64 frame, bool is_lock);
bool vmmemctl_host_has_large(const struct vmmemctl_host *h);

struct vmmemctl_step vmmemctl_next(const struct vmmemctl_host *h, const struct vmmemctl_view *v);
u64 vmmemctl_reserve(u64 total, u64 wanted);
u64 vmmemctl_room(u64 available, u64 reserve);
u32 vmmemctl_backoff_ms(u32 last_ms, u64 quiet_ms);
u64 vmmemctl_pressure_allows(u32 stalled_permyriad);
int vmmemctl_pressure_parse(const char *text, u64 *total_us);
u32 vmmemctl_pressure_share(u64 stalled_us, u64 own_us, u64 elapsed_us);

enum vmmemctl_verdict vmmemctl_verdict_of(u32 status);

const char *vmmemctl_command_name(u32 command);
const char *vmmemctl_status_name(u32 status);

/**
 * vmmemctl_batch_start - begin a batch
 * @b: the batch, with @entry and @frame set
 * @is_large: for pages of 2 MiB
 */
static inline void vmmemctl_batch_start(struct vmmemctl_batch *b, bool is_large)
{
	b->count = 0;
	b->is_large = is_large;
}

static inline u64 vmmemctl_entry(u64 frame)
{
	return frame << VMMEMCTL_FRAME_SHIFT;
}

static inline void vmmemctl_batch_add(struct vmmemctl_batch *b, u64 frame)
{
	b->entry[b->count++] = vmmemctl_entry(frame);
}

/**
 * vmmemctl_batch_verdict - what the host answered for one page
 * @b: a batch whose move ended with VMMEMCTL_DONE; after anything else no entry
 *     means anything
 * @i: below @b->count
 *
 * Reads the shared entry once, and nothing but its five bits.
 *
 * Return: the verdict.
 */
static inline enum vmmemctl_verdict vmmemctl_batch_verdict(const struct vmmemctl_batch *b, u32 i)
{
	u32 status = READ_ONCE(b->entry[i]) & VMMEMCTL_ENTRY_STATUS;

	return likely(status == VMMEMCTL_SUCCESS) ? VMMEMCTL_PAGE_MOVED :
						    vmmemctl_verdict_of(status);
}

static inline u64 vmmemctl_size(const struct vmmemctl_view *v)
{
	return v->small + v->large * VMMEMCTL_LARGE_FRAMES;
}

#endif /* VMMEMCTL_CORE_H */
