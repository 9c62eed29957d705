// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The sized ioctls, the same for programs of all sizes (uapi/vmguest/ovmapi.h).
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <vmguest/ovmapi.h>

#include "ovmapi.h"

/* The core does not know of the interface; here both meet. */
static_assert(OVMAPI_FROM_HOST == OVMAPI_HOST && OVMAPI_FROM_PROGRAM == OVMAPI_PROGRAM);
static_assert(OVMAPI_FROM_DRIVER == OVMAPI_DRIVER);
static_assert((OVMAPI_NEW_PARAM | OVMAPI_MORE_PROCESSING) == OVMAPI_TYPES_OF_DRIVER);
static_assert((OVMAPI_IP_ADDRESS | OVMAPI_USER) == OVMAPI_TYPES_OF_ALL);
static_assert((OVMAPI_SNAPSHOT | OVMAPI_MIGRATE | OVMAPI_SHUTDOWN | OVMAPI_RECONFIG |
	       OVMAPI_SYSTEM) == OVMAPI_TYPES_OF_ROOT);
static_assert(OVMAPI_NAME_MAX + 1 == OVMAPI_NAME_SIZE);
static_assert(OVMAPI_VALUE_MAX + 1 == OVMAPI_VALUE_SIZE);

/* Of the first version: a program that knows less does not exist. */
static int ovmapi_copy_in(void *to, size_t known, const void __user *from)
{
	struct vmguest_ioctl_header header;

	if (copy_from_user(&header, from, sizeof(header)))
		return -EFAULT;
	if (header.version != OVMAPI_VERSION || header.size < known)
		return -EINVAL;
	if (header.size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, known, from, header.size);
}

static int ovmapi_copy_out(void __user *to, const void *from, size_t known)
{
	size_t skip = sizeof(struct vmguest_ioctl_header);

	return copy_to_user(to + skip, from + skip, known - skip) ? -EFAULT : 0;
}

/* Return: the name that a program gives, to be freed; it is checked. */
static char *ovmapi_param_name(const struct ovmapi_param *a)
{
	char *name;

	if (!a->name_length || a->name_length > OVMAPI_NAME_MAX)
		return ERR_PTR(a->name_length ? -EMSGSIZE : -EINVAL);
	name = memdup_user_nul(u64_to_user_ptr(a->name), a->name_length);
	if (!IS_ERR(name) && strlen(name) != a->name_length) {
		kfree(name);
		return ERR_PTR(-EINVAL);
	}
	return name;
}

/* Return: the value that a program gives, a NUL behind it, to be freed as a secret. */
static char *ovmapi_param_value(const struct ovmapi_param *a)
{
	if (a->value_size > OVMAPI_VALUE_MAX)
		return ERR_PTR(-EMSGSIZE);
	return memdup_user_nul(u64_to_user_ptr(a->value), a->value_size);
}

static int ovmapi_tell(const struct ovmapi_param *a, const char *name, const char *value)
{
	return ovmapi_bus_send(name, a->name_length, value, a->value_size);
}

static int ovmapi_keep(const struct ovmapi_param *a, const char *name, const char *value)
{
	int err = ovmapi_hub_set(name, a->name_length, value, a->value_size + 1);

	if (err || a->flags & OVMAPI_LOCAL)
		return err;
	return ovmapi_tell(a, name, value);
}

static int ovmapi_with_value(struct ovmapi_param *a, const char *name,
			     int (*act)(const struct ovmapi_param *a, const char *name,
					const char *value))
{
	char *value = ovmapi_param_value(a);
	int err;

	if (IS_ERR(value))
		return PTR_ERR(value);
	/* A value with a NUL in it can be kept, but not be sent. */
	if (!(a->flags & OVMAPI_LOCAL) && memchr(value, '\0', a->value_size))
		err = -EINVAL;
	else
		err = act(a, name, value);
	kfree_sensitive(value);
	return err;
}

/* Without the NUL that programs of the original interface put at its end. */
static u32 ovmapi_text_length(const struct ovmapi_value *value)
{
	return value->size - !value->text[value->size - 1];
}

static int ovmapi_give(struct ovmapi_param *a, const char *name, void __user *arg)
{
	struct ovmapi_value *value = ovmapi_hub_get(name, a->name_length);
	u32 room = a->value_size;
	int err;

	if (!value)
		return -ENOENT;
	a->value_size = ovmapi_text_length(value);
	err = ovmapi_copy_out(arg, a, sizeof(*a));
	if (!err && room < a->value_size)
		err = -EMSGSIZE;
	if (!err && copy_to_user(u64_to_user_ptr(a->value), value->text, a->value_size))
		err = -EFAULT;
	ovmapi_value_put(value);
	return err;
}

static int ovmapi_param_act(unsigned int cmd, struct ovmapi_param *a, const char *name,
			    void __user *arg)
{
	switch (cmd) {
	case OVMAPI_IOC_SEND:
		return ovmapi_with_value(a, name, ovmapi_tell);
	case OVMAPI_IOC_SET:
		return ovmapi_with_value(a, name, ovmapi_keep);
	case OVMAPI_IOC_GET:
		return ovmapi_give(a, name, arg);
	default:
		return ovmapi_hub_delete(name, a->name_length);
	}
}

static long ovmapi_ioc_param(unsigned int cmd, void __user *arg)
{
	u32 flags = cmd == OVMAPI_IOC_SET ? OVMAPI_LOCAL : 0;
	struct ovmapi_param a;
	char *name;
	int err = ovmapi_copy_in(&a, sizeof(a), arg);

	if (err)
		return err;
	if (a.flags & ~flags || a.reserved)
		return -EINVAL;
	name = ovmapi_param_name(&a);
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = ovmapi_param_act(cmd, &a, name, arg);
	kfree(name);
	return err;
}

static long ovmapi_ioc_list(void __user *arg)
{
	struct ovmapi_names a;
	u32 room, size;
	char *names;
	int err = ovmapi_copy_in(&a, sizeof(a), arg);

	if (err)
		return err;
	a.count = U32_MAX;
	names = ovmapi_hub_names(0, &a.count, &size);
	if (!names)
		return -ENOMEM;
	room = a.size;
	a.size = size;
	err = ovmapi_copy_out(arg, &a, sizeof(a));
	if (!err && room < size)
		err = -EMSGSIZE;
	if (!err && copy_to_user(u64_to_user_ptr(a.names), names, size))
		err = -EFAULT;
	kvfree(names);
	return err;
}

static long ovmapi_ioc_subscribe(struct ovmapi_app *app, void __user *arg)
{
	struct ovmapi_mask a;
	int err = ovmapi_copy_in(&a, sizeof(a), arg);

	if (err)
		return err;
	ovmapi_app_register(app, a.mask);
	ovmapi_app_subscribe(app, a.mask, ~a.mask, true);
	a.lost = ovmapi_app_lost(app);
	return ovmapi_copy_out(arg, &a, sizeof(a));
}

static int ovmapi_event_out(struct ovmapi_event *a, const struct ovmapi_note *note,
			    void __user *arg)
{
	u32 room = a->size;
	int err;

	a->id = note->id;
	a->size = note->length;
	a->type = note->type;
	a->severity = note->severity;
	a->phase = note->phase;
	a->origin = note->origin;
	err = ovmapi_copy_out(arg, a, sizeof(*a));
	if (err || room < a->size)
		return err ?: -EMSGSIZE;
	return copy_to_user(u64_to_user_ptr(a->data), note->data, a->size) ? -EFAULT : 0;
}

static int ovmapi_event_next(struct ovmapi_app *app, struct ovmapi_event *a, void __user *arg)
{
	struct ovmapi_note *note = ovmapi_app_first(app);
	int err;

	if (!note)
		return -EAGAIN;
	err = ovmapi_event_out(a, note, arg);
	if (!err && !(a->flags & OVMAPI_PEEK))
		ovmapi_app_drop(app, note);
	ovmapi_note_put(note);
	return err;
}

static long ovmapi_ioc_event(struct ovmapi_app *app, void __user *arg)
{
	struct ovmapi_event a;
	int err = ovmapi_copy_in(&a, sizeof(a), arg);

	if (err)
		return err;
	if (a.flags & ~OVMAPI_PEEK)
		return -EINVAL;
	err = mutex_lock_interruptible(&app->turn);
	if (err)
		return err;
	err = ovmapi_event_next(app, &a, arg);
	mutex_unlock(&app->turn);
	return err;
}

static long ovmapi_ioc_post(struct ovmapi_app *app, void __user *arg)
{
	struct ovmapi_note note = {};
	struct ovmapi_event a;
	int err = ovmapi_copy_in(&a, sizeof(a), arg);

	if (err)
		return err;
	if (a.flags || a.origin || a.id)
		return -EINVAL;
	if (a.size > OVMAPI_PAYLOAD_MAX)
		return -EMSGSIZE;
	note.type = a.type;
	note.severity = a.severity;
	note.phase = a.phase;
	note.length = a.size;
	return ovmapi_hub_post_user(app, &note, u64_to_user_ptr(a.data));
}

/**
 * ovmapi_modern - a sized ioctl
 * @app: the open file
 * @cmd: its number
 * @arg: its structure
 *
 * Return: 0 or a negative errno, -ENOTTY for a number that is not known.
 */
long ovmapi_modern(struct ovmapi_app *app, unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case OVMAPI_IOC_SEND:
	case OVMAPI_IOC_SET:
	case OVMAPI_IOC_GET:
	case OVMAPI_IOC_DELETE:
		return ovmapi_ioc_param(cmd, arg);
	case OVMAPI_IOC_LIST:
		return ovmapi_ioc_list(arg);
	case OVMAPI_IOC_SUBSCRIBE:
		return ovmapi_ioc_subscribe(app, arg);
	case OVMAPI_IOC_EVENT:
		return ovmapi_ioc_event(app, arg);
	case OVMAPI_IOC_POST:
		return ovmapi_ioc_post(app, arg);
	default:
		return -ENOTTY;
	}
}
