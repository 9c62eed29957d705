// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Messages through a xenstore of the test's own: how they are cut and put
 * together again, in which order, and what happens where a node is missing,
 * says nonsense or cannot be had.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fuzz/ovmapi_store.h"

#define NAME_SIZE	300
#define LOG_SIZE	1024
#define PLENTY		1000

/* The names of what was delivered, each with a space behind it; one test at a time. */
static struct {
	char log[LOG_SIZE];
	u32 count;
	u32 value_length;
	bool is_wrong;
	int answer;	/* what is said instead of taking it */
} post;

struct room {
	struct fake_store store;
	struct ovmapi_inbox inbox;
	struct ovmapi_letter letter;
	char value[OVMAPI_VALUE_MAX + 2];
	char name[NAME_SIZE];
};

/* A character that tells where in the value it belongs. */
static char character(u32 i)
{
	return 'a' + ((i * 2654435761u) >> 24) % 26;
}

static int deliver(const struct ovmapi_letter *letter)
{
	u32 i;

	if (post.answer)
		return post.answer;
	post.count++;
	post.value_length = letter->value_length;
	if (strlen(post.log) + strlen(letter->name) + 2 <= LOG_SIZE) {
		strcat(post.log, letter->name);
		strcat(post.log, " ");
	}
	post.is_wrong |= strlen(letter->name) != letter->name_length;
	post.is_wrong |= strlen(letter->value) != letter->value_length;
	for (i = 0; i < letter->value_length; i++)
		post.is_wrong |= letter->value[i] != character(i);
	return 0;
}

static int room_init(struct kunit *test)
{
	struct room *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	u32 i;

	if (!r)
		return -ENOMEM;
	fake_store_init(&r->store);
	for (i = 0; i < OVMAPI_VALUE_MAX + 1; i++)
		r->value[i] = character(i);
	memset(r->name, 'n', NAME_SIZE - 1);
	memset(&post, 0, sizeof(post));
	test->priv = r;
	return 0;
}

static void room_exit(struct kunit *test)
{
	struct room *r = test->priv;

	if (r)
		fake_store_exit(&r->store);
}

static void host_sets(struct kunit *test, const char *path, const void *text, u32 length)
{
	struct room *r = test->priv;
	char whole[FAKE_PATH_SIZE];

	fake_join(whole, OVMAPI_ROOT, path);
	KUNIT_ASSERT_EQ(test, fake_set(&r->store, whole, text, length), 0);
}

static void host_counts(struct kunit *test, const char *text)
{
	host_sets(test, "to-guest/last-write", text, strlen(text));
}

/* A message with a value of @length in nodes of @chunk, of which the last is made first. */
static void host_sends(struct kunit *test, u64 number, const char *name, u32 length, u32 chunk)
{
	struct room *r = test->priv;
	char path[FAKE_PATH_SIZE];
	u32 i;

	scnprintf(path, sizeof(path), "to-guest/%llu", (unsigned long long)number);
	host_sets(test, path, name, strlen(name));
	for (i = ovmapi_chunks(length, chunk); i--;) {
		scnprintf(path, sizeof(path), "to-guest/%llu/%u", (unsigned long long)number, i);
		host_sets(test, path, r->value + i * chunk, min(length - i * chunk, chunk));
	}
}

static bool is_there(struct kunit *test, const char *path)
{
	struct room *r = test->priv;
	char whole[FAKE_PATH_SIZE];

	fake_join(whole, OVMAPI_ROOT, path);
	return fake_find(&r->store, whole);
}

static int run(struct kunit *test, u32 budget)
{
	struct room *r = test->priv;

	return ovmapi_inbox_run(&r->inbox, &r->store.ops, &r->letter, deliver, budget);
}

/* Until it has come to the end, with a budget of one. Return: how many rounds that took. */
static u32 run_to_the_end(struct kunit *test)
{
	u32 rounds = 0;
	int more;

	do {
		more = run(test, 1);
		rounds++;
	} while (more > 0 && rounds < 10 * OVMAPI_GAP_MAX);
	KUNIT_EXPECT_EQ_MSG(test, more, 0, "after %u rounds", rounds);
	return rounds;
}

static void expect_delivered(struct kunit *test, const char *log)
{
	struct room *r = test->priv;

	KUNIT_EXPECT_STREQ(test, post.log, log);
	KUNIT_EXPECT_FALSE(test, post.is_wrong);
	KUNIT_EXPECT_EQ(test, r->inbox.received, (u64)post.count);
}

static const struct number_row {
	const char *what;
	const char *text;
	u32 length;
	int err;
	u64 number;
} number_rows[] = {
	{ "nothing", "", 0, -EINVAL, 0 },
	{ "zero", "0", 1, 0, 0 },
	{ "nine", "9", 1, 0, 9 },
	{ "ten", "10", 2, 0, 10 },
	{ "a part of the text", "123", 2, 0, 12 },
	{ "the highest", "18446744073709551615", 20, 0, U64_MAX },
	{ "one more", "18446744073709551616", 20, -EINVAL, 0 },
	{ "ten more", "18446744073709551625", 20, -EINVAL, 0 },
	{ "one digit more", "184467440737095516150", 21, -EINVAL, 0 },
	{ "letters", "abc", 3, -EINVAL, 0 },
	{ "letters behind", "1a", 2, -EINVAL, 0 },
	{ "negative", "-1", 2, -EINVAL, 0 },
	{ "with a sign", "+1", 2, -EINVAL, 0 },
	{ "with a space", " 1", 2, -EINVAL, 0 },
	{ "with an end of line", "1\n", 2, -EINVAL, 0 },
	{ "with a NUL", "1\0", 2, -EINVAL, 0 },
	{ "below the digits", "/", 1, -EINVAL, 0 },
	{ "above the digits", ":", 1, -EINVAL, 0 },
	{ "above ASCII", "\xb1", 1, -EINVAL, 0 },
};

static void number_name(const struct number_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(number, number_rows, number_name);

static void parses_decimals_and_nothing_else(struct kunit *test)
{
	const struct number_row *row = test->param_value;
	u64 number = 42;

	KUNIT_EXPECT_EQ(test, ovmapi_parse_number(row->text, row->length, &number), row->err);
	KUNIT_EXPECT_EQ(test, number, row->err ? 42 : row->number);
}

static const struct send_row {
	u32 length;
	u32 chunks;
	u32 small_chunks;	/* 0: it is not cut smaller */
} send_rows[] = {
	{ 0, 1, 0 }, { 1, 1, 0 }, { 1024, 1, 0 }, { 1025, 1, 2 }, { 2047, 1, 2 }, { 2048, 1, 2 },
	{ 2049, 2, 3 }, { 4096, 2, 4 }, { 4097, 3, 5 }, { 8191, 4, 8 },
};

static void send_name(const struct send_row *row, char *desc)
{
	scnprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u characters", row->length);
}

KUNIT_ARRAY_PARAM(send, send_rows, send_name);

/* What is below from-guest/7, and that last-write was written behind all of it. */
static void expect_sent(struct kunit *test, const char *name, u32 length, u32 chunk, u32 chunks)
{
	struct room *r = test->priv;
	struct fake_node *last = fake_find(&r->store, OVMAPI_FROM_GUEST "/last-write");
	struct fake_node *node = fake_find(&r->store, OVMAPI_FROM_GUEST "/7");
	char path[FAKE_PATH_SIZE];
	u32 i, at = 0;

	KUNIT_ASSERT_NOT_NULL(test, last);
	KUNIT_ASSERT_NOT_NULL(test, node);
	KUNIT_EXPECT_STREQ(test, last->text, "7");
	KUNIT_EXPECT_STREQ(test, node->text, name);
	KUNIT_EXPECT_LT(test, node->written, last->written);
	KUNIT_EXPECT_EQ(test, fake_count(&r->store, OVMAPI_FROM_GUEST "/7"), chunks);
	for (i = 0; i < chunks; i++) {
		scnprintf(path, sizeof(path), OVMAPI_FROM_GUEST "/7/%u", i);
		node = fake_find(&r->store, path);
		KUNIT_ASSERT_NOT_NULL(test, node);
		KUNIT_EXPECT_LT(test, node->written, last->written);
		KUNIT_EXPECT_EQ(test, node->length, min(length - at, chunk));
		KUNIT_EXPECT_FALSE(test, memcmp(node->text, r->value + at, node->length));
		at += node->length;
	}
	KUNIT_EXPECT_EQ(test, at, length);
}

static void cuts_a_value_into_chunks(struct kunit *test)
{
	const struct send_row *row = test->param_value;
	struct room *r = test->priv;

	KUNIT_EXPECT_EQ(test, ovmapi_chunks(row->length, OVMAPI_CHUNK), row->chunks);
	KUNIT_ASSERT_EQ(test, ovmapi_send(&r->store.ops, 7, "name", r->value, row->length), 0);
	expect_sent(test, "name", row->length, OVMAPI_CHUNK, row->chunks);
	KUNIT_EXPECT_EQ(test, r->store.calls, row->chunks + 3);
}

/* The store takes no text of more than 1024 characters. */
static void cuts_smaller_when_the_store_wants_so(struct kunit *test)
{
	static const int errors[] = { -ENOSPC, -E2BIG };
	const struct send_row *row = test->param_value;
	struct room *r = test->priv;
	u32 i;

	r->store.text_max = OVMAPI_SMALL_CHUNK;
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		r->store.text_error = errors[i];
		fake_cut(&r->store, OVMAPI_ROOT);
		KUNIT_ASSERT_EQ(test, ovmapi_send(&r->store.ops, 7, "name", r->value, row->length),
				0);
		expect_sent(test, "name", row->length, OVMAPI_SMALL_CHUNK,
			    row->small_chunks ?: row->chunks);
	}
}

static void other_errors_are_not_tried_again(struct kunit *test)
{
	struct room *r = test->priv;

	r->store.text_max = OVMAPI_SMALL_CHUNK;
	r->store.text_error = -EIO;
	KUNIT_EXPECT_EQ(test, ovmapi_send(&r->store.ops, 7, "name", r->value, 3000), -EIO);
	/* the name, the first chunk, the removal */
	KUNIT_EXPECT_EQ(test, r->store.calls, 4u);
	KUNIT_EXPECT_FALSE(test, is_there(test, "from-guest/7"));
	KUNIT_EXPECT_FALSE(test, is_there(test, "from-guest/last-write"));
}

static void gives_up_where_small_chunks_do_not_fit_either(struct kunit *test)
{
	struct room *r = test->priv;

	r->store.text_max = OVMAPI_SMALL_CHUNK - 1;
	r->store.text_error = -ENOSPC;
	KUNIT_EXPECT_EQ(test, ovmapi_send(&r->store.ops, 7, "name", r->value, 8191), -ENOSPC);
	KUNIT_EXPECT_EQ(test, r->store.calls, 8u);
	KUNIT_EXPECT_FALSE(test, is_there(test, "from-guest/7"));
	KUNIT_EXPECT_FALSE(test, is_there(test, "from-guest/last-write"));
}

/* Nothing of the seventh message is left, the sixth is as it was. */
static void expect_unsent(struct kunit *test)
{
	struct room *r = test->priv;
	struct fake_node *last = fake_find(&r->store, OVMAPI_FROM_GUEST "/last-write");

	KUNIT_EXPECT_FALSE(test, is_there(test, "from-guest/7"));
	KUNIT_EXPECT_TRUE(test, is_there(test, "from-guest/6/0"));
	KUNIT_ASSERT_NOT_NULL(test, last);
	KUNIT_EXPECT_STREQ(test, last->text, "6");
}

static void whatever_fails_leaves_nothing_of_a_message(struct kunit *test)
{
	static const int errors[] = { -ENOMEM, -EIO, -EACCES, -EAGAIN };
	struct room *r = test->priv;
	u32 n;

	/* The first call removes what may be there, and need not succeed. */
	for (n = 2; n <= 7; n++) {
		fake_cut(&r->store, OVMAPI_ROOT);
		KUNIT_ASSERT_EQ(test, ovmapi_send(&r->store.ops, 6, "six", "value", 5), 0);
		r->store.fail_at = r->store.calls + n;
		r->store.error = errors[n % ARRAY_SIZE(errors)];
		KUNIT_EXPECT_EQ(test, ovmapi_send(&r->store.ops, 7, "name", r->value, 8191),
				r->store.error);
		expect_unsent(test);
		KUNIT_ASSERT_EQ(test, ovmapi_send(&r->store.ops, 7, "name", r->value, 8191), 0);
		expect_sent(test, "name", 8191, OVMAPI_CHUNK, 4);
	}
}

static void a_full_store_at_any_write_costs_no_message(struct kunit *test)
{
	struct room *r = test->priv;
	u32 n;

	for (n = 2; n <= 7; n++) {
		fake_cut(&r->store, OVMAPI_ROOT);
		r->store.fail_at = r->store.calls + n;
		r->store.error = n % 2 ? -ENOSPC : -E2BIG;
		KUNIT_EXPECT_EQ(test, ovmapi_send(&r->store.ops, 7, "name", r->value, 8191), 0);
		expect_sent(test, "name", 8191, OVMAPI_SMALL_CHUNK, 8);
	}
}

static void writes_the_longest_number_whole(struct kunit *test)
{
	struct room *r = test->priv;
	u64 number = 0;

	KUNIT_ASSERT_EQ(test, ovmapi_send(&r->store.ops, U64_MAX, "name", "value", 5), 0);
	KUNIT_EXPECT_TRUE(test, is_there(test, "from-guest/18446744073709551615/0"));
	KUNIT_EXPECT_EQ(test, ovmapi_sent(&r->store.ops, &number), 0);
	KUNIT_EXPECT_EQ(test, number, U64_MAX);
}

static void knows_what_was_sent(struct kunit *test)
{
	struct room *r = test->priv;
	u64 number = 42;

	KUNIT_EXPECT_EQ(test, ovmapi_sent(&r->store.ops, &number), 0);
	KUNIT_EXPECT_EQ(test, number, 0ULL);
	host_sets(test, "from-guest/last-write", "12", 2);
	KUNIT_EXPECT_EQ(test, ovmapi_sent(&r->store.ops, &number), 0);
	KUNIT_EXPECT_EQ(test, number, 12ULL);
	r->store.fail_at = r->store.calls + 1;
	r->store.error = -EIO;
	KUNIT_EXPECT_EQ(test, ovmapi_sent(&r->store.ops, &number), -EIO);
	host_sets(test, "from-guest/last-write", "abc", 3);
	KUNIT_EXPECT_EQ(test, ovmapi_sent(&r->store.ops, &number), 0);
	KUNIT_EXPECT_EQ(test, number, 0ULL);
}

static void nothing_comes_where_nothing_was_sent(struct kunit *test)
{
	struct room *r = test->priv;

	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	host_counts(test, "0");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	KUNIT_EXPECT_EQ(test, r->inbox.bad_counters, 0ULL);
	expect_delivered(test, "");
}

static void delivers_in_order_and_removes(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 10, "ten", 5, 5);
	host_sends(test, 2, "two", 8191, 2048);
	host_sends(test, 1, "one", 0, 2048);
	host_counts(test, "2");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "one two ");
	KUNIT_EXPECT_EQ(test, post.value_length, 8191u);
	KUNIT_EXPECT_FALSE(test, is_there(test, "to-guest/1"));
	KUNIT_EXPECT_FALSE(test, is_there(test, "to-guest/2"));
	/* The host has not finished that one. */
	KUNIT_EXPECT_TRUE(test, is_there(test, "to-guest/10/0"));
	host_counts(test, "10");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "one two ten ");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "one two ten ");
	KUNIT_EXPECT_EQ(test, fake_count(&r->store, OVMAPI_TO_GUEST), 1u);
	KUNIT_EXPECT_EQ(test, r->inbox.not_removed, 0ULL);
}

static void delivers_the_longest_number(struct kunit *test)
{
	struct room *r = test->priv;

	r->inbox.read = U64_MAX - 2;
	host_sends(test, U64_MAX - 1, "a", 30, 7);
	host_sends(test, U64_MAX, "b", 30, 7);
	host_counts(test, "18446744073709551615");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "a b ");
	KUNIT_EXPECT_EQ(test, fake_count(&r->store, OVMAPI_TO_GUEST), 1u);
}

/* A row's message stands between two that are well. */
static const struct letter_row {
	const char *what;
	u32 name_length;
	u32 length;
	u32 chunk;
	const char *extra;	/* a node that is one too many, or NULL */
	const char *missing;	/* a node that is not there, or NULL */
	bool is_bad;
} letter_rows[] = {
	{ "the shortest name", 1, 10, 10, NULL, NULL, false },
	{ "the longest name", 254, 10, 10, NULL, NULL, false },
	{ "no name", 0, 10, 10, NULL, NULL, true },
	{ "too long a name", 255, 10, 10, NULL, NULL, true },
	{ "much too long a name", 299, 10, 10, NULL, NULL, true },
	{ "an empty value", 4, 0, 2048, NULL, NULL, false },
	{ "no chunk at all", 4, 0, 2048, NULL, "/0", false },
	{ "chunks of one character", 4, 25, 1, NULL, NULL, false },
	{ "chunks of which ten come before two", 4, 8191, 700, NULL, NULL, false },
	{ "chunks of our size", 4, 8191, 2048, NULL, NULL, false },
	{ "one chunk of all", 4, 8191, 8191, NULL, NULL, false },
	{ "an empty chunk at the end", 4, 2048, 2048, "/1", NULL, false },
	{ "one character too many", 4, 8192, 8192, NULL, NULL, true },
	{ "one character too many in chunks", 4, 8192, 2048, NULL, NULL, true },
	{ "the first chunk is missing", 4, 4096, 2048, NULL, "/0", true },
	{ "a chunk in the middle is missing", 4, 6000, 2048, NULL, "/1", true },
	{ "a chunk has another name", 4, 4096, 2048, "/x", NULL, true },
	{ "a chunk that follows none", 4, 4096, 2048, "/3", NULL, true },
	{ "a chunk twice", 4, 4096, 2048, "/00", NULL, true },
};

static void letter_name(const struct letter_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(letter, letter_rows, letter_name);

static void letter_make(struct kunit *test, const struct letter_row *row)
{
	struct room *r = test->priv;
	char path[FAKE_PATH_SIZE];

	r->name[row->name_length] = '\0';
	host_sends(test, 1, "a", 3, 3);
	host_sends(test, 2, r->name, row->length, row->chunk);
	host_sends(test, 3, "c", 3, 3);
	if (row->extra) {
		scnprintf(path, sizeof(path), "to-guest/2%s", row->extra);
		host_sets(test, path, "", 0);
	}
	if (row->missing) {
		scnprintf(path, sizeof(path), OVMAPI_TO_GUEST "/2%s", row->missing);
		fake_cut(&r->store, path);
	}
	host_counts(test, "3");
}

static void tells_well_formed_from_malformed(struct kunit *test)
{
	const struct letter_row *row = test->param_value;
	struct room *r = test->priv;
	int err;

	letter_make(test, row);
	err = ovmapi_receive(&r->store.ops, 2, &r->letter);
	KUNIT_EXPECT_EQ(test, err, row->is_bad ? -EBADMSG : 0);
	if (!row->is_bad) {
		KUNIT_EXPECT_STREQ(test, r->letter.name, r->name);
		KUNIT_EXPECT_EQ(test, r->letter.name_length, row->name_length);
		KUNIT_EXPECT_EQ(test, r->letter.value_length, row->length);
		r->value[row->length] = '\0';
		KUNIT_EXPECT_STREQ(test, r->letter.value, r->value);
	}
}

static void passes_what_is_malformed_for_good(struct kunit *test)
{
	const struct letter_row *row = test->param_value;
	struct room *r = test->priv;

	letter_make(test, row);
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	KUNIT_EXPECT_EQ(test, post.count, row->is_bad ? 2u : 3u);
	KUNIT_EXPECT_FALSE(test, post.is_wrong);
	KUNIT_EXPECT_EQ(test, r->inbox.malformed, (u64)row->is_bad);
	KUNIT_EXPECT_EQ(test, is_there(test, "to-guest/2"), row->is_bad);
	KUNIT_EXPECT_EQ(test, r->inbox.read, 3ULL);
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	KUNIT_EXPECT_EQ(test, post.count, row->is_bad ? 2u : 3u);
	KUNIT_EXPECT_EQ(test, r->inbox.malformed, (u64)row->is_bad);
}

static void a_name_with_a_nul_is_malformed(struct kunit *test)
{
	struct room *r = test->priv;

	host_sets(test, "to-guest/1", "a\0b", 3);
	host_sets(test, "to-guest/1/0", "value", 5);
	KUNIT_EXPECT_EQ(test, ovmapi_receive(&r->store.ops, 1, &r->letter), -EBADMSG);
	host_sets(test, "to-guest/1", "a\0", 2);
	KUNIT_EXPECT_EQ(test, ovmapi_receive(&r->store.ops, 1, &r->letter), -EBADMSG);
}

static void bounds_one_call_by_its_budget(struct kunit *test)
{
	struct room *r = test->priv;
	u32 i;

	for (i = 1; i <= 5; i++)
		host_sends(test, i, "m", 5, 5);
	host_counts(test, "5");
	KUNIT_EXPECT_EQ(test, run(test, 0), 1);
	KUNIT_EXPECT_EQ(test, post.count, 0u);
	KUNIT_EXPECT_EQ(test, run(test, 2), 1);
	KUNIT_EXPECT_EQ(test, post.count, 2u);
	KUNIT_EXPECT_EQ(test, run(test, 2), 1);
	KUNIT_EXPECT_EQ(test, r->inbox.read, 4ULL);
	KUNIT_EXPECT_EQ(test, run(test, 1), 0);
	KUNIT_EXPECT_EQ(test, post.count, 5u);
}

static const struct counter_row {
	const char *text;
	u64 bad;
} counter_rows[] = {
	{ "abc", 1 }, { "", 1 }, { "-1", 1 }, { "1 ", 1 }, { "18446744073709551616", 1 },
	{ "2", 0 }, { "02", 0 },
};

static void counter_name(const struct counter_row *row, char *desc)
{
	scnprintf(desc, KUNIT_PARAM_DESC_SIZE, "'%s'", row->text);
}

KUNIT_ARRAY_PARAM(counter, counter_rows, counter_name);

static void ignores_counters_that_make_no_sense(struct kunit *test)
{
	const struct counter_row *row = test->param_value;
	struct room *r = test->priv;

	r->inbox.read = 1;
	host_sends(test, 1, "a", 5, 5);
	host_sends(test, 2, "b", 5, 5);
	host_counts(test, row->text);
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	KUNIT_EXPECT_EQ(test, r->inbox.bad_counters, row->bad);
	expect_delivered(test, row->bad ? "" : "b ");
	host_counts(test, "2");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "b ");
}

static void a_lower_counter_is_a_new_beginning(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 7, "old", 5, 5);
	host_counts(test, "7");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	host_sends(test, 1, "a", 5, 5);
	host_sends(test, 2, "b", 5, 5);
	host_counts(test, "2");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "old a b ");
	host_counts(test, "0");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	KUNIT_EXPECT_EQ(test, r->inbox.read, 0ULL);
	host_sends(test, 1, "c", 5, 5);
	host_counts(test, "1");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "old a b c ");
}

static void skips_numbers_without_a_message(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 5, "a", 5, 5);
	host_sends(test, 6, "b", 5, 5);
	host_sends(test, 1000000000000ULL, "c", 5, 5);
	host_sends(test, U64_MAX - 1, "d", 5, 5);
	host_sends(test, U64_MAX, "e", 5, 5);
	host_counts(test, "1000000000000");
	KUNIT_EXPECT_LE(test, run_to_the_end(test), 10u);
	expect_delivered(test, "a b c ");
	host_counts(test, "18446744073709551615");
	KUNIT_EXPECT_LE(test, run_to_the_end(test), 10u);
	expect_delivered(test, "a b c d e ");
	KUNIT_EXPECT_LE(test, r->store.calls, 100u);
	KUNIT_EXPECT_EQ(test, r->inbox.malformed, 0ULL);
}

static void a_message_above_the_counter_waits(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 12, "late", 5, 5);
	host_counts(test, "8");
	KUNIT_EXPECT_LE(test, run_to_the_end(test), 5u);
	expect_delivered(test, "");
	KUNIT_EXPECT_EQ(test, r->inbox.read, 8ULL);
	host_counts(test, "12");
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "late ");
}

static void a_gap_up_to_the_longest_number_ends(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 5, "a", 5, 5);
	host_counts(test, "18446744073709551615");
	KUNIT_EXPECT_LE(test, run_to_the_end(test), 10u);
	expect_delivered(test, "a ");
	KUNIT_EXPECT_EQ(test, r->inbox.read, U64_MAX);
}

/* "08" is not the name of a message, so there is none to wait for. */
static void a_number_with_a_leading_zero_is_no_message(struct kunit *test)
{
	host_sets(test, "to-guest/08", "zero", 4);
	host_sets(test, "to-guest/08/0", "", 0);
	host_sends(test, 9, "nine", 5, 5);
	host_counts(test, "9");
	KUNIT_EXPECT_LE(test, run_to_the_end(test), 10u);
	expect_delivered(test, "nine ");
}

static void passes_more_than_can_be_listed_one_by_one(struct kunit *test)
{
	struct room *r = test->priv;

	r->store.list_error = -E2BIG;
	host_sends(test, 40, "a", 5, 5);
	host_sends(test, 4040, "b", 5, 5);
	host_counts(test, "4040");
	KUNIT_EXPECT_LE(test, run_to_the_end(test), 4040u);
	expect_delivered(test, "a b ");
	KUNIT_EXPECT_EQ(test, r->inbox.gap, 0u);
}

static void gives_up_what_can_never_be_listed(struct kunit *test)
{
	struct room *r = test->priv;
	u32 rounds;

	r->store.list_error = -E2BIG;
	host_sends(test, 3, "a", 5, 5);
	host_counts(test, "18446744073709551615");
	rounds = run_to_the_end(test);
	KUNIT_EXPECT_GT(test, rounds, (u32)OVMAPI_GAP_MAX);
	KUNIT_EXPECT_LE(test, rounds, OVMAPI_GAP_MAX + 10u);
	expect_delivered(test, "a ");
	KUNIT_EXPECT_EQ(test, r->inbox.read, U64_MAX);
}

static void more_chunks_than_can_be_listed_are_malformed(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 1, "a", 5, 5);
	host_sends(test, 2, "b", 5, 5);
	host_counts(test, "2");
	/* the counter, the name, the chunks' names */
	r->store.fail_at = 3;
	r->store.error = -E2BIG;
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "b ");
	KUNIT_EXPECT_EQ(test, r->inbox.malformed, 1ULL);
}

/* Whole, malformed, missing, and one whose value takes more than ten chunks. */
static void sweep_setup(struct kunit *test, u32 n, int error)
{
	struct room *r = test->priv;

	fake_cut(&r->store, OVMAPI_ROOT);
	memset(&r->inbox, 0, sizeof(r->inbox));
	memset(&post, 0, sizeof(post));
	host_sends(test, 1, "a", 8191, 2048);
	host_sends(test, 2, "bad", 4096, 2048);
	fake_cut(&r->store, OVMAPI_TO_GUEST "/2/0");
	host_sends(test, 40, "b", 0, 2048);
	host_sends(test, 41, "c", 25, 2);
	host_counts(test, "42");
	r->store.calls = 0;
	r->store.fail_at = n;
	r->store.error = error;
	r->store.failed = 0;
}

static void sweep(struct kunit *test, int error)
{
	struct room *r = test->priv;
	bool has_failed = true;
	u32 n;
	int err;

	for (n = 1; has_failed && n < PLENTY; n++) {
		sweep_setup(test, n, error);
		err = run(test, PLENTY);
		has_failed = r->store.failed;
		KUNIT_EXPECT_EQ_MSG(test, err, has_failed && r->store.failed != 'd' ? error : 0,
				    "call %u", n);
		r->store.fail_at = 0;
		KUNIT_EXPECT_EQ_MSG(test, run(test, PLENTY), 0, "call %u", n);
		expect_delivered(test, "a b c ");
		KUNIT_EXPECT_EQ(test, r->inbox.malformed, 1ULL);
		KUNIT_EXPECT_EQ(test, r->inbox.not_removed, 0ULL);
		KUNIT_EXPECT_EQ(test, r->inbox.read, 42ULL);
		/* The counter, and what is malformed. */
		KUNIT_EXPECT_EQ(test, fake_count(&r->store, OVMAPI_TO_GUEST), 2u);
	}
	KUNIT_EXPECT_GT(test, n, 30u);
	KUNIT_EXPECT_LT(test, n, (u32)PLENTY);
}

static void no_failure_loses_a_message_or_delivers_it_twice(struct kunit *test)
{
	static const int errors[] = { -ENOMEM, -EIO, -EAGAIN, -EINTR };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		sweep(test, errors[i]);
}

static void tries_the_same_message_until_the_store_answers(struct kunit *test)
{
	struct room *r = test->priv;
	u32 i;

	host_sends(test, 1, "a", 5, 5);
	host_sends(test, 2, "b", 5, 5);
	host_counts(test, "2");
	r->store.error = -EIO;
	for (i = 0; i < 5; i++) {
		/* the counter, then the name */
		r->store.fail_at = r->store.calls + 2;
		KUNIT_EXPECT_EQ(test, run(test, PLENTY), -EIO);
		KUNIT_EXPECT_EQ(test, r->inbox.read, 0ULL);
	}
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "a b ");
}

static void a_message_that_is_refused_is_passed(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 1, "a", 5, 5);
	host_sends(test, 2, "b", 5, 5);
	host_counts(test, "2");
	r->store.error = -EACCES;
	r->store.fail_at = r->store.calls + 2;
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "b ");
	KUNIT_EXPECT_EQ(test, r->inbox.malformed, 1ULL);
}

static void what_there_is_no_room_for_is_gone(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 1, "a", 5, 5);
	host_sends(test, 2, "b", 5, 5);
	host_counts(test, "2");
	post.answer = -ENOMEM;
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), -ENOMEM);
	KUNIT_EXPECT_EQ(test, r->inbox.read, 0ULL);
	post.answer = -EDQUOT;
	KUNIT_EXPECT_EQ(test, run(test, 1), 1);
	KUNIT_EXPECT_EQ(test, r->inbox.refused, 1ULL);
	post.answer = 0;
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "b ");
	KUNIT_EXPECT_FALSE(test, is_there(test, "to-guest/1"));
	KUNIT_EXPECT_FALSE(test, is_there(test, "to-guest/2"));
}

static void what_must_not_be_removed_is_counted(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 1, "a", 5, 5);
	host_counts(test, "1");
	r->store.error = -EACCES;
	/* the counter, the name, the list, the chunk */
	r->store.fail_at = r->store.calls + 5;
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "a ");
	KUNIT_EXPECT_EQ(test, r->inbox.not_removed, 1ULL);
}

static void a_gap_that_must_not_be_listed_is_passed(struct kunit *test)
{
	struct room *r = test->priv;

	host_sends(test, 3, "c", 5, 5);
	host_counts(test, "3");
	r->store.error = -EACCES;
	/* the counter, the name that is not there, the list */
	r->store.fail_at = r->store.calls + 3;
	KUNIT_EXPECT_EQ(test, run(test, PLENTY), 0);
	expect_delivered(test, "c ");
}

static void what_a_dead_kernel_left_is_no_part_of_a_message(struct kunit *test)
{
	struct room *r = test->priv;

	KUNIT_ASSERT_EQ(test, ovmapi_send(&r->store.ops, 7, "old", r->value, 8191), 0);
	KUNIT_ASSERT_EQ(test, ovmapi_send(&r->store.ops, 7, "name", r->value, 3000), 0);
	expect_sent(test, "name", 3000, OVMAPI_CHUNK, 2);
}

static struct kunit_case ovmapi_wire_cases[] = {
	KUNIT_CASE_PARAM(parses_decimals_and_nothing_else, number_gen_params),
	KUNIT_CASE_PARAM(cuts_a_value_into_chunks, send_gen_params),
	KUNIT_CASE_PARAM(cuts_smaller_when_the_store_wants_so, send_gen_params),
	KUNIT_CASE(other_errors_are_not_tried_again),
	KUNIT_CASE(gives_up_where_small_chunks_do_not_fit_either),
	KUNIT_CASE(whatever_fails_leaves_nothing_of_a_message),
	KUNIT_CASE(a_full_store_at_any_write_costs_no_message),
	KUNIT_CASE(writes_the_longest_number_whole),
	KUNIT_CASE(knows_what_was_sent),
	KUNIT_CASE(nothing_comes_where_nothing_was_sent),
	KUNIT_CASE(delivers_in_order_and_removes),
	KUNIT_CASE(delivers_the_longest_number),
	KUNIT_CASE_PARAM(tells_well_formed_from_malformed, letter_gen_params),
	KUNIT_CASE_PARAM(passes_what_is_malformed_for_good, letter_gen_params),
	KUNIT_CASE(a_name_with_a_nul_is_malformed),
	KUNIT_CASE(bounds_one_call_by_its_budget),
	KUNIT_CASE_PARAM(ignores_counters_that_make_no_sense, counter_gen_params),
	KUNIT_CASE(a_lower_counter_is_a_new_beginning),
	KUNIT_CASE(skips_numbers_without_a_message),
	KUNIT_CASE(a_message_above_the_counter_waits),
	KUNIT_CASE(a_gap_up_to_the_longest_number_ends),
	KUNIT_CASE(a_number_with_a_leading_zero_is_no_message),
	KUNIT_CASE(passes_more_than_can_be_listed_one_by_one),
	KUNIT_CASE(gives_up_what_can_never_be_listed),
	KUNIT_CASE(more_chunks_than_can_be_listed_are_malformed),
	KUNIT_CASE(no_failure_loses_a_message_or_delivers_it_twice),
	KUNIT_CASE(a_message_that_is_refused_is_passed),
	KUNIT_CASE(what_there_is_no_room_for_is_gone),
	KUNIT_CASE(what_must_not_be_removed_is_counted),
	KUNIT_CASE(a_gap_that_must_not_be_listed_is_passed),
	KUNIT_CASE(what_a_dead_kernel_left_is_no_part_of_a_message),
	KUNIT_CASE(tries_the_same_message_until_the_store_answers),
	{}
};

static struct kunit_suite ovmapi_wire_suite = {
	.name = "ovmapi_wire",
	.init = room_init,
	.exit = room_exit,
	.test_cases = ovmapi_wire_cases,
};

kunit_test_suite(ovmapi_wire_suite);

MODULE_DESCRIPTION("Unit tests of messages in xenstore");
MODULE_LICENSE("GPL");
