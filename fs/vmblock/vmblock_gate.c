// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The table of blocked names at work: its lock and memory, those who sleep in
 * front of a block, those who watch for the first of them.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/freezer.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "vmblock.h"

#define CREATE_TRACE_POINTS
#include "vmblock_trace.h"

/* 128 KiB; at the default limit a list has 32 names, whose hashes alone are compared. */
#define VMBLOCK_BUCKETS		8192

/* A block with those who wait for it; @text is its name's. */
struct vmblock_gate {
	struct vmblock_block block;
	struct completion open;		/* for those who follow the link */
	wait_queue_head_t watchers;	/* for those who wait for them to come */
	char text[];
};

/*
 * Guards the table, every block, owner and gate in it, and the counters.  Taken
 * in process context alone and never held across anything that sleeps; the locks
 * of wait queues are taken inside it.
 */
static DEFINE_SPINLOCK(vmblock_lock);
static struct vmblock_table vmblock_table;
static struct vmblock_stats vmblock_stats;

/* Of names that users choose: nobody can tell which of them share a list, or an inode number. */
static siphash_key_t vmblock_key __read_mostly;
static atomic_t vmblock_wait_ids = ATOMIC_INIT(0);

static struct vmblock_gate *vmblock_gate_of(struct vmblock_block *b)
{
	return container_of(b, struct vmblock_gate, block);
}

u64 vmblock_hash(const char *text, size_t length)
{
	return siphash(text, length, &vmblock_key);
}

int vmblock_gates_init(void)
{
	struct list_head *bucket = kvcalloc(VMBLOCK_BUCKETS, sizeof(*bucket), GFP_KERNEL);

	if (!bucket)
		return -ENOMEM;
	get_random_bytes(&vmblock_key, sizeof(vmblock_key));
	vmblock_table_init(&vmblock_table, bucket, VMBLOCK_BUCKETS);
	return 0;
}

/* Nothing is left in the table: agents and mounts hold the module. */
void vmblock_gates_exit(void)
{
	kvfree(vmblock_table.bucket);
}

static struct vmblock_gate *vmblock_gate_new(const struct vmblock_name *name)
{
	struct vmblock_gate *gate = kzalloc(struct_size(gate, text, name->length + 1),
					    GFP_KERNEL_ACCOUNT);

	if (!gate)
		return NULL;
	memcpy(gate->text, name->text, name->length);
	gate->block.name = *name;
	gate->block.name.text = gate->text;
	init_completion(&gate->open);
	init_waitqueue_head(&gate->watchers);
	return gate;
}

/* Its last user is gone, so nobody can find or wake it any more. */
static void vmblock_gate_free(struct vmblock_gate *gate, bool is_last)
{
	if (is_last)
		kfree(gate);
}

/**
 * vmblock_gate_add - block a name
 * @agent: who does
 * @name: the name, which is copied
 *
 * Return: 0, -EEXIST, -ENOSPC beyond a limit, -ENOMEM.
 */
int vmblock_gate_add(struct vmblock_agent *agent, const struct vmblock_name *name)
{
	struct vmblock_gate *gate = vmblock_gate_new(name);
	struct vmblock_limits limits;
	int err;

	if (!gate)
		return -ENOMEM;
	vmblock_limits(&limits);
	spin_lock(&vmblock_lock);
	err = vmblock_table_add(&vmblock_table, &agent->owner, &gate->block, &limits);
	vmblock_stats.adds += !err;
	vmblock_stats.adds_existing += err == -EEXIST;
	vmblock_stats.adds_beyond_limit += err == -ENOSPC;
	spin_unlock(&vmblock_lock);
	trace_vmblock_add(name, err);
	if (err)
		kfree(gate);
	return err;
}

/* Wakes everybody at a block that is out of the table, and drops the table's use of it. */
static void vmblock_gate_open(struct vmblock_gate *gate)
{
	bool is_last;

	complete_all(&gate->open);
	wake_up_all(&gate->watchers);
	spin_lock(&vmblock_lock);
	is_last = vmblock_block_put(&gate->block);
	spin_unlock(&vmblock_lock);
	vmblock_gate_free(gate, is_last);
}

/**
 * vmblock_gate_delete - unblock a name, wake those who wait
 * @agent: who has blocked it
 * @name: the name
 *
 * Return: 0, or -ENOENT if @agent has no block on it.
 */
int vmblock_gate_delete(struct vmblock_agent *agent, const struct vmblock_name *name)
{
	struct vmblock_block *b;

	spin_lock(&vmblock_lock);
	b = vmblock_table_remove(&vmblock_table, &agent->owner, name);
	if (b)
		vmblock_stats.deletes++;
	else
		vmblock_stats.deletes_missing++;
	spin_unlock(&vmblock_lock);
	trace_vmblock_delete(name, b ? 0 : -ENOENT);
	if (!b)
		return -ENOENT;
	vmblock_gate_open(vmblock_gate_of(b));
	return 0;
}

struct vmblock_agent *vmblock_agent_new(void)
{
	struct vmblock_agent *agent = kzalloc(sizeof(*agent), GFP_KERNEL);

	if (!agent)
		return NULL;
	vmblock_owner_init(&agent->owner);
	init_waitqueue_head(&agent->news);
	spin_lock(&vmblock_lock);
	vmblock_stats.agents++;
	spin_unlock(&vmblock_lock);
	return agent;
}

/* One block at a time, so that neither lock nor CPU is held for all of them. */
static struct vmblock_block *vmblock_agent_pop(struct vmblock_agent *agent)
{
	struct vmblock_block *b;

	spin_lock(&vmblock_lock);
	b = vmblock_table_pop(&vmblock_table, &agent->owner);
	if (b)
		vmblock_stats.released++;
	else
		vmblock_stats.agents--;
	spin_unlock(&vmblock_lock);
	return b;
}

/**
 * vmblock_agent_free - the last descriptor of an open file is gone
 * @agent: its blocks go, and who waits for them goes on
 */
void vmblock_agent_free(struct vmblock_agent *agent)
{
	struct vmblock_block *b;

	while ((b = vmblock_agent_pop(agent))) {
		trace_vmblock_delete(&b->name, 0);
		vmblock_gate_open(vmblock_gate_of(b));
		cond_resched();
	}
	kfree(agent);
}

bool vmblock_agent_has_news(struct vmblock_agent *agent)
{
	bool has_news;

	spin_lock(&vmblock_lock);
	has_news = agent->owner.news;
	spin_unlock(&vmblock_lock);
	return has_news;
}

bool vmblock_gate_is_shut(const struct vmblock_name *name)
{
	bool is_shut;

	spin_lock(&vmblock_lock);
	is_shut = vmblock_table_find(&vmblock_table, name);
	spin_unlock(&vmblock_lock);
	return is_shut;
}

/*
 * The agent of a block that is in the table is there as long as the lock is held:
 * vmblock_agent_free() takes the block out first.
 */
static struct vmblock_gate *vmblock_gate_enter(const struct vmblock_name *name)
{
	struct vmblock_gate *gate = NULL;
	struct vmblock_block *b;

	spin_lock(&vmblock_lock);
	b = vmblock_table_find(&vmblock_table, name);
	if (b) {
		gate = vmblock_gate_of(b);
		vmblock_stats.waits++;
		if (vmblock_block_enter(&vmblock_table, b)) {
			vmblock_stats.first_accesses++;
			wake_up_all(&gate->watchers);
			wake_up_all(&container_of(b->owner, struct vmblock_agent, owner)->news);
		}
	}
	spin_unlock(&vmblock_lock);
	return gate;
}

static void vmblock_gate_leave(struct vmblock_gate *gate, int err)
{
	bool is_last;

	spin_lock(&vmblock_lock);
	vmblock_stats.waits_killed += err != 0;
	is_last = vmblock_block_leave(&vmblock_table, &gate->block);
	spin_unlock(&vmblock_lock);
	vmblock_gate_free(gate, is_last);
}

/**
 * vmblock_gate_pass - wait until a name is not blocked
 * @name: the name
 *
 * Who wakes goes on, also if the name was blocked again meanwhile: otherwise an
 * agent that is quick could keep somebody for ever.  A caller that is killed
 * wakes, and the freezer takes it asleep.  Freezing is "unsafe" for lockdep since
 * a caller may follow links under locks of its own: execve() holds the mutex
 * that guards its credentials.  Those who want such a lock can be frozen, too.
 *
 * Return: 0; -ERESTARTSYS for a caller that is being killed.
 */
int vmblock_gate_pass(const struct vmblock_name *name)
{
	struct vmblock_gate *gate;
	u32 id;
	int err;

	/* Races with an agent that is adding a block, as any look at the table would. */
	if (!READ_ONCE(vmblock_table.count))
		return 0;
	gate = vmblock_gate_enter(name);
	if (!gate)
		return 0;
	id = atomic_inc_return(&vmblock_wait_ids);
	trace_vmblock_wait_begin(id, name);
	err = wait_for_completion_state(&gate->open, TASK_KILLABLE | TASK_FREEZABLE_UNSAFE);
	trace_vmblock_wait_end(id, err);
	vmblock_gate_leave(gate, err);
	return err;
}

static struct vmblock_gate *vmblock_gate_get(const struct vmblock_name *name)
{
	struct vmblock_block *b;

	spin_lock(&vmblock_lock);
	b = vmblock_table_find(&vmblock_table, name);
	if (b) {
		vmblock_block_get(b);
		vmblock_stats.watches++;
	}
	spin_unlock(&vmblock_lock);
	return b ? vmblock_gate_of(b) : NULL;
}

static bool vmblock_gate_is_quiet(struct vmblock_gate *gate)
{
	enum vmblock_state state;

	spin_lock(&vmblock_lock);
	state = vmblock_block_state(&gate->block);
	spin_unlock(&vmblock_lock);
	return state == VMBLOCK_STATE_QUIET;
}

/**
 * vmblock_gate_watch - wait until somebody waits for a name, or it is unblocked
 * @name: the name
 * @may_sleep: whether to wait at all
 * @state: what came first; set when 0 is returned
 *
 * Return: 0; -ENOENT if the name is not blocked; -EAGAIN if nothing has come and
 * the caller may not sleep; -ERESTARTSYS after a signal.
 */
int vmblock_gate_watch(const struct vmblock_name *name, bool may_sleep,
		       enum vmblock_state *state)
{
	struct vmblock_gate *gate = vmblock_gate_get(name);
	int err = 0;
	bool is_last;

	if (!gate)
		return -ENOENT;
	if (may_sleep)
		err = wait_event_freezable(gate->watchers, !vmblock_gate_is_quiet(gate));
	else if (vmblock_gate_is_quiet(gate))
		err = -EAGAIN;
	spin_lock(&vmblock_lock);
	if (!err)
		*state = vmblock_block_tell(&gate->block);
	is_last = vmblock_block_put(&gate->block);
	spin_unlock(&vmblock_lock);
	vmblock_gate_free(gate, is_last);
	return err;
}

void vmblock_count_refused_root(void)
{
	spin_lock(&vmblock_lock);
	vmblock_stats.refused_roots++;
	spin_unlock(&vmblock_lock);
}

void vmblock_stats_read(struct vmblock_stats *stats)
{
	spin_lock(&vmblock_lock);
	*stats = vmblock_stats;
	stats->blocks = vmblock_table.count;
	stats->waiters = vmblock_table.waiters;
	spin_unlock(&vmblock_lock);
}
