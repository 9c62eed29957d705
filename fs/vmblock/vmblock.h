/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What the files of the blocking filesystem share.
 */
#ifndef VMBLOCK_H
#define VMBLOCK_H

#include <linux/fs.h>
#include <linux/path.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "vmblock_table.h"

#define VMBLOCK_NAME		"vmblock"
#define VMBLOCK_MAGIC		0xabababab
#define VMBLOCK_ROOT_INO	1
#define VMBLOCK_DEFAULT_ROOT	"/tmp/VMwareDnD"

/*
 * Counted since the module was loaded, but for the first three, which say what
 * is now.  Guarded by the lock of vmblock_gate.c.
 */
struct vmblock_stats {
	u64 blocks;
	u64 waiters;
	u64 agents;		/* open files of the control node */
	u64 adds;
	u64 adds_existing;	/* refused: blocked already */
	u64 adds_beyond_limit;	/* refused: too many */
	u64 deletes;
	u64 deletes_missing;	/* refused: not blocked, or by somebody else */
	u64 released;		/* went with the file that had added them */
	u64 waits;
	u64 waits_killed;	/* that ended because the waiter was killed */
	u64 first_accesses;
	u64 watches;
	u64 refused_roots;	/* backing directories that are not as they have to be */
};

/* One open file of the control node. */
struct vmblock_agent {
	struct vmblock_owner owner;
	wait_queue_head_t news;		/* woken when @owner.news rises */
};

/* A link's inode has its text, which is a name that may be blocked. */
struct vmblock_link {
	struct vmblock_name target;
	bool was_there;			/* it may be again */
	char text[];
};

/* What a path is looked up in. */
struct vmblock_view {
	const struct dentry *root;
	const struct vfsmount *mnt;
	const struct mnt_namespace *mounts;
};

/* What was true when a walk to the directory began. */
struct vmblock_search {
	struct vmblock_view view;
	unsigned long until;		/* what it finds is trusted, in jiffies */
	unsigned int renames;		/* of rename_lock */
};

/* Where the directory was found. */
struct vmblock_place {
	spinlock_t lock;		/* guards all but @forget; only d_lock nests in it */
	const struct cred *cred;	/* of who found it; NULL: it is not known */
	struct path dir;
	struct vmblock_view view;
	const struct dentry *parent;	/* compared only, as the name's hash */
	unsigned int name_hash;
	unsigned long until;		/* in jiffies */
	struct delayed_work forget;
};

/* One mount: the directory that it shows, as text, without a slash at its end. */
struct vmblock_mount {
	struct vmblock_place place;
	size_t length;
	char root[];
};

/* from vmblock_main.c */
char *vmblock_root_text(void);
void vmblock_limits(struct vmblock_limits *limits);

/* from vmblock_gate.c */
int vmblock_gates_init(void);
void vmblock_gates_exit(void);
u64 vmblock_hash(const char *text, size_t length);
struct vmblock_agent *vmblock_agent_new(void);
void vmblock_agent_free(struct vmblock_agent *agent);
bool vmblock_agent_has_news(struct vmblock_agent *agent);
int vmblock_gate_add(struct vmblock_agent *agent, const struct vmblock_name *name);
int vmblock_gate_delete(struct vmblock_agent *agent, const struct vmblock_name *name);
int vmblock_gate_watch(const struct vmblock_name *name, bool may_sleep,
		       enum vmblock_state *state);
bool vmblock_gate_is_shut(const struct vmblock_name *name);
int vmblock_gate_pass(const struct vmblock_name *name);
void vmblock_count_refused_root(void);
void vmblock_stats_read(struct vmblock_stats *stats);

/* from vmblock_backing.c */
int vmblock_backing_open(const char *root, struct path *path);
int vmblock_backing_has(const struct super_block *sb, const struct vmblock_name *target);
bool vmblock_backing_is_asking(void);
struct file *vmblock_backing_dir(const char *root);
int vmblock_backing_list(struct file *dir, struct dir_context *ctx);

/* from vmblock_place.c */
void vmblock_place_init(struct vmblock_place *place);
void vmblock_place_exit(struct vmblock_place *place);
bool vmblock_place_recall(struct vmblock_place *place, struct path *dir);
void vmblock_search_begin(struct vmblock_search *search);
void vmblock_place_remember(struct vmblock_place *place, const struct path *dir,
			    const struct vmblock_search *search);

/* from vmblock_super.c */
int vmblock_super_init(void);
void vmblock_super_exit(void);
bool vmblock_is_ours(const struct super_block *sb);

static inline struct vmblock_mount *vmblock_mount_of(const struct super_block *sb)
{
	return sb->s_fs_info;
}

/* from vmblock_inode.c */
struct inode *vmblock_root_inode(struct super_block *sb);
extern const struct dentry_operations vmblock_dentry_ops;
u64 vmblock_ino(const char *name, size_t length);

/* from vmblock_dir.c */
extern const struct file_operations vmblock_dir_ops;

/* from vmblock_control.c */
int vmblock_control_init(void);
void vmblock_control_exit(void);

/* from vmblock_stats.c */
int vmblock_stats_init(void);
void vmblock_stats_exit(void);

#endif /* VMBLOCK_H */
