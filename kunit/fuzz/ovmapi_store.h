/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * A small xenstore for tests of ovmapi_wire: a list of nodes with their whole
 * paths. As in the real one, a node has the nodes above it, children are listed
 * in the order of their making, and what is handed out is the caller's to free.
 */
#ifndef KUNIT_FUZZ_OVMAPI_STORE_H
#define KUNIT_FUZZ_OVMAPI_STORE_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

#include "../../drivers/ovmapi/ovmapi_wire.h"

#define FAKE_PATH_SIZE	128

struct fake_node {
	struct list_head list;
	u32 written;	/* in which call, 0: by the host */
	u32 length;
	char path[FAKE_PATH_SIZE];
	char text[];	/* and a NUL */
};

struct fake_store {
	struct ovmapi_store ops;
	struct list_head nodes;
	u32 calls;
	u32 fail_at;		/* this call, counted from 1, fails */
	int error;		/* with that */
	char failed;		/* set: it was 'r', 'w', 'd' for a removal or 'l' */
	u32 text_max;		/* longer ones are refused, if not 0 */
	int text_error;		/* with that */
	int list_error;		/* to-guest cannot be listed */
};

static inline struct fake_node *fake_find(struct fake_store *f, const char *path)
{
	struct fake_node *node;

	list_for_each_entry(node, &f->nodes, list) {
		if (!strcmp(node->path, path))
			return node;
	}
	return NULL;
}

/* Return: the end of @node's path if it is right below @path, or NULL. */
static inline const char *fake_child(const struct fake_node *node, const char *path)
{
	size_t length = strlen(path);

	if (strncmp(node->path, path, length) || node->path[length] != '/')
		return NULL;
	return strchr(node->path + length + 1, '/') ? NULL : node->path + length + 1;
}

static inline u32 fake_count(struct fake_store *f, const char *path)
{
	struct fake_node *node;
	u32 count = 0;

	list_for_each_entry(node, &f->nodes, list)
		count += !!fake_child(node, path);
	return count;
}

/* The new node takes the place of the one that it replaces. */
static inline int fake_put(struct fake_store *f, const char *path, const void *text, u32 length)
{
	struct fake_node *old = fake_find(f, path);
	struct fake_node *node = kzalloc(sizeof(*node) + length + 1, GFP_KERNEL);

	if (!node)
		return -ENOMEM;
	strscpy(node->path, path, sizeof(node->path));
	memcpy(node->text, text, length);
	node->length = length;
	node->written = f->calls;
	list_add_tail(&node->list, old ? &old->list : &f->nodes);
	if (old) {
		list_del(&old->list);
		kfree(old);
	}
	return 0;
}

/* Set a node's text; those above it that are missing are made, without a text. */
static inline int fake_set(struct fake_store *f, const char *path, const void *text, u32 length)
{
	char above[FAKE_PATH_SIZE];
	u32 i;
	int err = 0;

	for (i = 0; path[i] && !err; i++) {
		if (path[i] == '/') {
			above[i] = '\0';
			if (!fake_find(f, above))
				err = fake_put(f, above, "", 0);
		}
		above[i] = path[i];
	}
	return err ?: fake_put(f, path, text, length);
}

static inline void fake_cut(struct fake_store *f, const char *path)
{
	size_t length = strlen(path);
	struct fake_node *node, *next;

	list_for_each_entry_safe(node, next, &f->nodes, list) {
		if (strncmp(node->path, path, length) ||
		    (node->path[length] && node->path[length] != '/'))
			continue;
		list_del(&node->list);
		kfree(node);
	}
}

static inline int fake_call(struct fake_store *f, char what)
{
	if (++f->calls != f->fail_at)
		return 0;
	f->failed = what;
	return f->error;
}

static inline struct fake_store *fake_of(struct ovmapi_store *s)
{
	return container_of(s, struct fake_store, ops);
}

static inline void fake_join(char *path, const char *dir, const char *node)
{
	scnprintf(path, FAKE_PATH_SIZE, "%s/%s", dir, node);
}

static inline char *fake_read(struct ovmapi_store *s, const char *dir, const char *name,
			      u32 *length)
{
	char path[FAKE_PATH_SIZE], *text;
	struct fake_node *node;
	int err = fake_call(fake_of(s), 'r');

	if (err)
		return ERR_PTR(err);
	fake_join(path, dir, name);
	node = fake_find(fake_of(s), path);
	if (!node)
		return ERR_PTR(-ENOENT);
	text = kmalloc(node->length + 1, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	memcpy(text, node->text, node->length + 1);
	*length = node->length;
	return text;
}

static inline int fake_write(struct ovmapi_store *s, const char *dir, const char *name,
			     const char *text)
{
	struct fake_store *f = fake_of(s);
	char path[FAKE_PATH_SIZE];
	int err = fake_call(f, 'w');

	if (err)
		return err;
	if (f->text_max && strlen(text) > f->text_max)
		return f->text_error;
	fake_join(path, dir, name);
	return fake_set(f, path, text, strlen(text));
}

static inline int fake_remove(struct ovmapi_store *s, const char *dir, const char *name)
{
	char path[FAKE_PATH_SIZE];
	int err = fake_call(fake_of(s), 'd');

	if (err)
		return err;
	fake_join(path, dir, name);
	fake_cut(fake_of(s), path);
	return 0;
}

/* Pointers, and behind them what they point to. */
static inline char **fake_names(struct fake_store *f, const char *path, u32 count)
{
	size_t room = count * (sizeof(char *) + FAKE_PATH_SIZE);
	char **names = kmalloc(room, GFP_KERNEL);
	struct fake_node *node;
	char *text = (char *)(names + count);
	u32 i = 0;

	if (!names)
		return ERR_PTR(-ENOMEM);
	list_for_each_entry(node, &f->nodes, list) {
		const char *name = fake_child(node, path);

		if (!name)
			continue;
		names[i++] = text;
		memcpy(text, name, strlen(name) + 1);
		text += strlen(name) + 1;
	}
	return names;
}

static inline char **fake_list(struct ovmapi_store *s, const char *dir, const char *name,
			       u32 *count)
{
	struct fake_store *f = fake_of(s);
	char path[FAKE_PATH_SIZE];
	int err = fake_call(f, 'l');

	if (err)
		return ERR_PTR(err);
	fake_join(path, dir, name);
	if (f->list_error && !strcmp(path, OVMAPI_TO_GUEST))
		return ERR_PTR(f->list_error);
	if (!fake_find(f, path))
		return ERR_PTR(-ENOENT);
	*count = fake_count(f, path);
	return fake_names(f, path, *count);
}

static inline void fake_store_init(struct fake_store *f)
{
	memset(f, 0, sizeof(*f));
	INIT_LIST_HEAD(&f->nodes);
	f->ops.read = fake_read;
	f->ops.write = fake_write;
	f->ops.remove = fake_remove;
	f->ops.list = fake_list;
}

static inline void fake_store_exit(struct fake_store *f)
{
	struct fake_node *node, *next;

	list_for_each_entry_safe(node, next, &f->nodes, list) {
		list_del(&node->list);
		kfree(node);
	}
}

#endif /* KUNIT_FUZZ_OVMAPI_STORE_H */
