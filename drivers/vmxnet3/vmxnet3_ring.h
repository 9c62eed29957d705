/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Pure ring arithmetic.  Command rings (tx, rx 0, rx 1) have a power-of-two
 * size and are described by two free-running positions, so a slot is a mask
 * away, the fill level is a subtraction, and the generation of a position is
 * the parity of its lap.  Completion rings may have any size (the rx one holds
 * ring 0 plus ring 1) and are walked by an index that wraps explicitly.
 */
#ifndef VMXNET3_RING_H
#define VMXNET3_RING_H

#include "vmxnet3_hw.h"

/* Empty receive slots that are worth a refill: after a poll, and of bodies amid one. */
#define VMXNET3_RX_REFILL_BATCH	16
#define VMXNET3_RX_REFILL_BODIES	32

/* Positions stored in command rings; prod - cons is what the device owns. */
static inline u32 vmxnet3_ring_used(u32 prod, u32 cons)
{
	return prod - cons;
}

/* One slot stays empty, so that a full ring differs from an empty one. */
static inline u32 vmxnet3_ring_free(u32 prod, u32 cons, u32 mask)
{
	return mask - (prod - cons);
}

/*
 * True in lap 0, 2, 4 ...: memory starts zeroed and the first lap writes 1.
 * The positions wrap at 2^32, which is an even number of laps, so the parity
 * runs on undisturbed.
 */
static inline bool vmxnet3_ring_gen(u32 pos, u32 mask)
{
	return !(pos & (mask + 1));
}

/* Does a slot number that came from the device name a slot it owns? */
static inline bool vmxnet3_ring_holds(u32 prod, u32 cons, u32 mask, u32 slot)
{
	return slot <= mask && ((slot - cons) & mask) < prod - cons;
}

/* The position of an owned slot; only meaningful after vmxnet3_ring_holds(). */
static inline u32 vmxnet3_ring_pos(u32 cons, u32 mask, u32 slot)
{
	return cons + ((slot - cons) & mask);
}

/**
 * vmxnet3_tx_ends_by - does a packet end at or before a completed position?
 * @pos: position of the packet's first descriptor
 * @num_desc: descriptors of the packet, as recorded when it was posted
 * @end: position that the device reported as completed
 *
 * A completion must name the last descriptor of a packet.  Walking from the
 * oldest packet, one that reaches past @end proves the device wrong.
 *
 * Return: true if the packet lies within [@pos, @end].
 */
static inline bool vmxnet3_tx_ends_by(u32 pos, u32 num_desc, u32 end)
{
	return num_desc && num_desc - 1 <= end - pos;
}

/* Reader's place in a completion ring. */
struct vmxnet3_comp_pos {
	u64 gen;	/* VMXNET3_COMP_GEN or 0 */
	u32 next;
	u32 size;
};

static inline void vmxnet3_comp_start(struct vmxnet3_comp_pos *p, u32 size)
{
	p->gen = VMXNET3_COMP_GEN;
	p->next = 0;
	p->size = size;
}

static inline bool vmxnet3_comp_is_new(const struct vmxnet3_comp_pos *p, u64 w1)
{
	return (w1 & VMXNET3_COMP_GEN) == p->gen;
}

/* @next is stored once and never out of range: others may peek at the ring. */
static inline void vmxnet3_comp_advance(struct vmxnet3_comp_pos *p)
{
	u32 next = p->next + 1;

	if (next == p->size) {
		next = 0;
		p->gen ^= VMXNET3_COMP_GEN;
	}
	WRITE_ONCE(p->next, next);
}

#endif /* VMXNET3_RING_H */
