// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * All that is done to a filesystem. The volumes' threads call this, without any
 * lock: each call may take as long as the filesystem's writers like.
 *
 * The kernel's holder is used where freezes have one (6.6): nobody's FITHAW or
 * LVM's resume ends our freeze then, nor does our thaw end theirs. Before, a
 * superblock was frozen or not; that it is not any more when we come to thaw it
 * is noticed, and left alone.
 */
#include <linux/fs.h>
#include <linux/rwsem.h>

#include "vmsync.h"

static struct super_block *vmsync_sb(void *volume)
{
	return ((struct vmsync_vol *)volume)->sb;
}

/* As syncfs(2) does. */
static int vmsync_fs_sync(void *volume)
{
	struct super_block *sb = vmsync_sb(volume);
	int err;

	down_read(&sb->s_umount);
	err = sb_rdonly(sb) ? 0 : sync_filesystem(sb);
	up_read(&sb->s_umount);
	return err;
}

/* As FIFREEZE does, except that it does not ask for an operation of the filesystem's own. */
static int vmsync_fs_freeze(void *volume)
{
	struct super_block *sb = vmsync_sb(volume);

	if (sb->s_op->freeze_super)
		return sb->s_op->freeze_super(sb, FREEZE_HOLDER_KERNEL, NULL);
	return freeze_super(sb, FREEZE_HOLDER_KERNEL, NULL);
}

/*
 * -EINVAL is how the kernel says that the holder has no freeze to undo. So does
 * 6.12 when it has undone it and another holder's remains, and so does a
 * filesystem that could not be thawed (jfs); where freezes are counted, those
 * are told apart.
 */
static int vmsync_fs_thaw(void *volume)
{
	struct super_block *sb = vmsync_sb(volume);
	int before = vmguest_kernel_freezes(sb), after, err;

	if (sb->s_op->thaw_super)
		err = sb->s_op->thaw_super(sb, FREEZE_HOLDER_KERNEL, NULL);
	else if (READ_ONCE(sb->s_writers.frozen) != SB_FREEZE_COMPLETE)
		err = -ESTALE;
	else
		err = thaw_super(sb, FREEZE_HOLDER_KERNEL, NULL);
	if (err != -EINVAL)
		return err;
	after = vmguest_kernel_freezes(sb);
	if (after < before)
		return 0;
	return after ? -EIO : -ESTALE;
}

const struct vmsync_ops vmsync_fs_ops = {
	.sync = vmsync_fs_sync,
	.freeze = vmsync_fs_freeze,
	.thaw = vmsync_fs_thaw,
};

/**
 * vmsync_fs_judge - whether a filesystem is one to freeze
 * @sb: it; nothing is asked of it, for one on a network may never answer
 *
 * Return: see vmsync_judge().
 */
int vmsync_fs_judge(struct super_block *sb)
{
	struct vmsync_facts facts = {
		.type = sb->s_type->name,
		.has_disk = sb->s_type->fs_flags & FS_REQUIRES_DEV,
		.is_frozen = READ_ONCE(sb->s_writers.frozen) != SB_UNFROZEN,
	};

	return vmsync_judge(&facts);
}
