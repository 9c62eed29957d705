/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The part of KUnit's interface that our suites use, for the two places that
 * have no KUnit: the host, and distribution kernels, which ship without it.
 * Names, meaning and printed results are those of Linux 6.1; the guard is the
 * kernel header's own, so that its <kunit/test.h> then adds nothing.
 */
#ifndef _KUNIT_TEST_H
#define _KUNIT_TEST_H

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

#define KUNIT_PARAM_DESC_SIZE	128
#define KUNIT_SHIM_COMMENT_SIZE	256

enum kunit_status {
	KUNIT_SUCCESS,
	KUNIT_FAILURE,
	KUNIT_SKIPPED,
};

struct kunit {
	void *priv;
	const char *name;
	const void *param_value;
	int param_index;
	enum kunit_status status;
	char status_comment[KUNIT_SHIM_COMMENT_SIZE];
	/* private: of the runner */
	struct list_head blocks;
	void *abort_to;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char name[256];
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

/* Where an expectation stands, what it says, and whether it ends the case. */
struct kunit_shim_check {
	const char *file;
	int line;
	bool is_assertion;
	const char *left;
	const char *op;
	const char *right;
};

unsigned int kunit_shim_run(struct kunit_suite *const *suites);
__printf(2, 3) void kunit_shim_log(const struct kunit *test, const char *fmt, ...);
__printf(2, 3) void kunit_mark_skipped(struct kunit *test, const char *fmt, ...);
__printf(3, 4) void kunit_shim_fail_true(struct kunit *test, const struct kunit_shim_check *check,
					 const char *fmt, ...);
__printf(5, 6) void kunit_shim_fail_int(struct kunit *test, const struct kunit_shim_check *check,
					long long left, long long right, const char *fmt, ...);
__printf(5, 6) void kunit_shim_fail_ptr(struct kunit *test, const struct kunit_shim_check *check,
					const void *left, const void *right, const char *fmt, ...);
__printf(5, 6) void kunit_shim_fail_str(struct kunit *test, const struct kunit_shim_check *check,
					const char *left, const char *right, const char *fmt, ...);
void __noreturn kunit_shim_abort(struct kunit *test);
void *kunit_kmalloc_array(struct kunit *test, size_t n, size_t size, gfp_t gfp);
void kunit_kfree(struct kunit *test, const void *ptr);

static inline void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, 1, size, gfp);
}

static inline void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc(test, size, gfp | __GFP_ZERO);
}

static inline void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, n, size, gfp | __GFP_ZERO);
}

#define KUNIT_CASE(test_name)	{ .run_case = test_name, .name = #test_name }
#define KUNIT_CASE_PARAM(test_name, gen_params) \
	{ .run_case = test_name, .name = #test_name, .generate_params = gen_params }

#define KUNIT_ARRAY_PARAM(name, array, get_desc)					\
	static const void *name##_gen_params(const void *prev, char *desc)		\
	{										\
		typeof((array)[0]) *next = prev ? ((typeof(next))prev) + 1 : (array);	\
		void (*describe)(typeof(next) param, char *text) = get_desc;		\
											\
		if ((size_t)(next - (array)) >= ARRAY_SIZE(array))			\
			return NULL;							\
		if (describe)								\
			describe(next, desc);						\
		return next;								\
	}

#ifdef __KERNEL__
#define kunit_test_suites(...)								\
	static struct kunit_suite *const kunit_shim_suites[] = { __VA_ARGS__, NULL };	\
	static int __init kunit_shim_init(void)						\
	{										\
		kunit_shim_run(kunit_shim_suites);					\
		return 0;								\
	}										\
	static void __exit kunit_shim_exit(void)					\
	{										\
	}										\
	module_init(kunit_shim_init);							\
	module_exit(kunit_shim_exit)
#else
extern struct kunit_suite *const kunit_shim_suites[];
#define kunit_test_suites(...) \
	struct kunit_suite *const kunit_shim_suites[] = { __VA_ARGS__, NULL }
#endif
#define kunit_test_suite(suite)	kunit_test_suites(&suite)

#define kunit_info(test, fmt, ...) \
	kunit_shim_log(test, "    # %s: " fmt, (test)->name, ##__VA_ARGS__)
#define kunit_warn(test, fmt, ...)	kunit_info(test, fmt, ##__VA_ARGS__)
#define kunit_err(test, fmt, ...)	kunit_info(test, fmt, ##__VA_ARGS__)

#define kunit_skip(test, fmt, ...)				\
	do {							\
		kunit_mark_skipped(test, fmt, ##__VA_ARGS__);	\
		kunit_shim_abort(test);				\
	} while (0)

#define KUNIT_SHIM_CHECK(assertion, l, o, r)						\
	const struct kunit_shim_check check_ = {					\
		.file = __FILE__, .line = __LINE__, .is_assertion = assertion,		\
		.left = l, .op = o, .right = r						\
	}

#define KUNIT_SHIM_TRUE(test, assertion, cond, text, wanted, fmt, ...)			\
	do {										\
		if ((!!(cond)) != (wanted)) {					\
			KUNIT_SHIM_CHECK(assertion, text, (wanted) ? "true" : "false",	\
					 (wanted) ? "false" : "true");			\
			kunit_shim_fail_true(test, &check_, fmt, ##__VA_ARGS__);	\
		}									\
	} while (0)

#define KUNIT_SHIM_INT(test, assertion, l, o, r, fmt, ...)				\
	do {										\
		const typeof(l) left_ = (l);						\
		const typeof(r) right_ = (r);						\
											\
		if (!(left_ o right_)) {						\
			KUNIT_SHIM_CHECK(assertion, #l, #o, #r);			\
			kunit_shim_fail_int(test, &check_, (long long)left_,		\
					    (long long)right_, fmt, ##__VA_ARGS__);	\
		}									\
	} while (0)

#define KUNIT_SHIM_PTR(test, assertion, l, o, r, fmt, ...)				\
	do {										\
		const void *const left_ = (l);						\
		const void *const right_ = (r);						\
											\
		if (!(left_ o right_)) {						\
			KUNIT_SHIM_CHECK(assertion, #l, #o, #r);			\
			kunit_shim_fail_ptr(test, &check_, left_, right_, fmt,		\
					    ##__VA_ARGS__);				\
		}									\
	} while (0)

#define KUNIT_SHIM_STR(test, assertion, l, o, r, fmt, ...)				\
	do {										\
		const char *const left_ = (l);						\
		const char *const right_ = (r);						\
											\
		if (!left_ || !right_ || !(strcmp(left_, right_) o 0)) {		\
			KUNIT_SHIM_CHECK(assertion, #l, #o, #r);			\
			kunit_shim_fail_str(test, &check_, left_, right_, fmt,		\
					    ##__VA_ARGS__);				\
		}									\
	} while (0)

#define KUNIT_SHIM_VALID(test, assertion, ptr, fmt, ...)				\
	do {										\
		const void *const ptr_ = (ptr);						\
											\
		if (IS_ERR_OR_NULL(ptr_)) {						\
			KUNIT_SHIM_CHECK(assertion, #ptr, "is neither NULL nor", "an error"); \
			kunit_shim_fail_ptr(test, &check_, ptr_, NULL, fmt,		\
					    ##__VA_ARGS__);				\
		}									\
	} while (0)

#define KUNIT_SUCCEED(test)			do { (void)(test); } while (0)
#define KUNIT_FAIL(test, fmt, ...) \
	KUNIT_SHIM_TRUE(test, false, false, "reaching this line", true, fmt, ##__VA_ARGS__)
#define KUNIT_FAIL_AND_ABORT(test, fmt, ...) \
	KUNIT_SHIM_TRUE(test, true, false, "reaching this line", true, fmt, ##__VA_ARGS__)

#define KUNIT_EXPECT_TRUE(test, c)		KUNIT_SHIM_TRUE(test, false, c, #c, true, NULL)
#define KUNIT_EXPECT_FALSE(test, c)		KUNIT_SHIM_TRUE(test, false, c, #c, false, NULL)
#define KUNIT_EXPECT_EQ(test, l, r)		KUNIT_SHIM_INT(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_NE(test, l, r)		KUNIT_SHIM_INT(test, false, l, !=, r, NULL)
#define KUNIT_EXPECT_LT(test, l, r)		KUNIT_SHIM_INT(test, false, l, <, r, NULL)
#define KUNIT_EXPECT_LE(test, l, r)		KUNIT_SHIM_INT(test, false, l, <=, r, NULL)
#define KUNIT_EXPECT_GT(test, l, r)		KUNIT_SHIM_INT(test, false, l, >, r, NULL)
#define KUNIT_EXPECT_GE(test, l, r)		KUNIT_SHIM_INT(test, false, l, >=, r, NULL)
#define KUNIT_EXPECT_PTR_EQ(test, l, r)		KUNIT_SHIM_PTR(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_PTR_NE(test, l, r)		KUNIT_SHIM_PTR(test, false, l, !=, r, NULL)
#define KUNIT_EXPECT_NULL(test, p)		KUNIT_SHIM_PTR(test, false, p, ==, NULL, NULL)
#define KUNIT_EXPECT_NOT_NULL(test, p)		KUNIT_SHIM_PTR(test, false, p, !=, NULL, NULL)
#define KUNIT_EXPECT_STREQ(test, l, r)		KUNIT_SHIM_STR(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_STRNEQ(test, l, r)		KUNIT_SHIM_STR(test, false, l, !=, r, NULL)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL(test, p)	KUNIT_SHIM_VALID(test, false, p, NULL)

#define KUNIT_ASSERT_TRUE(test, c)		KUNIT_SHIM_TRUE(test, true, c, #c, true, NULL)
#define KUNIT_ASSERT_FALSE(test, c)		KUNIT_SHIM_TRUE(test, true, c, #c, false, NULL)
#define KUNIT_ASSERT_EQ(test, l, r)		KUNIT_SHIM_INT(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_NE(test, l, r)		KUNIT_SHIM_INT(test, true, l, !=, r, NULL)
#define KUNIT_ASSERT_LT(test, l, r)		KUNIT_SHIM_INT(test, true, l, <, r, NULL)
#define KUNIT_ASSERT_LE(test, l, r)		KUNIT_SHIM_INT(test, true, l, <=, r, NULL)
#define KUNIT_ASSERT_GT(test, l, r)		KUNIT_SHIM_INT(test, true, l, >, r, NULL)
#define KUNIT_ASSERT_GE(test, l, r)		KUNIT_SHIM_INT(test, true, l, >=, r, NULL)
#define KUNIT_ASSERT_PTR_EQ(test, l, r)		KUNIT_SHIM_PTR(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_PTR_NE(test, l, r)		KUNIT_SHIM_PTR(test, true, l, !=, r, NULL)
#define KUNIT_ASSERT_NULL(test, p)		KUNIT_SHIM_PTR(test, true, p, ==, NULL, NULL)
#define KUNIT_ASSERT_NOT_NULL(test, p)		KUNIT_SHIM_PTR(test, true, p, !=, NULL, NULL)
#define KUNIT_ASSERT_STREQ(test, l, r)		KUNIT_SHIM_STR(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_STRNEQ(test, l, r)		KUNIT_SHIM_STR(test, true, l, !=, r, NULL)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p)	KUNIT_SHIM_VALID(test, true, p, NULL)

/* With a message of the suite's own behind the standard one. */
#define KUNIT_EXPECT_TRUE_MSG(test, c, ...) \
	KUNIT_SHIM_TRUE(test, false, c, #c, true, __VA_ARGS__)
#define KUNIT_EXPECT_FALSE_MSG(test, c, ...) \
	KUNIT_SHIM_TRUE(test, false, c, #c, false, __VA_ARGS__)
#define KUNIT_EXPECT_EQ_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_NE_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_LT_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, false, l, <, r, __VA_ARGS__)
#define KUNIT_EXPECT_LE_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, false, l, <=, r, __VA_ARGS__)
#define KUNIT_EXPECT_GT_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, false, l, >, r, __VA_ARGS__)
#define KUNIT_EXPECT_GE_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, false, l, >=, r, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ_MSG(test, l, r, ...) \
	KUNIT_SHIM_PTR(test, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_NE_MSG(test, l, r, ...) \
	KUNIT_SHIM_PTR(test, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_NULL_MSG(test, p, ...) \
	KUNIT_SHIM_PTR(test, false, p, ==, NULL, __VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL_MSG(test, p, ...) \
	KUNIT_SHIM_PTR(test, false, p, !=, NULL, __VA_ARGS__)
#define KUNIT_EXPECT_STREQ_MSG(test, l, r, ...)	KUNIT_SHIM_STR(test, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_STRNEQ_MSG(test, l, r, ...) \
	KUNIT_SHIM_STR(test, false, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_TRUE_MSG(test, c, ...) \
	KUNIT_SHIM_TRUE(test, true, c, #c, true, __VA_ARGS__)
#define KUNIT_ASSERT_FALSE_MSG(test, c, ...) \
	KUNIT_SHIM_TRUE(test, true, c, #c, false, __VA_ARGS__)
#define KUNIT_ASSERT_EQ_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_NE_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_LT_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, true, l, <, r, __VA_ARGS__)
#define KUNIT_ASSERT_LE_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, true, l, <=, r, __VA_ARGS__)
#define KUNIT_ASSERT_GT_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, true, l, >, r, __VA_ARGS__)
#define KUNIT_ASSERT_GE_MSG(test, l, r, ...)	KUNIT_SHIM_INT(test, true, l, >=, r, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_EQ_MSG(test, l, r, ...) KUNIT_SHIM_PTR(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_NE_MSG(test, l, r, ...) KUNIT_SHIM_PTR(test, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_NULL_MSG(test, p, ...) \
	KUNIT_SHIM_PTR(test, true, p, ==, NULL, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL_MSG(test, p, ...) \
	KUNIT_SHIM_PTR(test, true, p, !=, NULL, __VA_ARGS__)
#define KUNIT_ASSERT_STREQ_MSG(test, l, r, ...)	KUNIT_SHIM_STR(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_STRNEQ_MSG(test, l, r, ...) KUNIT_SHIM_STR(test, true, l, !=, r, __VA_ARGS__)

#endif /* _KUNIT_TEST_H */
