// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The messages' way through xenstore, pure (Documentation/ovmapi.md). The host is
 * trusted to say what it wants, not to say it well: numbers may be anything, nodes
 * may be missing or too many, and each call does a bounded amount of work.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ovmapi_wire.h"

/**
 * ovmapi_parse_number - a decimal as this protocol has it
 * @text: digits and nothing else
 * @length: of it
 * @number: set to it
 *
 * Return: 0, or -EINVAL for anything else and for what does not fit.
 */
int ovmapi_parse_number(const char *text, u32 length, u64 *number)
{
	u64 n = 0;
	u32 i;

	if (!length)
		return -EINVAL;
	for (i = 0; i < length; i++) {
		u32 digit = (u8)text[i] - '0';

		if (digit > 9 || n > (U64_MAX - digit) / 10)
			return -EINVAL;
		n = n * 10 + digit;
	}
	*number = n;
	return 0;
}

/**
 * ovmapi_chunks - how many nodes a value takes
 * @length: its characters
 * @chunk: those of a node
 *
 * Return: 1 for an empty one, too, which has to be seen to be there.
 */
u32 ovmapi_chunks(u32 length, u32 chunk)
{
	return length ? DIV_ROUND_UP(length, chunk) : 1;
}

static void ovmapi_decimal(char *text, u64 number)
{
	scnprintf(text, OVMAPI_DECIMAL_SIZE, "%llu", (unsigned long long)number);
}

/* "DIR/NUMBER", which the chunks are below. */
#define OVMAPI_PATH_SIZE	(sizeof(OVMAPI_FROM_GUEST) + 1 + OVMAPI_DECIMAL_SIZE)

static void ovmapi_path(char *path, const char *dir, u64 number)
{
	scnprintf(path, OVMAPI_PATH_SIZE, "%s/%llu", dir, (unsigned long long)number);
}

static int ovmapi_write_chunks(struct ovmapi_store *s, u64 number, const char *value, u32 length,
			       u32 chunk, char *text)
{
	char path[OVMAPI_PATH_SIZE], node[OVMAPI_DECIMAL_SIZE];
	u32 i, from, count = ovmapi_chunks(length, chunk);
	int err = 0;

	ovmapi_path(path, OVMAPI_FROM_GUEST, number);
	for (i = 0; i < count && !err; i++) {
		from = i * chunk;
		ovmapi_decimal(node, i);
		memcpy(text, value + from, min(length - from, chunk));
		text[min(length - from, chunk)] = '\0';
		err = s->write(s, path, node, text);
	}
	return err;
}

static int ovmapi_write_message(struct ovmapi_store *s, u64 number, const char *name,
				const char *value, u32 length, u32 chunk, char *text)
{
	char node[OVMAPI_DECIMAL_SIZE];
	int err;

	ovmapi_decimal(node, number);
	/* The reader counts chunks: a node that a dead kernel has left may have more of them. */
	s->remove(s, OVMAPI_FROM_GUEST, node);
	err = s->write(s, OVMAPI_FROM_GUEST, node, name);
	if (!err)
		err = ovmapi_write_chunks(s, number, value, length, chunk, text);
	/* Only now it is a message. */
	if (!err)
		err = s->write(s, OVMAPI_FROM_GUEST, OVMAPI_LAST_WRITE, node);
	if (err)
		s->remove(s, OVMAPI_FROM_GUEST, node);
	return err;
}

/**
 * ovmapi_send - write a message for the host
 * @s: the store
 * @number: one more than that of the message before; after an error it is free again
 * @name: its name
 * @value: its value, none of whose characters is NUL
 * @length: their number
 *
 * Return: 0, -ENOMEM, or what the store refused with.
 */
int ovmapi_send(struct ovmapi_store *s, u64 number, const char *name, const char *value,
		u32 length)
{
	char *text = kmalloc(OVMAPI_CHUNK + 1, GFP_KERNEL);
	int err;

	if (!text)
		return -ENOMEM;
	err = ovmapi_write_message(s, number, name, value, length, OVMAPI_CHUNK, text);
	if ((err == -ENOSPC || err == -E2BIG) && length > OVMAPI_SMALL_CHUNK)
		err = ovmapi_write_message(s, number, name, value, length, OVMAPI_SMALL_CHUNK,
					   text);
	memzero_explicit(text, OVMAPI_CHUNK + 1);
	kfree(text);
	return err;
}

/* A node's text as a number; -ENOENT without one, -EINVAL if it is none. */
static int ovmapi_read_number(struct ovmapi_store *s, const char *dir, u64 *number)
{
	u32 length;
	char *text = s->read(s, dir, OVMAPI_LAST_WRITE, &length);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = ovmapi_parse_number(text, length, number);
	kfree(text);
	return err;
}

/* What may be better another time; whatever else a message is refused with, it stays so. */
static bool ovmapi_may_pass(int err)
{
	return err == -ENOMEM || err == -EIO || err == -EAGAIN || err == -EBUSY || err == -EINTR;
}

/**
 * ovmapi_sent - the number of the last message that the host was sent
 * @s: the store
 * @number: set to it; 0 where there was none, or nothing that makes sense
 *
 * Return: 0, or why the store cannot be asked now.
 */
int ovmapi_sent(struct ovmapi_store *s, u64 *number)
{
	int err = ovmapi_read_number(s, OVMAPI_FROM_GUEST, number);

	if (!err || ovmapi_may_pass(err))
		return err;
	*number = 0;
	return 0;
}

static int ovmapi_append(struct ovmapi_letter *letter, const char *text, u32 length)
{
	if (length > OVMAPI_VALUE_MAX - letter->value_length)
		return -EBADMSG;
	memcpy(letter->value + letter->value_length, text, length);
	letter->value_length += length;
	return 0;
}

/* The children of a message are 0, 1 ... and nothing else: a missing one is no end of the value. */
static int ovmapi_read_chunks(struct ovmapi_store *s, const char *path, u32 count,
			      struct ovmapi_letter *letter)
{
	char node[OVMAPI_DECIMAL_SIZE];
	u32 i, length;
	int err = 0;

	letter->value_length = 0;
	for (i = 0; i < count && !err; i++) {
		char *text;

		ovmapi_decimal(node, i);
		text = s->read(s, path, node, &length);
		if (IS_ERR(text))
			return PTR_ERR(text) == -ENOENT ? -EBADMSG : PTR_ERR(text);
		err = ovmapi_append(letter, text, length);
		memzero_explicit(text, length);
		kfree(text);
	}
	letter->value[letter->value_length] = '\0';
	return err;
}

static int ovmapi_read_name(struct ovmapi_store *s, const char *node, struct ovmapi_letter *letter)
{
	u32 length;
	char *text = s->read(s, OVMAPI_TO_GUEST, node, &length);
	int err = 0;

	if (IS_ERR(text))
		return PTR_ERR(text);
	if (!length || length > OVMAPI_HOST_NAME_MAX || memchr(text, '\0', length))
		err = -EBADMSG;
	else
		memcpy(letter->name, text, length + 1);
	letter->name_length = length;
	kfree(text);
	return err;
}

/**
 * ovmapi_receive - read a message of the host
 * @s: the store
 * @number: the message's
 * @letter: where to
 *
 * Return: 0; -ENOENT: there is none; -EBADMSG: it is malformed; or why the store
 * cannot be asked.
 */
int ovmapi_receive(struct ovmapi_store *s, u64 number, struct ovmapi_letter *letter)
{
	char path[OVMAPI_PATH_SIZE], node[OVMAPI_DECIMAL_SIZE];
	char **names;
	u32 count;
	int err;

	ovmapi_decimal(node, number);
	err = ovmapi_read_name(s, node, letter);
	if (!err) {
		ovmapi_path(path, OVMAPI_TO_GUEST, number);
		names = s->list(s, OVMAPI_TO_GUEST, node, &count);
		err = PTR_ERR_OR_ZERO(names);
	}
	if (!err) {
		kfree(names);
		err = ovmapi_read_chunks(s, path, count, letter);
	}
	return !err || err == -ENOENT || ovmapi_may_pass(err) ? err : -EBADMSG;
}

/* The number before the lowest one above @read that has a node, @last if none has. */
static u64 ovmapi_before_next(char **names, u32 count, u64 read, u64 last)
{
	u64 number, before = last;
	u32 i;

	for (i = 0; i < count; i++) {
		/* "08" would be found here, but is not the message 8. */
		if (names[i][0] == '0' || ovmapi_parse_number(names[i], strlen(names[i]), &number))
			continue;
		if (number > read)
			before = min(before, number - 1);
	}
	return before;
}

/*
 * After a number without a message: on to the next that has one, at most to
 * @last. Nodes that cannot be listed are passed one by one, for a while.
 */
static int ovmapi_skip(struct ovmapi_inbox *in, struct ovmapi_store *s, u64 last)
{
	char **names;
	u32 count;

	names = s->list(s, OVMAPI_ROOT, OVMAPI_TO_GUEST_NODE, &count);
	if (IS_ERR(names)) {
		if (ovmapi_may_pass(PTR_ERR(names)))
			return PTR_ERR(names);
		if (PTR_ERR(names) != -ENOENT && in->gap++ < OVMAPI_GAP_MAX) {
			in->read++;
		} else {
			in->read = last;
			in->gap = 0;
		}
		return 0;
	}
	in->read = ovmapi_before_next(names, count, in->read, last);
	kfree(names);
	return 0;
}

/* What is still there would come again when the host begins anew. */
static void ovmapi_take_away(struct ovmapi_inbox *in, struct ovmapi_store *s)
{
	char node[OVMAPI_DECIMAL_SIZE];
	int err;

	ovmapi_decimal(node, in->read);
	err = s->remove(s, OVMAPI_TO_GUEST, node);
	if (ovmapi_may_pass(err))
		err = s->remove(s, OVMAPI_TO_GUEST, node);
	in->not_removed += !!err;
}

static int ovmapi_inbox_next(struct ovmapi_inbox *in, struct ovmapi_store *s,
			     struct ovmapi_letter *letter,
			     int (*deliver)(const struct ovmapi_letter *letter), u64 last)
{
	int err = ovmapi_receive(s, in->read + 1, letter);

	if (err == -ENOENT)
		return ovmapi_skip(in, s, last);
	if (!err)
		err = deliver(letter);
	if (ovmapi_may_pass(err))
		return err;
	in->read++;
	in->gap = 0;
	if (err == -EBADMSG) {
		in->malformed++;
		return 0;
	}
	in->received += !err;
	in->refused += !!err;
	ovmapi_take_away(in, s);
	return 0;
}

/* The next message is the first one again. */
void ovmapi_inbox_reset(struct ovmapi_inbox *in)
{
	in->read = 0;
	in->gap = 0;
}

/**
 * ovmapi_inbox_run - deliver what the host has sent
 * @in: what was dealt with so far
 * @s: the store
 * @letter: room for one message
 * @deliver: told of each; after -ENOMEM it is told again another time, after any
 *	     other error not
 * @budget: how many numbers to look at, at most
 *
 * Return: 1 if there may be more, 0 if not, or why the store cannot be asked;
 * then it goes on at the same message another time.
 */
int ovmapi_inbox_run(struct ovmapi_inbox *in, struct ovmapi_store *s, struct ovmapi_letter *letter,
		     int (*deliver)(const struct ovmapi_letter *letter), u32 budget)
{
	int err;
	u64 last;

	err = ovmapi_read_number(s, OVMAPI_TO_GUEST, &last);
	if (err == -EINVAL) {
		in->bad_counters++;
		return 0;
	}
	if (err)
		return err == -ENOENT ? 0 : err;
	if (last < in->read)	/* the host has begun anew */
		ovmapi_inbox_reset(in);
	while (in->read < last && budget--) {
		err = ovmapi_inbox_next(in, s, letter, deliver, last);
		if (err)
			return err;
	}
	return in->read < last;
}
