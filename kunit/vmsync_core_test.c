// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The freeze's state machine against filesystems that answer by a script. Time
 * is the test's own, in microseconds; a volume's thread is a call of step().
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../drivers/vmsync/vmsync_core.h"

#define SECOND		1000000ULL
#define VOLUMES_MAX	6
#define LOG_SIZE	128
#define FOREVER		U32_MAX

/* What a filesystem answers, and how long it takes in microseconds. */
struct script {
	int sync, freeze, thaw;
	u32 sync_us, freeze_us, thaw_us;
	u32 thaw_failures;	/* so many thaws fail with -EIO first */
};

struct fake_volume {
	struct script script;
	bool is_frozen;
	u32 thaws;
	/* what its thread is at */
	enum vmsync_action action;
	u64 ends_us;
	bool has_ended;
	struct world *world;
	u32 id;
};

/* The order of events: 'f' freeze begins, 'F' frozen, 't', 'T' thawed, with the volume's number. */
struct world {
	struct vmsync_batch batch;
	struct vmsync_volume volume[VOLUMES_MAX];
	struct fake_volume fake[VOLUMES_MAX];
	u64 now;
	u32 count;
	char log[LOG_SIZE];
	u32 logged;
	bool has_frozen_twice;
	bool has_thawed_foreign;
};

static void note(struct world *w, char what, u32 id)
{
	if (w->logged + 3 > LOG_SIZE)
		return;
	w->log[w->logged++] = what;
	w->log[w->logged++] = '0' + id;
	w->log[w->logged] = '\0';
}

static int fake_sync(void *volume)
{
	return ((struct fake_volume *)volume)->script.sync;
}

static int fake_freeze(void *volume)
{
	struct fake_volume *f = volume;

	if (f->script.freeze)
		return f->script.freeze;
	f->world->has_frozen_twice |= f->is_frozen;
	f->is_frozen = true;
	note(f->world, 'F', f->id);
	return 0;
}

static int fake_thaw(void *volume)
{
	struct fake_volume *f = volume;

	f->thaws++;
	if (f->script.thaw_failures) {
		f->script.thaw_failures--;
		return -EIO;
	}
	f->world->has_thawed_foreign |= !f->is_frozen;
	if (f->script.thaw)
		return f->script.thaw;
	f->is_frozen = false;
	note(f->world, 'T', f->id);
	return 0;
}

static const struct vmsync_ops fake_ops = {
	.sync = fake_sync,
	.freeze = fake_freeze,
	.thaw = fake_thaw,
};

static u32 fake_duration(const struct fake_volume *f)
{
	switch (f->action) {
	case VMSYNC_DO_SYNC:
		return f->script.sync_us;
	case VMSYNC_DO_FREEZE:
		return f->script.freeze_us;
	case VMSYNC_DO_THAW:
		return f->script.thaw_us;
	default:
		return 0;
	}
}

/* One look of a volume's thread. Return: whether it did anything. */
static bool step(struct world *w, u32 i)
{
	struct fake_volume *f = &w->fake[i];
	struct vmsync_volume *v = &w->volume[i];
	u64 wait_us;

	if (f->has_ended || v->state == VMSYNC_VOLUME_SKIPPED)
		return false;
	if (f->action != VMSYNC_WAIT) {
		if (w->now < f->ends_us)
			return false;
		vmsync_done(&w->batch, v, f->action, vmsync_do(&fake_ops, f->action, f), w->now);
		f->action = VMSYNC_WAIT;
		return true;
	}
	vmsync_batch_tick(&w->batch, w->now);
	f->action = vmsync_next(&w->batch, v, w->now, &wait_us);
	if (f->action == VMSYNC_END)
		f->has_ended = true;
	if (f->action == VMSYNC_WAIT || f->has_ended)
		return f->has_ended;
	f->ends_us = fake_duration(f) == FOREVER ? U64_MAX : w->now + fake_duration(f);
	if (f->action == VMSYNC_DO_FREEZE)
		note(w, 'f', i);
	if (f->action == VMSYNC_DO_THAW)
		note(w, 't', i);
	return true;
}

/* Until nothing moves any more at this time. */
static void settle(struct world *w)
{
	bool has_moved = true;
	u32 i;

	while (has_moved) {
		has_moved = false;
		for (i = 0; i < w->count; i++)
			has_moved |= step(w, i);
	}
}

static void run_until(struct world *w, u64 end)
{
	settle(w);
	while (w->now < end) {
		w->now += min_t(u64, 1000, end - w->now);
		settle(w);
	}
}

static struct world *world_new(struct kunit *test, u32 count, u32 policy)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->count = count;
	w->now = 1000 * SECOND;
	for (i = 0; i < count; i++) {
		w->fake[i].world = w;
		w->fake[i].id = i;
	}
	vmsync_batch_init(&w->batch, w->volume, count, policy);
	return w;
}

/* Ten seconds, as by default. */
static void begin(struct kunit *test, struct world *w)
{
	KUNIT_ASSERT_EQ(test, vmsync_batch_begin(&w->batch, 60 * SECOND, 10 * SECOND, w->now), 0);
}

/* Nobody is frozen, nobody was thawed who was not, and all threads are gone. */
static void expect_clean(struct kunit *test, struct world *w)
{
	u32 i;

	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_OVER);
	KUNIT_EXPECT_EQ(test, vmsync_batch_held(&w->batch), 0u);
	KUNIT_EXPECT_FALSE(test, w->has_frozen_twice);
	KUNIT_EXPECT_FALSE(test, w->has_thawed_foreign);
	for (i = 0; i < w->count; i++) {
		KUNIT_EXPECT_FALSE(test, w->fake[i].is_frozen);
		KUNIT_EXPECT_TRUE(test, w->fake[i].has_ended ||
				  w->volume[i].state == VMSYNC_VOLUME_SKIPPED);
	}
}

static void freezes_stacked_ones_first_and_thaws_them_last(struct kunit *test)
{
	struct world *w = world_new(test, 3, 0);

	w->volume[1].level = 2;
	w->volume[2].level = 1;
	begin(test, w);
	run_until(w, w->now + SECOND);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_FROZEN);
	KUNIT_EXPECT_EQ(test, vmsync_batch_held(&w->batch), 3u);
	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
	run_until(w, w->now + SECOND);
	KUNIT_EXPECT_STREQ(test, w->log, "f1F1f2F2f0F0t0T0t2T2t1T1");
	KUNIT_EXPECT_EQ(test, w->batch.cause, VMSYNC_ASKED);
	KUNIT_EXPECT_EQ(test, w->batch.error, 0);
	expect_clean(test, w);
}

static void freezes_one_level_at_the_same_time(struct kunit *test)
{
	struct world *w = world_new(test, 3, 0);

	w->fake[0].script.freeze_us = 5000;
	w->fake[1].script.freeze_us = 2000;
	w->fake[2].script.freeze_us = 1000;
	w->volume[0].level = 1;
	w->volume[1].level = 1;
	begin(test, w);
	run_until(w, w->now + SECOND);
	KUNIT_EXPECT_STREQ(test, w->log, "f0f1F1F0f2F2");
	KUNIT_EXPECT_EQ(test, w->volume[0].freeze_us, 5000ULL);
	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
	run_until(w, w->now + SECOND);
	expect_clean(test, w);
}

static void syncs_all_before_the_window_opens(struct kunit *test)
{
	struct world *w = world_new(test, 2, 0);
	u64 start = w->now;

	w->fake[0].script.sync_us = 20 * SECOND;
	begin(test, w);
	run_until(w, start + 19 * SECOND);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_SYNCING);
	KUNIT_EXPECT_EQ(test, w->logged, 0u);
	run_until(w, start + 21 * SECOND);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_FROZEN);
	KUNIT_EXPECT_EQ(test, w->batch.end_us, start + 30 * SECOND);
	KUNIT_EXPECT_EQ(test, w->volume[0].sync_us, 20 * SECOND);
	run_until(w, start + 31 * SECOND);
	expect_clean(test, w);
}

static void gives_up_a_sync_that_takes_too_long(struct kunit *test)
{
	struct world *w = world_new(test, 2, 0);
	u64 start = w->now;

	w->fake[1].script.sync_us = 90 * SECOND;
	begin(test, w);
	run_until(w, start + 61 * SECOND);
	KUNIT_EXPECT_TRUE(test, vmsync_batch_is_settled(&w->batch));
	KUNIT_EXPECT_EQ(test, w->batch.error, -ETIMEDOUT);
	run_until(w, start + 91 * SECOND);
	KUNIT_EXPECT_EQ(test, w->logged, 0u);
	expect_clean(test, w);
}

static void thaws_at_the_deadline_whoever_is_alive(struct kunit *test)
{
	struct world *w = world_new(test, 2, 0);
	u64 start = w->now;

	begin(test, w);
	run_until(w, start + 10 * SECOND - 1);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_FROZEN);
	KUNIT_EXPECT_EQ(test, vmsync_batch_wait_us(&w->batch, w->now), 1ULL);
	run_until(w, start + 10 * SECOND);
	KUNIT_EXPECT_EQ(test, w->batch.cause, VMSYNC_EXPIRED);
	KUNIT_EXPECT_EQ(test, w->volume[0].frozen_us, 10 * SECOND);
	KUNIT_EXPECT_EQ(test, w->volume[0].stall_us, 10 * SECOND);
	expect_clean(test, w);
}

static void keeps_the_deadline_while_a_volume_is_freezing(struct kunit *test)
{
	struct world *w = world_new(test, 3, 0);
	u64 start = w->now;

	w->volume[0].level = 1;
	w->fake[1].script.freeze_us = 25 * SECOND;
	begin(test, w);
	run_until(w, start + 10 * SECOND);
	KUNIT_EXPECT_TRUE(test, vmsync_batch_is_settled(&w->batch));
	KUNIT_EXPECT_EQ(test, w->batch.error, -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, w->fake[0].is_frozen);
	KUNIT_EXPECT_FALSE(test, w->fake[2].is_frozen);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_THAWING);
	KUNIT_EXPECT_EQ(test, vmsync_batch_held(&w->batch), 0u);
	KUNIT_EXPECT_EQ(test, vmsync_batch_left(&w->batch), 1u);
	run_until(w, start + 25 * SECOND);
	KUNIT_EXPECT_EQ(test, w->fake[1].thaws, 1u);
	expect_clean(test, w);
}

static void thaws_all_when_one_cannot_be_frozen(struct kunit *test)
{
	struct world *w = world_new(test, 4, 0);

	w->volume[0].level = 2;
	w->volume[1].level = 1;
	w->volume[2].level = 1;
	w->fake[1].script.freeze = -EIO;
	w->fake[2].script.freeze_us = SECOND;
	begin(test, w);
	run_until(w, w->now + 2 * SECOND);
	KUNIT_EXPECT_EQ(test, w->batch.error, -EIO);
	KUNIT_EXPECT_EQ(test, w->batch.cause, VMSYNC_FAILED);
	KUNIT_EXPECT_EQ(test, w->volume[1].state, VMSYNC_VOLUME_FAILED);
	KUNIT_EXPECT_EQ(test, w->volume[3].state, VMSYNC_VOLUME_READY);
	KUNIT_EXPECT_EQ(test, w->fake[3].thaws, 0u);
	KUNIT_EXPECT_EQ(test, w->fake[1].thaws, 0u);
	expect_clean(test, w);
}

static void goes_on_without_what_others_froze_if_told_so(struct kunit *test)
{
	struct world *w = world_new(test, 2, VMSYNC_POLICY_SKIP_BUSY);

	w->fake[0].script.freeze = -EBUSY;
	begin(test, w);
	run_until(w, w->now + SECOND);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_FROZEN);
	KUNIT_EXPECT_EQ(test, w->volume[0].state, VMSYNC_VOLUME_SKIPPED);
	KUNIT_EXPECT_EQ(test, w->volume[0].error, -EBUSY);
	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
	run_until(w, w->now + SECOND);
	KUNIT_EXPECT_EQ(test, w->fake[0].thaws, 0u);
	expect_clean(test, w);
}

static void aborts_at_every_moment(struct kunit *test)
{
	u64 at;

	for (at = 0; at <= 40000; at += 1000) {
		struct world *w = world_new(test, 4, 0);
		u64 start = w->now;
		u32 i;

		for (i = 0; i < 4; i++) {
			w->volume[i].level = i / 2;
			w->fake[i].script = (struct script){ .sync_us = 3000 * (i + 1),
							     .freeze_us = 4000 * (i + 1),
							     .thaw_us = 2000 };
		}
		begin(test, w);
		run_until(w, start + at);
		vmsync_batch_thaw(&w->batch, VMSYNC_CLOSED, w->now);
		KUNIT_EXPECT_FALSE(test, vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now));
		run_until(w, start + SECOND);
		KUNIT_EXPECT_EQ(test, w->batch.cause, VMSYNC_CLOSED);
		expect_clean(test, w);
		kunit_kfree(test, w);
	}
}

static void does_not_begin_after_an_abort(struct kunit *test)
{
	struct world *w = world_new(test, 1, 0);

	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
	KUNIT_EXPECT_EQ(test, vmsync_batch_begin(&w->batch, SECOND, SECOND, w->now), -ECANCELED);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_OVER);
	KUNIT_EXPECT_EQ(test, w->batch.error, -ECANCELED);
}

static void a_hanging_thaw_holds_up_the_others_for_a_second(struct kunit *test)
{
	struct world *w = world_new(test, 3, 0);
	u64 start;

	w->volume[1].level = 1;
	w->volume[2].level = 2;
	w->fake[0].script.thaw_us = FOREVER;
	begin(test, w);
	run_until(w, w->now + SECOND);
	start = w->now;
	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, start);
	run_until(w, start + SECOND - 1000);
	KUNIT_EXPECT_TRUE(test, w->fake[1].is_frozen);
	run_until(w, start + SECOND);
	KUNIT_EXPECT_FALSE(test, w->fake[1].is_frozen);
	KUNIT_EXPECT_FALSE(test, w->fake[2].is_frozen);
	KUNIT_EXPECT_EQ(test, vmsync_batch_held(&w->batch), 1u);
}

static void tries_a_failed_thaw_again(struct kunit *test)
{
	struct world *w = world_new(test, 1, 0);
	u64 start = w->now;

	w->fake[0].script.thaw_failures = 3;
	begin(test, w);
	run_until(w, start + SECOND);
	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
	run_until(w, start + 3 * SECOND);
	KUNIT_EXPECT_EQ(test, w->fake[0].thaws, 3u);
	KUNIT_EXPECT_TRUE(test, w->fake[0].is_frozen);
	run_until(w, start + 5 * SECOND);
	KUNIT_EXPECT_EQ(test, w->volume[0].state, VMSYNC_VOLUME_THAWED);
	expect_clean(test, w);
}

static void gives_up_a_thaw_that_always_fails(struct kunit *test)
{
	struct world *w = world_new(test, 1, 0);

	w->fake[0].script.thaw_failures = FOREVER;
	begin(test, w);
	run_until(w, w->now + SECOND);
	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
	run_until(w, w->now + 60 * SECOND);
	KUNIT_EXPECT_EQ(test, w->fake[0].thaws, VMSYNC_THAW_TRIES);
	KUNIT_EXPECT_EQ(test, w->volume[0].state, VMSYNC_VOLUME_FAILED);
	KUNIT_EXPECT_EQ(test, w->volume[0].error, -EIO);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_OVER);
}

static void tells_that_somebody_else_has_thawed(struct kunit *test)
{
	struct world *w = world_new(test, 2, 0);

	w->fake[1].script.thaw = -ESTALE;
	begin(test, w);
	run_until(w, w->now + SECOND);
	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
	run_until(w, w->now + SECOND);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_OVER);
	KUNIT_EXPECT_EQ(test, w->batch.cause, VMSYNC_LOST);
	KUNIT_EXPECT_EQ(test, w->fake[1].thaws, 1u);
	KUNIT_EXPECT_EQ(test, w->volume[1].error, -ESTALE);
}

static void keeps_an_end_that_is_given(struct kunit *test)
{
	struct world *w = world_new(test, 1, 0);
	u64 start = w->now;

	w->batch.end_us = start + 3 * SECOND;
	KUNIT_ASSERT_EQ(test, vmsync_batch_begin(&w->batch, SECOND, 30 * SECOND, start), 0);
	run_until(w, start + 3 * SECOND - 1);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_FROZEN);
	run_until(w, start + 3 * SECOND);
	KUNIT_EXPECT_EQ(test, w->batch.cause, VMSYNC_EXPIRED);
	expect_clean(test, w);
}

static void answers_while_a_thaw_waits_for_what_it_lies_on(struct kunit *test)
{
	struct world *w = world_new(test, 2, 0);
	u64 start = w->now;

	/* A writer below never ends: its freeze goes on, and so does the thaw that writes there. */
	w->volume[0].level = 1;
	w->fake[0].script.thaw_us = 90 * SECOND;
	w->fake[1].script.freeze_us = 95 * SECOND;
	begin(test, w);
	run_until(w, start + 12 * SECOND - 1);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_THAWING);
	KUNIT_EXPECT_FALSE(test, vmsync_batch_has_answer(&w->batch, w->now));
	run_until(w, start + 12 * SECOND);
	KUNIT_EXPECT_TRUE(test, vmsync_batch_has_answer(&w->batch, w->now));
	KUNIT_EXPECT_FALSE(test, vmsync_batch_is_settled(&w->batch));
	KUNIT_EXPECT_EQ(test, w->batch.error, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, vmsync_batch_left(&w->batch), 2u);
	run_until(w, start + 100 * SECOND);
	KUNIT_EXPECT_TRUE(test, vmsync_batch_is_settled(&w->batch));
	expect_clean(test, w);
}

static void is_over_at_once_with_nothing_to_freeze(struct kunit *test)
{
	struct world *w = world_new(test, 2, 0);

	w->volume[0].state = VMSYNC_VOLUME_SKIPPED;
	w->volume[1].state = VMSYNC_VOLUME_SKIPPED;
	begin(test, w);
	KUNIT_EXPECT_EQ(test, w->batch.phase, VMSYNC_OVER);
	KUNIT_EXPECT_EQ(test, w->batch.cause, VMSYNC_NO_CAUSE);
	KUNIT_EXPECT_TRUE(test, vmsync_batch_is_settled(&w->batch));
	KUNIT_EXPECT_EQ(test, vmsync_batch_wait_us(&w->batch, w->now), U64_MAX);
}

static void times_go_on_until_the_thaw(struct kunit *test)
{
	struct world *w = world_new(test, 1, 0);
	u64 start = w->now, frozen_us, stall_us;

	w->fake[0].script.freeze_us = 2000;
	w->fake[0].script.thaw_us = 3000;
	begin(test, w);
	run_until(w, start + 1000);
	vmsync_volume_times(&w->volume[0], w->now, &frozen_us, &stall_us);
	KUNIT_EXPECT_EQ(test, frozen_us, 0ULL);
	KUNIT_EXPECT_EQ(test, stall_us, 1000ULL);
	run_until(w, start + 10000);
	vmsync_volume_times(&w->volume[0], w->now, &frozen_us, &stall_us);
	KUNIT_EXPECT_EQ(test, frozen_us, 8000ULL);
	KUNIT_EXPECT_EQ(test, stall_us, 10000ULL);
	vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
	run_until(w, start + SECOND);
	vmsync_volume_times(&w->volume[0], w->now, &frozen_us, &stall_us);
	KUNIT_EXPECT_EQ(test, frozen_us, 8000ULL);
	KUNIT_EXPECT_EQ(test, stall_us, 13000ULL);
}

struct judgement {
	struct vmsync_facts facts;
	int want;
};

static void judges_filesystems_by_what_is_known(struct kunit *test)
{
	static const struct judgement judgements[] = {
		{ { "ext4", true, false }, 0 },
		{ { "vfat", true, false }, 0 },
		{ { "btrfs", true, false }, 0 },
		{ { "xfs", true, true }, -EBUSY },
		{ { "tmpfs", false, false }, -EOPNOTSUPP },
		{ { "overlay", false, true }, -EOPNOTSUPP },
		{ { "fuse", false, false }, -EOPNOTSUPP },
		{ { "fuseblk", true, false }, -EOPNOTSUPP },
		{ { "nfs4", false, false }, -EREMOTE },
		{ { "cifs", false, true }, -EREMOTE },
		{ { "9p", false, false }, -EREMOTE },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(judgements); i++)
		KUNIT_EXPECT_EQ_MSG(test, vmsync_judge(&judgements[i].facts), judgements[i].want,
				    "%s", judgements[i].facts.type);
}

static void skips_what_the_policy_says(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vmsync_may_skip(0, -EOPNOTSUPP));
	KUNIT_EXPECT_FALSE(test, vmsync_may_skip(VMSYNC_POLICY_REFUSE_UNFREEZABLE, -EOPNOTSUPP));
	KUNIT_EXPECT_TRUE(test, vmsync_may_skip(0, -EREMOTE));
	KUNIT_EXPECT_FALSE(test, vmsync_may_skip(VMSYNC_POLICY_REFUSE_NETWORK, -EREMOTE));
	KUNIT_EXPECT_FALSE(test, vmsync_may_skip(0, -EBUSY));
	KUNIT_EXPECT_TRUE(test, vmsync_may_skip(VMSYNC_POLICY_SKIP_BUSY, -EBUSY));
	KUNIT_EXPECT_FALSE(test, vmsync_may_skip(0, -ENOENT));
	KUNIT_EXPECT_TRUE(test, vmsync_may_skip(VMSYNC_POLICY_SKIP_MISSING, -ENOENT));
	KUNIT_EXPECT_TRUE(test, vmsync_may_skip(VMSYNC_POLICY_SKIP_MISSING, -EACCES));
	KUNIT_EXPECT_TRUE(test, vmsync_may_skip(0, -EEXIST));
	KUNIT_EXPECT_FALSE(test, vmsync_may_skip(U32_MAX, -EIO));
	KUNIT_EXPECT_FALSE(test, vmsync_may_skip(U32_MAX, -EFAULT));
}

static u32 next_random(u32 *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void random_script(struct fake_volume *f, u32 *seed)
{
	static const int answers[] = { 0, 0, 0, 0, 0, 0, -EIO, -EBUSY };

	f->script = (struct script){
		.sync = next_random(seed) % 16 ? 0 : -EIO,
		.freeze = answers[next_random(seed) % ARRAY_SIZE(answers)],
		.sync_us = next_random(seed) % 50000,
		.freeze_us = next_random(seed) % 100000,
		.thaw_us = next_random(seed) % 20000,
	};
}

/* Whatever happens and whenever: in the end nothing is frozen, and the window was kept. */
static void leaves_nothing_frozen_in_random_runs(struct kunit *test)
{
	u32 run, i, seed = 1;

	for (run = 0; run < 300; run++) {
		struct world *w = world_new(test, 1 + next_random(&seed) % VOLUMES_MAX,
					    next_random(&seed) % 16);
		u64 start = w->now, abort_us = next_random(&seed) % 400000;

		for (i = 0; i < w->count; i++) {
			w->volume[i].level = next_random(&seed) % 3;
			random_script(&w->fake[i], &seed);
		}
		KUNIT_ASSERT_EQ(test, vmsync_batch_begin(&w->batch, 40000, 200000, w->now), 0);
		run_until(w, start + abort_us);
		vmsync_batch_thaw(&w->batch, VMSYNC_ASKED, w->now);
		run_until(w, start + 3 * SECOND);
		expect_clean(test, w);
		for (i = 0; i < w->count; i++)
			/* What lies below is thawed first, at two levels. */
			KUNIT_EXPECT_LE(test, w->volume[i].frozen_us, 200000ULL + 2 * 22000);
		kunit_kfree(test, w);
	}
}

static void names_every_cause(struct kunit *test)
{
	int i;

	for (i = 0; i < VMSYNC_CAUSE_COUNT; i++)
		KUNIT_EXPECT_NOT_NULL(test, vmsync_cause_name(i));
	KUNIT_EXPECT_STREQ(test, vmsync_cause_name(VMSYNC_EXPIRED), "expired");
}

static struct kunit_case vmsync_core_cases[] = {
	KUNIT_CASE(freezes_stacked_ones_first_and_thaws_them_last),
	KUNIT_CASE(freezes_one_level_at_the_same_time),
	KUNIT_CASE(syncs_all_before_the_window_opens),
	KUNIT_CASE(gives_up_a_sync_that_takes_too_long),
	KUNIT_CASE(thaws_at_the_deadline_whoever_is_alive),
	KUNIT_CASE(keeps_the_deadline_while_a_volume_is_freezing),
	KUNIT_CASE(answers_while_a_thaw_waits_for_what_it_lies_on),
	KUNIT_CASE(thaws_all_when_one_cannot_be_frozen),
	KUNIT_CASE(goes_on_without_what_others_froze_if_told_so),
	KUNIT_CASE(aborts_at_every_moment),
	KUNIT_CASE(does_not_begin_after_an_abort),
	KUNIT_CASE(a_hanging_thaw_holds_up_the_others_for_a_second),
	KUNIT_CASE(tries_a_failed_thaw_again),
	KUNIT_CASE(gives_up_a_thaw_that_always_fails),
	KUNIT_CASE(tells_that_somebody_else_has_thawed),
	KUNIT_CASE(keeps_an_end_that_is_given),
	KUNIT_CASE(is_over_at_once_with_nothing_to_freeze),
	KUNIT_CASE(times_go_on_until_the_thaw),
	KUNIT_CASE(judges_filesystems_by_what_is_known),
	KUNIT_CASE(skips_what_the_policy_says),
	KUNIT_CASE(leaves_nothing_frozen_in_random_runs),
	KUNIT_CASE(names_every_cause),
	{}
};

static struct kunit_suite vmsync_core_suite = {
	.name = "vmsync_core",
	.test_cases = vmsync_core_cases,
};
kunit_test_suite(vmsync_core_suite);

MODULE_DESCRIPTION("Unit tests of the freeze's order and deadlines");
MODULE_LICENSE("GPL");
