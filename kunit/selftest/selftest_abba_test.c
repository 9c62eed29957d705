// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Must be reported by lockdep: two locks taken in both orders. Nothing hangs,
 * and the case itself finds nothing wrong.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(selftest_first);
static DEFINE_SPINLOCK(selftest_second);

static void takes_locks_in_both_orders(struct kunit *test)
{
	spin_lock(&selftest_first);
	spin_lock(&selftest_second);
	spin_unlock(&selftest_second);
	spin_unlock(&selftest_first);

	spin_lock(&selftest_second);
	spin_lock(&selftest_first);
	spin_unlock(&selftest_first);
	spin_unlock(&selftest_second);
	KUNIT_SUCCEED(test);
}

static struct kunit_case selftest_cases[] = {
	KUNIT_CASE(takes_locks_in_both_orders),
	{}
};

static struct kunit_suite selftest_suite = {
	.name = "selftest_abba",
	.test_cases = selftest_cases,
};

kunit_test_suite(selftest_suite);

MODULE_DESCRIPTION("Suite that takes locks in both orders");
MODULE_LICENSE("GPL");
