// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The way to xenstore. Whoever calls it may wait without limit if xenstored does
 * not answer, and nothing can interrupt that: so two workers do, one for what
 * comes and one for what is sent, never the kernel's own thread for watches (all
 * of the guest's Xen devices need it) and never a program. Only who loads and
 * unloads this module has to wait.
 *
 * Both workers are freezable: a domain is suspended with its tasks frozen, so none
 * of them is in the middle of a message when xenstore becomes another one, and
 * they go on when the watches have told so.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include "ovmapi.h"

/* So many numbers of the host's are looked at in one go. */
#define OVMAPI_BUDGET		64
/* After an error that may pass. */
#define OVMAPI_RETRY		HZ
/* A program waits so long for its message to be sent. */
#define OVMAPI_SEND_TIME	(10 * HZ)
/* So many messages wait to be sent, of all programs. */
#define OVMAPI_SENDS_MAX	64

struct ovmapi_send {
	struct work_struct work;
	struct kref ref;
	struct completion done;
	int err;
	u32 length;
	char name[OVMAPI_NAME_MAX + 1];
	char value[];
};

static struct workqueue_struct *ovmapi_receiver, *ovmapi_sender;
static struct ovmapi_letter *ovmapi_letter;
static atomic_t ovmapi_sends = ATOMIC_INIT(0);
static bool ovmapi_is_connected;
/* Rises when xenstore is another one: at first, and after this guest was moved or restored. */
static atomic_t ovmapi_epoch = ATOMIC_INIT(0);

struct ovmapi_inbox ovmapi_inbox;

static char *ovmapi_xs_read(struct ovmapi_store *s, const char *dir, const char *node, u32 *length)
{
	return xenbus_read(XBT_NIL, dir, node, length);
}

static int ovmapi_xs_write(struct ovmapi_store *s, const char *dir, const char *node,
			   const char *text)
{
	return xenbus_write(XBT_NIL, dir, node, text);
}

static int ovmapi_xs_remove(struct ovmapi_store *s, const char *dir, const char *node)
{
	return xenbus_rm(XBT_NIL, dir, node);
}

static char **ovmapi_xs_list(struct ovmapi_store *s, const char *dir, const char *node, u32 *count)
{
	return xenbus_directory(XBT_NIL, dir, node, count);
}

static struct ovmapi_store ovmapi_xenstore = {
	.read = ovmapi_xs_read,
	.write = ovmapi_xs_write,
	.remove = ovmapi_xs_remove,
	.list = ovmapi_xs_list,
};

static void ovmapi_receive_work(struct work_struct *work)
{
	static int seen = -1;	/* the epoch, this worker's alone */
	int more, epoch = atomic_read(&ovmapi_epoch);

	if (seen != epoch) {
		seen = epoch;
		ovmapi_inbox_reset(&ovmapi_inbox);
	}
	more = ovmapi_inbox_run(&ovmapi_inbox, &ovmapi_xenstore, ovmapi_letter, ovmapi_hub_letter,
				OVMAPI_BUDGET);
	memzero_explicit(ovmapi_letter, sizeof(*ovmapi_letter));
	if (more > 0)
		queue_delayed_work(ovmapi_receiver, to_delayed_work(work), 0);
	else if (more && more != -EACCES)
		queue_delayed_work(ovmapi_receiver, to_delayed_work(work), OVMAPI_RETRY);
}
static DECLARE_DELAYED_WORK(ovmapi_receive_later, ovmapi_receive_work);

/* Called with a spinlock held; that nothing is queued bounds what a flood of writes can take. */
static bool ovmapi_fired(struct xenbus_watch *watch, const char *path, const char *token)
{
	mod_delayed_work(ovmapi_receiver, &ovmapi_receive_later, 0);
	return false;
}

/*
 * Once a domain runs nobody writes its number: this fires when watches are
 * registered, and again in a new xenstore.
 */
static bool ovmapi_connected(struct xenbus_watch *watch, const char *path, const char *token)
{
	atomic_inc(&ovmapi_epoch);
	return ovmapi_fired(watch, path, token);
}

static void ovmapi_never(struct xenbus_watch *watch, const char *path, const char *token)
{
}

static struct xenbus_watch ovmapi_watches[] = {
	{ .node = "domid", .will_handle = ovmapi_connected, .callback = ovmapi_never },
	{ .node = OVMAPI_TO_GUEST "/" OVMAPI_LAST_WRITE, .will_handle = ovmapi_fired,
	  .callback = ovmapi_never },
};

static void ovmapi_unwatch(u32 count)
{
	while (count--)
		unregister_xenbus_watch(&ovmapi_watches[count]);
}

/* Xenstored is there, which in dom0 may be long after this module is. */
static int ovmapi_xenstore_is_up(struct notifier_block *nb, unsigned long event, void *data)
{
	u32 i;
	int err;

	for (i = 0; i < ARRAY_SIZE(ovmapi_watches); i++) {
		err = register_xenbus_watch(&ovmapi_watches[i]);
		if (!err)
			continue;
		pr_err(OVMAPI_NAME ": cannot watch %s in xenstore (%d); reload the module to try again\n",
		       ovmapi_watches[i].node, err);
		ovmapi_unwatch(i);
		return NOTIFY_DONE;
	}
	WRITE_ONCE(ovmapi_is_connected, true);
	return NOTIFY_DONE;
}

static struct notifier_block ovmapi_notifier = { .notifier_call = ovmapi_xenstore_is_up };

static void ovmapi_send_free(struct kref *ref)
{
	kfree_sensitive(container_of(ref, struct ovmapi_send, ref));
}

/* One at a time, so a number is one message's. */
static int ovmapi_send_next(struct ovmapi_send *send)
{
	static int seen = -1;	/* the epoch, this worker's alone */
	static u64 number;	/* of the last message */
	int err, epoch = atomic_read(&ovmapi_epoch);

	if (seen != epoch) {
		err = ovmapi_sent(&ovmapi_xenstore, &number);
		if (err)
			return err;
		seen = epoch;
	}
	err = ovmapi_send(&ovmapi_xenstore, number + 1, send->name, send->value, send->length);
	number += !err;
	return err;
}

static void ovmapi_send_done(struct ovmapi_send *send)
{
	atomic_dec(&ovmapi_sends);
	kref_put(&send->ref, ovmapi_send_free);
}

/* What xenstored says of a request is not what a program did wrong. */
static int ovmapi_send_error(int err)
{
	return !err || err == -EACCES || err == -ENOSPC || err == -ENOMEM ? err : -EIO;
}

static void ovmapi_send_work(struct work_struct *work)
{
	struct ovmapi_send *send = container_of(work, struct ovmapi_send, work);

	send->err = ovmapi_send_error(ovmapi_send_next(send));
	atomic64_inc(send->err ? &ovmapi_stats.send_failures : &ovmapi_stats.sent);
	complete(&send->done);
	ovmapi_send_done(send);
}

static struct ovmapi_send *ovmapi_send_new(const char *name, u32 name_length, const char *value,
					   u32 length)
{
	struct ovmapi_send *send;

	send = kzalloc(struct_size(send, value, length + 1), GFP_KERNEL_ACCOUNT);
	if (!send)
		return NULL;
	INIT_WORK(&send->work, ovmapi_send_work);
	kref_init(&send->ref);
	init_completion(&send->done);
	memcpy(send->name, name, name_length);
	memcpy(send->value, value, length);
	send->length = length;
	return send;
}

/* What has not begun by then is not sent any more. */
static int ovmapi_send_wait(struct ovmapi_send *send)
{
	long left = wait_for_completion_killable_timeout(&send->done, OVMAPI_SEND_TIME);

	if (left > 0)
		return send->err;
	if (cancel_work(&send->work))
		ovmapi_send_done(send);
	else if (completion_done(&send->done))
		return send->err;
	if (!left)
		atomic64_inc(&ovmapi_stats.send_timeouts);
	return left ? -EINTR : -ETIMEDOUT;
}

/**
 * ovmapi_bus_send - send a message to the host
 * @name: its name
 * @name_length: at most OVMAPI_NAME_MAX
 * @value: its value, without NUL
 * @length: at most OVMAPI_VALUE_MAX
 *
 * Return: 0; -ENOTCONN: xenstored is not there yet; -EBUSY: too many wait;
 * -ETIMEDOUT: it does not answer, and may still do what it was asked; -EINTR;
 * -EACCES, -ENOSPC: it refused; -EIO: with something else; -ENOMEM.
 */
int ovmapi_bus_send(const char *name, u32 name_length, const char *value, u32 length)
{
	struct ovmapi_send *send;
	int err;

	if (!READ_ONCE(ovmapi_is_connected))
		return -ENOTCONN;
	send = ovmapi_send_new(name, name_length, value, length);
	if (!send)
		return -ENOMEM;
	if (!atomic_add_unless(&ovmapi_sends, 1, OVMAPI_SENDS_MAX)) {
		kref_put(&send->ref, ovmapi_send_free);
		return -EBUSY;
	}
	kref_get(&send->ref);
	queue_work(ovmapi_sender, &send->work);
	err = ovmapi_send_wait(send);
	kref_put(&send->ref, ovmapi_send_free);
	return err;
}

/**
 * ovmapi_bus_init - make what ovmapi_bus_start() needs
 *
 * Return: 0 or -ENOMEM.
 */
int ovmapi_bus_init(void)
{
	ovmapi_letter = kzalloc(sizeof(*ovmapi_letter), GFP_KERNEL);
	ovmapi_receiver = alloc_ordered_workqueue(OVMAPI_NAME "_receiver", WQ_FREEZABLE);
	ovmapi_sender = alloc_ordered_workqueue(OVMAPI_NAME "_sender", WQ_FREEZABLE);
	if (ovmapi_letter && ovmapi_receiver && ovmapi_sender)
		return 0;
	ovmapi_bus_exit();
	return -ENOMEM;
}

/* Messages come from now on: at once, or when xenstored does. */
void ovmapi_bus_start(void)
{
	register_xenstore_notifier(&ovmapi_notifier);
}

void ovmapi_bus_stop(void)
{
	unregister_xenstore_notifier(&ovmapi_notifier);
	if (ovmapi_is_connected)
		ovmapi_unwatch(ARRAY_SIZE(ovmapi_watches));
	cancel_delayed_work_sync(&ovmapi_receive_later);
}

void ovmapi_bus_exit(void)
{
	if (ovmapi_sender)
		destroy_workqueue(ovmapi_sender);
	if (ovmapi_receiver)
		destroy_workqueue(ovmapi_receiver);
	kfree(ovmapi_letter);
}
