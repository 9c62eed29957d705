// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Parameters and queues of events: order, limits, what is dropped when there is
 * no room, and who may post what.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../drivers/ovmapi/ovmapi_core.h"

#define NOTES		(2 * OVMAPI_QUEUE_MAX)
#define TYPE_IP		0x10
#define TYPE_USER	0x20

static struct ovmapi_value *value_new(struct kunit *test, u32 size)
{
	struct ovmapi_value *value = kunit_kzalloc(test, sizeof(*value), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, value);
	value->size = size;
	return value;
}

static struct ovmapi_entry *entry_new(struct kunit *test, const char *name, u32 size)
{
	u32 length = strlen(name);
	struct ovmapi_entry *entry = kunit_kzalloc(test, sizeof(*entry) + length + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, entry);
	memcpy(entry->name, name, length);
	entry->name_length = length;
	entry->value = value_new(test, size);
	return entry;
}

static struct ovmapi_entry *add(struct kunit *test, struct ovmapi_params *p, const char *name,
				u32 size)
{
	struct ovmapi_entry *entry = entry_new(test, name, size);

	KUNIT_ASSERT_EQ(test, ovmapi_params_may(p, NULL, size), 0);
	ovmapi_params_add(p, entry);
	return entry;
}

/* Names are one character here. */
static void expect_names(struct kunit *test, struct ovmapi_params *p, const char *names)
{
	struct ovmapi_entry *entry;
	u32 i;

	KUNIT_EXPECT_EQ(test, p->count, (u32)strlen(names));
	for (i = 0; names[i]; i++) {
		entry = ovmapi_params_at(p, i);
		KUNIT_ASSERT_NOT_NULL(test, entry);
		KUNIT_EXPECT_EQ(test, entry->name[0], names[i]);
		KUNIT_EXPECT_PTR_EQ(test, ovmapi_params_find(p, names + i, 1), entry);
	}
	KUNIT_EXPECT_NULL(test, ovmapi_params_at(p, i));
	KUNIT_EXPECT_NULL(test, ovmapi_params_at(p, U32_MAX));
}

static void parameters_keep_the_order_of_their_making(struct kunit *test)
{
	struct ovmapi_params p;
	struct ovmapi_entry *b;

	ovmapi_params_init(&p);
	expect_names(test, &p, "");
	add(test, &p, "c", 1);
	b = add(test, &p, "b", 2);
	add(test, &p, "d", 4);
	add(test, &p, "a", 8);
	expect_names(test, &p, "cbda");
	KUNIT_EXPECT_EQ(test, p.bytes, 15u);
	ovmapi_params_remove(&p, b);
	expect_names(test, &p, "cda");
	KUNIT_EXPECT_EQ(test, p.bytes, 13u);
	KUNIT_EXPECT_NULL(test, ovmapi_params_find(&p, "b", 1));
	ovmapi_params_add(&p, b);
	expect_names(test, &p, "cdab");
}

static void a_new_value_keeps_the_place(struct kunit *test)
{
	struct ovmapi_value *old, *value = value_new(test, 7);
	struct ovmapi_params p;
	struct ovmapi_entry *a;

	ovmapi_params_init(&p);
	a = add(test, &p, "a", 100);
	add(test, &p, "b", 10);
	old = a->value;
	KUNIT_EXPECT_PTR_EQ(test, ovmapi_params_replace(&p, a, value), old);
	KUNIT_EXPECT_PTR_EQ(test, a->value, value);
	KUNIT_EXPECT_EQ(test, p.bytes, 17u);
	expect_names(test, &p, "ab");
	KUNIT_EXPECT_PTR_EQ(test, ovmapi_params_replace(&p, a, old), value);
	KUNIT_EXPECT_EQ(test, p.bytes, 110u);
}

static void names_are_compared_byte_for_byte(struct kunit *test)
{
	struct ovmapi_params p;
	struct ovmapi_entry *short_one, *long_one;

	ovmapi_params_init(&p);
	long_one = add(test, &p, "name.first", 1);
	short_one = add(test, &p, "name", 1);
	KUNIT_EXPECT_PTR_EQ(test, ovmapi_params_find(&p, "name", 4), short_one);
	KUNIT_EXPECT_PTR_EQ(test, ovmapi_params_find(&p, "name.first", 10), long_one);
	KUNIT_EXPECT_NULL(test, ovmapi_params_find(&p, "name", 3));
	KUNIT_EXPECT_NULL(test, ovmapi_params_find(&p, "name\0", 5));
	KUNIT_EXPECT_NULL(test, ovmapi_params_find(&p, "Name", 4));
	KUNIT_EXPECT_NULL(test, ovmapi_params_find(&p, "", 0));
}

static void so_many_parameters_and_no_more(struct kunit *test)
{
	struct ovmapi_params p;
	struct ovmapi_entry *first = entry_new(test, "a", 1);
	u32 i;

	ovmapi_params_init(&p);
	ovmapi_params_add(&p, first);
	for (i = 1; i < OVMAPI_PARAMS_MAX; i++)
		add(test, &p, "b", 1);
	KUNIT_EXPECT_EQ(test, p.count, (u32)OVMAPI_PARAMS_MAX);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, NULL, 0), -EDQUOT);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, first, 2), 0);
	ovmapi_params_remove(&p, first);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, NULL, 1), 0);
}

static void so_many_bytes_and_no_more(struct kunit *test)
{
	struct ovmapi_params p;
	struct ovmapi_entry *a;

	ovmapi_params_init(&p);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, NULL, OVMAPI_BYTES_MAX), 0);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, NULL, OVMAPI_BYTES_MAX + 1), -EDQUOT);
	a = add(test, &p, "a", 1000);
	add(test, &p, "b", OVMAPI_BYTES_MAX - 1000);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, NULL, 1), -EDQUOT);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, a, 1000), 0);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, a, 1001), -EDQUOT);
	ovmapi_params_replace(&p, a, value_new(test, 999));
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, NULL, 1), 0);
	KUNIT_EXPECT_EQ(test, ovmapi_params_may(&p, NULL, 2), -EDQUOT);
}

static const struct post {
	const char *what;
	u32 type;
	u32 severity;
	u32 phase;
	int of_root;
	int of_others;
} posts[] = {
	{ "snapshot", 0x1, 0, 0, 0, -EPERM },
	{ "migrate", 0x2, 0, 0, 0, -EPERM },
	{ "shutdown", 0x4, 0, 0, 0, -EPERM },
	{ "reconfig", 0x8, 0, 0, 0, -EPERM },
	{ "ip address", 0x10, 0, 0, 0, 0 },
	{ "user", 0x20, 0, 0, 0, 0 },
	{ "new param", 0x40, 0, 0, -EPERM, -EPERM },
	{ "system", 0x80, 0, 0, 0, -EPERM },
	{ "more processing", 0x4000, 0, 0, -EPERM, -EPERM },
	{ "no type", 0, 0, 0, -EINVAL, -EINVAL },
	{ "two types", 0x30, 0, 0, -EINVAL, -EINVAL },
	{ "one allowed and one that is not", 0x60, 0, 0, -EINVAL, -EINVAL },
	{ "all types", U32_MAX, 0, 0, -EINVAL, -EINVAL },
	{ "type 0x100", 0x100, 0, 0, -EINVAL, -EINVAL },
	{ "type 0x2000", 0x2000, 0, 0, -EINVAL, -EINVAL },
	{ "type 0x8000", 0x8000, 0, 0, -EINVAL, -EINVAL },
	{ "a type of more than 16 bits", 0x100000, 0, 0, -EINVAL, -EINVAL },
	{ "the highest bit", 0x80000000, 0, 0, -EINVAL, -EINVAL },
	{ "the highest severity", 0x20, 5, 0, 0, 0 },
	{ "a higher severity", 0x20, 6, 0, -EINVAL, -EINVAL },
	{ "a much higher severity", 0x20, 0x10000, 0, -EINVAL, -EINVAL },
	{ "the last phase", 0x20, 0, 2, 0, 0 },
	{ "a later phase", 0x20, 0, 3, -EINVAL, -EINVAL },
	{ "a much later phase", 0x20, 0, 0x10000, -EINVAL, -EINVAL },
};

static void post_name(const struct post *post, char *desc)
{
	strscpy(desc, post->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(post, posts, post_name);

static void judges_what_is_posted(struct kunit *test)
{
	const struct post *p = test->param_value;

	KUNIT_EXPECT_EQ(test, ovmapi_may_post(p->type, p->severity, p->phase, true), p->of_root);
	KUNIT_EXPECT_EQ(test, ovmapi_may_post(p->type, p->severity, p->phase, false), p->of_others);
}

/* Which notes ought to be in the queue, oldest first, in books that never wrap. */
struct room {
	struct ovmapi_queue q;
	struct ovmapi_note note[NOTES];
	struct ovmapi_note *book[OVMAPI_QUEUE_MAX + 1];
	u32 count;
	u32 lost;
	u32 next;
};

static struct room *room_new(struct kunit *test)
{
	struct room *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	for (i = 0; i < NOTES; i++) {
		r->note[i].id = ((u64)i << 32) + 5;
		r->note[i].type = i % 3 ? TYPE_USER : TYPE_IP;
	}
	r->q.mask = TYPE_USER | TYPE_IP;
	return r;
}

static void book_remove(struct room *r, u32 i)
{
	r->count--;
	memmove(r->book + i, r->book + i + 1, (r->count - i) * sizeof(r->book[0]));
}

/* Twice as many notes as there is room for, so the one that is added is never in the queue. */
static void push(struct kunit *test, struct room *r)
{
	struct ovmapi_note *note = &r->note[r->next++ % NOTES], *oldest = NULL;

	if (r->count == OVMAPI_QUEUE_MAX) {
		oldest = r->book[0];
		book_remove(r, 0);
		r->lost++;
	}
	r->book[r->count++] = note;
	KUNIT_ASSERT_PTR_EQ(test, ovmapi_queue_add(&r->q, note), oldest);
}

static void compare(struct kunit *test, struct room *r)
{
	u32 i;

	KUNIT_ASSERT_EQ(test, r->q.count, r->count);
	KUNIT_ASSERT_EQ(test, r->q.lost, r->lost);
	KUNIT_ASSERT_PTR_EQ(test, ovmapi_queue_first(&r->q), r->count ? r->book[0] : NULL);
	for (i = 0; i < r->count; i++) {
		struct ovmapi_note *note = r->q.note[(r->q.first + i) % OVMAPI_QUEUE_MAX];

		KUNIT_ASSERT_PTR_EQ_MSG(test, note, r->book[i], "at %u of %u", i, r->count);
	}
}

static void an_empty_queue_has_nothing(struct kunit *test)
{
	struct room *r = room_new(test);

	KUNIT_EXPECT_NULL(test, ovmapi_queue_first(&r->q));
	KUNIT_EXPECT_NULL(test, ovmapi_queue_find(&r->q, 0));
	KUNIT_EXPECT_FALSE(test, ovmapi_queue_remove(&r->q, &r->note[0]));
	KUNIT_EXPECT_NULL(test, ovmapi_queue_pop_unwanted(&r->q));
	compare(test, r);
}

static void the_oldest_goes_when_there_is_no_room(struct kunit *test)
{
	struct room *r = room_new(test);
	u32 i;

	for (i = 0; i < OVMAPI_QUEUE_MAX; i++)
		push(test, r);
	KUNIT_EXPECT_EQ(test, r->q.lost, 0u);
	compare(test, r);
	for (i = 0; i < 3 * OVMAPI_QUEUE_MAX; i++) {
		push(test, r);
		compare(test, r);
	}
	KUNIT_EXPECT_EQ(test, r->q.lost, 3u * OVMAPI_QUEUE_MAX);
	KUNIT_EXPECT_EQ(test, r->q.count, (u32)OVMAPI_QUEUE_MAX);
}

static void finds_by_the_whole_number(struct kunit *test)
{
	struct room *r = room_new(test);
	u32 i;

	for (i = 0; i < OVMAPI_QUEUE_MAX + 3; i++)
		push(test, r);
	for (i = 0; i < NOTES; i++) {
		bool is_there = i >= 3 && i < OVMAPI_QUEUE_MAX + 3;

		KUNIT_EXPECT_PTR_EQ(test, ovmapi_queue_find(&r->q, r->note[i].id),
				    is_there ? &r->note[i] : NULL);
	}
	KUNIT_EXPECT_NULL(test, ovmapi_queue_find(&r->q, 5));
}

static void remove_at(struct kunit *test, u32 start, u32 count, u32 i)
{
	struct room *r = room_new(test);
	struct ovmapi_note *note;
	u32 k;

	r->q.first = start;
	for (k = 0; k < count; k++)
		push(test, r);
	note = r->book[i];
	KUNIT_ASSERT_TRUE(test, ovmapi_queue_remove(&r->q, note));
	KUNIT_ASSERT_FALSE(test, ovmapi_queue_remove(&r->q, note));
	KUNIT_ASSERT_NULL(test, ovmapi_queue_find(&r->q, note->id));
	book_remove(r, i);
	compare(test, r);
	push(test, r);
	compare(test, r);
	kunit_kfree(test, r);
}

/* Every place of short queues at every place near the array's end, and of a full one. */
static void removal_keeps_the_order_of_the_others(struct kunit *test)
{
	u32 start, count, i;

	for (start = OVMAPI_QUEUE_MAX - 6; start < OVMAPI_QUEUE_MAX; start++)
		for (count = 1; count < 7; count++)
			for (i = 0; i < count; i++)
				remove_at(test, start, count, i);
	for (i = 0; i < OVMAPI_QUEUE_MAX; i++)
		remove_at(test, OVMAPI_QUEUE_MAX - 100, OVMAPI_QUEUE_MAX, i);
}

static void a_mask_says_what_is_wanted(struct kunit *test)
{
	struct room *r = room_new(test);

	KUNIT_EXPECT_TRUE(test, ovmapi_queue_wants(&r->q, &r->note[0]));
	r->q.mask = TYPE_USER;
	KUNIT_EXPECT_FALSE(test, ovmapi_queue_wants(&r->q, &r->note[0]));
	KUNIT_EXPECT_TRUE(test, ovmapi_queue_wants(&r->q, &r->note[1]));
	r->q.mask = 0;
	KUNIT_EXPECT_FALSE(test, ovmapi_queue_wants(&r->q, &r->note[1]));
}

static void takes_out_what_is_not_wanted_any_more(struct kunit *test)
{
	struct room *r = room_new(test);
	u32 i;

	r->q.first = OVMAPI_QUEUE_MAX - 10;
	for (i = 0; i < 20; i++)
		push(test, r);
	KUNIT_EXPECT_NULL(test, ovmapi_queue_pop_unwanted(&r->q));
	compare(test, r);
	r->q.mask = TYPE_USER;
	for (i = 0; i < r->count; i++) {
		if (r->book[i]->type != TYPE_IP)
			continue;
		KUNIT_ASSERT_PTR_EQ(test, ovmapi_queue_pop_unwanted(&r->q), r->book[i]);
		book_remove(r, i--);
		compare(test, r);
	}
	KUNIT_EXPECT_EQ(test, r->count, 13u);
	KUNIT_EXPECT_NULL(test, ovmapi_queue_pop_unwanted(&r->q));
	r->q.mask = 0;
	for (i = 0; i < 13; i++)
		KUNIT_EXPECT_NOT_NULL(test, ovmapi_queue_pop_unwanted(&r->q));
	KUNIT_EXPECT_EQ(test, r->q.count, 0u);
}

static u32 dice(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

static void both_books_stay_the_same(struct kunit *test)
{
	struct room *r = room_new(test);
	u32 state = 1, round, i;

	for (round = 0; round < 5000; round++) {
		/* It fills up, and then it empties. */
		bool is_filling = dice(&state) % 8 < (round / 1000 % 2 ? 2 : 6);

		if (is_filling || !r->count) {
			push(test, r);
		} else {
			i = dice(&state) % 4 ? dice(&state) % r->count : 0;
			KUNIT_ASSERT_TRUE(test, ovmapi_queue_remove(&r->q, r->book[i]));
			book_remove(r, i);
		}
		compare(test, r);
	}
	KUNIT_EXPECT_GT(test, r->lost, 0u);
}

static struct kunit_case ovmapi_core_cases[] = {
	KUNIT_CASE(parameters_keep_the_order_of_their_making),
	KUNIT_CASE(a_new_value_keeps_the_place),
	KUNIT_CASE(names_are_compared_byte_for_byte),
	KUNIT_CASE(so_many_parameters_and_no_more),
	KUNIT_CASE(so_many_bytes_and_no_more),
	KUNIT_CASE_PARAM(judges_what_is_posted, post_gen_params),
	KUNIT_CASE(an_empty_queue_has_nothing),
	KUNIT_CASE(the_oldest_goes_when_there_is_no_room),
	KUNIT_CASE(finds_by_the_whole_number),
	KUNIT_CASE(removal_keeps_the_order_of_the_others),
	KUNIT_CASE(a_mask_says_what_is_wanted),
	KUNIT_CASE(takes_out_what_is_not_wanted_any_more),
	KUNIT_CASE(both_books_stay_the_same),
	{}
};

static struct kunit_suite ovmapi_core_suite = {
	.name = "ovmapi_core",
	.test_cases = ovmapi_core_cases,
};

kunit_test_suite(ovmapi_core_suite);

MODULE_DESCRIPTION("Unit tests of parameters and queues of events");
MODULE_LICENSE("GPL");
