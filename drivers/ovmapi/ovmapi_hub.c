// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Parameters and events, for all programs. One lock, under which nobody copies
 * from or to a program nor asks xenstore: who delivers the host's messages never
 * waits for a program. Values can be secrets (a root password): they are zeroed
 * when they go.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <vmguest/ovmapi.h>

#include "ovmapi.h"

static DEFINE_MUTEX(ovmapi_lock);
static struct ovmapi_params ovmapi_params = { .list = LIST_HEAD_INIT(ovmapi_params.list) };
static LIST_HEAD(ovmapi_apps);
static u64 ovmapi_next_id;	/* of an event */

struct ovmapi_stats ovmapi_stats;

static void ovmapi_value_put_locked(struct ovmapi_value *value)
{
	lockdep_assert_held(&ovmapi_lock);
	if (!--value->users)
		kfree_sensitive(value);
}

void ovmapi_value_put(struct ovmapi_value *value)
{
	mutex_lock(&ovmapi_lock);
	ovmapi_value_put_locked(value);
	mutex_unlock(&ovmapi_lock);
}

static void ovmapi_note_put_locked(struct ovmapi_note *note)
{
	lockdep_assert_held(&ovmapi_lock);
	if (!--note->users)
		kfree_sensitive(note);
}

void ovmapi_note_put(struct ovmapi_note *note)
{
	mutex_lock(&ovmapi_lock);
	ovmapi_note_put_locked(note);
	mutex_unlock(&ovmapi_lock);
}

/* Return: an event with room for a payload, of which the caller is the first user; or NULL. */
struct ovmapi_note *ovmapi_note_new(u32 length)
{
	struct ovmapi_note *note = kzalloc(struct_size(note, data, length), GFP_KERNEL_ACCOUNT);

	if (note) {
		note->users = 1;
		note->length = length;
	}
	return note;
}

static void ovmapi_app_give(struct ovmapi_app *app, struct ovmapi_note *note)
{
	struct ovmapi_note *oldest;

	note->users++;
	oldest = ovmapi_queue_add(&app->queue, note);
	if (oldest) {
		ovmapi_note_put_locked(oldest);
		atomic64_inc(&ovmapi_stats.events_lost);
	}
	wake_up_interruptible(&app->wait);
	kill_fasync(&app->fasync, SIGIO, POLL_IN);
}

/* What nobody wants has no number. */
static void ovmapi_post_locked(struct ovmapi_app *from, struct ovmapi_note *note)
{
	struct ovmapi_app *app;
	bool is_wanted = false;

	note->id = ovmapi_next_id;
	list_for_each_entry(app, &ovmapi_apps, list) {
		if (app == from || !ovmapi_queue_wants(&app->queue, note))
			continue;
		ovmapi_app_give(app, note);
		is_wanted = true;
	}
	ovmapi_next_id += is_wanted;
	atomic64_inc(&ovmapi_stats.events);
}

/**
 * ovmapi_hub_post - give an event to all programs that want its type
 * @from: who does not get it himself, or NULL
 * @note: the event; put
 */
void ovmapi_hub_post(struct ovmapi_app *from, struct ovmapi_note *note)
{
	mutex_lock(&ovmapi_lock);
	ovmapi_post_locked(from, note);
	ovmapi_note_put_locked(note);
	mutex_unlock(&ovmapi_lock);
}

/**
 * ovmapi_hub_post_user - post an event of a program's
 * @from: its open file
 * @head: type, severity, phase and length
 * @data: the payload, in its memory
 *
 * Return: 0; -EPERM or -EINVAL, see ovmapi_may_post(); -ENOMEM, -EFAULT.
 */
int ovmapi_hub_post_user(struct ovmapi_app *from, const struct ovmapi_note *head,
			 const void __user *data)
{
	bool is_root = head->type & OVMAPI_TYPES_OF_ROOT && capable(CAP_SYS_ADMIN);
	struct ovmapi_note *note;
	int err = ovmapi_may_post(head->type, head->severity, head->phase, is_root);

	if (err)
		return err;
	note = ovmapi_note_new(head->length);
	if (!note)
		return -ENOMEM;
	note->type = head->type;
	note->severity = head->severity;
	note->phase = head->phase;
	note->origin = OVMAPI_PROGRAM;
	if (copy_from_user(note->data, data, head->length)) {
		ovmapi_note_put(note);
		return -EFAULT;
	}
	ovmapi_hub_post(from, note);
	return 0;
}

/* The name of a parameter that has a new value; who wants that value asks for it. */
static struct ovmapi_note *ovmapi_note_of_param(const char *name, u32 length)
{
	struct ovmapi_note *note = ovmapi_note_new(length + 1);

	if (!note)
		return NULL;
	note->type = OVMAPI_NEW_PARAM;
	note->severity = OVMAPI_SEVERITY_INFO;
	note->phase = OVMAPI_PHASE_IMMED;
	note->origin = OVMAPI_DRIVER;
	memcpy(note->data, name, length);
	return note;
}

static struct ovmapi_value *ovmapi_value_new(const char *text, u32 size)
{
	struct ovmapi_value *value = kmalloc(struct_size(value, text, size), GFP_KERNEL_ACCOUNT);

	if (!value)
		return NULL;
	value->users = 1;
	value->size = size;
	memcpy(value->text, text, size);
	return value;
}

static struct ovmapi_entry *ovmapi_entry_new(const char *name, u32 length)
{
	struct ovmapi_entry *entry;

	entry = kmalloc(struct_size(entry, name, length + 1), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return NULL;
	entry->name_length = length;
	memcpy(entry->name, name, length);
	entry->name[length] = '\0';
	return entry;
}

/* @spare is used up if the name is new. Return: 0, or an error, after which nothing has changed. */
static int ovmapi_set_locked(struct ovmapi_entry **spare, struct ovmapi_value *value)
{
	struct ovmapi_entry *old = ovmapi_params_find(&ovmapi_params, (*spare)->name,
						      (*spare)->name_length);
	int err = ovmapi_params_may(&ovmapi_params, old, value->size);

	if (err)
		return err;
	if (old) {
		ovmapi_value_put_locked(ovmapi_params_replace(&ovmapi_params, old, value));
		return 0;
	}
	(*spare)->value = value;
	ovmapi_params_add(&ovmapi_params, *spare);
	*spare = NULL;
	return 0;
}

/**
 * ovmapi_hub_set - keep a parameter, and tell who wants to know
 * @name: its name
 * @name_length: of it
 * @text: its value
 * @size: bytes of it, the NUL included
 *
 * Return: 0, -ENOMEM or -EDQUOT; then it is as it was.
 */
int ovmapi_hub_set(const char *name, u32 name_length, const char *text, u32 size)
{
	struct ovmapi_note *note = ovmapi_note_of_param(name, name_length);
	struct ovmapi_entry *spare = ovmapi_entry_new(name, name_length);
	struct ovmapi_value *value = ovmapi_value_new(text, size);
	int err = note && spare && value ? 0 : -ENOMEM;

	if (!err) {
		mutex_lock(&ovmapi_lock);
		err = ovmapi_set_locked(&spare, value);
		if (!err)
			ovmapi_post_locked(NULL, note);
		mutex_unlock(&ovmapi_lock);
	}
	if (err)
		kfree_sensitive(value);
	kfree(spare);
	if (note)
		ovmapi_note_put(note);
	return err;
}

/* Return: 0 or -ENOENT. */
int ovmapi_hub_delete(const char *name, u32 name_length)
{
	struct ovmapi_entry *entry;

	mutex_lock(&ovmapi_lock);
	entry = ovmapi_params_find(&ovmapi_params, name, name_length);
	if (entry) {
		ovmapi_params_remove(&ovmapi_params, entry);
		ovmapi_value_put_locked(entry->value);
	}
	mutex_unlock(&ovmapi_lock);
	kfree(entry);
	return entry ? 0 : -ENOENT;
}

static struct ovmapi_value *ovmapi_value_of(struct ovmapi_entry *entry)
{
	if (!entry)
		return NULL;
	entry->value->users++;
	return entry->value;
}

/* Return: the value of a parameter, to be put; or NULL. */
struct ovmapi_value *ovmapi_hub_get(const char *name, u32 name_length)
{
	struct ovmapi_value *value;

	mutex_lock(&ovmapi_lock);
	value = ovmapi_value_of(ovmapi_params_find(&ovmapi_params, name, name_length));
	mutex_unlock(&ovmapi_lock);
	return value;
}

/* The same for the one with so many older ones; all OVMAPI_NAME_SIZE bytes of @name are set. */
struct ovmapi_value *ovmapi_hub_at(u32 index, char *name)
{
	struct ovmapi_entry *entry;
	struct ovmapi_value *value;

	mutex_lock(&ovmapi_lock);
	entry = ovmapi_params_at(&ovmapi_params, index);
	value = ovmapi_value_of(entry);
	if (entry)
		strscpy_pad(name, entry->name, OVMAPI_NAME_SIZE);
	mutex_unlock(&ovmapi_lock);
	return value;
}

u32 ovmapi_hub_count(void)
{
	return READ_ONCE(ovmapi_params.count);
}

static u32 ovmapi_names_fill(char *names, u32 stride, u32 count)
{
	struct ovmapi_entry *entry;
	u32 at = 0;

	list_for_each_entry(entry, &ovmapi_params.list, list) {
		if (!count--)
			break;
		memcpy(names + at, entry->name, entry->name_length + 1);
		at += stride ?: entry->name_length + 1;
	}
	return at;
}

/**
 * ovmapi_hub_names - the names of all parameters, each with a NUL behind it
 * @stride: bytes from one to the next, 0: they follow each other
 * @count: so many at most; set to their number
 * @size: set to their bytes
 *
 * Return: the names, to be freed by kvfree(), or NULL without memory.
 */
char *ovmapi_hub_names(u32 stride, u32 *count, u32 *size)
{
	u32 room = min(*count, ovmapi_hub_count());
	char *names = kvcalloc(room + 1, OVMAPI_NAME_SIZE, GFP_KERNEL_ACCOUNT);

	if (!names)
		return NULL;
	mutex_lock(&ovmapi_lock);
	*count = min(room, ovmapi_params.count);	/* some may have gone */
	*size = ovmapi_names_fill(names, stride, *count);
	mutex_unlock(&ovmapi_lock);
	return names;
}

/* The host's events are of one type: who manages the guest looks into their text. */
static int ovmapi_hub_event(const struct ovmapi_letter *letter)
{
	struct ovmapi_note *note;

	if (letter->value_length > OVMAPI_EVENT_TEXT_MAX) {
		atomic64_inc(&ovmapi_stats.events_too_long);
		pr_warn_ratelimited(OVMAPI_NAME ": an event of the host's is dropped: %u characters, %u are the most\n",
				    letter->value_length, OVMAPI_EVENT_TEXT_MAX);
		return 0;
	}
	note = ovmapi_note_new(letter->value_length + 1);
	if (!note)
		return -ENOMEM;
	note->type = OVMAPI_MORE_PROCESSING;
	note->severity = OVMAPI_SEVERITY_SYSTEM;
	note->phase = OVMAPI_PHASE_IMMED;
	note->origin = OVMAPI_HOST;
	memcpy(note->data, letter->value, letter->value_length);
	ovmapi_hub_post(NULL, note);
	return 0;
}

/**
 * ovmapi_hub_letter - the host has sent a message
 * @letter: it
 *
 * Return: 0; -ENOMEM, -EDQUOT: it cannot be taken.
 */
int ovmapi_hub_letter(const struct ovmapi_letter *letter)
{
	int err;

	if (!strcmp(letter->name, OVMAPI_EVENT_NAME))
		return ovmapi_hub_event(letter);
	err = ovmapi_hub_set(letter->name, letter->name_length, letter->value,
			     letter->value_length + 1);
	if (err == -EDQUOT)
		pr_warn_ratelimited(OVMAPI_NAME ": no room for a parameter of the host's; delete some and have it sent again\n");
	return err;
}

void ovmapi_app_init(struct ovmapi_app *app)
{
	mutex_init(&app->turn);
	INIT_LIST_HEAD(&app->list);
	init_waitqueue_head(&app->wait);
}

/* From now on it gets events; who is registered stays as he is. */
void ovmapi_app_register(struct ovmapi_app *app, u32 mask)
{
	mutex_lock(&ovmapi_lock);
	if (!app->is_registered) {
		app->is_registered = true;
		app->queue.mask = mask;
		list_add_tail(&app->list, &ovmapi_apps);
	}
	mutex_unlock(&ovmapi_lock);
}

static void ovmapi_drop_unwanted(struct ovmapi_app *app)
{
	struct ovmapi_note *note;

	while ((note = ovmapi_queue_pop_unwanted(&app->queue)))
		ovmapi_note_put_locked(note);
}

/* What it has not taken is gone, and whoever waits for it wakes. */
void ovmapi_app_unregister(struct ovmapi_app *app)
{
	mutex_lock(&ovmapi_lock);
	if (app->is_registered) {
		app->is_registered = false;
		list_del_init(&app->list);
		app->queue.mask = 0;
		ovmapi_drop_unwanted(app);
		wake_up_interruptible(&app->wait);
		kill_fasync(&app->fasync, SIGIO, POLL_HUP);
	}
	mutex_unlock(&ovmapi_lock);
}

bool ovmapi_app_is_registered(struct ovmapi_app *app)
{
	return READ_ONCE(app->is_registered);
}

/* @drops: what waits and is not subscribed to any more goes. */
void ovmapi_app_subscribe(struct ovmapi_app *app, u32 add, u32 remove, bool drops)
{
	mutex_lock(&ovmapi_lock);
	app->queue.mask = (app->queue.mask & ~remove) | add;
	if (drops)
		ovmapi_drop_unwanted(app);
	mutex_unlock(&ovmapi_lock);
}

u32 ovmapi_app_mask(struct ovmapi_app *app)
{
	return READ_ONCE(app->queue.mask);
}

u32 ovmapi_app_lost(struct ovmapi_app *app)
{
	return READ_ONCE(app->queue.lost);
}

bool ovmapi_app_has_events(struct ovmapi_app *app)
{
	return READ_ONCE(app->queue.count);
}

static struct ovmapi_note *ovmapi_note_get(struct ovmapi_note *note)
{
	if (note)
		note->users++;
	return note;
}

/* Return: its oldest event, to be put; or NULL. */
struct ovmapi_note *ovmapi_app_first(struct ovmapi_app *app)
{
	struct ovmapi_note *note;

	mutex_lock(&ovmapi_lock);
	note = ovmapi_note_get(ovmapi_queue_first(&app->queue));
	mutex_unlock(&ovmapi_lock);
	return note;
}

/* Return: its event of that number, to be put; or NULL. */
struct ovmapi_note *ovmapi_app_find(struct ovmapi_app *app, u64 id)
{
	struct ovmapi_note *note;

	mutex_lock(&ovmapi_lock);
	note = ovmapi_note_get(ovmapi_queue_find(&app->queue, id));
	mutex_unlock(&ovmapi_lock);
	return note;
}

/* Take an event out, if it has not gone already; the caller still has to put it. */
void ovmapi_app_drop(struct ovmapi_app *app, struct ovmapi_note *note)
{
	mutex_lock(&ovmapi_lock);
	if (ovmapi_queue_remove(&app->queue, note))
		ovmapi_note_put_locked(note);
	mutex_unlock(&ovmapi_lock);
}

/* No file is open and no message comes any more. */
void ovmapi_hub_exit(void)
{
	struct ovmapi_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &ovmapi_params.list, list) {
		ovmapi_params_remove(&ovmapi_params, entry);
		kfree_sensitive(entry->value);
		kfree(entry);
	}
}
