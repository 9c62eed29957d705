// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The filesystem's type and its mounts.  Each mount shows what the parameter
 * "root" said when it was made; all share the table of blocks.  Users' namespaces
 * cannot mount it: a block is a sleep for anybody.
 */
#include <linux/dcache.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/path.h>
#include <linux/slab.h>

#include "vmblock.h"

static void vmblock_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	kfree(inode->i_private);
}

static const struct super_operations vmblock_super_ops = {
	.evict_inode = vmblock_evict_inode,
	.statfs = simple_statfs,
};

static struct vmblock_mount *vmblock_mount_new(void)
{
	char *root = vmblock_root_text();
	struct vmblock_mount *mount;
	size_t length;

	if (!root)
		return NULL;
	length = strcspn(root, "\n");	/* echo's, by sysfs */
	while (length && root[length - 1] == '/')
		length--;
	root[length] = '\0';
	mount = kmalloc(struct_size(mount, root, length + 1), GFP_KERNEL);
	if (mount) {
		vmblock_place_init(&mount->place);
		mount->length = length;
		memcpy(mount->root, root, length + 1);
	}
	kfree(root);
	return mount;
}

/* The sheet's error for all that is wrong with the directory is EINVAL; EPERM is ours. */
static int vmblock_check_root(struct fs_context *fc, const char *root)
{
	struct path path;
	int err;

	if (root[0] != '/')
		return invalf(fc, VMBLOCK_NAME ": the parameter root is no absolute path below /");
	err = vmblock_backing_open(root, &path);
	if (!err) {
		path_put(&path);
		return 0;
	}
	if (err == -EPERM) {
		errorf(fc, VMBLOCK_NAME ": %s is not root's with mode 1777; install -d -m 1777 %s",
		       root, root);
		return err;
	}
	return invalf(fc, VMBLOCK_NAME ": %s is no directory to be shown (%d)", root, err);
}

static int vmblock_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct vmblock_mount *mount = vmblock_mount_new();
	int err;

	if (!mount)
		return -ENOMEM;
	sb->s_fs_info = mount;
	err = vmblock_check_root(fc, mount->root);
	if (err)
		return err;
	sb->s_magic = VMBLOCK_MAGIC;
	sb->s_blocksize = 1024;
	sb->s_blocksize_bits = 10;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_op = &vmblock_super_ops;
	sb->s_flags |= SB_NOATIME | SB_NODIRATIME;
	sb->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	set_default_d_op(sb, &vmblock_dentry_ops);
	sb->s_root = d_make_root(vmblock_root_inode(sb));
	return sb->s_root ? 0 : -ENOMEM;
}

static void vmblock_kill_super(struct super_block *sb)
{
	struct vmblock_mount *mount = vmblock_mount_of(sb);

	kill_anon_super(sb);
	if (!mount)
		return;
	vmblock_place_exit(&mount->place);
	kfree(mount);
}

static int vmblock_get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, vmblock_fill_super);
}

/* There are no options, and what old scripts give as such has always been ignored. */
static int vmblock_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	return strcmp(param->key, "source") ? 0 : -ENOPARAM;
}

static const struct fs_context_operations vmblock_context_ops = {
	.parse_param = vmblock_parse_param,
	.get_tree = vmblock_get_tree,
};

static int vmblock_init_fs_context(struct fs_context *fc)
{
	fc->ops = &vmblock_context_ops;
	return 0;
}

static struct file_system_type vmblock_type = {
	.owner = THIS_MODULE,
	.name = VMBLOCK_NAME,
	.init_fs_context = vmblock_init_fs_context,
	.kill_sb = vmblock_kill_super,
};
MODULE_ALIAS_FS(VMBLOCK_NAME);

bool vmblock_is_ours(const struct super_block *sb)
{
	return sb->s_type == &vmblock_type;
}

int vmblock_super_init(void)
{
	return register_filesystem(&vmblock_type);
}

void vmblock_super_exit(void)
{
	unregister_filesystem(&vmblock_type);
}
