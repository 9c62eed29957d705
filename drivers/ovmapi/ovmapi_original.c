// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The ioctls of the original driver, by their literal numbers and with its
 * answers, for 32-bit programs as well. Documentation/ovmapi.md lists where they
 * differ. Structures are packed; only pointers and longs depend on the program,
 * so all else is read and written where it lies.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <vmguest/ovmapi.h>

#include "ovmapi.h"

/* One call, and what its program's longs look like. */
struct ovmapi_call {
	struct ovmapi_app *app;
	void __user *arg;
	u32 word;	/* bytes of a long, and of a pointer */
};

/* Where things are; what is behind the number in the header of an event has 8 bytes. */
#define OVMAPI_NAME_AT		4
#define OVMAPI_VALUE_SIZE_AT	260
#define OVMAPI_VALUE_AT		264
#define OVMAPI_NAMES_AT		4
#define OVMAPI_HEADER_REST	8

static_assert(OVMAPI_EVENT_SIZE - 16 == OVMAPI_PAYLOAD_MAX);

/* A parameter as a program names it, and what was made of that. */
struct ovmapi_request {
	u32 index;
	char name[OVMAPI_NAME_SIZE];
	u32 value_size;
	void __user *value;
	u32 name_length;
};

static_assert(offsetof(struct ovmapi_request, name) == OVMAPI_NAME_AT);
static_assert(offsetof(struct ovmapi_request, value_size) == OVMAPI_VALUE_SIZE_AT);

/* The start of an event in a program's memory. */
struct ovmapi_head {
	u64 id;
	u16 type;
	u16 severity;
	u16 phase;
	u16 size;
};

static int ovmapi_get_word(const struct ovmapi_call *c, u32 at, u64 *word)
{
	u32 half;

	if (c->word == sizeof(u64))
		return copy_from_user(word, c->arg + at, sizeof(*word)) ? -EFAULT : 0;
	if (copy_from_user(&half, c->arg + at, sizeof(half)))
		return -EFAULT;
	*word = half;
	return 0;
}

static int ovmapi_put_word(const struct ovmapi_call *c, void __user *to, u64 word)
{
	u32 half = word;

	if (c->word == sizeof(u64))
		return copy_to_user(to, &word, sizeof(word)) ? -EFAULT : 0;
	return copy_to_user(to, &half, sizeof(half)) ? -EFAULT : 0;
}

static int ovmapi_get_pointer(const struct ovmapi_call *c, u32 at, void __user **pointer)
{
	u64 word;
	int err = ovmapi_get_word(c, at, &word);

	if (!err)
		*pointer = u64_to_user_ptr(word);
	return err;
}

/* A name that fills its buffer loses the last character, as ever. */
static int ovmapi_get_request(const struct ovmapi_call *c, struct ovmapi_request *r)
{
	if (copy_from_user(r, c->arg, OVMAPI_VALUE_AT))
		return -EFAULT;
	r->name[OVMAPI_NAME_SIZE - 1] = '\0';
	r->name_length = strlen(r->name);
	return ovmapi_get_pointer(c, OVMAPI_VALUE_AT, &r->value);
}

static int ovmapi_put_size(const struct ovmapi_call *c, u32 size)
{
	return copy_to_user(c->arg + OVMAPI_VALUE_SIZE_AT, &size, sizeof(size)) ? -EFAULT : 0;
}

/* A value and its size, or the size that it needs. */
static int ovmapi_put_value(const struct ovmapi_call *c, const struct ovmapi_request *r,
			    const struct ovmapi_value *value)
{
	int err = ovmapi_put_size(c, value->size);

	if (err)
		return err;
	if (r->value_size < value->size)
		return -EINVAL;
	return copy_to_user(r->value, value->text, value->size) ? -EFAULT : 0;
}

static int ovmapi_read_parameter(const struct ovmapi_call *c, struct ovmapi_request *r)
{
	struct ovmapi_value *value = ovmapi_hub_get(r->name, r->name_length);
	int err;

	if (!value)
		return -ENOENT;
	err = ovmapi_put_value(c, r, value);
	ovmapi_value_put(value);
	return err;
}

static int ovmapi_value_size(const struct ovmapi_call *c, struct ovmapi_request *r)
{
	struct ovmapi_value *value = ovmapi_hub_get(r->name, r->name_length);
	int err;

	if (!value)
		return -EINVAL;
	err = ovmapi_put_size(c, value->size);
	ovmapi_value_put(value);
	return err;
}

static int ovmapi_param_by_index(const struct ovmapi_call *c, struct ovmapi_request *r)
{
	struct ovmapi_value *value = ovmapi_hub_at(r->index, r->name);
	int err;

	if (!value)
		return -ENOENT;
	err = ovmapi_put_value(c, r, value);
	if (!err && copy_to_user(c->arg + OVMAPI_NAME_AT, r->name, OVMAPI_NAME_SIZE))
		err = -EFAULT;
	ovmapi_value_put(value);
	return err;
}

/* Return: the value that a program gives, to be freed as a secret; its size is checked. */
static char *ovmapi_get_value(const struct ovmapi_request *r)
{
	if (!r->value_size || r->value_size > OVMAPI_VALUE_SIZE)
		return ERR_PTR(-EMSGSIZE);
	if (!r->name_length)
		return ERR_PTR(-EINVAL);
	return memdup_user(r->value, r->value_size);
}

/* The host gets what is before the first NUL. */
static int ovmapi_send_value(const struct ovmapi_request *r, const char *value)
{
	return ovmapi_bus_send(r->name, r->name_length, value, strnlen(value, r->value_size));
}

static int ovmapi_send_message(const struct ovmapi_call *c, struct ovmapi_request *r)
{
	char *value = ovmapi_get_value(r);
	int err;

	if (IS_ERR(value))
		return PTR_ERR(value);
	err = ovmapi_send_value(r, value);
	kfree_sensitive(value);
	return err;
}

/* It is kept even if the host cannot be told, which the program learns. */
static int ovmapi_write_parameter(const struct ovmapi_call *c, struct ovmapi_request *r)
{
	char *value = ovmapi_get_value(r);
	int err, told;

	if (IS_ERR(value))
		return PTR_ERR(value);
	told = ovmapi_send_value(r, value);
	err = ovmapi_hub_set(r->name, r->name_length, value, r->value_size);
	kfree_sensitive(value);
	return err ?: told;
}

/* One that is not there is 1, no error: programs know that. */
static int ovmapi_delete_parameter(const struct ovmapi_call *c, struct ovmapi_request *r)
{
	return ovmapi_hub_delete(r->name, r->name_length) ? 1 : 0;
}

/* Not on the stack: it is large, and nothing zeroes that. */
static long ovmapi_with_request(const struct ovmapi_call *c,
				int (*act)(const struct ovmapi_call *c, struct ovmapi_request *r))
{
	struct ovmapi_request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	int err;

	if (!r)
		return -ENOMEM;
	err = ovmapi_get_request(c, r);
	if (!err)
		err = act(c, r);
	kfree_sensitive(r);
	return err;
}

static long ovmapi_all_names(const struct ovmapi_call *c)
{
	void __user *to;
	u32 count, size;
	char *names;
	int err;

	if (copy_from_user(&count, c->arg, sizeof(count)))
		return -EFAULT;
	err = ovmapi_get_pointer(c, OVMAPI_NAMES_AT, &to);
	if (err)
		return err;
	names = ovmapi_hub_names(OVMAPI_NAME_SIZE, &count, &size);
	if (!names)
		return -ENOMEM;
	if (copy_to_user(to, names, size) || copy_to_user(c->arg, &count, sizeof(count)))
		err = -EFAULT;
	kvfree(names);
	return err;
}

static long ovmapi_filter(const struct ovmapi_call *c)
{
	u64 add, remove;
	int err = ovmapi_get_word(c, 0, &add) ?: ovmapi_get_word(c, c->word, &remove);

	if (!err)
		ovmapi_app_subscribe(c->app, add, remove, remove);
	return err;
}

static int ovmapi_get_head(const struct ovmapi_call *c, struct ovmapi_head *head)
{
	u16 rest[OVMAPI_HEADER_REST / sizeof(u16)];
	int err = ovmapi_get_word(c, 0, &head->id);

	if (err)
		return err;
	if (copy_from_user(rest, c->arg + c->word, sizeof(rest)))
		return -EFAULT;
	head->type = rest[0];
	head->severity = rest[1];
	head->phase = rest[2];
	head->size = rest[3];
	return 0;
}

static long ovmapi_post_event(const struct ovmapi_call *c)
{
	struct ovmapi_note note = {};
	struct ovmapi_head head;
	int err = ovmapi_get_head(c, &head);

	if (err)
		return err;
	if (head.size > OVMAPI_PAYLOAD_MAX)
		return -EINVAL;
	note.type = head.type;
	note.severity = head.severity;
	note.phase = head.phase;
	note.length = head.size;
	return ovmapi_hub_post_user(c->app, &note, c->arg + c->word + OVMAPI_HEADER_REST);
}

/* An event of the host's has a long before its text, for the reader's mask. */
static u32 ovmapi_mask_size(const struct ovmapi_call *c, const struct ovmapi_note *note)
{
	return note->type == OVMAPI_MORE_PROCESSING ? c->word : 0;
}

static int ovmapi_put_head(const struct ovmapi_call *c, const struct ovmapi_note *note)
{
	u16 rest[] = { note->type, note->severity, note->phase,
		       note->length + ovmapi_mask_size(c, note) };

	if (copy_to_user(c->arg + c->word, rest, sizeof(rest)))
		return -EFAULT;
	return ovmapi_put_word(c, c->arg, note->id);
}

static int ovmapi_put_event(const struct ovmapi_call *c, const struct ovmapi_note *note, u32 mask)
{
	void __user *to = c->arg + c->word + OVMAPI_HEADER_REST;
	u32 skip = ovmapi_mask_size(c, note);

	if (skip && ovmapi_put_word(c, to, mask))
		return -EFAULT;
	if (copy_to_user(to + skip, note->data, note->length))
		return -EFAULT;
	return ovmapi_put_head(c, note);
}

/* What a program does with an event; it is dropped only if that went well. */
enum ovmapi_wish {
	OVMAPI_TAKE,
	OVMAPI_LOOK,
	OVMAPI_DISCARD
};

static int ovmapi_serve(const struct ovmapi_call *c, struct ovmapi_note *note,
			enum ovmapi_wish wish, u32 mask)
{
	int err = 0;

	if (wish == OVMAPI_TAKE)
		err = ovmapi_put_event(c, note, mask);
	else if (wish == OVMAPI_LOOK)
		err = ovmapi_put_head(c, note);
	if (!err && wish != OVMAPI_LOOK)
		ovmapi_app_drop(c->app, note);
	ovmapi_note_put(note);
	return err;
}

/* Without an event nothing is touched and all is well: who asks has polled, or does so next. */
static long ovmapi_serve_first(const struct ovmapi_call *c, enum ovmapi_wish wish)
{
	struct ovmapi_note *note;
	int err = mutex_lock_interruptible(&c->app->turn);

	if (err)
		return err;
	note = ovmapi_app_first(c->app);
	if (note)
		err = ovmapi_serve(c, note, wish, ovmapi_app_mask(c->app));
	mutex_unlock(&c->app->turn);
	return err;
}

static long ovmapi_serve_found(const struct ovmapi_call *c, enum ovmapi_wish wish)
{
	struct ovmapi_note *note;
	u64 id;
	int err = ovmapi_get_word(c, 0, &id) ?: mutex_lock_interruptible(&c->app->turn);

	if (err)
		return err;
	note = ovmapi_app_find(c->app, id);
	err = note ? ovmapi_serve(c, note, wish, 0) : -EINVAL;
	mutex_unlock(&c->app->turn);
	return err;
}

static long ovmapi_register(struct ovmapi_app *app)
{
	ovmapi_app_register(app, OVMAPI_MORE_PROCESSING);
	return 0;
}

static long ovmapi_unregister(struct ovmapi_app *app)
{
	ovmapi_app_unregister(app);
	return 0;
}

/* Those that use their argument, which is there. */
static long ovmapi_with_argument(const struct ovmapi_call *c, unsigned int cmd)
{
	switch (cmd) {
	case OVMAPI_GET_NEXT_EVENT:
		return ovmapi_serve_first(c, OVMAPI_TAKE);
	case OVMAPI_GET_NEXT_EVENT_HEADER:
		return ovmapi_serve_first(c, OVMAPI_LOOK);
	case OVMAPI_GET_EVENT:
		return ovmapi_serve_found(c, OVMAPI_TAKE);
	case OVMAPI_GET_EVENT_HEADER:
		return ovmapi_serve_found(c, OVMAPI_LOOK);
	case OVMAPI_DISCARD_EVENT:
		return ovmapi_serve_found(c, OVMAPI_DISCARD);
	case OVMAPI_POST_EVENT:
		return ovmapi_post_event(c);
	case OVMAPI_MODIFY_EVENT_FILTER:
		return ovmapi_filter(c);
	case OVMAPI_READ_PARAMETER:
		return ovmapi_with_request(c, ovmapi_read_parameter);
	case OVMAPI_GET_PARAM_VALUE_SIZE:
		return ovmapi_with_request(c, ovmapi_value_size);
	case OVMAPI_GET_PARAM_BY_INDEX:
		return ovmapi_with_request(c, ovmapi_param_by_index);
	case OVMAPI_SEND_MESSAGE:
		return ovmapi_with_request(c, ovmapi_send_message);
	case OVMAPI_WRITE_PARAMETER:
		return ovmapi_with_request(c, ovmapi_write_parameter);
	case OVMAPI_DELETE_PARAM:
		return ovmapi_with_request(c, ovmapi_delete_parameter);
	case OVMAPI_GET_PARAM_COUNT:
		return ovmapi_put_word(c, c->arg, ovmapi_hub_count());
	case OVMAPI_GET_ALL_PARAM_NAMES:
		return ovmapi_all_names(c);
	default:
		return -EINVAL;
	}
}

/* All numbers of that range are the original's, whether it knows them or not. */
bool ovmapi_is_original(unsigned int cmd)
{
	return cmd >= 0x800 && cmd <= 0x8ff;
}

/**
 * ovmapi_original - an ioctl of the original driver
 * @app: the open file
 * @cmd: its number
 * @arg: its argument
 * @is_compat: the program is a 32-bit one on a 64-bit kernel
 *
 * Return: what it always did, which is -EINVAL for a number that is not known.
 */
long ovmapi_original(struct ovmapi_app *app, unsigned int cmd, void __user *arg, bool is_compat)
{
	struct ovmapi_call call = {
		.app = app,
		.arg = arg,
		.word = is_compat ? sizeof(u32) : sizeof(long),
	};

	if (cmd == OVMAPI_REGISTER)
		return ovmapi_register(app);
	if (!ovmapi_app_is_registered(app))
		return -EINVAL;
	if (cmd == OVMAPI_UNREGISTER)
		return ovmapi_unregister(app);
	if (cmd == OVMAPI_DISCARD_NEXT_EVENT)
		return ovmapi_serve_first(&call, OVMAPI_DISCARD);
	return arg ? ovmapi_with_argument(&call, cmd) : -EINVAL;
}
