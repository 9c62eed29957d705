// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Statistics for everybody, in /sys/class/misc/vmsync/statistics/: one number a
 * file, counted since the module was loaded.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "vmsync.h"

struct vmsync_number {
	struct device_attribute attr;
	const atomic64_t *value;
};

static ssize_t vmsync_number_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const atomic64_t *value = container_of(attr, struct vmsync_number, attr)->value;

	return sysfs_emit(buf, "%lld\n", (long long)atomic64_read(value));
}

#define NUMBER(_name, _value) \
	(&((struct vmsync_number[]) { { __ATTR(_name, 0444, vmsync_number_show, NULL), \
					&vmsync_stats._value } })[0].attr.attr)

static struct attribute *vmsync_numbers[] = {
	NUMBER(freezes, freezes),
	NUMBER(ended_asked, ended[VMSYNC_ASKED]),
	NUMBER(ended_failed, ended[VMSYNC_FAILED]),
	NUMBER(ended_expired, ended[VMSYNC_EXPIRED]),
	NUMBER(ended_closed, ended[VMSYNC_CLOSED]),
	NUMBER(volumes_frozen, volumes_frozen),
	NUMBER(volumes_thawed, volumes_thawed),
	NUMBER(volumes_skipped, volumes_skipped),
	NUMBER(volumes_failed, volumes_failed),
	NUMBER(volumes_late, volumes_late),
	NUMBER(volumes_lost, volumes_lost),
	NUMBER(thaw_failures, thaw_failures),
	NUMBER(longest_stall_us, longest_stall_us),
	NULL
};

static const struct attribute_group vmsync_stats_group = {
	.name = "statistics",
	.attrs = vmsync_numbers,
};

static ssize_t frozen_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&vmsync_frozen_all));
}
static DEVICE_ATTR_RO(frozen);

static struct attribute *vmsync_attrs[] = {
	&dev_attr_frozen.attr,
	NULL
};

static const struct attribute_group vmsync_group = { .attrs = vmsync_attrs };

const struct attribute_group *vmsync_groups[] = {
	&vmsync_group,
	&vmsync_stats_group,
	NULL
};

/**
 * vmsync_stats_stall - a volume was thawed
 * @us: the longest that its writers can have waited
 */
void vmsync_stats_stall(u64 us)
{
	s64 longest = atomic64_read(&vmsync_stats.longest_stall_us);

	while (longest < (s64)us &&
	       !atomic64_try_cmpxchg(&vmsync_stats.longest_stall_us, &longest, (s64)us))
		;
}
