// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The conversation with the host and the decisions of the balloon; see the
 * header.  The host is believed in nothing that could hurt: a target is cut to
 * the limit that it was told, capabilities to those that were asked for, a
 * failed batch moves no page.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "vmmemctl_core.h"

#define VMMEMCTL_MIB		256ULL	/* in frames */
#define VMMEMCTL_BACKOFF_MS	1000
#define VMMEMCTL_BACKOFF_MAX_MS	60000

static const char *const vmmemctl_command_names[VMMEMCTL_COMMAND_COUNT] = {
	[VMMEMCTL_START] = "start",
	[VMMEMCTL_GET_TARGET] = "get_target",
	[VMMEMCTL_LOCK] = "lock",
	[VMMEMCTL_UNLOCK] = "unlock",
	[VMMEMCTL_GUEST_ID] = "guest_id",
	[VMMEMCTL_BATCHED_LOCK] = "batched_lock",
	[VMMEMCTL_BATCHED_UNLOCK] = "batched_unlock",
	[VMMEMCTL_BATCHED_2M_LOCK] = "batched_2m_lock",
	[VMMEMCTL_BATCHED_2M_UNLOCK] = "batched_2m_unlock",
	[VMMEMCTL_DOORBELL_SET] = "doorbell_set",
};

/**
 * vmmemctl_command_name - a command's name in statistics and messages
 * @command: any number
 *
 * Return: the name, NULL for what is no command.
 */
const char *vmmemctl_command_name(u32 command)
{
	return command < VMMEMCTL_COMMAND_COUNT ? vmmemctl_command_names[command] : NULL;
}

/**
 * vmmemctl_status_name - what a command's status means
 * @status: any number
 *
 * Return: a few words, never NULL.
 */
const char *vmmemctl_status_name(u32 status)
{
	static const char *const names[] = {
		[VMMEMCTL_SUCCESS] = "success",
		[VMMEMCTL_COMMAND_INVALID] = "invalid command",
		[VMMEMCTL_FRAME_INVALID] = "frame invalid",
		[VMMEMCTL_FRAME_LOCKED] = "frame locked already",
		[VMMEMCTL_FRAME_UNLOCKED] = "frame not locked",
		[VMMEMCTL_FRAME_PINNED] = "frame pinned",
		[VMMEMCTL_FRAME_NOT_NEEDED] = "frame not needed",
		[VMMEMCTL_RESET] = "reset",
		[VMMEMCTL_BUSY] = "busy",
	};

	if (status < ARRAY_SIZE(names))
		return names[status];
	return status == VMMEMCTL_ABSENT ? "no answer" : "unknown status";
}

void vmmemctl_host_init(struct vmmemctl_host *h, void (*call)(void *, struct vmmemctl_call *),
			void *ctx)
{
	memset(h, 0, sizeof(*h));
	h->call = call;
	h->ctx = ctx;
}

static bool vmmemctl_tells_target(u32 command)
{
	return command != VMMEMCTL_START && command != VMMEMCTL_GUEST_ID &&
	       command != VMMEMCTL_DOORBELL_SET;
}

/* What an older host leaves in the upper half of its register is no part of the target. */
static void vmmemctl_take_target(struct vmmemctl_host *h, u64 told)
{
	if (!(h->caps & VMMEMCTL_CAP_WIDE_TARGET))
		told = lower_32_bits(told);
	/* The balloon's users look at it without the lock that the conversation has. */
	WRITE_ONCE(h->target, min(told, h->limit));
}

static enum vmmemctl_outcome vmmemctl_run(struct vmmemctl_host *h, struct vmmemctl_call *c)
{
	struct vmmemctl_command_stats *stats = &h->commands[c->command];

	c->status = VMMEMCTL_ABSENT;
	h->call(h->ctx, c);
	stats->calls++;
	if (c->status == VMMEMCTL_SUCCESS ||
	    (c->command == VMMEMCTL_START && c->status == VMMEMCTL_SUCCESS_CAPS)) {
		if (vmmemctl_tells_target(c->command))
			vmmemctl_take_target(h, c->target);
		return VMMEMCTL_DONE;
	}
	stats->failures++;
	h->last_command = c->command;
	h->last_status = c->status;
	if (c->status != VMMEMCTL_RESET)
		return VMMEMCTL_REFUSED;
	h->is_started = false;
	return VMMEMCTL_FORGOTTEN;
}

/* What was agreed on with the host, its doorbell included, ends with a START. */
static void vmmemctl_host_forget(struct vmmemctl_host *h)
{
	h->is_started = false;
	h->has_doorbell = false;
	h->caps = 0;
	WRITE_ONCE(h->target, 0);
}

/**
 * vmmemctl_host_start - begin anew: the host forgets what it knew of the balloon
 * @h: the conversation
 * @wanted: capabilities
 *
 * A host that grants no way to move a page is as good as none.
 *
 * Return: VMMEMCTL_DONE and @h->is_started, else it is to be tried again later.
 */
enum vmmemctl_outcome vmmemctl_host_start(struct vmmemctl_host *h, u32 wanted)
{
	struct vmmemctl_call start = {
		.command = VMMEMCTL_START,
		.arg1 = wanted & VMMEMCTL_CAP_ALL,
	};
	struct vmmemctl_call id = {
		.command = VMMEMCTL_GUEST_ID,
		.arg1 = VMMEMCTL_GUEST_LINUX,
	};

	vmmemctl_host_forget(h);
	if (vmmemctl_run(h, &start) != VMMEMCTL_DONE)
		return VMMEMCTL_REFUSED;
	/* A host that knew no capabilities answers with its protocol's version. */
	if (start.status == VMMEMCTL_SUCCESS)
		h->caps = VMMEMCTL_CAP_BASIC;
	else
		h->caps = start.caps & start.arg1;
	if (!(h->caps & (VMMEMCTL_CAP_BASIC | VMMEMCTL_CAP_BATCHED)))
		return VMMEMCTL_REFUSED;
	h->is_started = true;
	/* It tunes the host's policy and no more. */
	return vmmemctl_run(h, &id) == VMMEMCTL_FORGOTTEN ? VMMEMCTL_REFUSED : VMMEMCTL_DONE;
}

/**
 * vmmemctl_host_stop - tell the host that the balloon is no more
 * @h: the conversation
 *
 * Afterwards every frame is plain memory of the guest and may be touched.  One
 * command without memory of its own, so it can be sent from anywhere.
 *
 * Return: the outcome; a host that refuses may still know of the frames.
 */
enum vmmemctl_outcome vmmemctl_host_stop(struct vmmemctl_host *h)
{
	struct vmmemctl_call stop = { .command = VMMEMCTL_START };

	vmmemctl_host_forget(h);
	return vmmemctl_run(h, &stop);
}

/**
 * vmmemctl_host_poll - ask for the target
 * @h: the conversation
 * @limit: the most that the balloon can grow to
 *
 * Return: VMMEMCTL_DONE and @h->target; else the last one still stands.
 */
enum vmmemctl_outcome vmmemctl_host_poll(struct vmmemctl_host *h, u64 limit)
{
	struct vmmemctl_call c = { .command = VMMEMCTL_GET_TARGET };

	if (!(h->caps & VMMEMCTL_CAP_WIDE_TARGET))
		limit = min_t(u64, limit, U32_MAX);
	h->limit = limit;
	c.arg1 = limit;
	return vmmemctl_run(h, &c);
}

/**
 * vmmemctl_host_doorbell - what to ring when the target changes
 * @h: the conversation
 * @context: of VMCI, or VMMEMCTL_NO_DOORBELL
 * @resource: likewise
 *
 * Return: the outcome; without a doorbell the host waits for the next poll.
 */
enum vmmemctl_outcome vmmemctl_host_doorbell(struct vmmemctl_host *h, u64 context, u64 resource)
{
	struct vmmemctl_call c = {
		.command = VMMEMCTL_DOORBELL_SET,
		.arg1 = context,
		.arg2 = resource,
	};
	enum vmmemctl_outcome outcome;

	outcome = vmmemctl_run(h, &c);
	h->has_doorbell = outcome == VMMEMCTL_DONE && context != VMMEMCTL_NO_DOORBELL;
	return outcome;
}

bool vmmemctl_host_has_large(const struct vmmemctl_host *h)
{
	const u32 both = VMMEMCTL_CAP_BATCHED | VMMEMCTL_CAP_BATCHED_2M;

	return (h->caps & both) == both;
}

/**
 * vmmemctl_host_move_one - lock or unlock one small page, by its own command
 * @h: the conversation
 * @frame: its number
 * @is_lock: into the balloon
 *
 * Return: the outcome; @h->last_status has the reason.
 */
enum vmmemctl_outcome vmmemctl_host_move_one(struct vmmemctl_host *h, u64 frame, bool is_lock)
{
	struct vmmemctl_call c = {
		.command = is_lock ? VMMEMCTL_LOCK : VMMEMCTL_UNLOCK,
		.arg1 = frame,
	};

	if (!(h->caps & VMMEMCTL_CAP_BASIC))
		return VMMEMCTL_REFUSED;
	/* The host would look at 32 bits and take another frame. */
	if (frame > U32_MAX && !(h->caps & VMMEMCTL_CAP_WIDE_TARGET)) {
		h->last_command = c.command;
		h->last_status = VMMEMCTL_FRAME_INVALID;
		return VMMEMCTL_REFUSED;
	}
	return vmmemctl_run(h, &c);
}

/* Answers of one page, which say nothing of the next. */
static bool vmmemctl_is_of_frame(u32 status)
{
	return status >= VMMEMCTL_FRAME_INVALID && status <= VMMEMCTL_FRAME_NOT_NEEDED;
}

/* For hosts that know no batches: the outcomes are left where a batch would have them. */
static enum vmmemctl_outcome vmmemctl_move_singly(struct vmmemctl_host *h,
						  struct vmmemctl_batch *b, bool is_lock)
{
	enum vmmemctl_outcome outcome = VMMEMCTL_DONE;
	u32 i, status = VMMEMCTL_SUCCESS;

	for (i = 0; i < b->count; i++) {
		if (outcome == VMMEMCTL_DONE || vmmemctl_is_of_frame(status)) {
			outcome = vmmemctl_host_move_one(h, b->entry[i] >> VMMEMCTL_FRAME_SHIFT,
							 is_lock);
			status = outcome == VMMEMCTL_DONE ? VMMEMCTL_SUCCESS : h->last_status;
			if (outcome == VMMEMCTL_FORGOTTEN)
				return outcome;
		}
		b->entry[i] |= vmmemctl_is_of_frame(status) ? status :
			       status ? VMMEMCTL_BUSY : VMMEMCTL_SUCCESS;
	}
	return VMMEMCTL_DONE;
}

/**
 * vmmemctl_host_move - lock or unlock the pages of a batch
 * @h: the conversation
 * @b: the batch, not empty; large pages only for a host that takes batches
 * @is_lock: into the balloon
 *
 * Return: VMMEMCTL_DONE: vmmemctl_batch_verdict() has each page's outcome.
 * Anything else: no page changed hands; after VMMEMCTL_FORGOTTEN every page of
 * the balloon is plain memory again.
 */
enum vmmemctl_outcome vmmemctl_host_move(struct vmmemctl_host *h, struct vmmemctl_batch *b,
					 bool is_lock)
{
	struct vmmemctl_call c = { .arg1 = b->frame, .arg2 = b->count };
	enum vmmemctl_outcome outcome;

	if (!b->is_large && !(h->caps & VMMEMCTL_CAP_BATCHED))
		return vmmemctl_move_singly(h, b, is_lock);
	c.command = b->is_large ? VMMEMCTL_BATCHED_2M_LOCK : VMMEMCTL_BATCHED_LOCK;
	if (!is_lock)
		c.command++;
	outcome = vmmemctl_run(h, &c);
	/* A host that does not know the command after all gets the next simpler one. */
	if (is_lock && c.status == VMMEMCTL_COMMAND_INVALID)
		h->caps &= b->is_large ? ~VMMEMCTL_CAP_BATCHED_2M : ~VMMEMCTL_CAP_BATCHED;
	return outcome;
}

/**
 * vmmemctl_verdict_of - what the status of an entry means for its page
 * @status: any number
 *
 * Return: the verdict.
 */
enum vmmemctl_verdict vmmemctl_verdict_of(u32 status)
{
	switch (status) {
	case VMMEMCTL_SUCCESS:
		return VMMEMCTL_PAGE_MOVED;
	case VMMEMCTL_FRAME_NOT_NEEDED:
		return VMMEMCTL_PAGE_UNWANTED;
	case VMMEMCTL_FRAME_INVALID:
	case VMMEMCTL_FRAME_PINNED:
		return VMMEMCTL_PAGE_UNSUITABLE;
	case VMMEMCTL_FRAME_LOCKED:
	case VMMEMCTL_FRAME_UNLOCKED:
		return VMMEMCTL_PAGE_DISPUTED;
	default:
		return VMMEMCTL_PAGE_REFUSED;
	}
}

static struct vmmemctl_step vmmemctl_shrink_by(const struct vmmemctl_view *v, u64 surplus)
{
	struct vmmemctl_step step = { .action = VMMEMCTL_SHRINK };

	/* Large pages first: most memory at once, and whole huge pages for the guest. */
	if (v->large && surplus >= VMMEMCTL_LARGE_FRAMES) {
		step.is_large = true;
		step.count = min3(v->large, surplus / VMMEMCTL_LARGE_FRAMES,
				  (u64)VMMEMCTL_BATCH_ENTRIES);
	} else if (v->small) {
		step.count = min3(v->small, surplus, (u64)VMMEMCTL_BATCH_ENTRIES);
	} else {
		/* Less than a large page too much, and nothing smaller there: let it be. */
		step.action = VMMEMCTL_WAIT;
	}
	return step;
}

static struct vmmemctl_step vmmemctl_grow_by(const struct vmmemctl_host *h,
					     const struct vmmemctl_view *v, u64 missing)
{
	struct vmmemctl_step step = { .action = VMMEMCTL_GROW };
	u64 wanted = min(missing, v->room);

	/* Nibbling at the last free megabyte would never end. */
	if (v->is_held || !wanted || (wanted < missing && wanted < VMMEMCTL_MIB)) {
		step.action = VMMEMCTL_WAIT;
	} else if (vmmemctl_host_has_large(h) && !v->has_no_large &&
		   wanted >= VMMEMCTL_LARGE_FRAMES) {
		step.is_large = true;
		step.count = min_t(u64, wanted / VMMEMCTL_LARGE_FRAMES, VMMEMCTL_BATCH_ENTRIES);
	} else if (!v->has_no_small) {
		step.count = min_t(u64, wanted, VMMEMCTL_BATCH_ENTRIES);
	} else {
		step.action = VMMEMCTL_WAIT;
	}
	return step;
}

/**
 * vmmemctl_next - what to do now
 * @h: the conversation; its target is what is aimed at
 * @v: the balloon
 *
 * Large pages are used only where a whole one is missing, so the target is hit
 * exactly and no page comes and goes around it.
 *
 * Return: one batch's worth of work, or to wait.
 */
struct vmmemctl_step vmmemctl_next(const struct vmmemctl_host *h, const struct vmmemctl_view *v)
{
	const struct vmmemctl_step wait = { .action = VMMEMCTL_WAIT };
	u64 size = vmmemctl_size(v);

	if (!h->is_started)
		return wait;
	if (size > h->target)
		return vmmemctl_shrink_by(v, size - h->target);
	size += v->on_the_way;
	if (size < h->target)
		return vmmemctl_grow_by(h, v, h->target - size);
	return wait;
}

/**
 * vmmemctl_reserve - how much memory the balloon leaves to the guest
 * @total: what the guest has without a balloon
 * @wanted: what the admin asks for, 0 for the default: a sixteenth, from 32 MiB
 *	    to 1 GiB
 *
 * Return: frames, not above @total.
 */
u64 vmmemctl_reserve(u64 total, u64 wanted)
{
	if (!wanted)
		wanted = clamp_t(u64, total / 16, 32 * VMMEMCTL_MIB, 1024 * VMMEMCTL_MIB);
	return min(wanted, total);
}

/**
 * vmmemctl_room - how much the guest can spare
 * @available: what programs could still get without swapping
 * @reserve: what has to be left
 *
 * Return: frames.
 */
u64 vmmemctl_room(u64 available, u64 reserve)
{
	return available > reserve ? available - reserve : 0;
}

/**
 * vmmemctl_backoff_ms - how long not to grow after memory was short
 * @last_ms: the last such time, 0 if there was none
 * @quiet_ms: since memory was short the last time
 *
 * Return: a second at first, doubled up to a minute while it keeps happening.
 */
u32 vmmemctl_backoff_ms(u32 last_ms, u64 quiet_ms)
{
	if (!last_ms || quiet_ms > 4ULL * last_ms)
		return VMMEMCTL_BACKOFF_MS;
	return min_t(u32, 2 * last_ms, VMMEMCTL_BACKOFF_MAX_MS);
}

/**
 * vmmemctl_pressure_parse - read the kernel's pressure stall information
 * @text: of /proc/pressure/memory
 * @total_us: set to how long some program has waited for memory since the
 *	      start of the machine, in microseconds
 *
 * Return: 0, or -EINVAL with nothing set.
 */
int vmmemctl_pressure_parse(const char *text, u64 *total_us)
{
	unsigned long long total;
	const char *at = strstr(text, "total=");

	if (strncmp(text, "some ", 5) || !at || sscanf(at, "total=%llu", &total) != 1)
		return -EINVAL;
	*total_us = total;
	return 0;
}

/**
 * vmmemctl_pressure_share - how much of a time others waited for memory
 * @stalled_us: some task did, this driver's own included
 * @own_us: this driver did
 * @elapsed_us: of so much
 *
 * Return: hundredths of a percent.
 */
u32 vmmemctl_pressure_share(u64 stalled_us, u64 own_us, u64 elapsed_us)
{
	if (stalled_us <= own_us || !elapsed_us)
		return 0;
	return min(div64_u64((stalled_us - own_us) * 10000, elapsed_us), 10000ULL);
}

/**
 * vmmemctl_pressure_allows - how much to grow in one tick while programs stall
 * @stalled_permyriad: as vmmemctl_pressure_share() has it
 *
 * Return: frames: no bound below 1 %, 16 MiB below 10 %, else 0.
 */
u64 vmmemctl_pressure_allows(u32 stalled_permyriad)
{
	if (stalled_permyriad >= 1000)
		return 0;
	return stalled_permyriad >= 100 ? VMMEMCTL_SLOW_FRAMES : U64_MAX;
}
