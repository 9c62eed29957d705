// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What is kept for programs, pure: parameters by name, and for each program the
 * events that it has not taken yet.
 */
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "ovmapi_core.h"

void ovmapi_params_init(struct ovmapi_params *p)
{
	INIT_LIST_HEAD(&p->list);
	p->count = 0;
	p->bytes = 0;
}

/* Return: the parameter of that name, or NULL. */
struct ovmapi_entry *ovmapi_params_find(struct ovmapi_params *p, const char *name, u32 length)
{
	struct ovmapi_entry *entry;

	list_for_each_entry(entry, &p->list, list) {
		if (entry->name_length == length && !memcmp(entry->name, name, length))
			return entry;
	}
	return NULL;
}

/* Return: the parameter with so many older ones, or NULL. */
struct ovmapi_entry *ovmapi_params_at(struct ovmapi_params *p, u32 index)
{
	struct ovmapi_entry *entry;

	list_for_each_entry(entry, &p->list, list) {
		if (!index--)
			return entry;
	}
	return NULL;
}

static u32 ovmapi_value_bytes(const struct ovmapi_entry *entry)
{
	return entry ? entry->value->size : 0;
}

/**
 * ovmapi_params_may - whether there is room for a value
 * @p: all parameters
 * @old: the one whose value it is to be, NULL for a new one
 * @size: the value's
 *
 * Return: 0 or -EDQUOT.
 */
int ovmapi_params_may(struct ovmapi_params *p, const struct ovmapi_entry *old, u32 size)
{
	if (!old && p->count >= OVMAPI_PARAMS_MAX)
		return -EDQUOT;
	return p->bytes - ovmapi_value_bytes(old) + size > OVMAPI_BYTES_MAX ? -EDQUOT : 0;
}

void ovmapi_params_add(struct ovmapi_params *p, struct ovmapi_entry *entry)
{
	list_add_tail(&entry->list, &p->list);
	p->count++;
	p->bytes += entry->value->size;
}

/* Its place stays. Return: the value that it had, for the caller to put. */
struct ovmapi_value *ovmapi_params_replace(struct ovmapi_params *p, struct ovmapi_entry *entry,
					   struct ovmapi_value *value)
{
	struct ovmapi_value *old = entry->value;

	p->bytes += value->size;
	p->bytes -= old->size;
	entry->value = value;
	return old;
}

void ovmapi_params_remove(struct ovmapi_params *p, struct ovmapi_entry *entry)
{
	list_del_init(&entry->list);
	p->count--;
	p->bytes -= entry->value->size;
}

/**
 * ovmapi_may_post - whether a program may post such an event
 * @type: its type
 * @severity: its severity
 * @phase: its phase
 * @is_root: the program administers the guest
 *
 * Programs act on what the host says, so nobody but the host may say it.
 *
 * Return: 0; -EPERM for a type of others, -EINVAL for none at all.
 */
int ovmapi_may_post(u32 type, u32 severity, u32 phase, bool is_root)
{
	if (hweight32(type) != 1 || severity > 5 || phase > 2)
		return -EINVAL;
	if (type & OVMAPI_TYPES_OF_DRIVER)
		return -EPERM;
	if (type & OVMAPI_TYPES_OF_ROOT)
		return is_root ? 0 : -EPERM;
	return type & OVMAPI_TYPES_OF_ALL ? 0 : -EINVAL;
}

static u32 ovmapi_queue_slot(const struct ovmapi_queue *q, u32 i)
{
	return (q->first + i) % OVMAPI_QUEUE_MAX;
}

/* Whether an event is of a type that was subscribed to. */
bool ovmapi_queue_wants(const struct ovmapi_queue *q, const struct ovmapi_note *note)
{
	return q->mask & note->type;
}

/* Return: the oldest event, for which there is no room any more, or NULL. */
struct ovmapi_note *ovmapi_queue_add(struct ovmapi_queue *q, struct ovmapi_note *note)
{
	struct ovmapi_note *oldest = NULL;

	if (q->count == OVMAPI_QUEUE_MAX) {
		oldest = q->note[q->first];
		q->first = ovmapi_queue_slot(q, 1);
		q->count--;
		q->lost++;
	}
	q->note[ovmapi_queue_slot(q, q->count++)] = note;
	return oldest;
}

/* Return: the oldest event, or NULL. */
struct ovmapi_note *ovmapi_queue_first(const struct ovmapi_queue *q)
{
	return q->count ? q->note[q->first] : NULL;
}

/* Return: the event of that number, or NULL. */
struct ovmapi_note *ovmapi_queue_find(const struct ovmapi_queue *q, u64 id)
{
	u32 i;

	for (i = 0; i < q->count; i++) {
		struct ovmapi_note *note = q->note[ovmapi_queue_slot(q, i)];

		if (note->id == id)
			return note;
	}
	return NULL;
}

static void ovmapi_queue_close_gap(struct ovmapi_queue *q, u32 i)
{
	for (; i; i--)
		q->note[ovmapi_queue_slot(q, i)] = q->note[ovmapi_queue_slot(q, i - 1)];
	q->first = ovmapi_queue_slot(q, 1);
	q->count--;
}

/* Return: whether it was there; then it is the caller's to put. */
bool ovmapi_queue_remove(struct ovmapi_queue *q, const struct ovmapi_note *note)
{
	u32 i;

	for (i = 0; i < q->count; i++) {
		if (q->note[ovmapi_queue_slot(q, i)] != note)
			continue;
		ovmapi_queue_close_gap(q, i);
		return true;
	}
	return false;
}

/* Return: an event that is not subscribed to any more, taken out; NULL if none is left. */
struct ovmapi_note *ovmapi_queue_pop_unwanted(struct ovmapi_queue *q)
{
	u32 i;

	for (i = 0; i < q->count; i++) {
		struct ovmapi_note *note = q->note[ovmapi_queue_slot(q, i)];

		if (ovmapi_queue_wants(q, note))
			continue;
		ovmapi_queue_close_gap(q, i);
		return note;
	}
	return NULL;
}
