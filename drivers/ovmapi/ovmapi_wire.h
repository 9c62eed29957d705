/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Messages as nodes of xenstore, pure: a name in a node of the message's number,
 * its value in chunks below, and a counter that is written last. Nothing here
 * knows of Xen; a store is four functions, which may sleep.
 *
 *	to-guest/last-write	from-guest/last-write	the highest number
 *	to-guest/N		from-guest/N		the name
 *	to-guest/N/0, 1 ...	from-guest/N/0, 1 ...	the value
 */
#ifndef OVMAPI_WIRE_H
#define OVMAPI_WIRE_H

#include <linux/types.h>

#define OVMAPI_ROOT		"control/oracle-vmapi"
#define OVMAPI_TO_GUEST_NODE	"to-guest"
#define OVMAPI_TO_GUEST		OVMAPI_ROOT "/" OVMAPI_TO_GUEST_NODE
#define OVMAPI_FROM_GUEST	OVMAPI_ROOT "/from-guest"
#define OVMAPI_LAST_WRITE	"last-write"

#define OVMAPI_CHUNK		2048	/* characters of a chunk */
/* A node of 2048 characters with its overhead can be beyond xenstored's quota. */
#define OVMAPI_SMALL_CHUNK	1024
#define OVMAPI_NAME_MAX		255	/* of a parameter, without the NUL */
#define OVMAPI_HOST_NAME_MAX	254	/* of a message from the host */
#define OVMAPI_VALUE_MAX	8191	/* without the NUL */
/* Where there are too many nodes to list them, so many numbers without one are looked at. */
#define OVMAPI_GAP_MAX		16384
#define OVMAPI_DECIMAL_SIZE	21	/* the longest number with its NUL */

/**
 * struct ovmapi_store - how to reach xenstore
 * @read: the text of a node with a NUL behind it, to be freed; its length without
 * @write: set a node's text
 * @remove: a node and all below it
 * @list: names of the nodes below one, all in one piece to be freed
 *
 * Pointers may be ERR_PTR(). ENOENT is no such node, EACCES is not allowed.
 */
struct ovmapi_store {
	char *(*read)(struct ovmapi_store *s, const char *dir, const char *node, u32 *length);
	int (*write)(struct ovmapi_store *s, const char *dir, const char *node, const char *text);
	int (*remove)(struct ovmapi_store *s, const char *dir, const char *node);
	char **(*list)(struct ovmapi_store *s, const char *dir, const char *node, u32 *count);
};

/* A message from the host; both texts end with NUL, which the lengths do not count. */
struct ovmapi_letter {
	u32 name_length;
	u32 value_length;
	char name[OVMAPI_NAME_MAX + 1];
	char value[OVMAPI_VALUE_MAX + 1];
};

/* What arrives; the rest is for statistics. */
struct ovmapi_inbox {
	u64 read;		/* the number of the last message that was dealt with */
	u32 gap;		/* numbers without a message since then */
	u64 received;
	u64 malformed;		/* left in xenstore */
	u64 refused;		/* there was no room */
	u64 bad_counters;
	u64 not_removed;	/* received, but still in xenstore */
};

int ovmapi_parse_number(const char *text, u32 length, u64 *number);
u32 ovmapi_chunks(u32 length, u32 chunk);
int ovmapi_send(struct ovmapi_store *s, u64 number, const char *name, const char *value,
		u32 length);
int ovmapi_sent(struct ovmapi_store *s, u64 *number);
int ovmapi_receive(struct ovmapi_store *s, u64 number, struct ovmapi_letter *letter);
int ovmapi_inbox_run(struct ovmapi_inbox *in, struct ovmapi_store *s, struct ovmapi_letter *letter,
		     int (*deliver)(const struct ovmapi_letter *letter), u32 budget);
void ovmapi_inbox_reset(struct ovmapi_inbox *in);

#endif /* OVMAPI_WIRE_H */
