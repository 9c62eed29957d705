// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Must be reported as failed: an expectation that does not hold, an assertion
 * that ends its case, and a case for each other way a case can end.
 */
#include <kunit/test.h>
#include <linux/module.h>

static void holds(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, 1);
}

static void expectation_fails_and_case_goes_on(struct kunit *test)
{
	int two = 2;

	KUNIT_EXPECT_EQ(test, 1, two);
	kunit_info(test, "went on after an expectation");
	KUNIT_EXPECT_STREQ_MSG(test, "left", "right", "the number was %d", two);
}

static void assertion_ends_the_case(struct kunit *test)
{
	KUNIT_ASSERT_NOT_NULL(test, test->param_value);
	kunit_info(test, "went on after an assertion");
}

static void is_skipped(struct kunit *test)
{
	kunit_skip(test, "to see a skipped case");
}

static const int selftest_numbers[] = { 1, 2, 3 };

KUNIT_ARRAY_PARAM(selftest, selftest_numbers, NULL);

static void one_parameter_fails(struct kunit *test)
{
	const int *number = test->param_value;

	KUNIT_EXPECT_NE(test, *number, 2);
}

static struct kunit_case selftest_cases[] = {
	KUNIT_CASE(holds),
	KUNIT_CASE(expectation_fails_and_case_goes_on),
	KUNIT_CASE(assertion_ends_the_case),
	KUNIT_CASE(is_skipped),
	KUNIT_CASE_PARAM(one_parameter_fails, selftest_gen_params),
	{}
};

static struct kunit_suite selftest_suite = {
	.name = "selftest_expect",
	.test_cases = selftest_cases,
};

kunit_test_suite(selftest_suite);

MODULE_DESCRIPTION("Suite that fails its expectations");
MODULE_LICENSE("GPL");
