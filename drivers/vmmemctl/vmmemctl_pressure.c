// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The balloon gives way.  It grows only by what the guest can spare above a
 * reserve, slower while programs wait for memory, and not at all for a while
 * after it had to give memory back: to keep the reserve (each tick), when the
 * kernel reclaims below it (shrinker), on the brink of killing a program (OOM
 * notifier).
 */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/ktime.h>
#include <linux/magic.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/shrinker.h>
#include <linux/uio.h>

#include "vmmemctl.h"
#include "vmmemctl_trace.h"

#define VMMEMCTL_PSI_FILE	"/proc/pressure/memory"
#define VMMEMCTL_PSI_LEAST_US	(USEC_PER_SEC / 2)
#define VMMEMCTL_PSI_MOST_US	(5 * USEC_PER_SEC)
/* What the OOM notifier gives at least: enough that the next request is not on the brink, too. */
#define VMMEMCTL_OOM_FRAMES	(64u << (20 - VMMEMCTL_FRAME_SHIFT))

/**
 * vmmemctl_room_now - what the balloon may grow by
 * @b: the balloon
 *
 * Return: frames.
 */
u64 vmmemctl_room_now(const struct vmmemctl *b)
{
	return vmmemctl_room(max(si_mem_available(), 0L), vmmemctl_reserve_frames(b));
}

/* How many frames the guest is short of its reserve. */
static u64 vmmemctl_shortage(const struct vmmemctl *b)
{
	return vmmemctl_room(vmmemctl_reserve_frames(b), max(si_mem_available(), 0L));
}

bool vmmemctl_is_held(const struct vmmemctl *b)
{
	return b->hold_ms && time_before(jiffies, b->hold_until);
}

/**
 * vmmemctl_hold - do not grow for a while: memory was short
 * @b: the balloon, locked
 */
void vmmemctl_hold(struct vmmemctl *b)
{
	lockdep_assert_held(&b->lock);
	/* While it lasts it is one shortage; what counts is whether it comes again afterwards. */
	if (!vmmemctl_is_held(b)) {
		b->hold_ms = vmmemctl_backoff_ms(b->hold_ms,
						 jiffies_to_msecs(jiffies - b->hold_until));
		b->stats.holds++;
	}
	b->hold_until = jiffies + msecs_to_jiffies(b->hold_ms);
}

/* With the lock held: give back and hold; counts in @counter. */
static u64 vmmemctl_give_back(struct vmmemctl *b, const char *reason, u64 frames, u64 *counter)
{
	u64 given = vmmemctl_release(b, frames);

	*counter += given;
	if (given)
		vmmemctl_hold(b);
	trace_vmmemctl_give_back(reason, frames, given);
	return given;
}

/* The tick's own requests do not make the balloon shrink: they fail. */
static bool vmmemctl_is_own_request(const struct vmmemctl *b)
{
	return READ_ONCE(b->worker) == current;
}

/* Only memory below the reserve is the balloon's business: it is not there to feed caches. */
static unsigned long vmmemctl_shrinker_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct vmmemctl *b = &vmmemctl_balloon;
	u64 frames = min(vmmemctl_shortage(b), vmmemctl_balloon_size(b));

	return frames ?: SHRINK_EMPTY;
}

static unsigned long vmmemctl_shrinker_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct vmmemctl *b = &vmmemctl_balloon;
	u64 frames = max_t(u64, sc->nr_to_scan, VMMEMCTL_BATCH_ENTRIES);
	u64 given;

	/* All who reclaim come here: none of them is to wait for a host that takes its time. */
	if (vmmemctl_is_own_request(b) || !mutex_trylock(&b->lock))
		return SHRINK_STOP;
	given = vmmemctl_give_back(b, "shrinker", frames, &b->stats.shrink_frames);
	mutex_unlock(&b->lock);
	if (given)
		vmmemctl_wake(b);
	return given ?: SHRINK_STOP;
}

/*
 * What the tick has in its hands is not in the balloon yet: it lets go of it.
 * A batch on its way does not reach the host once growing is suspended.
 */
static u64 vmmemctl_oom_gathered(struct vmmemctl *b)
{
	long gathered = atomic_long_read(&b->gathered);

	if (gathered > 0 && atomic_long_try_cmpxchg(&b->gathered, &gathered, VMMEMCTL_LET_GO))
		return gathered;
	return 0;
}

static int vmmemctl_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	struct vmmemctl *b = &vmmemctl_balloon;
	u64 frames = max_t(u64, vmmemctl_shortage(b), VMMEMCTL_OOM_FRAMES);
	u64 given;

	if (vmmemctl_is_own_request(b))
		return NOTIFY_OK;
	given = vmmemctl_oom_gathered(b);
	mutex_lock(&b->lock);
	if (b->on_the_way) {
		given += b->on_the_way;
		vmmemctl_hold(b);
	}
	given += vmmemctl_give_back(b, "oom", frames, &b->stats.oom_frames);
	mutex_unlock(&b->lock);
	if (given)
		vmmemctl_wake(b);
	*(unsigned long *)freed += given;
	return NOTIFY_OK;
}

static struct notifier_block vmmemctl_oom_nb = { .notifier_call = vmmemctl_oom };

/*
 * The file of the pressure stall information is a seq_file of procfs and has
 * no other way in for a module: neither the numbers nor a function that tells
 * them are exported, and kernel_read() takes other files only.  Something else
 * may have been mounted there, so what it is gets checked.
 */
static ssize_t vmmemctl_psi_read(struct file *file, char *text, size_t size)
{
	struct kvec vec = { .iov_base = text, .iov_len = size };
	struct seq_file *seq = file->private_data;
	struct iov_iter iter;
	struct kiocb kiocb;

	if (file_inode(file)->i_sb->s_magic != PROC_SUPER_MAGIC || !seq || seq->file != file)
		return -EINVAL;
	init_sync_kiocb(&kiocb, file);
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, size);
	return seq_read_iter(&kiocb, &iter);
}

/* Without pressure stall information: -ENOENT. */
static int vmmemctl_pressure_read(u64 *total_us)
{
	struct file *file = NULL;
	char text[256];
	ssize_t n;

	/* The kernel's threads have another file system at their root than programs have. */
	scoped_with_init_fs()
		file = filp_open(VMMEMCTL_PSI_FILE, O_RDONLY, 0);
	if (IS_ERR_OR_NULL(file))
		return file ? PTR_ERR(file) : -ENOENT;
	n = vmmemctl_psi_read(file, text, sizeof(text) - 1);
	filp_close(file, NULL);
	if (n < 0)
		return n;
	text[n] = '\0';
	return vmmemctl_pressure_parse(text, total_us);
}

/**
 * vmmemctl_pressure_update - see how long programs have waited for memory
 * @b: the balloon; called by the tick alone, without the lock
 *
 * At the end of each tick, for the next one, and at its start if it may grow by
 * much: reading takes longer than all else before a batch is at the host.  The
 * kernel's sum is weighted by how busy its processors are, and so is this
 * driver's part of it, at most.  A window that is too short says nothing, one
 * that is too long nothing of now.
 */
void vmmemctl_pressure_update(struct vmmemctl *b)
{
	ktime_t now = ktime_get();
	u64 total_us, own_us, elapsed_us = ktime_us_delta(now, b->stalled_at);

	if (elapsed_us < VMMEMCTL_PSI_LEAST_US)
		return;
	if (vmmemctl_pressure_read(&total_us)) {
		b->stalled_permyriad = 0;
		return;
	}
	own_us = div_u64(b->own_stall_ns, NSEC_PER_USEC * num_online_cpus());
	b->stalled_permyriad = elapsed_us > VMMEMCTL_PSI_MOST_US ? 0 :
		vmmemctl_pressure_share(total_us - b->stalled_us, own_us, elapsed_us);
	b->was_growing = b->has_grown;
	b->has_grown = false;
	b->stalled_us = total_us;
	b->stalled_at = now;
	b->own_stall_ns = 0;
}

/* The kernel's own threads reclaim for the balloon and wait, too: that alone does not stop it. */
static u64 vmmemctl_pressure_allowance(struct vmmemctl *b)
{
	u64 allowed = vmmemctl_pressure_allows(b->stalled_permyriad);

	if (!allowed && b->was_growing)
		allowed = VMMEMCTL_SLOW_FRAMES;
	if (allowed != U64_MAX && READ_ONCE(b->host.target) > vmmemctl_balloon_size(b)) {
		mutex_lock(&b->lock);
		b->stats.slowed++;
		mutex_unlock(&b->lock);
	}
	return allowed;
}

/**
 * vmmemctl_pressure_look - give way if need be, and see how much the tick may take
 * @b: the balloon; called by the tick alone, without the lock
 *
 * Half the reserve may be used before the balloon gives memory back for it, so
 * that it does not swing around the limit.
 *
 * Return: frames by which the balloon may grow.
 */
u64 vmmemctl_pressure_look(struct vmmemctl *b)
{
	u64 shortage = vmmemctl_shortage(b);

	/* A small step is a slow one anyway, and its first frame need not wait for that. */
	if (READ_ONCE(b->host.target) > vmmemctl_balloon_size(b) + VMMEMCTL_SLOW_FRAMES)
		vmmemctl_pressure_update(b);
	if (shortage <= vmmemctl_reserve_frames(b) / 2 || !vmmemctl_balloon_size(b))
		return vmmemctl_pressure_allowance(b);
	mutex_lock(&b->lock);
	vmmemctl_give_back(b, "reserve", shortage, &b->stats.reserve_frames);
	mutex_unlock(&b->lock);
	return 0;
}

int vmmemctl_pressure_init(struct vmmemctl *b)
{
	int err;

	b->shrinker = shrinker_alloc(0, VMMEMCTL_NAME);
	if (!b->shrinker)
		return -ENOMEM;
	b->shrinker->count_objects = vmmemctl_shrinker_count;
	b->shrinker->scan_objects = vmmemctl_shrinker_scan;
	b->shrinker->batch = VMMEMCTL_BATCH_ENTRIES;
	err = vmguest_shrinker_register(b->shrinker, VMMEMCTL_NAME);
	if (err)
		goto err_free_shrinker;
	err = register_oom_notifier(&vmmemctl_oom_nb);
	if (err)
		goto err_free_shrinker;
	return 0;

err_free_shrinker:
	shrinker_free(b->shrinker);
	return err;
}

void vmmemctl_pressure_exit(struct vmmemctl *b)
{
	unregister_oom_notifier(&vmmemctl_oom_nb);
	shrinker_free(b->shrinker);
}
