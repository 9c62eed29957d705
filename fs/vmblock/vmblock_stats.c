// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Statistics for everybody, /sys/fs/vmblock/statistics/: one number a file.
 */
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "vmblock.h"

struct vmblock_number {
	struct kobj_attribute attr;
	size_t offset;		/* in struct vmblock_stats */
};

static ssize_t vmblock_number_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	size_t offset = container_of(attr, struct vmblock_number, attr)->offset;
	struct vmblock_stats stats;

	vmblock_stats_read(&stats);
	return sysfs_emit(buf, "%llu\n", *(u64 *)((char *)&stats + offset));
}

#define NUMBER(_name) \
	(&((struct vmblock_number[]) { { __ATTR(_name, 0444, vmblock_number_show, NULL), \
					 offsetof(struct vmblock_stats, _name) } })[0].attr.attr)

static struct attribute *vmblock_numbers[] = {
	NUMBER(blocks),
	NUMBER(waiters),
	NUMBER(agents),
	NUMBER(adds),
	NUMBER(adds_existing),
	NUMBER(adds_beyond_limit),
	NUMBER(deletes),
	NUMBER(deletes_missing),
	NUMBER(released),
	NUMBER(waits),
	NUMBER(waits_killed),
	NUMBER(first_accesses),
	NUMBER(watches),
	NUMBER(refused_roots),
	NULL
};

static const struct attribute_group vmblock_stats_group = {
	.name = "statistics",
	.attrs = vmblock_numbers,
};

static struct kobject *vmblock_kobj;

int vmblock_stats_init(void)
{
	int err;

	vmblock_kobj = kobject_create_and_add(VMBLOCK_NAME, fs_kobj);
	if (!vmblock_kobj)
		return -ENOMEM;
	err = sysfs_create_group(vmblock_kobj, &vmblock_stats_group);
	if (err)
		kobject_put(vmblock_kobj);
	return err;
}

void vmblock_stats_exit(void)
{
	sysfs_remove_group(vmblock_kobj, &vmblock_stats_group);
	kobject_put(vmblock_kobj);
}
