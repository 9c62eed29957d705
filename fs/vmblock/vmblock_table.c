// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The table of blocked names: see vmblock_table.h.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "vmblock_table.h"

/**
 * vmblock_table_init - an empty table
 * @t: the table
 * @bucket: memory for its @buckets lists, the caller's
 * @buckets: a power of two
 */
void vmblock_table_init(struct vmblock_table *t, struct list_head *bucket, u32 buckets)
{
	u32 i;

	for (i = 0; i < buckets; i++)
		INIT_LIST_HEAD(&bucket[i]);
	t->bucket = bucket;
	t->buckets = buckets;
	t->count = 0;
	t->waiters = 0;
}

void vmblock_owner_init(struct vmblock_owner *o)
{
	INIT_LIST_HEAD(&o->blocks);
	o->count = 0;
	o->news = 0;
}

static struct list_head *vmblock_bucket_of(const struct vmblock_table *t,
					   const struct vmblock_name *name)
{
	return &t->bucket[name->hash & (t->buckets - 1)];
}

static bool vmblock_is_same(const struct vmblock_name *a, const struct vmblock_name *b)
{
	return a->hash == b->hash && a->length == b->length &&
	       !memcmp(a->text, b->text, a->length);
}

/**
 * vmblock_table_find - the block on a name
 * @t: the table
 * @name: what to look for
 *
 * Return: the block, whose users are not counted up, or NULL.
 */
struct vmblock_block *vmblock_table_find(const struct vmblock_table *t,
					 const struct vmblock_name *name)
{
	struct vmblock_block *b;

	list_for_each_entry(b, vmblock_bucket_of(t, name), in_bucket)
		if (vmblock_is_same(&b->name, name))
			return b;
	return NULL;
}

/**
 * vmblock_table_add - block a name
 * @t: the table
 * @o: who blocks it
 * @b: the new block, with its @name set and everything else zero
 * @limits: how many there may be
 *
 * Return: 0, and the table is a user of @b; -EEXIST if anybody blocks that name
 * already; -ENOSPC beyond a limit.
 */
int vmblock_table_add(struct vmblock_table *t, struct vmblock_owner *o, struct vmblock_block *b,
		      const struct vmblock_limits *limits)
{
	if (vmblock_table_find(t, &b->name))
		return -EEXIST;
	if (t->count >= limits->total || o->count >= limits->owner)
		return -ENOSPC;
	list_add(&b->in_bucket, vmblock_bucket_of(t, &b->name));
	list_add_tail(&b->of_owner, &o->blocks);
	b->owner = o;
	b->users = 1;
	t->count++;
	o->count++;
	return 0;
}

/* Out of the table before anybody is woken, so that nobody new comes to a dead block. */
static void vmblock_table_take(struct vmblock_table *t, struct vmblock_block *b)
{
	list_del(&b->in_bucket);
	list_del(&b->of_owner);
	if (b->is_accessed && !b->is_told)
		b->owner->news--;
	b->owner->count--;
	b->owner = NULL;
	t->count--;
}

/**
 * vmblock_table_remove - unblock a name
 * @t: the table
 * @o: who unblocks it
 * @name: the name
 *
 * Return: the block, which is out of the table and whose use by it passes to
 * the caller; NULL if @o has no block on that name.
 */
struct vmblock_block *vmblock_table_remove(struct vmblock_table *t, struct vmblock_owner *o,
					   const struct vmblock_name *name)
{
	struct vmblock_block *b = vmblock_table_find(t, name);

	if (!b || b->owner != o)
		return NULL;
	vmblock_table_take(t, b);
	return b;
}

/**
 * vmblock_table_pop - unblock the oldest name of an owner
 * @t: the table
 * @o: the owner
 *
 * Return: as vmblock_table_remove(); NULL when nothing is left.
 */
struct vmblock_block *vmblock_table_pop(struct vmblock_table *t, struct vmblock_owner *o)
{
	struct vmblock_block *b;

	if (list_empty(&o->blocks))
		return NULL;
	b = list_first_entry(&o->blocks, struct vmblock_block, of_owner);
	vmblock_table_take(t, b);
	return b;
}

/**
 * vmblock_block_enter - somebody is going to wait
 * @t: the table
 * @b: a block in it
 *
 * Return: true for the first, of whom the watchers are to be told.
 */
bool vmblock_block_enter(struct vmblock_table *t, struct vmblock_block *b)
{
	bool is_first = !b->is_accessed;

	b->users++;
	b->waiters++;
	t->waiters++;
	b->is_accessed = true;
	if (is_first)
		b->owner->news++;
	return is_first;
}

/**
 * vmblock_block_leave - somebody waits no more
 * @t: the table
 * @b: what vmblock_block_enter() was given, perhaps out of the table by now
 *
 * Return: true if the caller was the last user and has to free the block.
 */
bool vmblock_block_leave(struct vmblock_table *t, struct vmblock_block *b)
{
	b->waiters--;
	t->waiters--;
	return vmblock_block_put(b);
}

/**
 * vmblock_block_put - one user less
 * @b: the block
 *
 * Return: true if that was the last one and the caller has to free the block.
 */
bool vmblock_block_put(struct vmblock_block *b)
{
	return --b->users == 0;
}

/**
 * vmblock_block_state - whether a watcher need wait any longer
 * @b: the block, perhaps out of the table by now
 *
 * Return: the state; a block that was accessed before it went counts as accessed.
 */
enum vmblock_state vmblock_block_state(const struct vmblock_block *b)
{
	if (b->is_accessed)
		return VMBLOCK_STATE_ACCESSED;
	return b->owner ? VMBLOCK_STATE_QUIET : VMBLOCK_STATE_REMOVED;
}

/**
 * vmblock_block_tell - a watcher learns of the state, which is no news afterwards
 * @b: the block
 *
 * Return: the state.
 */
enum vmblock_state vmblock_block_tell(struct vmblock_block *b)
{
	if (b->is_accessed && !b->is_told) {
		b->is_told = true;
		if (b->owner)
			b->owner->news--;
	}
	return vmblock_block_state(b);
}

/**
 * vmblock_command_of - what a write() to the control node asks for
 * @count: its byte count
 *
 * Listing, which was 100, is left out: it told users' paths to the kernel's log.
 *
 * Return: an enum vmblock_command, or -EINVAL.
 */
int vmblock_command_of(size_t count)
{
	switch (count) {
	case VMBLOCK_WRITE_ADD:
		return VMBLOCK_COMMAND_ADD;
	case VMBLOCK_WRITE_DELETE:
		return VMBLOCK_COMMAND_DELETE;
	default:
		return -EINVAL;
	}
}

/**
 * vmblock_path_length - how much of a path is the name to block
 * @path: the path, @length bytes and no NUL among them
 * @length: in bytes
 * @limit: of the length, in bytes, with a NUL
 *
 * Slashes at the end are left off: agents block a directory as "DIR/", and it is
 * looked up as "DIR".
 *
 * Return: the length of the name; -EINVAL if nothing is left; -ENAMETOOLONG.
 */
int vmblock_path_length(const char *path, size_t length, size_t limit)
{
	if (length >= limit)
		return -ENAMETOOLONG;
	while (length && path[length - 1] == '/')
		length--;
	return length ? (int)length : -EINVAL;
}
