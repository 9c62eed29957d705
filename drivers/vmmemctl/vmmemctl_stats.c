// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Statistics for everybody, in the device's folder statistics/: one number a
 * file, counted since the module was loaded.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "vmmemctl.h"

/* A number of the one balloon there is. */
struct vmmemctl_number {
	struct device_attribute attr;
	const u64 *value;
};

static ssize_t vmmemctl_number_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const u64 *value = container_of(attr, struct vmmemctl_number, attr)->value;

	return sysfs_emit(buf, "%llu\n", READ_ONCE(*value));
}

#define NUMBER(_name, _value) \
	(&((struct vmmemctl_number[]) { { __ATTR(_name, 0444, vmmemctl_number_show, NULL), \
					  &vmmemctl_balloon._value } })[0].attr.attr)

static struct attribute *vmmemctl_numbers[] = {
	NUMBER(start_calls, host.commands[VMMEMCTL_START].calls),
	NUMBER(start_failures, host.commands[VMMEMCTL_START].failures),
	NUMBER(get_target_calls, host.commands[VMMEMCTL_GET_TARGET].calls),
	NUMBER(get_target_failures, host.commands[VMMEMCTL_GET_TARGET].failures),
	NUMBER(lock_calls, host.commands[VMMEMCTL_LOCK].calls),
	NUMBER(lock_failures, host.commands[VMMEMCTL_LOCK].failures),
	NUMBER(unlock_calls, host.commands[VMMEMCTL_UNLOCK].calls),
	NUMBER(unlock_failures, host.commands[VMMEMCTL_UNLOCK].failures),
	NUMBER(guest_id_calls, host.commands[VMMEMCTL_GUEST_ID].calls),
	NUMBER(guest_id_failures, host.commands[VMMEMCTL_GUEST_ID].failures),
	NUMBER(batched_lock_calls, host.commands[VMMEMCTL_BATCHED_LOCK].calls),
	NUMBER(batched_lock_failures, host.commands[VMMEMCTL_BATCHED_LOCK].failures),
	NUMBER(batched_unlock_calls, host.commands[VMMEMCTL_BATCHED_UNLOCK].calls),
	NUMBER(batched_unlock_failures, host.commands[VMMEMCTL_BATCHED_UNLOCK].failures),
	NUMBER(batched_2m_lock_calls, host.commands[VMMEMCTL_BATCHED_2M_LOCK].calls),
	NUMBER(batched_2m_lock_failures, host.commands[VMMEMCTL_BATCHED_2M_LOCK].failures),
	NUMBER(batched_2m_unlock_calls, host.commands[VMMEMCTL_BATCHED_2M_UNLOCK].calls),
	NUMBER(batched_2m_unlock_failures, host.commands[VMMEMCTL_BATCHED_2M_UNLOCK].failures),
	NUMBER(doorbell_set_calls, host.commands[VMMEMCTL_DOORBELL_SET].calls),
	NUMBER(doorbell_set_failures, host.commands[VMMEMCTL_DOORBELL_SET].failures),
	NUMBER(small_allocated, stats.page[VMMEMCTL_SMALL].allocated),
	NUMBER(small_alloc_failures, stats.page[VMMEMCTL_SMALL].alloc_failures),
	NUMBER(small_locked, stats.page[VMMEMCTL_SMALL].locked),
	NUMBER(small_refused, stats.page[VMMEMCTL_SMALL].refused),
	NUMBER(small_unwanted, stats.page[VMMEMCTL_SMALL].unwanted),
	NUMBER(small_unlocked, stats.page[VMMEMCTL_SMALL].unlocked),
	NUMBER(small_kept, stats.page[VMMEMCTL_SMALL].kept),
	NUMBER(small_dropped, stats.page[VMMEMCTL_SMALL].dropped),
	NUMBER(large_allocated, stats.page[VMMEMCTL_LARGE].allocated),
	NUMBER(large_alloc_failures, stats.page[VMMEMCTL_LARGE].alloc_failures),
	NUMBER(large_locked, stats.page[VMMEMCTL_LARGE].locked),
	NUMBER(large_refused, stats.page[VMMEMCTL_LARGE].refused),
	NUMBER(large_unwanted, stats.page[VMMEMCTL_LARGE].unwanted),
	NUMBER(large_unlocked, stats.page[VMMEMCTL_LARGE].unlocked),
	NUMBER(large_kept, stats.page[VMMEMCTL_LARGE].kept),
	NUMBER(large_dropped, stats.page[VMMEMCTL_LARGE].dropped),
	NUMBER(large_split, stats.page[VMMEMCTL_LARGE].split),
	NUMBER(ticks, stats.ticks),
	NUMBER(doorbells, stats.doorbells),
	NUMBER(resets, stats.resets),
	NUMBER(disputes, stats.disputes),
	NUMBER(migrated, stats.migrated),
	NUMBER(migrate_failures, stats.migrate_failures),
	NUMBER(reformed_frames, stats.reformed),
	NUMBER(reserve_frames, stats.reserve_frames),
	NUMBER(shrink_frames, stats.shrink_frames),
	NUMBER(oom_frames, stats.oom_frames),
	NUMBER(offline_frames, stats.offline_frames),
	NUMBER(holds, stats.holds),
	NUMBER(slowed, stats.slowed),
	NULL
};

const struct attribute_group vmmemctl_stats_group = {
	.name = "statistics",
	.attrs = vmmemctl_numbers,
};
