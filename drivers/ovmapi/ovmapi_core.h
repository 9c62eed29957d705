/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Parameters and queues of events, pure: nothing here allocates, sleeps or locks.
 * The caller owns all memory and serialises all calls. What several have, a value
 * or an event, is counted: who got one puts it, and the last one frees it.
 */
#ifndef OVMAPI_CORE_H
#define OVMAPI_CORE_H

#include <linux/list.h>
#include <linux/types.h>

/* So many parameters, and so many bytes of values, are kept at most. */
#define OVMAPI_PARAMS_MAX	1024
#define OVMAPI_BYTES_MAX	(1024 * 1024)
/* So many events wait for a program at most; then the oldest goes. */
#define OVMAPI_QUEUE_MAX	256

/* The values are those of uapi/vmguest/ovmapi.h, which ovmapi_ioctl.c asserts. */
enum ovmapi_origin {
	OVMAPI_NOWHERE,
	OVMAPI_HOST,
	OVMAPI_DRIVER,
	OVMAPI_PROGRAM,
	OVMAPI_ORIGIN_COUNT
};

#define OVMAPI_TYPES_OF_DRIVER	0x4040	/* NEW_PARAM, MORE_PROCESSING */
#define OVMAPI_TYPES_OF_ROOT	0x008f	/* SNAPSHOT, MIGRATE, SHUTDOWN, RECONFIG, SYSTEM */
#define OVMAPI_TYPES_OF_ALL	0x0030	/* IP_ADDRESS, USER */

struct ovmapi_value {
	u32 users;
	u32 size;		/* with the NUL, if the program gave it one */
	char text[];
};

struct ovmapi_entry {
	struct list_head list;
	struct ovmapi_value *value;
	u32 name_length;
	char name[];		/* and a NUL, which @name_length does not count */
};

/* In the order of their making. */
struct ovmapi_params {
	struct list_head list;
	u32 count;
	u32 bytes;
};

struct ovmapi_note {
	u32 users;
	u64 id;
	u16 type;
	u16 severity;
	u16 phase;
	u16 origin;
	u32 length;
	char data[];
};

struct ovmapi_queue {
	struct ovmapi_note *note[OVMAPI_QUEUE_MAX];
	u32 first;
	u32 count;
	u32 mask;
	u32 lost;
};

void ovmapi_params_init(struct ovmapi_params *p);
struct ovmapi_entry *ovmapi_params_find(struct ovmapi_params *p, const char *name, u32 length);
struct ovmapi_entry *ovmapi_params_at(struct ovmapi_params *p, u32 index);
int ovmapi_params_may(struct ovmapi_params *p, const struct ovmapi_entry *old, u32 size);
void ovmapi_params_add(struct ovmapi_params *p, struct ovmapi_entry *entry);
struct ovmapi_value *ovmapi_params_replace(struct ovmapi_params *p, struct ovmapi_entry *entry,
					   struct ovmapi_value *value);
void ovmapi_params_remove(struct ovmapi_params *p, struct ovmapi_entry *entry);

int ovmapi_may_post(u32 type, u32 severity, u32 phase, bool is_root);

bool ovmapi_queue_wants(const struct ovmapi_queue *q, const struct ovmapi_note *note);
struct ovmapi_note *ovmapi_queue_add(struct ovmapi_queue *q, struct ovmapi_note *note);
struct ovmapi_note *ovmapi_queue_first(const struct ovmapi_queue *q);
struct ovmapi_note *ovmapi_queue_find(const struct ovmapi_queue *q, u64 id);
bool ovmapi_queue_remove(struct ovmapi_queue *q, const struct ovmapi_note *note);
struct ovmapi_note *ovmapi_queue_pop_unwanted(struct ovmapi_queue *q);

#endif /* OVMAPI_CORE_H */
