/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The engine for messages from the host: an input says which nodes there are in
 * xenstore, what they hold, and which call fails. The books know from the nodes
 * alone which message has to come next, and what is in it.
 */
#ifndef KUNIT_FUZZ_OVMAPI_WIRE_H
#define KUNIT_FUZZ_OVMAPI_WIRE_H

#include <linux/limits.h>

#include "input.h"
#include "ovmapi_store.h"

#define FUZZ_WIRE_ROUNDS	256

struct fuzz_wire {
	struct fuzz_input in;
	struct fake_store store;
	struct ovmapi_inbox inbox;
	struct ovmapi_letter letter;
	/* the books */
	u64 told;	/* nothing up to that number may be delivered any more */
	u64 last;	/* what last-write says */
	char value[OVMAPI_VALUE_MAX + 1];
	u32 length;
};

/* The engine that runs: who is told of a message is not told by whom. */
static struct fuzz_wire *fuzz_wire_now;

/* Small ones, and some at the end of what a number can be. */
static inline u64 fuzz_wire_number(struct fuzz_input *in)
{
	u8 byte = fuzz_byte(in);

	return byte & 0x80 ? U64_MAX - (byte & 7) : byte & 31;
}

static inline void fuzz_wire_text(struct fuzz_wire *f, const char *path, u32 length)
{
	u32 i;

	/* Room for a text that is one too long; every node has another one. */
	for (i = 0; i < length && i <= OVMAPI_VALUE_MAX; i++)
		f->value[i] = 'a' + (i + path[strlen(path) - 1]) % 26;
	fake_set(&f->store, path, f->value, i);
}

static inline void fuzz_wire_name(struct fuzz_wire *f)
{
	char path[FAKE_PATH_SIZE];

	scnprintf(path, sizeof(path), OVMAPI_TO_GUEST "/%llu",
		  (unsigned long long)fuzz_wire_number(&f->in));
	fuzz_wire_text(f, path, fuzz_byte(&f->in));
}

static inline void fuzz_wire_chunk(struct fuzz_wire *f)
{
	char path[FAKE_PATH_SIZE];
	u64 number = fuzz_wire_number(&f->in);
	u32 child = fuzz_byte(&f->in) % 16, length = fuzz_byte(&f->in);

	scnprintf(path, sizeof(path), OVMAPI_TO_GUEST "/%llu/%u", (unsigned long long)number,
		  child);
	fuzz_wire_text(f, path, length & 0x80 ? (length & 0x7f) * 64 + 63 : length);
}

/* A node with a name of at most seven characters, wherever that is. */
static inline void fuzz_wire_node(struct fuzz_wire *f)
{
	static const char characters[] = "0123456789/a- x9";
	char path[FAKE_PATH_SIZE] = OVMAPI_TO_GUEST "/";
	u32 count = fuzz_byte(&f->in) % 7 + 1, at = strlen(path);

	while (count--)
		path[at++] = characters[fuzz_byte(&f->in) % 16];
	path[at] = '\0';
	fuzz_wire_text(f, path, 3);
}

static inline void fuzz_wire_count(struct fuzz_wire *f)
{
	char text[OVMAPI_DECIMAL_SIZE];

	f->last = fuzz_wire_number(&f->in);
	scnprintf(text, sizeof(text), "%llu", (unsigned long long)f->last);
	fake_set(&f->store, OVMAPI_TO_GUEST "/" OVMAPI_LAST_WRITE, text, strlen(text));
}

/* Put a message together from its nodes. Return: whether it is well-formed. */
static inline bool fuzz_wire_collect(struct fuzz_wire *f, const struct fake_node *name)
{
	char path[FAKE_PATH_SIZE + 8];
	u32 i, count = fake_count(&f->store, name->path);
	struct fake_node *node;

	f->length = 0;
	for (i = 0; i < count; i++) {
		scnprintf(path, sizeof(path), "%s/%u", name->path, i);
		node = fake_find(&f->store, path);
		if (!node || node->length > OVMAPI_VALUE_MAX - f->length)
			return false;
		memcpy(f->value + f->length, node->text, node->length);
		f->length += node->length;
	}
	return name->length && name->length <= OVMAPI_HOST_NAME_MAX;
}

/* Return: the number that a name is, or 0; as it would be written, and no other way. */
static inline u64 fuzz_wire_parse(const char *name)
{
	char text[OVMAPI_DECIMAL_SIZE];
	u64 number = 0;
	const char *c;

	for (c = name; *c >= '0' && *c <= '9'; c++)
		number = number * 10 + (*c - '0');
	scnprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return strcmp(text, name) ? 0 : number;
}

/* Return: the message that has to come next, put together; NULL if there is none. */
static inline struct fake_node *fuzz_wire_next(struct fuzz_wire *f, u64 *number)
{
	struct fake_node *node, *next = NULL;

	list_for_each_entry(node, &f->store.nodes, list) {
		const char *name = fake_child(node, OVMAPI_TO_GUEST);
		u64 n = name ? fuzz_wire_parse(name) : 0;

		if (n <= f->told || n > f->last || (next && n > *number) ||
		    !fuzz_wire_collect(f, node))
			continue;
		next = node;
		*number = n;
	}
	if (next)
		fuzz_wire_collect(f, next);
	return next;
}

static inline int fuzz_wire_deliver(const struct ovmapi_letter *letter)
{
	struct fuzz_wire *f = fuzz_wire_now;
	u64 number = 0;
	struct fake_node *name = fuzz_wire_next(f, &number);

	if (!fuzz_holds(&f->in, name, "delivers a message too many"))
		return 0;
	fuzz_holds(&f->in, f->inbox.read == number - 1, "delivers another message than the next");
	fuzz_holds(&f->in, letter->name_length == name->length &&
		   !strcmp(letter->name, name->text), "delivers another name");
	fuzz_holds(&f->in, letter->value_length == f->length &&
		   !memcmp(letter->value, f->value, f->length) && !letter->value[f->length],
		   "delivers another value");
	f->told = number;
	return 0;
}

/* Return: whether the last message that was delivered is still there. */
static inline bool fuzz_wire_left(struct fuzz_wire *f)
{
	char path[FAKE_PATH_SIZE];

	scnprintf(path, sizeof(path), "%s/%llu", OVMAPI_TO_GUEST, (unsigned long long)f->told);
	return fake_find(&f->store, path);
}

/* One call, of which the n-th to the store fails if n is not 0. */
static inline int fuzz_wire_call(struct fuzz_wire *f, u32 n, u32 budget)
{
	u64 received = f->inbox.received;
	int more;

	if (f->last < f->inbox.read && n != 1)
		f->told = 0;
	f->store.fail_at = n ? f->store.calls + n : 0;
	f->store.error = -EIO;
	more = ovmapi_inbox_run(&f->inbox, &f->store.ops, &f->letter, fuzz_wire_deliver, budget);
	fuzz_holds(&f->in, n || more >= 0, "fails where the store does not");
	fuzz_holds(&f->in, n == 1 || f->inbox.read <= f->last, "goes on behind the last message");
	fuzz_holds(&f->in, f->inbox.received - received <= budget, "takes more than its budget");
	if (f->inbox.received != received)
		fuzz_holds(&f->in, !fuzz_wire_left(f), "leaves what it has delivered");
	return more;
}

static inline void fuzz_wire_run(struct fuzz_wire *f)
{
	u32 rounds = 0, n = fuzz_byte(&f->in) % 32, budget = fuzz_byte(&f->in) % 4 + 1;
	u64 number;
	int more = fuzz_wire_call(f, n, budget);

	while (more && rounds++ < FUZZ_WIRE_ROUNDS && !f->in.fault)
		more = fuzz_wire_call(f, 0, budget);
	fuzz_holds(&f->in, !more, "goes on without an end");
	fuzz_holds(&f->in, f->inbox.read == f->last, "ends before the last message");
	fuzz_holds(&f->in, !fuzz_wire_next(f, &number), "loses a message");
	/* What appears below from now on is nobody's any more. */
	f->told = f->last;
}

static inline void fuzz_wire_step(struct fuzz_wire *f)
{
	switch (fuzz_byte(&f->in) % 6) {
	case 0:
		fuzz_wire_count(f);
		break;
	case 1:
		fuzz_wire_name(f);
		break;
	case 2:
	case 3:
		fuzz_wire_chunk(f);
		break;
	case 4:
		fuzz_wire_node(f);
		break;
	default:
		fuzz_wire_run(f);
		break;
	}
}

/* Return: the first fault, or NULL. */
static inline const char *fuzz_wire_run_input(struct fuzz_wire *f, const u8 *data, size_t size)
{
	static const u8 end[2];

	memset(f, 0, sizeof(*f));
	fuzz_wire_now = f;
	f->in.next = data;
	f->in.end = data + size;
	fake_store_init(&f->store);
	fake_set(&f->store, OVMAPI_TO_GUEST "/" OVMAPI_LAST_WRITE, "0", 1);
	while (fuzz_goes_on(&f->in))
		fuzz_wire_step(f);
	if (!f->in.fault) {
		f->in.next = end;
		f->in.end = end + sizeof(end);
		fuzz_wire_run(f);
	}
	fake_store_exit(&f->store);
	return f->in.fault;
}

#endif /* KUNIT_FUZZ_OVMAPI_WIRE_H */
