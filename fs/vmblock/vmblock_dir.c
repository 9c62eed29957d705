// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Listing the root directory: the backing directory's listing, opened anew for
 * each opener and with its rights, where every name is a link.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "vmblock.h"

/* The backing directory's listing on its way to the reader of ours. */
struct vmblock_listing {
	struct dir_context ctx;
	struct dir_context *reader;
};

static bool vmblock_is_dots(const char *name, int length)
{
	return name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'));
}

static bool vmblock_dir_emit(struct dir_context *ctx, const char *name, int length, loff_t offset,
			     u64 ino, unsigned int type)
{
	struct dir_context *reader = container_of(ctx, struct vmblock_listing, ctx)->reader;

	reader->pos = offset;
	if (vmblock_is_dots(name, length))
		return dir_emit(reader, name, length, VMBLOCK_ROOT_INO, DT_DIR);
	return dir_emit(reader, name, length, vmblock_ino(name, length), DT_LNK);
}

/*
 * The caller's lock on our directory guards nothing of ours, and how long the
 * backing filesystem takes is its affair: who looks a name up meanwhile, behind
 * somebody who wants that lock for himself, is not to wait for it.
 */
static int vmblock_dir_iterate(struct file *file, struct dir_context *reader)
{
	struct vmblock_listing listing = {
		.ctx.actor = vmblock_dir_emit,
		.reader = reader,
	};
	struct file *backing = file->private_data;
	int err;

	inode_unlock_shared(file_inode(file));
	err = vmblock_backing_list(backing, &listing.ctx);
	inode_lock_shared(file_inode(file));
	reader->pos = backing->f_pos;
	return err;
}

/* Some filesystems keep more than a number of where a reader is, so they are told. */
static loff_t vmblock_dir_seek(struct file *file, loff_t offset, int whence)
{
	struct file *backing = file->private_data;
	loff_t pos = vfs_llseek(backing, offset, whence);

	if (pos >= 0)
		file->f_pos = pos;
	return pos;
}

static int vmblock_dir_open(struct inode *inode, struct file *file)
{
	struct file *backing = vmblock_backing_dir(vmblock_mount_of(inode->i_sb)->root);

	if (IS_ERR(backing))
		return PTR_ERR(backing);
	file->private_data = backing;
	return 0;
}

static int vmblock_dir_release(struct inode *inode, struct file *file)
{
	fput(file->private_data);
	return 0;
}

const struct file_operations vmblock_dir_ops = {
	.open = vmblock_dir_open,
	.release = vmblock_dir_release,
	.iterate_shared = vmblock_dir_iterate,
	.llseek = vmblock_dir_seek,
	.read = generic_read_dir,
};
