// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The machine around the balloon: panic, sleep, hibernation, memory that goes
 * offline.  (Reboot and kexec shut the device down, see main.)  Whatever runs
 * next must not find frames that the host still takes for the balloon's.
 */
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/pm.h>

#include "vmmemctl.h"
#include "vmmemctl_trace.h"

/* Nothing else can be relied on here: one command that needs no memory and no lock. */
static int vmmemctl_panic(struct notifier_block *nb, unsigned long unused, void *text)
{
	struct vmmemctl_call stop = { .command = VMMEMCTL_START };

	vmmemctl_port_call(NULL, &stop);
	return NOTIFY_DONE;
}

static struct notifier_block vmmemctl_panic_nb = { .notifier_call = vmmemctl_panic };

/*
 * Small pages are moved by the kernel.  Large ones cannot be, so they are given
 * back; the next tick takes others, elsewhere, for the kernel has isolated the
 * range by now.
 */
static int vmmemctl_memory(struct notifier_block *nb, unsigned long action, void *arg)
{
	struct vmmemctl *b = &vmmemctl_balloon;
	struct memory_notify *range = arg;
	u64 given;

	switch (action) {
	case MEM_GOING_OFFLINE:
		mutex_lock(&b->lock);
		given = vmmemctl_release_range(b, range->start_pfn, range->nr_pages);
		b->stats.offline_frames += given;
		mutex_unlock(&b->lock);
		trace_vmmemctl_give_back("offline", range->nr_pages, given);
		break;
	case MEM_ONLINE:
	case MEM_OFFLINE:
	case MEM_CANCEL_OFFLINE:
		vmmemctl_wake(b);	/* to tell the new limit */
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block vmmemctl_memory_nb = { .notifier_call = vmmemctl_memory };

/*
 * The tick's queue is frozen while the machine sleeps.  A host that has lost
 * the balloon meanwhile says so with the first answer.
 */
static int vmmemctl_resume(struct device *dev)
{
	vmmemctl_wake(&vmmemctl_balloon);
	return 0;
}

/*
 * Before an image is made, and before one is put in place of this kernel: what
 * runs next knows nothing of this host's balloon, so there is none any more.
 * The pages are freed by the next tick.
 */
static int vmmemctl_freeze(struct device *dev)
{
	struct vmmemctl *b = &vmmemctl_balloon;

	mutex_lock(&b->lock);
	vmmemctl_host_stop(&b->host);
	b->is_forgotten = true;
	b->must_start = true;
	mutex_unlock(&b->lock);
	return 0;
}

const struct dev_pm_ops vmmemctl_pm_ops = {
	.resume = pm_sleep_ptr(vmmemctl_resume),
	.freeze = pm_sleep_ptr(vmmemctl_freeze),
	.thaw = pm_sleep_ptr(vmmemctl_resume),
	.restore = pm_sleep_ptr(vmmemctl_resume),
};

int vmmemctl_power_init(struct vmmemctl *b)
{
	int err = register_memory_notifier(&vmmemctl_memory_nb);

	if (err)
		return err;
	atomic_notifier_chain_register(&panic_notifier_list, &vmmemctl_panic_nb);
	return 0;
}

void vmmemctl_power_exit(struct vmmemctl *b)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &vmmemctl_panic_nb);
	unregister_memory_notifier(&vmmemctl_memory_nb);
}
