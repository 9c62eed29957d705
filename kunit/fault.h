/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Makes every allocation of a function fail in turn.  On kernels with failslab
 * (user-mode Linux, the debug kernel) the sweep is real; elsewhere the function
 * runs once, undisturbed.
 */
#ifndef KUNIT_FAULT_H
#define KUNIT_FAULT_H

#include <kunit/test.h>
#include <linux/errno.h>

#if defined(__KERNEL__) && defined(CONFIG_FAILSLAB)
#include <linux/sched.h>

/* More allocations than any function under test makes. */
#define KUNIT_FAULT_MAX	1000

/* Lets allocation number @nth of this task fail; returns what was left of it. */
static inline unsigned int kunit_fault_call(int (*fn)(void *ctx), void *ctx,
					    unsigned int nth, int *ret)
{
	unsigned int left;

	WRITE_ONCE(current->fail_nth, nth);
	*ret = fn(ctx);
	left = READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
	return left;
}
#endif

/**
 * kunit_fault_sweep - let each allocation of a function fail once
 * @test: the running case
 * @fn: returns 0 and leaves nothing behind, or -ENOMEM with all undone
 * @ctx: passed to @fn
 *
 * A failure that strikes an allocation of the kernel's own checkers is
 * swallowed there, so a call may also succeed; anything but 0 and -ENOMEM
 * fails the case.  Leaks are for KASAN and kmemleak to find.
 *
 * Return: how many calls ended in -ENOMEM, 0 on kernels without failslab.
 */
static inline unsigned int kunit_fault_sweep(struct kunit *test, int (*fn)(void *ctx), void *ctx)
{
#if defined(__KERNEL__) && defined(CONFIG_FAILSLAB)
	unsigned int nth, refused = 0;
	int ret;

	for (nth = 1; nth <= KUNIT_FAULT_MAX; nth++) {
		if (kunit_fault_call(fn, ctx, nth, &ret)) {
			KUNIT_EXPECT_EQ_MSG(test, ret, 0, "with nothing made to fail");
			kunit_info(test, "refused in %u of %u sweeps", refused, nth - 1);
			return refused;
		}
		if (ret == -ENOMEM)
			refused++;
		else
			KUNIT_EXPECT_EQ_MSG(test, ret, 0, "with allocation %u failing", nth);
	}
	KUNIT_FAIL(test, "allocates more than %d times", KUNIT_FAULT_MAX);
	return refused;
#else
	KUNIT_EXPECT_EQ(test, fn(ctx), 0);
	kunit_info(test, "no failslab here: ran once");
	return 0;
#endif
}

/* Whether kunit_fault_sweep() makes anything fail on this kernel. */
static inline bool kunit_fault_is_real(void)
{
#if defined(__KERNEL__) && defined(CONFIG_FAILSLAB)
	return true;
#else
	return false;
#endif
}

#endif /* KUNIT_FAULT_H */
