// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What everybody may read: sizes in bytes, the state, the last failure.  size,
 * target and state wake those who poll them.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "vmmemctl.h"

static int vmmemctl_emit_bytes(char *buf, u64 frames)
{
	return sysfs_emit(buf, "%llu\n", frames << VMMEMCTL_FRAME_SHIFT);
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return vmmemctl_emit_bytes(buf, vmmemctl_balloon_size(&vmmemctl_balloon));
}
static DEVICE_ATTR_RO(size);

static ssize_t target_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return vmmemctl_emit_bytes(buf, READ_ONCE(vmmemctl_balloon.host.target));
}
static DEVICE_ATTR_RO(target);

static ssize_t limit_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return vmmemctl_emit_bytes(buf, READ_ONCE(vmmemctl_balloon.host.limit));
}
static DEVICE_ATTR_RO(limit);

static ssize_t reserve_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return vmmemctl_emit_bytes(buf, vmmemctl_reserve_frames(&vmmemctl_balloon));
}
static DEVICE_ATTR_RO(reserve);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", vmmemctl_state_name(READ_ONCE(vmmemctl_balloon.state)));
}
static DEVICE_ATTR_RO(state);

static ssize_t last_error_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vmmemctl_host *h = &vmmemctl_balloon.host;
	u32 command, status;

	mutex_lock(&vmmemctl_balloon.lock);
	command = h->last_command;
	status = h->last_status;
	mutex_unlock(&vmmemctl_balloon.lock);
	if (!status)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%s: %s (%#x)\n", vmmemctl_command_name(command),
			  vmmemctl_status_name(status), status);
}
static DEVICE_ATTR_RO(last_error);

static ssize_t capabilities_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const struct {
		u32 mask;
		const char *name;
	} caps[] = {
		{ VMMEMCTL_CAP_BASIC, "basic" },
		{ VMMEMCTL_CAP_BATCHED, "batched" },
		{ VMMEMCTL_CAP_BATCHED_2M, "batched_2m" },
		{ VMMEMCTL_CAP_DOORBELL, "doorbell" },
		{ VMMEMCTL_CAP_WIDE_TARGET, "wide_target" },
	};
	u32 granted = READ_ONCE(vmmemctl_balloon.host.caps);
	int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(caps); i++)
		if (granted & caps[i].mask)
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "", caps[i].name);
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(capabilities);

static struct attribute *vmmemctl_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_target.attr,
	&dev_attr_limit.attr,
	&dev_attr_reserve.attr,
	&dev_attr_state.attr,
	&dev_attr_last_error.attr,
	&dev_attr_capabilities.attr,
	NULL
};

static const struct attribute_group vmmemctl_group = { .attrs = vmmemctl_attrs };

const struct attribute_group *vmmemctl_groups[] = {
	&vmmemctl_group,
	&vmmemctl_stats_group,
	NULL
};

/**
 * vmmemctl_sysfs_notify - wake those who poll what has changed
 * @b: the balloon; called by the tick alone, without the lock
 */
void vmmemctl_sysfs_notify(struct vmmemctl *b)
{
	struct kobject *kobj = &b->pdev->dev.kobj;
	u64 size = vmmemctl_balloon_size(b);

	if (b->told_size != size)
		sysfs_notify(kobj, NULL, "size");
	if (b->told_target != b->host.target)
		sysfs_notify(kobj, NULL, "target");
	if (b->told_state != b->state)
		sysfs_notify(kobj, NULL, "state");
	b->told_size = size;
	b->told_target = b->host.target;
	b->told_state = b->state;
}
