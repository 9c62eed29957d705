// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Commits one fault on purpose, so that a test can see the lab notice it.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *what = "none";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "fault to commit: warn, bug, oops, lockdep, sleep, kasan, leak or none");

static DEFINE_SPINLOCK(first);
static DEFINE_SPINLOCK(second);
static void *volatile sink; /* keeps the compiler from seeing through the fault */

static void commit_warn(void)
{
	WARN(1, "faults: a warning on purpose\n");
}

static void commit_bug(void)
{
	BUG(); /* the fault itself */
}

static void commit_oops(void)
{
	sink = NULL;
	*(volatile int *)sink = 1;
}

/* Two locks taken in both orders: a deadlock waiting to happen. */
static void commit_lockdep(void)
{
	spin_lock(&first);
	spin_lock(&second);
	spin_unlock(&second);
	spin_unlock(&first);
	spin_lock(&second);
	spin_lock(&first);
	spin_unlock(&first);
	spin_unlock(&second);
}

static void commit_sleep(void)
{
	spin_lock(&first);
	msleep(1);
	spin_unlock(&first);
}

static void commit_kasan(void)
{
	char *bytes = kmalloc(32, GFP_KERNEL);

	sink = bytes;
	kfree(bytes);
	pr_info("faults: read after free: %d\n", *(volatile char *)sink);
}

static void commit_leak(void)
{
	int i;

	for (i = 0; i < 8; i++)
		sink = kmalloc(96, GFP_KERNEL);
	sink = NULL;
}

static void commit_none(void)
{
}

static const struct fault {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "warn", commit_warn },
	{ "bug", commit_bug },
	{ "oops", commit_oops },
	{ "lockdep", commit_lockdep },
	{ "sleep", commit_sleep },
	{ "kasan", commit_kasan },
	{ "leak", commit_leak },
	{ "none", commit_none },
};

static int __init faults_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!strcmp(what, faults[i].name)) {
			faults[i].commit();
			return 0;
		}
	}
	pr_err("faults: '%s' is no fault this module knows\n", what);
	return -EINVAL;
}
module_init(faults_init);

static void __exit faults_exit(void)
{
}
module_exit(faults_exit);

MODULE_DESCRIPTION("commits one kernel fault on purpose, for tests of the lab");
MODULE_LICENSE("GPL");
