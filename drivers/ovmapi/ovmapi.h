/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What the files of the Oracle VM message driver have of one another.
 *
 *	ovmapi_main.c		load and unload
 *	ovmapi_bus.c		xenstore: what comes, what is sent
 *	ovmapi_hub.c		parameters and events for all programs
 *	ovmapi_file.c		the node: open, poll, close
 *	ovmapi_original.c	ioctls by their old numbers
 *	ovmapi_ioctl.c		sized ioctls
 *	ovmapi_stats.c		counters
 *	ovmapi_wire.c		messages as nodes, pure
 *	ovmapi_core.c		parameters and queues, pure
 */
#ifndef OVMAPI_H
#define OVMAPI_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "ovmapi_core.h"
#include "ovmapi_wire.h"

#define OVMAPI_NAME		"ovmapi"
#define OVMAPI_PAYLOAD_MAX	4080
/* A message from the host with this name is an event. */
#define OVMAPI_EVENT_NAME	"VMAPIEvent"
#define OVMAPI_EVENT_TEXT_MAX	4071	/* with its NUL and a mask of 8 bytes it fills a payload */

/**
 * struct ovmapi_app - one open file
 * @turn: one call of it at a time; held over copies from and to its program
 * @list: among those that want events
 * @wait: for events
 * @fasync: who gets SIGIO
 * @queue: what has not been taken yet
 * @is_registered: it is in the list
 *
 * @queue, @list and @is_registered are the hub's lock's, which is never held over
 * a copy.
 */
struct ovmapi_app {
	struct mutex turn;	/* see above */
	struct list_head list;
	wait_queue_head_t wait;
	struct fasync_struct *fasync;
	struct ovmapi_queue queue;
	bool is_registered;
};

/* Since the module was loaded. */
struct ovmapi_stats {
	atomic64_t sent;
	atomic64_t send_failures;
	atomic64_t send_timeouts;
	atomic64_t events;		/* posted, by whomever */
	atomic64_t events_lost;		/* a program had no room */
	atomic64_t events_too_long;	/* the host's, dropped */
};

extern struct ovmapi_stats ovmapi_stats;
extern struct ovmapi_inbox ovmapi_inbox;
extern const struct file_operations ovmapi_fops;
extern const struct attribute_group *ovmapi_groups[];

/* ovmapi_bus.c */
int ovmapi_bus_init(void);
void ovmapi_bus_start(void);
void ovmapi_bus_stop(void);
void ovmapi_bus_exit(void);
int ovmapi_bus_send(const char *name, u32 name_length, const char *value, u32 length);

/* ovmapi_hub.c */
void ovmapi_hub_exit(void);
int ovmapi_hub_letter(const struct ovmapi_letter *letter);
int ovmapi_hub_set(const char *name, u32 name_length, const char *value, u32 size);
int ovmapi_hub_delete(const char *name, u32 name_length);
struct ovmapi_value *ovmapi_hub_get(const char *name, u32 name_length);
struct ovmapi_value *ovmapi_hub_at(u32 index, char *name);
void ovmapi_value_put(struct ovmapi_value *value);
u32 ovmapi_hub_count(void);
char *ovmapi_hub_names(u32 stride, u32 *count, u32 *size);

void ovmapi_hub_post(struct ovmapi_app *from, struct ovmapi_note *note);
int ovmapi_hub_post_user(struct ovmapi_app *from, const struct ovmapi_note *head,
			 const void __user *data);
struct ovmapi_note *ovmapi_note_new(u32 length);
void ovmapi_note_put(struct ovmapi_note *note);

void ovmapi_app_init(struct ovmapi_app *app);
void ovmapi_app_register(struct ovmapi_app *app, u32 mask);
void ovmapi_app_unregister(struct ovmapi_app *app);
bool ovmapi_app_is_registered(struct ovmapi_app *app);
void ovmapi_app_subscribe(struct ovmapi_app *app, u32 add, u32 remove, bool drops);
u32 ovmapi_app_mask(struct ovmapi_app *app);
u32 ovmapi_app_lost(struct ovmapi_app *app);
bool ovmapi_app_has_events(struct ovmapi_app *app);
struct ovmapi_note *ovmapi_app_first(struct ovmapi_app *app);
struct ovmapi_note *ovmapi_app_find(struct ovmapi_app *app, u64 id);
void ovmapi_app_drop(struct ovmapi_app *app, struct ovmapi_note *note);

/* ovmapi_original.c, ovmapi_ioctl.c */
bool ovmapi_is_original(unsigned int cmd);
long ovmapi_original(struct ovmapi_app *app, unsigned int cmd, void __user *arg, bool is_compat);
long ovmapi_modern(struct ovmapi_app *app, unsigned int cmd, void __user *arg);

#endif /* OVMAPI_H */
