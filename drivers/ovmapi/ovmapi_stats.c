// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Statistics for everybody, in /sys/class/misc/ovmapi/: what is kept now, and in
 * statistics/ what was counted since the module was loaded, one number a file.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "ovmapi.h"

struct ovmapi_number {
	struct device_attribute attr;
	const atomic64_t *value;
};

static ssize_t ovmapi_number_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const atomic64_t *value = container_of(attr, struct ovmapi_number, attr)->value;

	return sysfs_emit(buf, "%lld\n", (long long)atomic64_read(value));
}

#define NUMBER(_name) \
	(&((struct ovmapi_number[]) { { __ATTR(_name, 0444, ovmapi_number_show, NULL), \
					&ovmapi_stats._name } })[0].attr.attr)

/* Of the inbox, which one worker alone writes. */
#define INBOX(_name)							\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n",				\
			  (unsigned long long)READ_ONCE(ovmapi_inbox._name)); \
}									\
static DEVICE_ATTR_RO(_name)

INBOX(received);
INBOX(malformed);
INBOX(refused);
INBOX(bad_counters);
INBOX(not_removed);

static struct attribute *ovmapi_numbers[] = {
	&dev_attr_received.attr,
	&dev_attr_malformed.attr,
	&dev_attr_refused.attr,
	&dev_attr_bad_counters.attr,
	&dev_attr_not_removed.attr,
	NUMBER(sent),
	NUMBER(send_failures),
	NUMBER(send_timeouts),
	NUMBER(events),
	NUMBER(events_lost),
	NUMBER(events_too_long),
	NULL
};

static const struct attribute_group ovmapi_stats_group = {
	.name = "statistics",
	.attrs = ovmapi_numbers,
};

static ssize_t parameters_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", ovmapi_hub_count());
}
static DEVICE_ATTR_RO(parameters);

static struct attribute *ovmapi_attrs[] = {
	&dev_attr_parameters.attr,
	NULL
};

static const struct attribute_group ovmapi_group = { .attrs = ovmapi_attrs };

const struct attribute_group *ovmapi_groups[] = {
	&ovmapi_group,
	&ovmapi_stats_group,
	NULL
};
