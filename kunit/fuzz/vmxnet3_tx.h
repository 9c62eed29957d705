/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Transmit under a hostile device.  The driver's part posts packets, gives some
 * up half way, and walks completions as vmxnet3_tx.c does.  The books know the
 * packets in flight as a queue of slots, and which slot ends one.
 */
#ifndef KUNIT_FUZZ_VMXNET3_TX_H
#define KUNIT_FUZZ_VMXNET3_TX_H

#include "../../drivers/vmxnet3/vmxnet3_desc.h"
#include "vmxnet3_comp.h"

/* A slot, as the books have it. */
struct fuzz_tx_slot {
	bool is_posted;
	bool is_end;
	bool gen;
};

struct fuzz_tx {
	struct fuzz_input in;
	struct fuzz_comp comp;

	/* The driver's.  num_desc of a slot where no packet begins is stale. */
	u32 prod;
	u32 cons;
	u32 mask;
	u64 word[FUZZ_RING];
	u16 num_desc[FUZZ_RING];
	bool is_broken;

	/* The books. */
	struct fuzz_tx_slot slot[FUZZ_RING];
	u32 size;
	u32 oldest;
	u32 next;
	u32 posted;
};

/* What the device finds in a slot that has just been published. */
static inline void fuzz_tx_book_post(struct fuzz_tx *f, u32 slot, u32 len, bool is_last)
{
	struct fuzz_tx_slot *s = &f->slot[slot];
	u32 dw2 = f->word[slot], dw3 = f->word[slot] >> 32;

	fuzz_holds(&f->in, slot == f->next, "posts slots out of order");
	fuzz_holds(&f->in, !s->is_posted, "posts a slot twice");
	fuzz_holds(&f->in, f->posted < f->size - 1, "fills the last slot");
	fuzz_holds(&f->in, (dw2 >> 14 & 1) != s->gen, "posts with the generation of the last lap");
	fuzz_holds(&f->in, (dw2 & 0x3fff) == (len & 0x3fff), "posts another length");
	fuzz_holds(&f->in, (dw3 >> 12 & 3) == (is_last ? 3 : 0), "misplaces the end of a packet");
	s->is_posted = true;
	s->is_end = is_last;
	s->gen = dw2 >> 14 & 1;
	f->next = (slot + 1) % f->size;
	f->posted++;
}

/* The driver gives one packet back that begins at @slot. */
static inline void fuzz_tx_book_release(struct fuzz_tx *f, u32 slot, u32 num)
{
	bool is_end;

	fuzz_holds(&f->in, slot == f->oldest, "gives a packet back out of turn");
	do {
		struct fuzz_tx_slot *s = &f->slot[f->oldest];

		if (!fuzz_holds(&f->in, s->is_posted, "gives a packet back twice") ||
		    !fuzz_holds(&f->in, num, "gives back a part of a packet"))
			return;
		is_end = s->is_end;
		s->is_posted = false;
		f->oldest = (f->oldest + 1) % f->size;
		f->posted--;
		num--;
	} while (!is_end);
	fuzz_holds(&f->in, !num, "gives back more than one packet");
}

static inline u32 fuzz_tx_free(struct fuzz_tx *f)
{
	u32 left = vmxnet3_ring_free(f->prod, f->cons, f->mask);

	fuzz_holds(&f->in, left + f->posted == f->size - 1, "miscounts the room in the ring");
	return left;
}

/* All descriptors but the first, then some are taken back: the device must see none of it. */
static inline void fuzz_tx_give_up(struct fuzz_tx *f, u32 num)
{
	u32 sop = f->prod, pos;

	for (pos = sop + 1; pos != sop + num; pos++)
		f->word[pos & f->mask] = vmxnet3_txd_word(64, pos, sop + num, f->mask);
	while (--pos != sop)
		f->word[pos & f->mask] = vmxnet3_txd_undo(pos, f->mask);
	for (pos = sop; pos != sop + num; pos++)
		fuzz_holds(&f->in, (f->word[pos & f->mask] >> 14 & 1) == f->slot[pos & f->mask].gen,
			   "leaves a generation behind");
}

static inline void fuzz_tx_send(struct fuzz_tx *f, u32 num, u32 len, bool is_given_up)
{
	u32 pos, last = f->prod + num - 1;

	if (fuzz_tx_free(f) < num || f->is_broken)
		return;
	if (is_given_up) {
		fuzz_tx_give_up(f, num);
		return;
	}
	for (pos = f->prod; pos != last + 1; pos++)
		f->word[pos & f->mask] = vmxnet3_txd_word(len, pos, last, f->mask);
	f->num_desc[f->prod & f->mask] = num;
	for (pos = f->prod; pos != last + 1; pos++)
		fuzz_tx_book_post(f, pos & f->mask, len, pos == last);
	f->prod = last + 1;
}

static inline bool fuzz_tx_walk(struct fuzz_tx *f, u32 slot)
{
	u32 end, steps = 0;

	if (!vmxnet3_ring_holds(f->prod, f->cons, f->mask, slot))
		return false;
	end = vmxnet3_ring_pos(f->cons, f->mask, slot);
	do {
		u32 first = f->cons & f->mask, num = f->num_desc[first];

		if (!vmxnet3_tx_ends_by(f->cons, num, end))
			return false;
		fuzz_tx_book_release(f, first, num);
		f->cons += num;
		if (!fuzz_holds(&f->in, ++steps <= f->mask, "walks without an end"))
			return false;
	} while (f->cons != end + 1 && !f->in.fault);
	return true;
}

/* One completion: what the driver makes of it, and what the books had expected. */
static inline void fuzz_tx_one(struct fuzz_tx *f, u64 w0)
{
	u32 slot = fuzz_comp_dword(&f->comp, 0) & 0xfff, oldest = f->oldest;
	bool is_posted = slot < f->size && f->slot[slot].is_posted;
	bool is_end = is_posted && f->slot[slot].is_end, is_done;

	fuzz_holds(&f->in, vmxnet3_txc_slot(w0) == slot, "takes another slot than was completed");
	is_done = fuzz_tx_walk(f, vmxnet3_txc_slot(w0));
	if (f->in.fault)
		return;
	f->is_broken = !is_done;
	fuzz_holds(&f->in, is_done == is_end,
		   is_end ? "refuses what was right" : "accepts what was wrong");
	if (is_done)
		fuzz_holds(&f->in, f->oldest == (slot + 1) % f->size, "stops at another packet");
	else if (is_posted)
		fuzz_holds(&f->in, f->slot[slot].is_posted, "gives back what was refused");
	else
		fuzz_holds(&f->in, f->oldest == oldest, "gives packets back for nothing");
	fuzz_holds(&f->in, vmxnet3_ring_used(f->prod, f->cons) == f->posted,
		   "loses count of posted slots");
}

/* Takes what is there, a lap at most; @storm: 0, or how the device forges more meanwhile. */
static inline void fuzz_tx_collect(struct fuzz_tx *f, u8 storm)
{
	u32 left = f->mask + 1;

	while (left-- && !f->is_broken && !f->in.fault) {
		u64 w0, w1;

		if (storm)
			fuzz_comp_forestall(&f->comp, (f->oldest + (storm >> 1)) % f->size, 0);
		if (!fuzz_comp_is_new(&f->comp, &f->in))
			return;
		fuzz_comp_take(&f->comp, &w0, &w1);
		fuzz_tx_one(f, w0);
		fuzz_comp_pass(&f->comp);
	}
}

static inline void fuzz_tx_start(struct fuzz_tx *f, u32 laps)
{
	u32 slot;

	fuzz_comp_start(&f->comp, f->size);
	f->prod = 0u - laps * f->size;
	f->cons = f->prod;
	for (slot = 0; slot < f->size; slot++) {
		f->slot[slot].is_posted = false;
		/* Zeroed, or as the lap before has left it. */
		f->slot[slot].gen = laps & 1;
		f->word[slot] = laps & 1 ? VMXNET3_TXD_GEN : 0;
	}
	f->oldest = 0;
	f->next = 0;
	f->posted = 0;
	f->is_broken = false;
}

/* An honest completion: the end of the first, second ... packet in flight. */
static inline void fuzz_tx_complete(struct fuzz_tx *f, u32 packets)
{
	u32 slot = f->oldest, left;

	for (left = f->posted; left; left--, slot = (slot + 1) % f->size) {
		if (!f->slot[slot].is_end || packets--)
			continue;
		fuzz_comp_write(&f->comp, slot, 0);
		return;
	}
}

static inline void fuzz_tx_step(struct fuzz_tx *f)
{
	u8 op = fuzz_byte(&f->in), how;

	switch (op & 7) {
	case 0:
		fuzz_comp_scribble(&f->comp, &f->in);
		return;
	case 1:
		how = fuzz_byte(&f->in);
		fuzz_comp_write(&f->comp, how << 4 | (op >> 4), 0);
		return;
	case 2:
		fuzz_tx_complete(f, op >> 3);
		return;
	case 3:
		fuzz_comp_write(&f->comp, (f->oldest + (op >> 3)) % f->size, 0);
		return;
	case 4:
		fuzz_tx_collect(f, op >> 3);
		return;
	case 5:
		fuzz_tx_start(f, 0);
		return;
	default:
		how = fuzz_byte(&f->in);
		fuzz_tx_send(f, 1 + (op >> 3) % 24, how & 0x7f ? how & 0x7f : 16384, how & 0x80);
	}
}

/**
 * fuzz_tx_run - play an input through
 * @f: zeroed, but for @f->in
 *
 * Return: NULL, or the first fault.
 */
static inline const char *fuzz_tx_run(struct fuzz_tx *f)
{
	u8 shape = fuzz_byte(&f->in);

	f->size = shape & 1 ? FUZZ_RING : FUZZ_RING / 2;
	f->mask = f->size - 1;
	fuzz_tx_start(f, shape >> 1 & 3);
	while (fuzz_goes_on(&f->in))
		fuzz_tx_step(f);
	return f->in.fault;
}

#endif /* KUNIT_FUZZ_VMXNET3_TX_H */
