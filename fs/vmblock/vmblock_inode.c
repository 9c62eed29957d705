// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The root directory and the links in it.  A look-up gives a link for any name
 * and asks nobody, so the directory's lock is never held for longer than that.
 * Whether the name is there is asked by what looks at the link: stat, readlink,
 * following it.  The last two sleep first while the name is blocked.
 */
#include <linux/cred.h>
#include <linux/delayed_call.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/uaccess.h>

#include "vmblock.h"

static struct vmblock_link *vmblock_link_of(const struct inode *inode)
{
	return inode->i_private;
}

static const struct vmblock_name *vmblock_target_of(const struct inode *inode)
{
	return &vmblock_link_of(inode)->target;
}

/**
 * vmblock_ino - the inode number of a name: the same as long as the module is loaded
 * @name: without the directory
 * @length: in bytes
 *
 * 64 bits, so that two of a million names hardly ever share one.
 *
 * Return: the number, never one of the first three.
 */
u64 vmblock_ino(const char *name, size_t length)
{
	return max_t(u64, vmblock_hash(name, length), VMBLOCK_ROOT_INO + 2);
}

/*
 * A link is made for any name.  Only that of a name which was there once is kept
 * when nobody uses it: else asking for names would fill the memory.
 */
static int vmblock_link_forget(const struct dentry *dentry)
{
	const struct inode *inode = d_inode(dentry);

	return !inode || (S_ISLNK(inode->i_mode) && !READ_ONCE(vmblock_link_of(inode)->was_there));
}

const struct dentry_operations vmblock_dentry_ops = {
	.d_delete = vmblock_link_forget,
};

static int vmblock_link_ask(const struct inode *inode)
{
	const int err = vmblock_backing_has(inode->i_sb, vmblock_target_of(inode));

	if (!err)
		WRITE_ONCE(vmblock_link_of(inode)->was_there, true);
	return err;
}

/* A blocked name is there, whatever the directory has: agents block first and create later. */
static int vmblock_link_is_there(const struct inode *inode)
{
	if (vmblock_gate_is_shut(vmblock_target_of(inode)))
		return 0;
	return vmblock_link_ask(inode);
}

/* Sleeps while the name is blocked. */
static int vmblock_link_pass(const struct inode *inode)
{
	int err;

	if (vmblock_backing_is_asking())
		return -ELOOP;
	err = vmblock_gate_pass(vmblock_target_of(inode));
	return err ?: vmblock_link_ask(inode);
}

static int vmblock_link_getattr(struct mnt_idmap *idmap, const struct path *path,
				struct kstat *stat, u32 request_mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	int err = vmblock_link_is_there(inode);

	if (err)
		return err;
	generic_fillattr(idmap, request_mask, inode, stat);
	return 0;
}

static int vmblock_link_readlink(struct dentry *dentry, char __user *buffer, int size)
{
	struct inode *inode = d_inode(dentry);
	const struct vmblock_name *target = vmblock_target_of(inode);
	int err = vmblock_link_pass(inode);
	int length;

	if (err)
		return err;
	length = min_t(int, size, target->length);
	return copy_to_user(buffer, target->text, length) ? -EFAULT : length;
}

/* The walker holds the link, and with it the text, until it has walked the text. */
static const char *vmblock_link_follow(struct dentry *dentry, struct inode *inode,
				       struct delayed_call *done)
{
	int err;

	if (!dentry)	/* must not sleep: asked again when it may */
		return ERR_PTR(-ECHILD);
	err = vmblock_link_pass(inode);
	return err ? ERR_PTR(err) : vmblock_target_of(inode)->text;
}

static int vmblock_no_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	return -EPERM;
}

static const struct inode_operations vmblock_link_ops = {
	.readlink = vmblock_link_readlink,
	.get_link = vmblock_link_follow,
	.getattr = vmblock_link_getattr,
	.setattr = vmblock_no_setattr,
};

static struct vmblock_link *vmblock_link_new(const struct super_block *sb, const struct qstr *name)
{
	const struct vmblock_mount *mount = vmblock_mount_of(sb);
	size_t length = mount->length + 1 + name->len;
	struct vmblock_link *link;

	/* It goes with the inode, when memory is short. */
	link = kmalloc(struct_size(link, text, length + 1), GFP_KERNEL_ACCOUNT | __GFP_RECLAIMABLE);
	if (!link)
		return NULL;
	memcpy(link->text, mount->root, mount->length);
	link->text[mount->length] = '/';
	memcpy(link->text + mount->length + 1, name->name, name->len);
	link->text[length] = '\0';
	link->was_there = false;
	link->target.text = link->text;
	link->target.length = length;
	link->target.hash = vmblock_hash(link->text, length);
	return link;
}

static struct inode *vmblock_link_inode(struct super_block *sb, const struct qstr *name)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_private = vmblock_link_new(sb, name);
	if (!inode->i_private) {
		iput(inode);
		return NULL;
	}
	inode->i_ino = vmblock_ino(name->name, name->len);
	inode->i_mode = S_IFLNK | 0777;
	inode->i_op = &vmblock_link_ops;
	inode->i_size = vmblock_target_of(inode)->length;
	simple_inode_init_ts(inode);
	return inode;
}

static struct dentry *vmblock_root_lookup(struct inode *dir, struct dentry *dentry,
					  unsigned int flags)
{
	struct inode *inode;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	inode = vmblock_link_inode(dir->i_sb, &dentry->d_name);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	d_add(dentry, inode);
	return NULL;
}

static const struct inode_operations vmblock_root_ops = {
	.lookup = vmblock_root_lookup,
	.setattr = vmblock_no_setattr,
};

struct inode *vmblock_root_inode(struct super_block *sb)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = VMBLOCK_ROOT_INO;
	inode->i_mode = S_IFDIR | 0555;
	inode->i_op = &vmblock_root_ops;
	inode->i_fop = &vmblock_dir_ops;
	set_nlink(inode, 2);
	simple_inode_init_ts(inode);
	return inode;
}
