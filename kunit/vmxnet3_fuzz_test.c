// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The fuzz corpus of vmxnet3's completion code, replayed: the same engines and
 * the same inputs as under libFuzzer, on every layer.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fuzz/vmxnet3.h"
#include "fuzz/vmxnet3_corpus.h"

/* Longer than any seed. */
#define SEED_SIZE	128

struct fuzz_case {
	struct fuzz_vmxnet3 run;
	u8 data[SEED_SIZE];
};

static u8 hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static size_t read_seed(struct kunit *test, const char *hex, u8 *data)
{
	size_t i, len = strlen(hex) / 2;

	KUNIT_ASSERT_LE(test, len, (size_t)SEED_SIZE);
	for (i = 0; i < len; i++)
		data[i] = hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]);
	return len;
}

static void seed_name(const struct fuzz_seed *seed, char *desc)
{
	strscpy(desc, seed->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(seed, vmxnet3_seeds, seed_name);

static void survives_every_seed(struct kunit *test)
{
	const struct fuzz_seed *seed = test->param_value;
	struct fuzz_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	const char *fault;

	KUNIT_ASSERT_NOT_NULL(test, c);
	fault = fuzz_vmxnet3_run(&c->run, c->data, read_seed(test, seed->hex, c->data));
	KUNIT_EXPECT_NULL_MSG(test, fault, "the driver %s", fault);
}

/* Inputs of every length, pseudo-random: a short look without libFuzzer. */
static void survives_random_inputs(struct kunit *test)
{
	struct fuzz_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	u64 state = 0x9e3779b97f4a7c15ull;
	const char *fault;
	u32 i, k;

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (i = 0; i < 2000; i++) {
		for (k = 0; k < SEED_SIZE; k++) {
			state = state * 6364136223846793005ull + 1442695040888963407ull;
			c->data[k] = state >> 56;
		}
		fault = fuzz_vmxnet3_run(&c->run, c->data, SEED_SIZE - i % 32);
		KUNIT_ASSERT_NULL_MSG(test, fault, "input %u: the driver %s", i, fault);
	}
}

/* Rings that the driver's side and the books' side of a receive disagree on. */
static void engine_sees_a_slot_taken_twice(struct kunit *test)
{
	struct fuzz_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct fuzz_rx *f;

	KUNIT_ASSERT_NOT_NULL(test, c);
	f = &c->run.rx;
	fuzz_rx_setup(f);
	KUNIT_ASSERT_NULL(test, f->in.fault);
	fuzz_comp_write(&f->comp, (u64)f->book[0].rqid << 16 | 3 << 14, 60);
	fuzz_rx_take(f, 0, 0);
	KUNIT_EXPECT_NULL(test, f->in.fault);
	fuzz_rx_take(f, 0, 0);
	KUNIT_EXPECT_STREQ(test, f->in.fault, "takes a slot that was not posted");
}

static void engine_sees_a_packet_given_back_twice(struct kunit *test)
{
	struct fuzz_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct fuzz_tx *f;

	KUNIT_ASSERT_NOT_NULL(test, c);
	f = &c->run.tx;
	f->size = FUZZ_RING;
	f->mask = FUZZ_RING - 1;
	fuzz_tx_start(f, 0);
	fuzz_tx_send(f, 3, 64, false);
	fuzz_tx_book_release(f, 0, 3);
	KUNIT_EXPECT_NULL(test, f->in.fault);
	fuzz_tx_book_release(f, 3, 3);
	KUNIT_EXPECT_STREQ(test, f->in.fault, "gives a packet back twice");
}

static struct kunit_case vmxnet3_fuzz_cases[] = {
	KUNIT_CASE_PARAM(survives_every_seed, seed_gen_params),
	KUNIT_CASE(survives_random_inputs),
	KUNIT_CASE(engine_sees_a_slot_taken_twice),
	KUNIT_CASE(engine_sees_a_packet_given_back_twice),
	{}
};

static struct kunit_suite vmxnet3_fuzz_suite = {
	.name = "vmxnet3_fuzz",
	.test_cases = vmxnet3_fuzz_cases,
};

kunit_test_suite(vmxnet3_fuzz_suite);

MODULE_DESCRIPTION("KUnit suite: vmxnet3 completions from a hostile device");
MODULE_LICENSE("GPL");
