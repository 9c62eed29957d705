// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The directory that a mount shows.  It is found by its name, in the caller's
 * view of the file system and with the caller's rights, as the link's text will
 * be right afterwards: cleaners of /tmp replace it, and nothing here keeps the
 * filesystem that it is on busy for longer than a moment.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/stat.h>

#include "vmblock.h"

/* A task that is looking for the directory, or into it; lies on its stack. */
struct vmblock_question {
	struct hlist_node node;
	const struct task_struct *task;
};

/*
 * A user with mounts of its own can make the directory's path lead through one
 * of our links, whose following looks for the directory, and so on until the
 * stack is full; or be a filesystem that lists ours in turn.  So a task that is
 * looking neither follows a link nor opens our listing.  The lock guards the hash
 * table and is a leaf.
 */
static DEFINE_HASHTABLE(vmblock_questions, 6);
static DEFINE_SPINLOCK(vmblock_questions_lock);

static void vmblock_question_begin(struct vmblock_question *q)
{
	q->task = current;
	spin_lock(&vmblock_questions_lock);
	hash_add(vmblock_questions, &q->node, (unsigned long)current);
	spin_unlock(&vmblock_questions_lock);
}

static void vmblock_question_end(struct vmblock_question *q)
{
	spin_lock(&vmblock_questions_lock);
	hash_del(&q->node);
	spin_unlock(&vmblock_questions_lock);
}

/**
 * vmblock_backing_is_asking - whether this task is looking for the directory now
 *
 * Return: true if following a link, or listing, would begin the search within itself.
 */
bool vmblock_backing_is_asking(void)
{
	struct vmblock_question *q;
	bool is_asking = false;

	spin_lock(&vmblock_questions_lock);
	hash_for_each_possible(vmblock_questions, q, node, (unsigned long)current)
		is_asking |= q->task == current;
	spin_unlock(&vmblock_questions_lock);
	return is_asking;
}

static int vmblock_backing_path(const char *name, unsigned int flags, struct path *path)
{
	struct vmblock_question q;
	int err;

	vmblock_question_begin(&q);
	err = kern_path(name, flags, path);
	vmblock_question_end(&q);
	return err;
}

/*
 * Everybody may put names there, nobody may take another's away, and it is not a
 * user's own: else that user controls what others drop.
 */
static int vmblock_backing_check(const struct path *path)
{
	const struct inode *inode = d_inode(path->dentry);

	if (vmblock_is_ours(inode->i_sb))
		return -EINVAL;
	if (!uid_eq(inode->i_uid, GLOBAL_ROOT_UID) || (inode->i_mode & S_IALLUGO) != 01777)
		return -EPERM;
	return 0;
}

/* Lets go of a directory that is not in order. */
static int vmblock_backing_accept(const struct path *path)
{
	int err = vmblock_backing_check(path);

	if (!err)
		return 0;
	path_put(path);
	vmblock_count_refused_root();
	return err;
}

static int vmblock_backing_walk(const char *root, unsigned int flags, struct path *path)
{
	int err = vmblock_backing_path(root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY | flags, path);

	return err ?: vmblock_backing_accept(path);
}

/**
 * vmblock_backing_open - find the directory and check it
 * @root: its name
 * @path: where it is, to be put by the caller when 0 is returned
 *
 * Return: 0; -EINVAL if it is a mount of ours; -EPERM if it is not root's with
 * mode 1777; what looking it up returns.
 */
int vmblock_backing_open(const char *root, struct path *path)
{
	return vmblock_backing_walk(root, 0, path);
}

/*
 * The same for who may search it, without a walk if it was there for this caller a
 * moment ago.  Flags are for a walk that is made in any case.
 */
static int vmblock_backing_find(struct vmblock_mount *mount, unsigned int flags, struct path *path)
{
	struct vmblock_search search;
	int err;

	if (!flags && vmblock_place_recall(&mount->place, path))
		return vmblock_backing_accept(path);
	vmblock_search_begin(&search);
	err = vmblock_backing_walk(mount->root, flags, path);
	if (err)
		return err;
	err = path_permission(path, MAY_EXEC);
	if (err)
		path_put(path);
	else
		vmblock_place_remember(&mount->place, path, &search);
	return err;
}

/* The directory's filesystem may take any time. */
static int vmblock_backing_look(struct dentry *dir, struct qstr name)
{
	struct vmblock_question q;
	struct dentry *found;

	vmblock_question_begin(&q);
	found = lookup_noperm_positive_unlocked(&name, dir);
	vmblock_question_end(&q);
	if (IS_ERR(found))
		return PTR_ERR(found);
	dput(found);
	return 0;
}

static int vmblock_backing_ask(struct vmblock_mount *mount, const struct vmblock_name *target,
			       unsigned int flags)
{
	const size_t above = mount->length + 1;
	struct path path;
	int err = vmblock_backing_find(mount, flags, &path);

	if (err)
		return err;
	err = vmblock_backing_look(path.dentry,
				   QSTR_LEN(target->text + above, target->length - above));
	path_put(&path);
	return err;
}

/**
 * vmblock_backing_has - whether the directory is in order and has a name
 * @sb: the mount
 * @target: the name, with the directory's in front
 *
 * No lock is held by us: the directory may be on a filesystem that hangs.
 *
 * Return: 0, also for a link that leads nowhere; -ENOENT and what else looking
 * it up returns; -EINVAL and -EPERM as vmblock_backing_open().
 */
int vmblock_backing_has(const struct super_block *sb, const struct vmblock_name *target)
{
	struct vmblock_mount *mount = vmblock_mount_of(sb);
	int err = vmblock_backing_ask(mount, target, 0);

	/* A server has another directory there now. */
	return err == -ESTALE ? vmblock_backing_ask(mount, target, LOOKUP_REVAL) : err;
}

/**
 * vmblock_backing_dir - open the directory for listing, with the caller's rights
 * @root: its name
 *
 * Return: it, or an error pointer: -ELOOP if that leads back here, those of
 * vmblock_backing_open(), what opening it returns.
 */
struct file *vmblock_backing_dir(const char *root)
{
	struct vmblock_question q;
	struct file *dir;
	struct path path;
	int err;

	if (vmblock_backing_is_asking())
		return ERR_PTR(-ELOOP);
	err = vmblock_backing_open(root, &path);
	if (err)
		return ERR_PTR(err);
	vmblock_question_begin(&q);
	err = path_permission(&path, MAY_READ);
	dir = err ? ERR_PTR(err) : dentry_open(&path, O_RDONLY | O_DIRECTORY, current_cred());
	vmblock_question_end(&q);
	path_put(&path);
	return dir;
}

/**
 * vmblock_backing_list - go on listing it
 * @dir: from vmblock_backing_dir()
 * @ctx: who is told the names
 *
 * Return: what its filesystem returns.
 */
int vmblock_backing_list(struct file *dir, struct dir_context *ctx)
{
	struct vmblock_question q;
	int err;

	vmblock_question_begin(&q);
	err = iterate_dir(dir, ctx);
	vmblock_question_end(&q);
	return err;
}
