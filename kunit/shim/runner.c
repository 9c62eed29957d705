// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Runs suites where there is no KUnit and prints what KUnit of Linux 6.1 would
 * print.  A case runs where it can be given up in the middle: in a thread of
 * its own in a kernel, behind a setjmp() on the host; shim_try() and
 * kunit_shim_abort() are the only parts that differ.
 */
#include "test.h"

#ifdef __KERNEL__
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#define shim_print(fmt, ...)	printk(KERN_INFO fmt "\n", ##__VA_ARGS__)
/* As long as KUnit gives a case. */
#define SHIM_TIMEOUT_S		300
#else
#include <setjmp.h>

#define shim_print(fmt, ...)	printf(fmt "\n", ##__VA_ARGS__)
#endif

struct shim_block {
	struct list_head node;
	u64 data[];
};

struct shim_run {
	struct kunit test;
	const struct kunit_suite *suite;
	const struct kunit_case *test_case;
	bool has_started;	/* the suite's init() for this case succeeded */
#ifdef __KERNEL__
	struct completion done;
	void (*phase)(struct shim_run *run);
#endif
};

static const char *shim_verdict(enum kunit_status status)
{
	return status == KUNIT_FAILURE ? "not ok" : "ok";
}

void kunit_shim_log(const struct kunit *test, const char *fmt, ...)
{
	char text[512];
	size_t len;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	shim_print("%s", text);
}

void kunit_mark_skipped(struct kunit *test, const char *fmt, ...)
{
	va_list args;

	test->status = KUNIT_SKIPPED;
	va_start(args, fmt);
	vsnprintf(test->status_comment, sizeof(test->status_comment), fmt, args);
	va_end(args);
}

static void shim_fail_head(struct kunit *test, const struct kunit_shim_check *check)
{
	test->status = KUNIT_FAILURE;
	shim_print("    # %s: %s FAILED at %s:%d", test->name,
		   check->is_assertion ? "ASSERTION" : "EXPECTATION", check->file, check->line);
}

static __printf(3, 0) void
shim_fail_tail(struct kunit *test, const struct kunit_shim_check *check,
	       const char *fmt, va_list args)
{
	char text[256];

	if (fmt) {
		vsnprintf(text, sizeof(text), fmt, args);
		shim_print("    %s", text);
	}
	if (check->is_assertion)
		kunit_shim_abort(test);
}

void kunit_shim_fail_true(struct kunit *test, const struct kunit_shim_check *check,
			  const char *fmt, ...)
{
	va_list args;

	shim_fail_head(test, check);
	shim_print("    Expected %s to be %s, but is %s", check->left, check->op, check->right);
	va_start(args, fmt);
	shim_fail_tail(test, check, fmt, args);
	va_end(args);
}

void kunit_shim_fail_int(struct kunit *test, const struct kunit_shim_check *check,
			 long long left, long long right, const char *fmt, ...)
{
	va_list args;

	shim_fail_head(test, check);
	shim_print("    Expected %s %s %s, but", check->left, check->op, check->right);
	shim_print("        %s == %lld (0x%llx)", check->left, left, left);
	shim_print("        %s == %lld (0x%llx)", check->right, right, right);
	va_start(args, fmt);
	shim_fail_tail(test, check, fmt, args);
	va_end(args);
}

void kunit_shim_fail_ptr(struct kunit *test, const struct kunit_shim_check *check,
			 const void *left, const void *right, const char *fmt, ...)
{
	va_list args;

	shim_fail_head(test, check);
	shim_print("    Expected %s %s %s, but", check->left, check->op, check->right);
	shim_print("        %s == %p", check->left, left);
	shim_print("        %s == %p", check->right, right);
	va_start(args, fmt);
	shim_fail_tail(test, check, fmt, args);
	va_end(args);
}

void kunit_shim_fail_str(struct kunit *test, const struct kunit_shim_check *check,
			 const char *left, const char *right, const char *fmt, ...)
{
	va_list args;

	shim_fail_head(test, check);
	shim_print("    Expected %s %s %s, but", check->left, check->op, check->right);
	shim_print("        %s == \"%s\"", check->left, left ? left : "(null)");
	shim_print("        %s == \"%s\"", check->right, right ? right : "(null)");
	va_start(args, fmt);
	shim_fail_tail(test, check, fmt, args);
	va_end(args);
}

void *kunit_kmalloc_array(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	struct shim_block *block;

	if (size && n > (SIZE_MAX - sizeof(*block)) / size)
		return NULL;
	block = kmalloc(sizeof(*block) + n * size, gfp);
	if (!block)
		return NULL;
	list_add(&block->node, &test->blocks);
	return block->data;
}

void kunit_kfree(struct kunit *test, const void *ptr)
{
	struct shim_block *block;

	if (!ptr)
		return;
	block = container_of((void *)ptr, struct shim_block, data);
	list_del(&block->node);
	kfree(block);
}

static void shim_phase_run(struct shim_run *run)
{
	int err = run->suite->init ? run->suite->init(&run->test) : 0;

	if (err) {
		kunit_err(&run->test, "failed to initialize: %d", err);
		run->test.status = KUNIT_FAILURE;
		return;
	}
	run->has_started = true;
	run->test_case->run_case(&run->test);
}

static void shim_phase_clean_up(struct shim_run *run)
{
	if (run->has_started && run->suite->exit)
		run->suite->exit(&run->test);
}

#ifdef __KERNEL__
void __noreturn kunit_shim_abort(struct kunit *test)
{
	kthread_complete_and_exit(&container_of(test, struct shim_run, test)->done, 0);
}

static int shim_thread(void *data)
{
	struct shim_run *run = data;

	run->phase(run);
	kunit_shim_abort(&run->test);
}

/* Returns whether the phase came to an end, on its own or by giving up. */
static bool shim_try(struct shim_run *run, void (*phase)(struct shim_run *run))
{
	struct task_struct *task;

	init_completion(&run->done);
	run->phase = phase;
	task = kthread_run(shim_thread, run, "kunit_case");
	if (IS_ERR(task)) {
		kunit_err(&run->test, "no thread to run in: %ld", PTR_ERR(task));
		run->test.status = KUNIT_FAILURE;
		return true;
	}
	if (wait_for_completion_timeout(&run->done, SHIM_TIMEOUT_S * HZ))
		return true;
	kunit_err(&run->test, "test case timed out");
	run->test.status = KUNIT_FAILURE;
	return false;
}
#else
void __noreturn kunit_shim_abort(struct kunit *test)
{
	longjmp(*(jmp_buf *)test->abort_to, 1);
}

static bool shim_try(struct shim_run *run, void (*phase)(struct shim_run *run))
{
	jmp_buf here;

	run->test.abort_to = &here;
	if (!setjmp(here))
		phase(run);
	return true;
}
#endif

/* One call of a case, with its parameter if it has any. */
static enum kunit_status shim_run_once(const struct kunit_suite *suite,
				       const struct kunit_case *test_case,
				       const void *param, int index, char *comment)
{
	struct shim_run *run = kzalloc(sizeof(*run), GFP_KERNEL);
	struct shim_block *block, *next;
	enum kunit_status status;

	if (!run)
		return KUNIT_FAILURE;
	INIT_LIST_HEAD(&run->test.blocks);
	run->test.name = test_case->name;
	run->test.param_value = param;
	run->test.param_index = index;
	run->suite = suite;
	run->test_case = test_case;
	if (!shim_try(run, shim_phase_run) || !shim_try(run, shim_phase_clean_up)) {
		/* The thread still uses all of this and the module's code. */
		__module_get(THIS_MODULE);
		return KUNIT_FAILURE;
	}
	list_for_each_entry_safe(block, next, &run->test.blocks, node)
		kfree(block);
	status = run->test.status;
	memcpy(comment, run->test.status_comment, KUNIT_SHIM_COMMENT_SIZE);
	kfree(run);
	return status;
}

static enum kunit_status shim_run_params(const struct kunit_suite *suite,
					 const struct kunit_case *test_case, char *comment)
{
	enum kunit_status status = KUNIT_SKIPPED, one;
	char desc[KUNIT_PARAM_DESC_SIZE] = "";
	const void *param = test_case->generate_params(NULL, desc);
	int i;

	shim_print("        KTAP version 1");
	shim_print("        # Subtest: %s", test_case->name);
	for (i = 0; param; i++) {
		one = shim_run_once(suite, test_case, param, i, comment);
		if (!desc[0])
			snprintf(desc, sizeof(desc), "param-%d", i);
		shim_print("        %s %d %s", shim_verdict(one), i + 1, desc);
		if (one == KUNIT_FAILURE || status == KUNIT_SKIPPED)
			status = one;
		desc[0] = '\0';
		param = test_case->generate_params(param, desc);
	}
	return status;
}

static enum kunit_status shim_run_case(const struct kunit_suite *suite,
				       const struct kunit_case *test_case, size_t number)
{
	char comment[KUNIT_SHIM_COMMENT_SIZE] = "";
	enum kunit_status status;

	if (test_case->generate_params)
		status = shim_run_params(suite, test_case, comment);
	else
		status = shim_run_once(suite, test_case, NULL, 0, comment);
	shim_print("    %s %zu %s%s%s", shim_verdict(status), number, test_case->name,
		   status == KUNIT_SKIPPED ? " # SKIP " : "",
		   status == KUNIT_SKIPPED ? comment : "");
	return status;
}

static enum kunit_status shim_run_cases(const struct kunit_suite *suite)
{
	enum kunit_status status = KUNIT_SKIPPED, one;
	size_t count = 0, i;

	while (suite->test_cases[count].run_case)
		count++;
	shim_print("    KTAP version 1");
	shim_print("    # Subtest: %s", suite->name);
	shim_print("    1..%zu", count);
	for (i = 0; i < count; i++) {
		one = shim_run_case(suite, &suite->test_cases[i], i + 1);
		if (one == KUNIT_FAILURE || status == KUNIT_SKIPPED)
			status = one;
	}
	return status;
}

/**
 * kunit_shim_run - run suites and print their results
 * @suites: the suites, closed by NULL
 *
 * Return: how many of them failed.
 */
unsigned int kunit_shim_run(struct kunit_suite *const *suites)
{
	unsigned int number = 0, failed = 0;
	enum kunit_status status;

	for (; *suites; suites++) {
		if ((*suites)->suite_init && (*suites)->suite_init(*suites)) {
			shim_print("    # %s: failed to initialize", (*suites)->name);
			status = KUNIT_FAILURE;
		} else {
			status = shim_run_cases(*suites);
			if ((*suites)->suite_exit)
				(*suites)->suite_exit(*suites);
		}
		failed += status == KUNIT_FAILURE;
		shim_print("%s %u %s%s", shim_verdict(status), ++number, (*suites)->name,
			   status == KUNIT_SKIPPED ? " # SKIP" : "");
	}
	return failed;
}
