// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Must be reported by kmemleak, on the host by ASan: memory that nothing points
 * to any more. Several blocks, since one address may linger on a stack.
 */
#include <kunit/test.h>
#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/slab.h>

static void forgets_memory(struct kunit *test)
{
	char *block;
	int i;

	for (i = 0; i < 8; i++) {
		block = kzalloc(96, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(block);
		KUNIT_ASSERT_NOT_NULL(test, block);
	}
}

static struct kunit_case selftest_cases[] = {
	KUNIT_CASE(forgets_memory),
	{}
};

static struct kunit_suite selftest_suite = {
	.name = "selftest_leak",
	.test_cases = selftest_cases,
};

kunit_test_suite(selftest_suite);

MODULE_DESCRIPTION("Suite that leaks memory");
MODULE_LICENSE("GPL");
