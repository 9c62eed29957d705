// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The balloon driver's life: whether this machine has a balloon that is ours
 * to hold, the tick that does what vmmemctl_next() says, and the end.
 *
 * Once a second, and whenever the doorbell rings or memory was given back, the
 * tick begins the conversation if need be, asks for the target, and moves one
 * batch after the other until there is nothing to do.
 */
#include <linux/cc_platform.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/slab.h>
#include <asm/hypervisor.h>

#include "vmmemctl.h"

#define VMMEMCTL_RIVAL	"vmw_balloon"
#define VMMEMCTL_TICK	HZ
/* Pages that are being moved come back within microseconds. */
#define VMMEMCTL_SOON	max(HZ / 100, 1)
/* Longer than that is worth a line. */
#define VMMEMCTL_PATIENCE	(10 * HZ)

static uint reserve_mb;
module_param(reserve_mb, uint, 0644);
MODULE_PARM_DESC(reserve_mb,
		 "Memory always left to the guest, in MiB (default 0: a sixteenth, 32 to 1024)");

struct vmmemctl vmmemctl_balloon;

/**
 * vmmemctl_state_name - a state as users read it
 * @state: any of them
 *
 * Return: one word.
 */
const char *vmmemctl_state_name(enum vmmemctl_state state)
{
	static const char *const names[VMMEMCTL_STATE_COUNT] = {
		[VMMEMCTL_STATE_STOPPED] = "stopped",
		[VMMEMCTL_STATE_IDLE] = "idle",
		[VMMEMCTL_STATE_INFLATING] = "inflating",
		[VMMEMCTL_STATE_DEFLATING] = "deflating",
		[VMMEMCTL_STATE_HOLDING] = "holding",
		[VMMEMCTL_STATE_FAILING] = "failing",
	};

	return names[state];
}

/* A tick now.  May be called from interrupts. */
void vmmemctl_wake(struct vmmemctl *b)
{
	if (!READ_ONCE(b->is_off))
		mod_delayed_work(b->wq, &b->tick, 0);
}

/* Read without the lock by those who only look; the two counts may be of two moments. */
u64 vmmemctl_balloon_size(const struct vmmemctl *b)
{
	return READ_ONCE(b->small_count) + READ_ONCE(b->large_count) * VMMEMCTL_LARGE_FRAMES;
}

/* The balloon's own pages are not among the kernel's total. */
static u64 vmmemctl_total(const struct vmmemctl *b)
{
	return totalram_pages() + vmmemctl_balloon_size(b);
}

u64 vmmemctl_reserve_frames(const struct vmmemctl *b)
{
	return vmmemctl_reserve(vmmemctl_total(b),
				(u64)READ_ONCE(reserve_mb) << (20 - VMMEMCTL_FRAME_SHIFT));
}

/* What the host is told that the balloon can grow to. */
static u64 vmmemctl_limit(const struct vmmemctl *b)
{
	return vmmemctl_total(b) - vmmemctl_reserve_frames(b);
}

static void vmmemctl_log_start(struct vmmemctl *b, enum vmmemctl_outcome outcome)
{
	static bool has_complained;
	struct device *dev = &b->pdev->dev;

	if (outcome == VMMEMCTL_DONE) {
		dev_dbg(dev, "started, capabilities %#x\n", b->host.caps);
		has_complained = false;
	} else if (!has_complained) {
		dev_info(dev, "the host offers no balloon now (%s); asking again every second\n",
			 vmmemctl_status_name(b->host.last_status));
		has_complained = true;
	}
}

/*
 * Pages that the host has forgotten go first, and again after a START, with
 * which it forgets; before that nothing may be locked.  Return: when to come
 * again, 0 if the conversation is on.
 */
static unsigned long vmmemctl_begin(struct vmmemctl *b)
{
	enum vmmemctl_outcome outcome;

	lockdep_assert_held(&b->lock);
	if (b->is_forgotten && !vmmemctl_drop(b))
		return VMMEMCTL_SOON;
	b->is_forgotten = false;
	if (!b->must_start)
		return 0;
	outcome = vmmemctl_host_start(&b->host, VMMEMCTL_CAP_ALL);
	vmmemctl_log_start(b, outcome);
	if (outcome != VMMEMCTL_DONE) {
		/* Nothing can be unlocked any more: the guest is not to lose the pages for that. */
		b->is_forgotten = true;
		return VMMEMCTL_TICK;
	}
	b->must_start = false;
	b->doorbell_wait = 0;
	b->is_forgotten = !vmmemctl_drop(b);
	return b->is_forgotten ? VMMEMCTL_SOON : 0;
}

static void vmmemctl_set_state(struct vmmemctl *b, enum vmmemctl_state state)
{
	if (b->state == state)
		return;
	WRITE_ONCE(b->state, state);
	vmmemctl_sysfs_notify(b);
}

static void vmmemctl_cycle_begin(struct vmmemctl *b)
{
	b->cycle = (struct vmmemctl_cycle){
		.work = 16 + 2 * (vmmemctl_total(b) / VMMEMCTL_BATCH_ENTRIES),
		.block_order = VMMEMCTL_LARGE_ORDER,
		.turn = VMMEMCTL_LANE_A,
	};
}

static struct vmmemctl_step vmmemctl_look(struct vmmemctl *b)
{
	struct vmmemctl_step step = { .action = VMMEMCTL_WAIT };
	u64 room = min(vmmemctl_room_now(b), b->cycle.allowance);

	mutex_lock(&b->lock);
	if (!b->must_start && !b->is_forgotten && !b->cycle.is_over && !READ_ONCE(b->is_off)) {
		struct vmmemctl_view v = {
			.small = b->small_count,
			.large = b->large_count,
			.on_the_way = b->on_the_way,
			.room = room,
			.is_held = vmmemctl_is_held(b),
			.has_no_large = b->cycle.has_no_large || b->cycle.refuses_large,
			.has_no_small = b->cycle.has_no_small || b->cycle.refuses_small,
		};

		step = vmmemctl_next(&b->host, &v);
	}
	mutex_unlock(&b->lock);
	return step;
}

static void vmmemctl_do(struct vmmemctl *b, struct vmmemctl_step step)
{
	u64 grown;

	if (step.action == VMMEMCTL_GROW) {
		vmmemctl_set_state(b, VMMEMCTL_STATE_INFLATING);
		grown = vmmemctl_grow(b, step);
		if (b->cycle.allowance != U64_MAX)
			b->cycle.allowance -= min(b->cycle.allowance, grown);
		return;
	}
	vmmemctl_set_state(b, VMMEMCTL_STATE_DEFLATING);
	mutex_lock(&b->lock);
	if (!b->must_start && !b->is_forgotten &&
	    !vmmemctl_shrink(b, vmmemctl_step_size(step), step.count))
		b->cycle.is_over = true;
	mutex_unlock(&b->lock);
}

/*
 * Batch after batch.  What is on its way may change what is to be done when it
 * arrives.  Return: whether there is more to do than a tick may take, for what
 * the guest needs is looked at once a tick.
 */
static bool vmmemctl_work_off(struct vmmemctl *b)
{
	unsigned long end = jiffies + VMMEMCTL_TICK;

	while (b->cycle.work--) {
		struct vmmemctl_step step = vmmemctl_look(b);

		if (step.action != VMMEMCTL_GROW) {
			vmmemctl_grow_wait(b);
			step = vmmemctl_look(b);
		}
		if (step.action == VMMEMCTL_WAIT)
			return false;
		if (time_after(jiffies, end))
			return b->cycle.allowance == U64_MAX;
		vmmemctl_do(b, step);
		cond_resched();
	}
	return false;
}

/* Where a tick has ended: on target, as near as it gets, or somewhere else. */
static enum vmmemctl_state vmmemctl_rest_state(struct vmmemctl *b)
{
	u64 size = vmmemctl_balloon_size(b), target = b->host.target;

	if (b->must_start)
		return VMMEMCTL_STATE_STOPPED;
	if (size == target || (size > target && size - target < VMMEMCTL_LARGE_FRAMES && target))
		return VMMEMCTL_STATE_IDLE;
	if (size < target && vmmemctl_is_held(b))
		return VMMEMCTL_STATE_HOLDING;
	if (size < target && !b->cycle.is_over && !b->cycle.has_no_small && !b->cycle.refuses_small)
		return VMMEMCTL_STATE_HOLDING;
	return VMMEMCTL_STATE_FAILING;
}

/* Return: when to come again. */
static unsigned long vmmemctl_cycle(struct vmmemctl *b)
{
	unsigned long delay;
	bool has_more;

	vmmemctl_cycle_begin(b);
	mutex_lock(&b->lock);
	b->stats.ticks++;
	delay = vmmemctl_begin(b);
	if (!delay)
		vmmemctl_after(b, vmmemctl_host_poll(&b->host, vmmemctl_limit(b)));
	mutex_unlock(&b->lock);
	if (delay) {
		vmmemctl_set_state(b, VMMEMCTL_STATE_STOPPED);
		return delay;
	}
	vmmemctl_doorbell_keep(b);
	b->cycle.allowance = vmmemctl_pressure_look(b);
	has_more = vmmemctl_work_off(b);
	if (b->host.target == vmmemctl_balloon_size(b))
		vmmemctl_reform(b);
	vmmemctl_grow_end(b);
	vmmemctl_pressure_update(b);
	vmmemctl_set_state(b, vmmemctl_rest_state(b));
	vmmemctl_sysfs_notify(b);
	/* After a reset the guest begins anew at once, but not faster than ten times a second. */
	if (b->must_start)
		return HZ / 10;
	return has_more ? 0 : VMMEMCTL_TICK;
}

static void vmmemctl_tick(struct work_struct *work)
{
	struct vmmemctl *b = container_of(to_delayed_work(work), struct vmmemctl, tick);
	unsigned long delay;

	/* Whoever woke it may have come too late to see that. */
	if (READ_ONCE(b->is_off))
		return;
	delay = vmmemctl_cycle(b);
	/* Somebody may have asked for an earlier one meanwhile, which stands. */
	if (!READ_ONCE(b->is_off))
		queue_delayed_work(b->wq, &b->tick, delay);
}

static void vmmemctl_free_lanes(struct vmmemctl *b)
{
	int i;

	for (i = 0; i < VMMEMCTL_LANE_COUNT; i++) {
		if (b->lane[i])
			free_page((unsigned long)b->lane[i]->batch.entry);
		kfree(b->lane[i]);
		b->lane[i] = NULL;
	}
}

static int vmmemctl_alloc_lanes(struct vmmemctl *b)
{
	int i;

	for (i = 0; i < VMMEMCTL_LANE_COUNT; i++) {
		struct vmmemctl_lane *lane = kzalloc(sizeof(*lane), GFP_KERNEL);

		b->lane[i] = lane;
		if (!lane)
			goto err_free;
		lane->balloon = b;
		lane->batch.entry = (u64 *)get_zeroed_page(GFP_KERNEL);
		if (!lane->batch.entry)
			goto err_free;
		lane->batch.frame = virt_to_phys(lane->batch.entry) >> VMMEMCTL_FRAME_SHIFT;
		INIT_WORK(&lane->send, vmmemctl_send);
		init_completion(&lane->is_free);
		complete(&lane->is_free);
	}
	return 0;

err_free:
	vmmemctl_free_lanes(b);
	return -ENOMEM;
}

static void vmmemctl_init(struct vmmemctl *b, struct platform_device *pdev)
{
	memset(b, 0, sizeof(*b));
	b->pdev = pdev;
	mutex_init(&b->lock);
	vmmemctl_host_init(&b->host, vmmemctl_port_call, NULL);
	b->must_start = true;
	b->no_dispute_before = jiffies;
	balloon_devinfo_init(&b->small);
#ifdef CONFIG_BALLOON_MIGRATION
	b->small.migratepage = vmmemctl_migrate;
#endif
	INIT_LIST_HEAD(&b->large);
	INIT_LIST_HEAD(&b->parts);
	INIT_LIST_HEAD(&b->aside);
	INIT_LIST_HEAD(&b->aside_large);
	INIT_DELAYED_WORK(&b->tick, vmmemctl_tick);
}

/* No tick any more, and a host that has been told that there is no balloon. */
static void vmmemctl_quiesce(struct vmmemctl *b)
{
	WRITE_ONCE(b->is_off, true);
	cancel_delayed_work_sync(&b->tick);
	vmmemctl_doorbell_remove(b);
	mutex_lock(&b->lock);
	vmmemctl_host_stop(&b->host);
	b->must_start = true;
	mutex_unlock(&b->lock);
}

/* Reboot, power off and kexec: what comes next finds plain memory. */
static void vmmemctl_shutdown(struct platform_device *pdev)
{
	vmmemctl_quiesce(&vmmemctl_balloon);
}

/* Pages under migration refer to this code, so it stays until they have come back. */
static void vmmemctl_drop_all(struct vmmemctl *b)
{
	unsigned long quiet_until = jiffies + VMMEMCTL_PATIENCE;

	mutex_lock(&b->lock);
	while (!vmmemctl_drop(b)) {
		mutex_unlock(&b->lock);
		if (time_after(jiffies, quiet_until)) {
			dev_warn(&b->pdev->dev, "waiting for pages that the kernel is moving\n");
			quiet_until = jiffies + VMMEMCTL_PATIENCE;
		}
		schedule_timeout_uninterruptible(VMMEMCTL_SOON);
		mutex_lock(&b->lock);
	}
	mutex_unlock(&b->lock);
}

static void vmmemctl_end(void *data)
{
	struct vmmemctl *b = data;

	/* The last tick ends while the brakes are still there. */
	WRITE_ONCE(b->is_off, true);
	cancel_delayed_work_sync(&b->tick);
	vmmemctl_debugfs_exit();
	vmmemctl_power_exit(b);
	vmmemctl_pressure_exit(b);
	vmmemctl_quiesce(b);
	vmmemctl_drop_all(b);
	destroy_workqueue(b->wq);
	vmmemctl_free_lanes(b);
}

static int vmmemctl_probe(struct platform_device *pdev)
{
	struct vmmemctl *b = &vmmemctl_balloon;
	int err;

	vmmemctl_init(b, pdev);
	err = vmmemctl_alloc_lanes(b);
	if (err)
		return err;
	err = -ENOMEM;
	b->wq = alloc_workqueue(VMMEMCTL_NAME, WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!b->wq)
		goto err_free_lanes;
	err = vmmemctl_pressure_init(b);
	if (err)
		goto err_destroy_wq;
	err = vmmemctl_power_init(b);
	if (err)
		goto err_pressure_exit;
	vmmemctl_debugfs_init(b);
	queue_delayed_work(b->wq, &b->tick, 0);
	/* The device may fail after this, and remove() is not the same on all kernels. */
	return devm_add_action_or_reset(&pdev->dev, vmmemctl_end, b);

err_pressure_exit:
	vmmemctl_pressure_exit(b);
err_destroy_wq:
	destroy_workqueue(b->wq);
err_free_lanes:
	vmmemctl_free_lanes(b);
	return err;
}

/* It cannot be unbound by hand: its end is the module's. */
static struct platform_driver vmmemctl_driver = {
	.probe = vmmemctl_probe,
	.shutdown = vmmemctl_shutdown,
	.driver = {
		.name = VMMEMCTL_NAME,
		.pm = pm_sleep_ptr(&vmmemctl_pm_ops),
		.dev_groups = vmmemctl_groups,
	},
};

/* Built in or loaded, a driver with parameters has a folder. */
static bool vmmemctl_rival_is_there(void)
{
	struct path path;

	if (kern_path("/sys/module/" VMMEMCTL_RIVAL, 0, &path))
		return false;
	path_put(&path);
	return true;
}

static void vmmemctl_log_rival(const char *holder, const char *refused)
{
	pr_err("%s holds the balloon, so %s is refused; to switch: modprobe -r %s && modprobe %s\n",
	       holder, refused, holder, refused);
}

/* Two drivers would undo each other's work: each START makes the host forget the other's pages. */
static int vmmemctl_module_comes(struct notifier_block *nb, unsigned long action, void *arg)
{
	struct module *module = arg;

	if (action != MODULE_STATE_COMING || strcmp(module_name(module), VMMEMCTL_RIVAL))
		return NOTIFY_DONE;
	vmmemctl_log_rival(VMMEMCTL_NAME, VMMEMCTL_RIVAL);
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block vmmemctl_module_nb = { .notifier_call = vmmemctl_module_comes };

/* Whether the machine has a balloon that is ours to hold; what not is said in one line. */
static int __init vmmemctl_may_run(void)
{
	if (x86_hyper_type != X86_HYPER_VMWARE) {
		pr_err(VMMEMCTL_NAME ": this is no VMware virtual machine, so there is no balloon to hold\n");
		return -ENODEV;
	}
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT)) {
		pr_err(VMMEMCTL_NAME ": this guest's memory is encrypted and cannot be given away\n");
		return -EOPNOTSUPP;
	}
	if (vmmemctl_rival_is_there()) {
		vmmemctl_log_rival(VMMEMCTL_RIVAL, VMMEMCTL_NAME);
		return -EBUSY;
	}
	return 0;
}

static struct platform_device *vmmemctl_device;

static int __init vmmemctl_load(void)
{
	int err = register_module_notifier(&vmmemctl_module_nb);

	if (err)
		return err;
	err = vmmemctl_may_run();
	if (err)
		goto err_unregister_notifier;
	vmmemctl_device = platform_device_register_simple(VMMEMCTL_NAME, PLATFORM_DEVID_NONE,
							  NULL, 0);
	if (IS_ERR(vmmemctl_device)) {
		err = PTR_ERR(vmmemctl_device);
		goto err_unregister_notifier;
	}
	err = platform_driver_probe(&vmmemctl_driver, vmmemctl_probe);
	if (err)
		goto err_unregister_device;
	return 0;

err_unregister_device:
	platform_device_unregister(vmmemctl_device);
err_unregister_notifier:
	unregister_module_notifier(&vmmemctl_module_nb);
	return err;
}
module_init(vmmemctl_load);

static void __exit vmmemctl_unload(void)
{
	platform_driver_unregister(&vmmemctl_driver);
	platform_device_unregister(vmmemctl_device);
	unregister_module_notifier(&vmmemctl_module_nb);
}
module_exit(vmmemctl_unload);

MODULE_AUTHOR("the vmguest authors");
MODULE_DESCRIPTION("Memory balloon of VMware virtual machines");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0.0");
