/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What older kernels lack of the interface to filesystems.
 */
#ifndef VMGUEST_COMPAT_FILESYSTEM_H
#define VMGUEST_COMPAT_FILESYSTEM_H

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>

/* Operations of inodes are given the mapping and hand it on; none looks into it. */
#ifdef NEED_MNT_IDMAP
#define mnt_idmap user_namespace
#endif

#ifdef NEED_GENERIC_FILLATTR_MASK
#define generic_fillattr(idmap, request_mask, inode, stat) generic_fillattr(idmap, inode, stat)
#endif

#ifdef NEED_SIMPLE_INODE_INIT_TS
static inline struct timespec64 simple_inode_init_ts(struct inode *inode)
{
	inode->i_ctime = current_time(inode);
	inode->i_mtime = inode->i_ctime;
	inode->i_atime = inode->i_ctime;
	return inode->i_ctime;
}
#endif

#ifdef NEED_QSTR_LEN
#define QSTR_LEN(name, length) ((struct qstr)QSTR_INIT(name, length))
#endif

/* Without a check of the right to search where the kernel knows the name by itself. */
#ifdef NEED_LOOKUP_NOPERM
static inline struct dentry *lookup_noperm_positive_unlocked(struct qstr *name,
							     struct dentry *base)
{
	struct dentry *known = d_hash_and_lookup(base, name);

	if (!IS_ERR_OR_NULL(known)) {
		if (d_is_positive(known) && !(known->d_flags & DCACHE_OP_REVALIDATE))
			return known;
		dput(known);
	}
	return lookup_positive_unlocked(name->name, base, name->len);
}
#endif

#ifdef NEED_SET_DEFAULT_D_OP
static inline void set_default_d_op(struct super_block *sb, const struct dentry_operations *ops)
{
	sb->s_d_op = ops;
}
#endif

#endif /* VMGUEST_COMPAT_FILESYSTEM_H */
