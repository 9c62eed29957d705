// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The table of blocked names: owners, users, waiters, limits, news.  The hash
 * here is a bad one on purpose, so that names share their lists.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../fs/vmblock/vmblock_table.h"

#define BUCKETS		4
#define OWNERS		3
#define NAMES		16

static const struct vmblock_limits no_limits = { .total = 1000, .owner = 1000 };

struct room {
	struct vmblock_table t;
	struct list_head bucket[BUCKETS];
	struct vmblock_owner owner[OWNERS];
	struct vmblock_block block[NAMES];
	char text[NAMES][8];
};

static u64 bad_hash(const char *text, u32 length)
{
	u64 sum = 0;

	while (length)
		sum += text[--length];
	return sum & 7;
}

static struct vmblock_name name_of(const char *text)
{
	struct vmblock_name name = { .text = text, .length = strlen(text) };

	name.hash = bad_hash(text, name.length);
	return name;
}

static struct room *room_new(struct kunit *test)
{
	struct room *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	vmblock_table_init(&r->t, r->bucket, BUCKETS);
	for (i = 0; i < OWNERS; i++)
		vmblock_owner_init(&r->owner[i]);
	for (i = 0; i < NAMES; i++)
		scnprintf(r->text[i], sizeof(r->text[i]), "/t/%c%c", 'a' + i % 4, 'a' + i / 4);
	return r;
}

static int add_limited(struct room *r, int owner, int name, const struct vmblock_limits *limits)
{
	struct vmblock_block fresh = { .name = name_of(r->text[name]) };
	struct vmblock_name probe = fresh.name;

	/* The memory of a block that is in the table is not touched again. */
	if (vmblock_table_find(&r->t, &probe) == &r->block[name])
		return vmblock_table_add(&r->t, &r->owner[owner], &fresh, limits);
	r->block[name] = fresh;
	return vmblock_table_add(&r->t, &r->owner[owner], &r->block[name], limits);
}

static int add(struct room *r, int owner, int name)
{
	return add_limited(r, owner, name, &no_limits);
}

static struct vmblock_block *find(struct room *r, const char *text)
{
	struct vmblock_name name = name_of(text);

	return vmblock_table_find(&r->t, &name);
}

static struct vmblock_block *remove_by(struct room *r, int owner, int name)
{
	struct vmblock_name key = name_of(r->text[name]);

	return vmblock_table_remove(&r->t, &r->owner[owner], &key);
}

static void finds_what_was_added(struct kunit *test)
{
	struct room *r = room_new(test);
	int i;

	for (i = 0; i < NAMES; i++) {
		KUNIT_EXPECT_NULL(test, find(r, r->text[i]));
		KUNIT_EXPECT_EQ(test, add(r, i % OWNERS, i), 0);
	}
	for (i = 0; i < NAMES; i++)
		KUNIT_EXPECT_PTR_EQ(test, find(r, r->text[i]), &r->block[i]);
	KUNIT_EXPECT_EQ(test, r->t.count, NAMES);
}

static void compares_byte_for_byte(struct kunit *test)
{
	struct room *r = room_new(test);

	KUNIT_ASSERT_EQ(test, add(r, 0, 1), 0);
	KUNIT_EXPECT_NOT_NULL(test, find(r, "/t/ba"));
	KUNIT_EXPECT_NULL(test, find(r, "/t/ab"));	/* the same hash */
	KUNIT_EXPECT_NULL(test, find(r, "/t/b"));
	KUNIT_EXPECT_NULL(test, find(r, "/t/bap"));	/* the same hash, too */
	KUNIT_EXPECT_NULL(test, find(r, "/t//ba"));
	KUNIT_EXPECT_NULL(test, find(r, "/t/./ba"));
	KUNIT_EXPECT_NULL(test, find(r, "/T/ba"));
}

static void refuses_a_second_block_whoever_asks(struct kunit *test)
{
	struct room *r = room_new(test);

	KUNIT_ASSERT_EQ(test, add(r, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, add(r, 0, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, add(r, 1, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, r->t.count, 1u);
	KUNIT_EXPECT_EQ(test, r->owner[0].count, 1u);
	KUNIT_EXPECT_EQ(test, r->owner[1].count, 0u);
}

static void only_its_owner_removes_a_block(struct kunit *test)
{
	struct room *r = room_new(test);

	KUNIT_ASSERT_EQ(test, add(r, 0, 0), 0);
	KUNIT_EXPECT_NULL(test, remove_by(r, 1, 0));
	KUNIT_EXPECT_NULL(test, remove_by(r, 0, 1));
	KUNIT_EXPECT_PTR_EQ(test, find(r, r->text[0]), &r->block[0]);
	KUNIT_EXPECT_PTR_EQ(test, remove_by(r, 0, 0), &r->block[0]);
	KUNIT_EXPECT_NULL(test, remove_by(r, 0, 0));
	KUNIT_EXPECT_NULL(test, find(r, r->text[0]));
	KUNIT_EXPECT_NULL(test, r->block[0].owner);
	KUNIT_EXPECT_TRUE(test, vmblock_block_put(&r->block[0]));
	KUNIT_EXPECT_EQ(test, add(r, 1, 0), 0);
}

static void an_owner_that_goes_takes_its_blocks_and_no_others(struct kunit *test)
{
	struct room *r = room_new(test);
	int i, popped = 0;

	for (i = 0; i < NAMES; i++)
		KUNIT_ASSERT_EQ(test, add(r, i % 2, i), 0);
	while (vmblock_table_pop(&r->t, &r->owner[0]))
		popped++;
	KUNIT_EXPECT_EQ(test, popped, NAMES / 2);
	KUNIT_EXPECT_EQ(test, r->owner[0].count, 0u);
	for (i = 0; i < NAMES; i++)
		KUNIT_EXPECT_PTR_EQ(test, find(r, r->text[i]), i % 2 ? &r->block[i] : NULL);
}

static void bounds_owners_and_all(struct kunit *test)
{
	const struct vmblock_limits limits = { .total = 5, .owner = 3 };
	struct room *r = room_new(test);
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, add_limited(r, 0, i, &limits), 0);
	KUNIT_EXPECT_EQ(test, add_limited(r, 0, 3, &limits), -ENOSPC);
	KUNIT_EXPECT_EQ(test, add_limited(r, 1, 3, &limits), 0);
	KUNIT_EXPECT_EQ(test, add_limited(r, 1, 4, &limits), 0);
	KUNIT_EXPECT_EQ(test, add_limited(r, 1, 5, &limits), -ENOSPC);
	KUNIT_EXPECT_EQ(test, add_limited(r, 1, 0, &limits), -EEXIST);
	KUNIT_EXPECT_NOT_NULL(test, remove_by(r, 0, 0));
	KUNIT_EXPECT_EQ(test, add_limited(r, 1, 5, &limits), 0);
	KUNIT_EXPECT_EQ(test, r->t.count, 5u);
}

static void nothing_fits_below_a_limit_of_zero(struct kunit *test)
{
	const struct vmblock_limits none = { .total = 0, .owner = 0 };
	struct room *r = room_new(test);

	KUNIT_EXPECT_EQ(test, add_limited(r, 0, 0, &none), -ENOSPC);
	KUNIT_EXPECT_EQ(test, r->t.count, 0u);
}

static void a_removed_block_lives_as_long_as_its_waiters(struct kunit *test)
{
	struct room *r = room_new(test);
	struct vmblock_block *b = &r->block[0];

	KUNIT_ASSERT_EQ(test, add(r, 0, 0), 0);
	vmblock_block_enter(&r->t, b);
	vmblock_block_enter(&r->t, b);
	KUNIT_EXPECT_EQ(test, r->t.waiters, 2u);
	KUNIT_ASSERT_PTR_EQ(test, remove_by(r, 0, 0), b);
	KUNIT_EXPECT_FALSE(test, vmblock_block_put(b));
	KUNIT_EXPECT_FALSE(test, vmblock_block_leave(&r->t, b));
	KUNIT_EXPECT_EQ(test, b->waiters, 1u);
	KUNIT_EXPECT_TRUE(test, vmblock_block_leave(&r->t, b));
	KUNIT_EXPECT_EQ(test, r->t.waiters, 0u);
}

static void a_watcher_keeps_a_block_too(struct kunit *test)
{
	struct room *r = room_new(test);
	struct vmblock_block *b = &r->block[0];

	KUNIT_ASSERT_EQ(test, add(r, 0, 0), 0);
	vmblock_block_get(b);
	KUNIT_ASSERT_PTR_EQ(test, vmblock_table_pop(&r->t, &r->owner[0]), b);
	KUNIT_EXPECT_FALSE(test, vmblock_block_put(b));
	KUNIT_EXPECT_EQ(test, vmblock_block_tell(b), VMBLOCK_STATE_REMOVED);
	KUNIT_EXPECT_TRUE(test, vmblock_block_put(b));
}

static void the_first_waiter_is_news_once(struct kunit *test)
{
	struct room *r = room_new(test);
	struct vmblock_block *b = &r->block[0];

	KUNIT_ASSERT_EQ(test, add(r, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, vmblock_block_tell(b), VMBLOCK_STATE_QUIET);
	KUNIT_EXPECT_TRUE(test, vmblock_block_enter(&r->t, b));
	KUNIT_EXPECT_FALSE(test, vmblock_block_enter(&r->t, b));
	KUNIT_EXPECT_EQ(test, r->owner[0].news, 1u);
	KUNIT_EXPECT_EQ(test, vmblock_block_tell(b), VMBLOCK_STATE_ACCESSED);
	KUNIT_EXPECT_EQ(test, r->owner[0].news, 0u);
	vmblock_block_leave(&r->t, b);
	vmblock_block_leave(&r->t, b);
	KUNIT_EXPECT_FALSE(test, vmblock_block_enter(&r->t, b));
	KUNIT_EXPECT_EQ(test, vmblock_block_tell(b), VMBLOCK_STATE_ACCESSED);
	KUNIT_EXPECT_EQ(test, r->owner[0].news, 0u);
}

static void news_of_a_block_go_with_it(struct kunit *test)
{
	struct room *r = room_new(test);
	struct vmblock_block *b = &r->block[0];

	KUNIT_ASSERT_EQ(test, add(r, 0, 0), 0);
	vmblock_block_enter(&r->t, b);
	KUNIT_ASSERT_PTR_EQ(test, remove_by(r, 0, 0), b);
	KUNIT_EXPECT_EQ(test, r->owner[0].news, 0u);
	KUNIT_EXPECT_EQ(test, vmblock_block_tell(b), VMBLOCK_STATE_ACCESSED);
	KUNIT_EXPECT_EQ(test, r->owner[0].news, 0u);
}

static void byte_counts_are_commands(struct kunit *test)
{
	size_t count;

	KUNIT_EXPECT_EQ(test, vmblock_command_of(98), VMBLOCK_COMMAND_ADD);
	KUNIT_EXPECT_EQ(test, vmblock_command_of(99), VMBLOCK_COMMAND_DELETE);
	for (count = 0; count < 300; count++)
		if (count != 98 && count != 99)
			KUNIT_EXPECT_EQ(test, vmblock_command_of(count), -EINVAL);
	KUNIT_EXPECT_EQ(test, vmblock_command_of((size_t)98 << 32), -EINVAL);
	KUNIT_EXPECT_EQ(test, vmblock_command_of(~(size_t)0), -EINVAL);
}

static void slashes_at_the_end_are_left_off(struct kunit *test)
{
	static const struct {
		const char *path;
		int length;
	} cases[] = {
		{ "", -EINVAL }, { "/", -EINVAL }, { "////", -EINVAL },
		{ "a", 1 }, { "a/", 1 }, { "/a", 2 }, { "/a///", 2 }, { "/a//b/", 5 },
		{ ".", 1 }, { "/.", 2 }, { "/../", 3 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, vmblock_path_length(cases[i].path,
							      strlen(cases[i].path), 4096),
				    cases[i].length, "'%s'", cases[i].path);
	KUNIT_EXPECT_EQ(test, vmblock_path_length("abcd", 4, 5), 4);
	KUNIT_EXPECT_EQ(test, vmblock_path_length("abcd", 4, 4), -ENAMETOOLONG);
	KUNIT_EXPECT_EQ(test, vmblock_path_length("abc/", 4, 4), -ENAMETOOLONG);
}

/* Books of another kind: who blocks a name, and how many wait there. */
struct books {
	int owner[NAMES];
	u32 waiters[NAMES];
	bool is_accessed[NAMES];
};

static u32 dice(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

static void books_compare(struct kunit *test, struct room *r, const struct books *books)
{
	u32 count[OWNERS] = {}, news[OWNERS] = {}, all = 0, waiters = 0;
	int i, o;

	for (i = 0; i < NAMES; i++) {
		o = books->owner[i];
		KUNIT_ASSERT_PTR_EQ(test, find(r, r->text[i]), o < 0 ? NULL : &r->block[i]);
		waiters += books->waiters[i];
		if (o < 0)
			continue;
		all++;
		count[o]++;
		news[o] += books->is_accessed[i];
		KUNIT_ASSERT_EQ(test, r->block[i].users, books->waiters[i] + 1);
	}
	KUNIT_ASSERT_EQ(test, r->t.count, all);
	KUNIT_ASSERT_EQ(test, r->t.waiters, waiters);
	for (o = 0; o < OWNERS; o++) {
		KUNIT_ASSERT_EQ(test, r->owner[o].count, count[o]);
		KUNIT_ASSERT_EQ(test, r->owner[o].news, news[o]);
	}
}

static void books_remove(struct kunit *test, struct room *r, struct books *books, int o, int i)
{
	struct vmblock_block *b = remove_by(r, o, i);

	KUNIT_ASSERT_PTR_EQ(test, b, books->owner[i] == o ? &r->block[i] : NULL);
	if (!b)
		return;
	KUNIT_ASSERT_EQ(test, vmblock_block_put(b), !books->waiters[i]);
	while (books->waiters[i]) {
		books->waiters[i]--;
		KUNIT_ASSERT_EQ(test, vmblock_block_leave(&r->t, b), !books->waiters[i]);
	}
	books->owner[i] = -1;
	books->is_accessed[i] = false;
}

static void books_enter(struct kunit *test, struct room *r, struct books *books, int i)
{
	if (books->owner[i] < 0)
		return;
	KUNIT_ASSERT_EQ(test, vmblock_block_enter(&r->t, &r->block[i]), !books->is_accessed[i]);
	books->is_accessed[i] = true;
	books->waiters[i]++;
}

static void books_leave(struct kunit *test, struct room *r, struct books *books, int i)
{
	if (!books->waiters[i])
		return;
	KUNIT_ASSERT_FALSE(test, vmblock_block_leave(&r->t, &r->block[i]));
	books->waiters[i]--;
}

static void both_books_stay_the_same(struct kunit *test)
{
	struct room *r = room_new(test);
	struct books books = {};
	u32 state = 1;
	int i, o, round;

	for (i = 0; i < NAMES; i++)
		books.owner[i] = -1;
	for (round = 0; round < 5000; round++) {
		i = dice(&state) % NAMES;
		o = dice(&state) % OWNERS;
		switch (dice(&state) % 4) {
		case 0:
			KUNIT_ASSERT_EQ(test, add(r, o, i), books.owner[i] < 0 ? 0 : -EEXIST);
			if (books.owner[i] < 0)
				books.owner[i] = o;
			break;
		case 1:
			books_remove(test, r, &books, o, i);
			break;
		case 2:
			books_enter(test, r, &books, i);
			break;
		default:
			books_leave(test, r, &books, i);
			break;
		}
		books_compare(test, r, &books);
	}
}

static struct kunit_case vmblock_table_cases[] = {
	KUNIT_CASE(finds_what_was_added),
	KUNIT_CASE(compares_byte_for_byte),
	KUNIT_CASE(refuses_a_second_block_whoever_asks),
	KUNIT_CASE(only_its_owner_removes_a_block),
	KUNIT_CASE(an_owner_that_goes_takes_its_blocks_and_no_others),
	KUNIT_CASE(bounds_owners_and_all),
	KUNIT_CASE(nothing_fits_below_a_limit_of_zero),
	KUNIT_CASE(a_removed_block_lives_as_long_as_its_waiters),
	KUNIT_CASE(a_watcher_keeps_a_block_too),
	KUNIT_CASE(the_first_waiter_is_news_once),
	KUNIT_CASE(news_of_a_block_go_with_it),
	KUNIT_CASE(byte_counts_are_commands),
	KUNIT_CASE(slashes_at_the_end_are_left_off),
	KUNIT_CASE(both_books_stay_the_same),
	{}
};

static struct kunit_suite vmblock_table_suite = {
	.name = "vmblock_table",
	.test_cases = vmblock_table_cases,
};
kunit_test_suite(vmblock_table_suite);

MODULE_DESCRIPTION("Unit tests of the table of blocked names");
MODULE_LICENSE("GPL");
