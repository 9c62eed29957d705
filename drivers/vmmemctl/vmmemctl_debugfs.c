// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * For developers: what the driver keeps to itself, /sys/kernel/debug/vmmemctl.
 * Its lines change as the driver does; users have sysfs.
 */
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>

#include "vmmemctl.h"

static struct dentry *vmmemctl_debugfs_file;

static int vmmemctl_debugfs_show(struct seq_file *m, void *unused)
{
	struct vmmemctl *b = m->private;

	mutex_lock(&b->lock);
	seq_printf(m, "caps %#x\n", b->host.caps);
	seq_printf(m, "must_start %d\n", b->must_start);
	seq_printf(m, "is_forgotten %d\n", b->is_forgotten);
	seq_printf(m, "small %llu\n", b->small_count);
	seq_printf(m, "isolated %lu\n", b->small.isolated_pages);
	seq_printf(m, "large %llu\n", b->large_count);
	seq_printf(m, "aside %u\n", b->aside_frames);
	seq_printf(m, "on_the_way %llu\n", b->on_the_way);
	seq_printf(m, "hold_ms %u\n", vmmemctl_is_held(b) ?
		   jiffies_to_msecs(b->hold_until - jiffies) : 0);
	seq_printf(m, "stalled_permyriad %u\n", b->stalled_permyriad);
	seq_printf(m, "has_doorbell %d\n", b->host.has_doorbell);
	mutex_unlock(&b->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vmmemctl_debugfs);

/* Nothing depends on it, so nothing is said if it cannot be. */
void vmmemctl_debugfs_init(struct vmmemctl *b)
{
	vmmemctl_debugfs_file = debugfs_create_file(VMMEMCTL_NAME, 0400, NULL, b,
						    &vmmemctl_debugfs_fops);
}

void vmmemctl_debugfs_exit(void)
{
	debugfs_remove(vmmemctl_debugfs_file);
}
