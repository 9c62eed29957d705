/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The table of blocked names, pure: who blocks what, who waits, who has been
 * told.  Nothing here sleeps, allocates or locks; the caller serialises all
 * calls and owns the memory of every block.
 */
#ifndef VMBLOCK_TABLE_H
#define VMBLOCK_TABLE_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/types.h>

/* The byte count of a write() to the control node is its command (sheet 3.5). */
#define VMBLOCK_WRITE_ADD	98
#define VMBLOCK_WRITE_DELETE	99

enum vmblock_command {
	VMBLOCK_COMMAND_ADD,
	VMBLOCK_COMMAND_DELETE,
	VMBLOCK_COMMAND_COUNT
};

/*
 * A name as it is compared: byte for byte, so `//`, `.` and `..` are names like
 * others.  @hash is the caller's, the same function for every name of a table.
 */
struct vmblock_name {
	const char *text;	/* ends with NUL, which @length does not count */
	u32 length;
	u64 hash;
};

/* Who blocks: one open file of the control node. */
struct vmblock_owner {
	struct list_head blocks;
	u32 count;
	u32 news;		/* blocks that were accessed, of which nobody was told */
};

/* What a watcher of a block finds. */
enum vmblock_state {
	VMBLOCK_STATE_QUIET,	/* nobody has come yet */
	VMBLOCK_STATE_ACCESSED,	/* somebody waits or has waited */
	VMBLOCK_STATE_REMOVED,	/* nobody came as long as it stood */
	VMBLOCK_STATE_COUNT
};

/**
 * struct vmblock_block - one blocked name
 * @in_bucket: blocks whose names have the same place in the table
 * @of_owner: blocks of the same owner
 * @owner: who has added it; NULL outside the table
 * @name: the blocked one
 * @users: the table, and everybody who found it there
 * @waiters: how many of them sleep
 * @is_accessed: somebody has waited
 * @is_told: a watcher has heard of it
 */
struct vmblock_block {
	struct list_head in_bucket;
	struct list_head of_owner;
	struct vmblock_owner *owner;
	struct vmblock_name name;
	u32 users;
	u32 waiters;
	bool is_accessed;
	bool is_told;
};

/* How many blocks there may be; looked at when one is added. */
struct vmblock_limits {
	u32 total;
	u32 owner;
};

struct vmblock_table {
	struct list_head *bucket;
	u32 buckets;		/* a power of two */
	u32 count;
	u32 waiters;		/* in front of all blocks, also removed ones */
};

void vmblock_table_init(struct vmblock_table *t, struct list_head *bucket, u32 buckets);
void vmblock_owner_init(struct vmblock_owner *o);
struct vmblock_block *vmblock_table_find(const struct vmblock_table *t,
					 const struct vmblock_name *name);
int vmblock_table_add(struct vmblock_table *t, struct vmblock_owner *o, struct vmblock_block *b,
		      const struct vmblock_limits *limits);
struct vmblock_block *vmblock_table_remove(struct vmblock_table *t, struct vmblock_owner *o,
					   const struct vmblock_name *name);
struct vmblock_block *vmblock_table_pop(struct vmblock_table *t, struct vmblock_owner *o);

bool vmblock_block_enter(struct vmblock_table *t, struct vmblock_block *b);
bool vmblock_block_leave(struct vmblock_table *t, struct vmblock_block *b);
bool vmblock_block_put(struct vmblock_block *b);
enum vmblock_state vmblock_block_state(const struct vmblock_block *b);
enum vmblock_state vmblock_block_tell(struct vmblock_block *b);

int vmblock_command_of(size_t count);
int vmblock_path_length(const char *path, size_t length, size_t limit);

static inline void vmblock_block_get(struct vmblock_block *b)
{
	b->users++;
}

#endif /* VMBLOCK_TABLE_H */
