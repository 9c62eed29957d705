// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The fault sweep itself: that it reaches every allocation of a function, that
 * it leaves a function without allocations alone, and that it ends.
 */
#include <kunit/test.h>
#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "fault.h"

struct sweep_counts {
	unsigned int calls;
	unsigned int failed_at[3];	/* by allocation, the last: by none */
};

/* Two allocations, undone in reverse. */
static int sweep_two_blocks(void *ctx)
{
	struct sweep_counts *counts = ctx;
	char *first, *second;

	counts->calls++;
	first = kzalloc(100, GFP_KERNEL);
	if (!first) {
		counts->failed_at[0]++;
		return -ENOMEM;
	}
	OPTIMIZER_HIDE_VAR(first);
	second = kzalloc(200, GFP_KERNEL);
	if (!second) {
		counts->failed_at[1]++;
		kfree(first);
		return -ENOMEM;
	}
	OPTIMIZER_HIDE_VAR(second);
	counts->failed_at[2]++;
	kfree(second);
	kfree(first);
	return 0;
}

static int sweep_no_block(void *ctx)
{
	struct sweep_counts *counts = ctx;

	counts->calls++;
	return 0;
}

static void fails_every_allocation_once(struct kunit *test)
{
	struct sweep_counts counts = { 0 };
	unsigned int refused = kunit_fault_sweep(test, sweep_two_blocks, &counts);

	KUNIT_EXPECT_GE(test, counts.failed_at[2], 1);
	if (!kunit_fault_is_real()) {
		KUNIT_EXPECT_EQ(test, refused, 0);
		KUNIT_EXPECT_EQ(test, counts.calls, 1);
		return;
	}
	KUNIT_EXPECT_EQ(test, refused, 2);
	KUNIT_EXPECT_EQ(test, counts.failed_at[0], 1);
	KUNIT_EXPECT_EQ(test, counts.failed_at[1], 1);
}

static void leaves_a_function_without_allocations_alone(struct kunit *test)
{
	struct sweep_counts counts = { 0 };

	KUNIT_EXPECT_EQ(test, kunit_fault_sweep(test, sweep_no_block, &counts), 0);
	KUNIT_EXPECT_EQ(test, counts.calls, 1);
}

static struct kunit_case fault_sweep_cases[] = {
	KUNIT_CASE(fails_every_allocation_once),
	KUNIT_CASE(leaves_a_function_without_allocations_alone),
	{}
};

static struct kunit_suite fault_sweep_suite = {
	.name = "fault_sweep",
	.test_cases = fault_sweep_cases,
};

kunit_test_suite(fault_sweep_suite);

MODULE_DESCRIPTION("Test of the fault sweep");
MODULE_LICENSE("GPL");
