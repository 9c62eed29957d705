// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Must be reported by KASAN, on the host by ASan: memory read after it was
 * freed. The case itself finds nothing wrong.
 */
#include <kunit/test.h>
#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/slab.h>

static void reads_freed_memory(struct kunit *test)
{
	char *block = kzalloc(32, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, block);
	kfree(block);
	OPTIMIZER_HIDE_VAR(block);
	kunit_info(test, "read %d", READ_ONCE(*block));
}

static struct kunit_case selftest_cases[] = {
	KUNIT_CASE(reads_freed_memory),
	{}
};

static struct kunit_suite selftest_suite = {
	.name = "selftest_uaf",
	.test_cases = selftest_cases,
};

kunit_test_suite(selftest_suite);

MODULE_DESCRIPTION("Suite that reads freed memory");
MODULE_LICENSE("GPL");
