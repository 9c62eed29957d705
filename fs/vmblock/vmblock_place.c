// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Where a mount's directory was found last.  A walk along its path costs many
 * times what all else about a link does, and links are used in bursts: so it is
 * remembered for a moment, for callers with the very same credentials, that is
 * the threads of a process, and the same view of the file system.  That this
 * kernel renamed or removed the directory meanwhile is noticed at once, anything
 * else, as what is mounted over it, when the moment has passed.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs_struct.h>
#include <linux/jiffies.h>
#include <linux/nsproxy.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "vmblock.h"

/* So long the directory's filesystem stays busy after a link was used. */
#define VMBLOCK_PLACE_TIME	msecs_to_jiffies(100)

/* No reference to the namespace and the root is held: they are compared only, and for a moment. */
static void vmblock_view_of_caller(struct vmblock_view *view)
{
	view->root = READ_ONCE(current->fs->root.dentry);
	view->mnt = READ_ONCE(current->fs->root.mnt);
	view->mounts = current->nsproxy->mnt_ns;
}

static bool vmblock_view_is_callers(const struct vmblock_view *view)
{
	struct vmblock_view now;

	vmblock_view_of_caller(&now);
	return !memcmp(view, &now, sizeof(now));
}

static bool vmblock_place_is_valid(const struct vmblock_place *place)
{
	const struct dentry *dentry = place->dir.dentry;

	if (!place->cred || place->cred != current_cred() || time_after(jiffies, place->until))
		return false;
	return vmblock_view_is_callers(&place->view) && !d_unlinked(dentry) &&
	       READ_ONCE(dentry->d_parent) == place->parent &&
	       READ_ONCE(dentry->d_name.hash) == place->name_hash;
}

/**
 * vmblock_place_recall - the directory, if this caller would find it where it was
 * @place: of the mount
 * @dir: it, to be put by the caller
 *
 * Return: whether @dir was set.
 */
bool vmblock_place_recall(struct vmblock_place *place, struct path *dir)
{
	bool is_valid;

	spin_lock(&place->lock);
	is_valid = vmblock_place_is_valid(place);
	if (is_valid) {
		*dir = place->dir;
		path_get(dir);
	}
	spin_unlock(&place->lock);
	return is_valid;
}

/* Takes over the references that @now has. */
static void vmblock_place_replace(struct vmblock_place *place, const struct vmblock_place *now)
{
	const struct cred *cred;
	struct path dir;

	spin_lock(&place->lock);
	cred = place->cred;
	dir = place->dir;
	place->cred = now->cred;
	place->dir = now->dir;
	place->view = now->view;
	place->parent = now->parent;
	place->name_hash = now->name_hash;
	place->until = now->until;
	spin_unlock(&place->lock);
	if (!cred)
		return;
	path_put(&dir);
	put_cred(cred);
}

/**
 * vmblock_search_begin - a walk to the directory begins
 * @search: what is true before it
 */
void vmblock_search_begin(struct vmblock_search *search)
{
	search->until = jiffies + VMBLOCK_PLACE_TIME;
	vmblock_view_of_caller(&search->view);
	search->renames = read_seqbegin(&rename_lock);
}

/**
 * vmblock_place_remember - the directory was found here
 * @place: of the mount
 * @dir: it; another reference is taken
 * @search: from before the walk; if anything was renamed since, nothing is remembered
 */
void vmblock_place_remember(struct vmblock_place *place, const struct path *dir,
			    const struct vmblock_search *search)
{
	struct vmblock_place now = {
		.cred = current_cred(),
		.dir = *dir,
		.view = search->view,
		.parent = READ_ONCE(dir->dentry->d_parent),
		.name_hash = READ_ONCE(dir->dentry->d_name.hash),
		.until = search->until,
	};

	if (read_seqretry(&rename_lock, search->renames) || !vmblock_view_is_callers(&now.view))
		return;
	get_cred(now.cred);
	path_get(&now.dir);
	vmblock_place_replace(place, &now);
	mod_delayed_work(system_dfl_wq, &place->forget, VMBLOCK_PLACE_TIME);
}

static void vmblock_place_forget(struct work_struct *work)
{
	const struct vmblock_place nowhere = {};

	vmblock_place_replace(container_of(to_delayed_work(work), struct vmblock_place, forget),
			      &nowhere);
}

void vmblock_place_init(struct vmblock_place *place)
{
	spin_lock_init(&place->lock);
	INIT_DELAYED_WORK(&place->forget, vmblock_place_forget);
	place->cred = NULL;
}

/* No link of the mount is used any more. */
void vmblock_place_exit(struct vmblock_place *place)
{
	cancel_delayed_work_sync(&place->forget);
	vmblock_place_forget(&place->forget.work);
}
