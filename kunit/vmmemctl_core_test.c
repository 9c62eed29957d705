// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The balloon's protocol and decisions against hosts that answer by a script:
 * faithful ones, old ones, and liars.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../drivers/vmmemctl/vmmemctl_core.h"

#define FRAMES		4096u	/* of the guest in the random run: 16 MiB */
#define MIB		256u

/* A host with an account of its own, and rules that break its answers. */
struct fake_host {
	u32 offered;
	bool is_legacy;
	u64 target;
	u32 refuse_command;	/* answer this command so, */
	u32 refuse_status;	/* with this, */
	u32 refuse_count;	/* so often */
	u32 entry_status;	/* of every entry_every-th entry */
	u32 entry_every;
	u64 told_caps;		/* if not 0, a lie */
	u64 told_target;	/* if not 0, a lie */
	/* what it has seen */
	struct vmmemctl_call last;
	u32 seen[VMMEMCTL_COMMAND_COUNT];
	u64 order[16];
	u32 calls;
	u32 entries;
	u64 *page;		/* the batch page */
	u8 is_locked[FRAMES];
	u32 size;
};

static u32 fake_move_frame(struct fake_host *f, u64 frame, u32 frames, bool is_lock)
{
	u32 i;

	if (f->entry_every && ++f->entries % f->entry_every == 0)
		return f->entry_status;
	if (frame >= FRAMES || FRAMES - frame < frames || frame % frames)
		return VMMEMCTL_FRAME_INVALID;
	if (is_lock && f->size >= f->target)
		return VMMEMCTL_FRAME_NOT_NEEDED;
	for (i = 0; i < frames; i++)
		if (f->is_locked[frame + i] == is_lock)
			return is_lock ? VMMEMCTL_FRAME_LOCKED : VMMEMCTL_FRAME_UNLOCKED;
	for (i = 0; i < frames; i++)
		f->is_locked[frame + i] = is_lock;
	f->size += is_lock ? frames : -frames;
	return VMMEMCTL_SUCCESS;
}

static u32 fake_batch(struct fake_host *f, const struct vmmemctl_call *c)
{
	bool is_lock = c->command == VMMEMCTL_BATCHED_LOCK ||
		       c->command == VMMEMCTL_BATCHED_2M_LOCK;
	u32 frames = c->command >= VMMEMCTL_BATCHED_2M_LOCK ? VMMEMCTL_LARGE_FRAMES : 1;
	u32 i;

	if (!c->arg2 || c->arg2 > VMMEMCTL_BATCH_ENTRIES)
		return VMMEMCTL_COMMAND_INVALID;
	for (i = 0; i < c->arg2; i++)
		f->page[i] |= fake_move_frame(f, f->page[i] >> VMMEMCTL_FRAME_SHIFT, frames,
					      is_lock);
	return VMMEMCTL_SUCCESS;
}

static void fake_forget(struct fake_host *f)
{
	memset(f->is_locked, 0, sizeof(f->is_locked));
	f->size = 0;
}

static u32 fake_answer(struct fake_host *f, struct vmmemctl_call *c)
{
	if (f->refuse_count && f->refuse_command == c->command) {
		f->refuse_count--;
		if (f->refuse_status == VMMEMCTL_RESET)
			fake_forget(f);
		return f->refuse_status;
	}
	switch (c->command) {
	case VMMEMCTL_START:
		fake_forget(f);
		c->caps = f->is_legacy ? 2 : f->told_caps ?: c->arg1 & f->offered;
		return f->is_legacy ? VMMEMCTL_SUCCESS : VMMEMCTL_SUCCESS_CAPS;
	case VMMEMCTL_LOCK:
	case VMMEMCTL_UNLOCK:
		return fake_move_frame(f, c->arg1, 1, c->command == VMMEMCTL_LOCK);
	case VMMEMCTL_BATCHED_LOCK:
	case VMMEMCTL_BATCHED_UNLOCK:
	case VMMEMCTL_BATCHED_2M_LOCK:
	case VMMEMCTL_BATCHED_2M_UNLOCK:
		return fake_batch(f, c);
	default:
		return VMMEMCTL_SUCCESS;
	}
}

static void fake_call(void *ctx, struct vmmemctl_call *c)
{
	struct fake_host *f = ctx;

	f->seen[c->command]++;
	if (f->calls < ARRAY_SIZE(f->order))
		f->order[f->calls] = c->command;
	f->calls++;
	c->status = fake_answer(f, c);
	c->target = f->told_target ?: f->target;
	f->last = *c;
}

/* A conversation, the host at its other end, and one batch. */
struct talk {
	struct fake_host f;
	struct vmmemctl_host h;
	struct vmmemctl_batch b;
	u64 page[VMMEMCTL_BATCH_ENTRIES];
};

static struct talk *talk_new(struct kunit *test, u32 offered)
{
	struct talk *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->f.offered = offered;
	t->f.page = t->page;
	t->b.entry = t->page;
	t->b.frame = 7;
	vmmemctl_host_init(&t->h, fake_call, &t->f);
	return t;
}

static struct talk *talk_started(struct kunit *test, u32 offered, u64 target)
{
	struct talk *t = talk_new(test, offered);

	t->f.target = target;
	KUNIT_ASSERT_EQ(test, vmmemctl_host_start(&t->h, VMMEMCTL_CAP_ALL), VMMEMCTL_DONE);
	KUNIT_ASSERT_EQ(test, vmmemctl_host_poll(&t->h, FRAMES), VMMEMCTL_DONE);
	return t;
}

static void uses_exactly_the_granted_set(struct kunit *test)
{
	u32 offered, wanted;

	for (offered = 0; offered <= VMMEMCTL_CAP_ALL; offered += 2) {
		struct talk *t = talk_new(test, offered);
		bool can_move = offered & (VMMEMCTL_CAP_BASIC | VMMEMCTL_CAP_BATCHED);

		wanted = can_move ? VMMEMCTL_DONE : VMMEMCTL_REFUSED;
		KUNIT_EXPECT_EQ(test, vmmemctl_host_start(&t->h, VMMEMCTL_CAP_ALL), wanted);
		KUNIT_EXPECT_EQ(test, t->h.is_started, can_move);
		KUNIT_EXPECT_EQ(test, t->h.caps, offered);
		KUNIT_EXPECT_EQ(test, t->f.seen[VMMEMCTL_GUEST_ID], can_move);
		KUNIT_EXPECT_EQ(test, vmmemctl_host_has_large(&t->h), (offered & 0xc) == 0xc);
	}
}

static void never_asks_for_the_burned_bit(struct kunit *test)
{
	struct talk *t = talk_new(test, U32_MAX);

	t->f.told_caps = ~0ULL;
	KUNIT_EXPECT_EQ(test, vmmemctl_host_start(&t->h, U32_MAX), VMMEMCTL_DONE);
	KUNIT_EXPECT_EQ(test, t->h.caps, VMMEMCTL_CAP_ALL);
	KUNIT_EXPECT_EQ(test, t->f.order[0], VMMEMCTL_START);
	KUNIT_EXPECT_EQ(test, t->f.last.command, VMMEMCTL_GUEST_ID);
	KUNIT_EXPECT_EQ(test, t->f.last.arg1, VMMEMCTL_GUEST_LINUX);
}

static void an_old_host_is_basic(struct kunit *test)
{
	struct talk *t = talk_new(test, 0);

	t->f.is_legacy = true;
	t->f.target = 10;
	KUNIT_EXPECT_EQ(test, vmmemctl_host_start(&t->h, VMMEMCTL_CAP_ALL), VMMEMCTL_DONE);
	KUNIT_EXPECT_EQ(test, t->h.caps, VMMEMCTL_CAP_BASIC);
	vmmemctl_host_poll(&t->h, FRAMES);
	vmmemctl_batch_start(&t->b, false);
	vmmemctl_batch_add(&t->b, 5);
	vmmemctl_batch_add(&t->b, 5);
	KUNIT_EXPECT_EQ(test, vmmemctl_host_move(&t->h, &t->b, true), VMMEMCTL_DONE);
	KUNIT_EXPECT_EQ(test, vmmemctl_batch_verdict(&t->b, 0), VMMEMCTL_PAGE_MOVED);
	KUNIT_EXPECT_EQ(test, vmmemctl_batch_verdict(&t->b, 1), VMMEMCTL_PAGE_DISPUTED);
	KUNIT_EXPECT_EQ(test, t->f.seen[VMMEMCTL_LOCK], 2);
	KUNIT_EXPECT_EQ(test, t->f.seen[VMMEMCTL_BATCHED_LOCK], 0);
}

static void no_host_is_refused(struct kunit *test)
{
	struct talk *t = talk_new(test, 0);

	t->f.refuse_command = VMMEMCTL_START;
	t->f.refuse_status = VMMEMCTL_ABSENT;
	t->f.refuse_count = 1;
	KUNIT_EXPECT_EQ(test, vmmemctl_host_start(&t->h, VMMEMCTL_CAP_ALL), VMMEMCTL_REFUSED);
	KUNIT_EXPECT_EQ(test, t->f.calls, 1);
	KUNIT_EXPECT_STREQ(test, vmmemctl_status_name(t->h.last_status), "no answer");
	KUNIT_EXPECT_EQ(test, t->h.commands[VMMEMCTL_START].failures, 1);
}

static void a_target_is_cut_to_the_limit(struct kunit *test)
{
	struct talk *t = talk_started(test, VMMEMCTL_CAP_ALL, 100);

	t->f.told_target = ~0ULL;
	vmmemctl_host_poll(&t->h, 3000);
	KUNIT_EXPECT_EQ(test, t->h.target, 3000);
	KUNIT_EXPECT_EQ(test, t->f.last.arg1, 3000);
}

static void a_narrow_host_has_32_bits(struct kunit *test)
{
	struct talk *t = talk_started(test, VMMEMCTL_CAP_BASIC, 100);

	t->f.told_target = 0xdead00000000ULL + 50;
	vmmemctl_host_poll(&t->h, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, t->h.target, 50);
	KUNIT_EXPECT_EQ(test, t->f.last.arg1, U32_MAX);
	KUNIT_EXPECT_EQ(test, vmmemctl_host_move_one(&t->h, 1ULL << 32, true), VMMEMCTL_REFUSED);
	KUNIT_EXPECT_EQ(test, t->f.seen[VMMEMCTL_LOCK], 0);
}

static void a_failed_poll_keeps_the_target(struct kunit *test)
{
	struct talk *t = talk_started(test, VMMEMCTL_CAP_ALL, 100);

	t->f.refuse_command = VMMEMCTL_GET_TARGET;
	t->f.refuse_status = VMMEMCTL_BUSY;
	t->f.refuse_count = 1;
	t->f.told_target = 9;
	KUNIT_EXPECT_EQ(test, vmmemctl_host_poll(&t->h, FRAMES), VMMEMCTL_REFUSED);
	KUNIT_EXPECT_EQ(test, t->h.target, 100);
	KUNIT_EXPECT_TRUE(test, t->h.is_started);
}

static void any_command_may_answer_reset(struct kunit *test)
{
	static const u32 commands[] = {
		VMMEMCTL_GET_TARGET, VMMEMCTL_LOCK, VMMEMCTL_UNLOCK, VMMEMCTL_BATCHED_LOCK,
		VMMEMCTL_BATCHED_UNLOCK, VMMEMCTL_BATCHED_2M_LOCK, VMMEMCTL_BATCHED_2M_UNLOCK,
		VMMEMCTL_DOORBELL_SET,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		struct talk *t = talk_started(test, VMMEMCTL_CAP_ALL, 100);
		enum vmmemctl_outcome outcome;
		bool is_lock = commands[i] % 2 == 0;

		t->f.refuse_command = commands[i];
		t->f.refuse_status = VMMEMCTL_RESET;
		t->f.refuse_count = 1;
		vmmemctl_batch_start(&t->b, commands[i] >= VMMEMCTL_BATCHED_2M_LOCK);
		vmmemctl_batch_add(&t->b, 512);
		if (commands[i] == VMMEMCTL_GET_TARGET)
			outcome = vmmemctl_host_poll(&t->h, FRAMES);
		else if (commands[i] == VMMEMCTL_DOORBELL_SET)
			outcome = vmmemctl_host_doorbell(&t->h, 1, 2);
		else if (commands[i] < VMMEMCTL_GUEST_ID)
			outcome = vmmemctl_host_move_one(&t->h, 512, is_lock);
		else
			outcome = vmmemctl_host_move(&t->h, &t->b, is_lock);
		KUNIT_EXPECT_EQ(test, outcome, VMMEMCTL_FORGOTTEN);
		KUNIT_EXPECT_FALSE(test, t->h.is_started);
		KUNIT_EXPECT_EQ(test, t->f.last.command, commands[i]);
	}
}

static void a_reset_among_single_frames_ends_them(struct kunit *test)
{
	struct talk *t = talk_started(test, VMMEMCTL_CAP_BASIC, 100);

	t->f.refuse_command = VMMEMCTL_LOCK;
	t->f.refuse_status = VMMEMCTL_RESET;
	t->f.refuse_count = 1;
	vmmemctl_batch_start(&t->b, false);
	vmmemctl_batch_add(&t->b, 1);
	vmmemctl_batch_add(&t->b, 2);
	KUNIT_EXPECT_EQ(test, vmmemctl_host_move(&t->h, &t->b, true), VMMEMCTL_FORGOTTEN);
	KUNIT_EXPECT_EQ(test, t->f.seen[VMMEMCTL_LOCK], 1);
}

static void a_silent_host_ends_single_frames(struct kunit *test)
{
	struct talk *t = talk_started(test, VMMEMCTL_CAP_BASIC, 100);
	u32 i;

	t->f.refuse_command = VMMEMCTL_LOCK;
	t->f.refuse_status = VMMEMCTL_ABSENT;
	t->f.refuse_count = 100;
	vmmemctl_batch_start(&t->b, false);
	for (i = 0; i < 8; i++)
		vmmemctl_batch_add(&t->b, i);
	KUNIT_EXPECT_EQ(test, vmmemctl_host_move(&t->h, &t->b, true), VMMEMCTL_DONE);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, vmmemctl_batch_verdict(&t->b, i), VMMEMCTL_PAGE_REFUSED);
	KUNIT_EXPECT_EQ(test, t->f.seen[VMMEMCTL_LOCK], 1);
}

static void every_entry_has_its_verdict(struct kunit *test)
{
	static const enum vmmemctl_verdict verdicts[32] = {
		[VMMEMCTL_SUCCESS] = VMMEMCTL_PAGE_MOVED,
		[VMMEMCTL_FRAME_INVALID] = VMMEMCTL_PAGE_UNSUITABLE,
		[VMMEMCTL_FRAME_PINNED] = VMMEMCTL_PAGE_UNSUITABLE,
		[VMMEMCTL_FRAME_NOT_NEEDED] = VMMEMCTL_PAGE_UNWANTED,
		[VMMEMCTL_FRAME_LOCKED] = VMMEMCTL_PAGE_DISPUTED,
		[VMMEMCTL_FRAME_UNLOCKED] = VMMEMCTL_PAGE_DISPUTED,
	};
	struct talk *t = talk_new(test, 0);
	u32 status;

	for (status = 0; status < 32; status++) {
		enum vmmemctl_verdict wanted = verdicts[status];

		if (status && wanted == VMMEMCTL_PAGE_MOVED)
			wanted = VMMEMCTL_PAGE_REFUSED;
		/* The rest of the entry is anything at all. */
		t->page[0] = ~0ULL << 5 | status;
		KUNIT_EXPECT_EQ(test, vmmemctl_batch_verdict(&t->b, 0), wanted);
		t->page[0] = status;
		KUNIT_EXPECT_EQ(test, vmmemctl_batch_verdict(&t->b, 0), wanted);
	}
}

static void an_unknown_batch_command_is_not_granted(struct kunit *test)
{
	struct talk *t = talk_started(test, VMMEMCTL_CAP_ALL, 2000);

	t->f.refuse_command = VMMEMCTL_BATCHED_2M_LOCK;
	t->f.refuse_status = VMMEMCTL_COMMAND_INVALID;
	t->f.refuse_count = 1;
	vmmemctl_batch_start(&t->b, true);
	vmmemctl_batch_add(&t->b, 512);
	KUNIT_EXPECT_EQ(test, vmmemctl_host_move(&t->h, &t->b, true), VMMEMCTL_REFUSED);
	KUNIT_EXPECT_FALSE(test, vmmemctl_host_has_large(&t->h));
	t->f.refuse_command = VMMEMCTL_BATCHED_LOCK;
	t->f.refuse_count = 1;
	vmmemctl_batch_start(&t->b, false);
	vmmemctl_batch_add(&t->b, 1);
	KUNIT_EXPECT_EQ(test, vmmemctl_host_move(&t->h, &t->b, true), VMMEMCTL_REFUSED);
	vmmemctl_batch_start(&t->b, false);
	vmmemctl_batch_add(&t->b, 1);
	KUNIT_EXPECT_EQ(test, vmmemctl_host_move(&t->h, &t->b, true), VMMEMCTL_DONE);
	KUNIT_EXPECT_EQ(test, t->f.seen[VMMEMCTL_LOCK], 1);
}

static void stop_grants_nothing(struct kunit *test)
{
	struct talk *t = talk_started(test, VMMEMCTL_CAP_ALL, 100);

	vmmemctl_host_stop(&t->h);
	KUNIT_EXPECT_EQ(test, t->f.last.command, VMMEMCTL_START);
	KUNIT_EXPECT_EQ(test, t->f.last.arg1, 0);
	KUNIT_EXPECT_FALSE(test, t->h.is_started);
	KUNIT_EXPECT_EQ(test, vmmemctl_host_move_one(&t->h, 1, false), VMMEMCTL_REFUSED);
}

static void expect_step(struct kunit *test, const struct vmmemctl_host *h,
			struct vmmemctl_view v, enum vmmemctl_action action, bool is_large,
			u32 count)
{
	struct vmmemctl_step step = vmmemctl_next(h, &v);

	KUNIT_EXPECT_EQ(test, step.action, action);
	if (action == VMMEMCTL_WAIT)
		return;
	KUNIT_EXPECT_EQ(test, step.is_large, is_large);
	KUNIT_EXPECT_EQ(test, step.count, count);
}

#define VIEW(...) ((struct vmmemctl_view){ .room = U64_MAX, ##__VA_ARGS__ })

static void grows_by_large_pages_then_hits_the_target(struct kunit *test)
{
	struct vmmemctl_host h = { .is_started = true, .caps = VMMEMCTL_CAP_ALL, .target = 1030 };

	expect_step(test, &h, VIEW(), VMMEMCTL_GROW, true, 2);
	expect_step(test, &h, VIEW(.large = 2), VMMEMCTL_GROW, false, 6);
	expect_step(test, &h, VIEW(.large = 2, .small = 6), VMMEMCTL_WAIT, false, 0);
	expect_step(test, &h, VIEW(.has_no_large = true), VMMEMCTL_GROW, false, 512);
	expect_step(test, &h, VIEW(.has_no_large = true, .has_no_small = true), VMMEMCTL_WAIT,
		    false, 0);
	expect_step(test, &h, VIEW(.on_the_way = 1024), VMMEMCTL_GROW, false, 6);
	expect_step(test, &h, VIEW(.on_the_way = 1030), VMMEMCTL_WAIT, false, 0);
	h.target = 1 << 30;
	expect_step(test, &h, VIEW(), VMMEMCTL_GROW, true, 512);
	h.caps = VMMEMCTL_CAP_BASIC | VMMEMCTL_CAP_BATCHED_2M;
	expect_step(test, &h, VIEW(), VMMEMCTL_GROW, false, 512);
}

static void shrinks_to_the_target_and_rests(struct kunit *test)
{
	struct vmmemctl_host h = { .is_started = true, .caps = VMMEMCTL_CAP_ALL, .target = 100 };

	expect_step(test, &h, VIEW(.large = 3, .small = 700), VMMEMCTL_SHRINK, true, 3);
	expect_step(test, &h, VIEW(.small = 700), VMMEMCTL_SHRINK, false, 512);
	expect_step(test, &h, VIEW(.small = 188), VMMEMCTL_SHRINK, false, 88);
	expect_step(test, &h, VIEW(.small = 100), VMMEMCTL_WAIT, false, 0);
	/* Less than a large page too much, and nothing smaller there. */
	expect_step(test, &h, VIEW(.large = 1), VMMEMCTL_WAIT, false, 0);
	h.target = 0;
	expect_step(test, &h, VIEW(.large = 1), VMMEMCTL_SHRINK, true, 1);
	expect_step(test, &h, VIEW(.large = 600), VMMEMCTL_SHRINK, true, 512);
	h.is_started = false;
	expect_step(test, &h, VIEW(.large = 1), VMMEMCTL_WAIT, false, 0);
}

static void leaves_the_guest_its_reserve(struct kunit *test)
{
	struct vmmemctl_host h = { .is_started = true, .caps = VMMEMCTL_CAP_ALL, .target = 9999 };

	expect_step(test, &h, (struct vmmemctl_view){}, VMMEMCTL_WAIT, false, 0);
	expect_step(test, &h, (struct vmmemctl_view){ .room = 700 }, VMMEMCTL_GROW, true, 1);
	expect_step(test, &h, (struct vmmemctl_view){ .room = 300 }, VMMEMCTL_GROW, false, 300);
	/* Not by the last free frame: that would go on for ever. */
	expect_step(test, &h, (struct vmmemctl_view){ .room = MIB - 1 }, VMMEMCTL_WAIT, false, 0);
	expect_step(test, &h, VIEW(.is_held = true), VMMEMCTL_WAIT, false, 0);
	/* But a small rest of the target is small because it is a rest. */
	h.target = 10;
	expect_step(test, &h, (struct vmmemctl_view){ .room = 10 }, VMMEMCTL_GROW, false, 10);
	/* Held back, it still gives memory back. */
	expect_step(test, &h, VIEW(.small = 20, .is_held = true), VMMEMCTL_SHRINK, false, 10);

	KUNIT_EXPECT_EQ(test, vmmemctl_reserve(100 * MIB, 0), 32 * MIB);
	KUNIT_EXPECT_EQ(test, vmmemctl_reserve(1600 * MIB, 0), 100 * MIB);
	KUNIT_EXPECT_EQ(test, vmmemctl_reserve(100000 * MIB, 0), 1024 * MIB);
	KUNIT_EXPECT_EQ(test, vmmemctl_reserve(100 * MIB, 7), 7);
	KUNIT_EXPECT_EQ(test, vmmemctl_reserve(100, 1000), 100);
	KUNIT_EXPECT_EQ(test, vmmemctl_room(100, 30), 70);
	KUNIT_EXPECT_EQ(test, vmmemctl_room(30, 100), 0);
}

static void backs_off_while_memory_stays_short(struct kunit *test)
{
	u32 ms = 0;
	int i;

	for (i = 0; i < 6; i++) {
		ms = vmmemctl_backoff_ms(ms, 10);
		KUNIT_EXPECT_EQ(test, ms, 1000 << i);
	}
	KUNIT_EXPECT_EQ(test, vmmemctl_backoff_ms(ms, 10), 60000);
	KUNIT_EXPECT_EQ(test, vmmemctl_backoff_ms(60000, 10), 60000);
	KUNIT_EXPECT_EQ(test, vmmemctl_backoff_ms(60000, 240001), 1000);
	KUNIT_EXPECT_EQ(test, vmmemctl_backoff_ms(60000, ~0ULL), 1000);
}

static void reads_pressure_as_the_kernel_prints_it(struct kunit *test)
{
	static const struct {
		const char *text;
		int ret;
		u64 total_us;
	} rows[] = {
		{ "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", 0, 0 },
		{ "some avg10=1.05 avg60=0.12 avg300=0.03 total=901234\n"
		  "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", 0, 901234 },
		{ "some avg10=0.00 avg300=0.00 total=18446744073709551615\n", 0, U64_MAX },
		{ "full avg10=1.05 avg60=0.12 avg300=0.03 total=9\n", -EINVAL, 7 },
		{ "some avg10=0.00", -EINVAL, 7 },
		{ "some total=", -EINVAL, 7 },
		{ "", -EINVAL, 7 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 total_us = 7;

		KUNIT_EXPECT_EQ_MSG(test, vmmemctl_pressure_parse(rows[i].text, &total_us),
				    rows[i].ret, "%s", rows[i].text);
		KUNIT_EXPECT_EQ_MSG(test, total_us, rows[i].total_us, "%s", rows[i].text);
	}
}

static void slows_down_while_others_wait(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_share(0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_share(500, 0, 1000), 5000);
	/* Its own waiting does not count. */
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_share(500, 400, 1000), 1000);
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_share(500, 600, 1000), 0);
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_share(5000, 0, 1000), 10000);
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_allows(0), U64_MAX);
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_allows(99), U64_MAX);
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_allows(100), 16 * MIB);
	KUNIT_EXPECT_EQ(test, vmmemctl_pressure_allows(1000), 0);
}

static void every_number_has_a_name(struct kunit *test)
{
	u32 i;

	for (i = 0; i < VMMEMCTL_COMMAND_COUNT; i++)
		KUNIT_EXPECT_EQ(test, !vmmemctl_command_name(i), i == VMMEMCTL_BURNED);
	KUNIT_EXPECT_NULL(test, vmmemctl_command_name(VMMEMCTL_COMMAND_COUNT));
	for (i = 0; i <= VMMEMCTL_BUSY; i++)
		KUNIT_EXPECT_STRNEQ(test, vmmemctl_status_name(i), "unknown status");
	KUNIT_EXPECT_STREQ(test, vmmemctl_status_name(VMMEMCTL_BUSY + 1), "unknown status");
}

/*
 * The random run: a guest of 16 MiB that does what vmmemctl_next() says, against
 * a host that breaks its answers now and then.  After each step the guest's
 * account and the host's are the same, frame by frame.
 */
struct guest {
	struct talk *t;
	u8 has[FRAMES];		/* 1: in the balloon as a small page, 2: as part of a large one */
	u64 small;
	u64 large;
	u32 seed;
};

static u32 guest_random(struct guest *g, u32 below)
{
	g->seed = g->seed * 1664525 + 1013904223;
	return (g->seed >> 8) % below;
}

static void guest_forget(struct guest *g)
{
	memset(g->has, 0, sizeof(g->has));
	g->small = 0;
	g->large = 0;
}

static bool guest_is_free(const struct guest *g, u32 frame, u32 frames)
{
	u32 i;

	for (i = 0; i < frames; i++)
		if (g->has[frame + i])
			return false;
	return true;
}

/* Up to @count pages of the wanted size, free ones or those of the balloon. */
static void guest_gather(struct guest *g, struct vmmemctl_step step, bool is_lock)
{
	u32 frames = step.is_large ? VMMEMCTL_LARGE_FRAMES : 1;
	u8 kind = step.is_large ? 2 : 1;
	u32 frame;

	vmmemctl_batch_start(&g->t->b, step.is_large);
	for (frame = 0; frame < FRAMES && g->t->b.count < step.count; frame += frames)
		if (is_lock ? guest_is_free(g, frame, frames) : g->has[frame] == kind)
			vmmemctl_batch_add(&g->t->b, frame);
}

static void guest_settle(struct guest *g, const u64 *frame, bool is_lock)
{
	struct vmmemctl_batch *b = &g->t->b;
	u32 frames = b->is_large ? VMMEMCTL_LARGE_FRAMES : 1;
	u64 *count = b->is_large ? &g->large : &g->small;
	u32 i;

	for (i = 0; i < b->count; i++) {
		if (vmmemctl_batch_verdict(b, i) != VMMEMCTL_PAGE_MOVED)
			continue;
		memset(&g->has[frame[i]], is_lock ? (b->is_large ? 2 : 1) : 0, frames);
		*count += is_lock ? 1 : -1;
	}
}

static void guest_step(struct kunit *test, struct guest *g, u64 *frame)
{
	struct vmmemctl_view v = {
		.small = g->small,
		.large = g->large,
		.room = guest_random(g, FRAMES),
		.has_no_large = !guest_random(g, 3),
		.is_held = !guest_random(g, 9),
	};
	struct vmmemctl_step step = vmmemctl_next(&g->t->h, &v);
	bool is_lock = step.action == VMMEMCTL_GROW;
	enum vmmemctl_outcome outcome;
	u32 i;

	if (step.action == VMMEMCTL_WAIT)
		return;
	guest_gather(g, step, is_lock);
	if (!g->t->b.count)
		return;
	for (i = 0; i < g->t->b.count; i++)
		frame[i] = g->t->b.entry[i] >> VMMEMCTL_FRAME_SHIFT;
	outcome = vmmemctl_host_move(&g->t->h, &g->t->b, is_lock);
	if (outcome == VMMEMCTL_DONE)
		guest_settle(g, frame, is_lock);
	else if (outcome == VMMEMCTL_FORGOTTEN)
		guest_forget(g);
}

static void host_misbehaves(struct guest *g)
{
	static const u32 statuses[] = {
		VMMEMCTL_COMMAND_INVALID, VMMEMCTL_RESET, VMMEMCTL_BUSY, VMMEMCTL_ABSENT, 12345,
	};
	struct fake_host *f = &g->t->f;

	f->refuse_count = !guest_random(g, 4);
	f->refuse_command = guest_random(g, VMMEMCTL_COMMAND_COUNT);
	f->refuse_status = statuses[guest_random(g, ARRAY_SIZE(statuses))];
	f->entry_every = guest_random(g, 3) ? 0 : 1 + guest_random(g, 40);
	f->entry_status = 1 + guest_random(g, 31);
}

static void both_accounts_stay_the_same(struct kunit *test)
{
	struct guest *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	u64 *frame = kunit_kzalloc(test, VMMEMCTL_BATCH_ENTRIES * sizeof(*frame), GFP_KERNEL);
	u32 i, n, wrong = 0, moved = 0;

	KUNIT_ASSERT_NOT_NULL(test, g);
	KUNIT_ASSERT_NOT_NULL(test, frame);
	g->t = talk_new(test, VMMEMCTL_CAP_ALL);
	g->seed = 1;
	for (i = 0; i < 20000 && !wrong; i++) {
		if (!guest_random(g, 20))
			g->t->f.target = guest_random(g, FRAMES);
		host_misbehaves(g);
		if (!g->t->h.is_started) {
			guest_forget(g);
			g->t->f.offered = guest_random(g, 4) ? VMMEMCTL_CAP_ALL :
						guest_random(g, VMMEMCTL_CAP_ALL + 1) & ~1u;
			/* After a refused START the host has forgotten nothing new. */
			vmmemctl_host_start(&g->t->h, VMMEMCTL_CAP_ALL);
		}
		if (g->t->h.is_started &&
		    vmmemctl_host_poll(&g->t->h, FRAMES) != VMMEMCTL_FORGOTTEN)
			guest_step(test, g, frame);
		if (!g->t->h.is_started)
			continue;
		for (n = 0; n < FRAMES; n++)
			wrong += !g->has[n] != !g->t->f.is_locked[n];
		moved += g->small + g->large > 0;
	}
	KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "after step %u", i);
	KUNIT_EXPECT_GT(test, moved, 5000);
}

static struct kunit_case vmmemctl_core_cases[] = {
	KUNIT_CASE(uses_exactly_the_granted_set),
	KUNIT_CASE(never_asks_for_the_burned_bit),
	KUNIT_CASE(an_old_host_is_basic),
	KUNIT_CASE(no_host_is_refused),
	KUNIT_CASE(a_target_is_cut_to_the_limit),
	KUNIT_CASE(a_narrow_host_has_32_bits),
	KUNIT_CASE(a_failed_poll_keeps_the_target),
	KUNIT_CASE(any_command_may_answer_reset),
	KUNIT_CASE(a_reset_among_single_frames_ends_them),
	KUNIT_CASE(a_silent_host_ends_single_frames),
	KUNIT_CASE(every_entry_has_its_verdict),
	KUNIT_CASE(an_unknown_batch_command_is_not_granted),
	KUNIT_CASE(stop_grants_nothing),
	KUNIT_CASE(grows_by_large_pages_then_hits_the_target),
	KUNIT_CASE(shrinks_to_the_target_and_rests),
	KUNIT_CASE(leaves_the_guest_its_reserve),
	KUNIT_CASE(backs_off_while_memory_stays_short),
	KUNIT_CASE(reads_pressure_as_the_kernel_prints_it),
	KUNIT_CASE(slows_down_while_others_wait),
	KUNIT_CASE(every_number_has_a_name),
	KUNIT_CASE(both_accounts_stay_the_same),
	{}
};

static struct kunit_suite vmmemctl_core_suite = {
	.name = "vmmemctl_core",
	.test_cases = vmmemctl_core_cases,
};
kunit_test_suite(vmmemctl_core_suite);

MODULE_DESCRIPTION("Unit tests of the balloon's protocol and decisions");
MODULE_LICENSE("GPL");
