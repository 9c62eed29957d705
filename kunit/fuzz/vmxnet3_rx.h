/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Receive under a hostile device.  The driver's part does with the pure code
 * what vmxnet3_rx.c does with it, step by step; a buffer is a flag.  The books
 * know which slots are posted, in which order and with how many bytes, and
 * decode descriptors and completions with shifts of their own.
 */
#ifndef KUNIT_FUZZ_VMXNET3_RX_H
#define KUNIT_FUZZ_VMXNET3_RX_H

#include "../../drivers/vmxnet3/vmxnet3_desc.h"
#include "vmxnet3_comp.h"

/* MAX_SKB_FRAGS */
#define FUZZ_FRAGS	17u

/* A slot, as the books have it. */
struct fuzz_rx_slot {
	bool is_posted;
	bool gen;
	u16 len;
};

struct fuzz_rx_book {
	struct fuzz_rx_slot slot[FUZZ_RING];
	u32 size;
	u32 rqid;
	u32 buf_len;
	u32 oldest;
	u32 next;
	u32 posted;
};

struct fuzz_rx {
	struct fuzz_input in;
	struct fuzz_comp comp;

	/* The driver's. */
	struct vmxnet3_rx_ring_pos pos[2];
	u64 word[2][FUZZ_RING];
	bool has_page[2][FUZZ_RING];
	bool has_skb;
	bool is_mid_packet;
	bool is_broken;
	u32 frags;
	u32 len;
	bool has_memory;	/* for an skb, in this poll */

	/* The books. */
	struct fuzz_rx_book book[2];
	bool is_inside;	/* a packet has begun and not ended */
	u32 room;	/* bytes posted for it */
};

/* The driver has stored @word for @slot: is that a posting? */
static inline void fuzz_rx_book_post(struct fuzz_rx *f, u32 ring, u32 slot, u64 word)
{
	struct fuzz_rx_book *b = &f->book[ring];
	struct fuzz_rx_slot *s = &b->slot[slot];

	fuzz_holds(&f->in, slot == b->next, "posts slots out of order");
	fuzz_holds(&f->in, !s->is_posted, "posts a slot twice");
	fuzz_holds(&f->in, b->posted < b->size - 1, "fills the last slot");
	fuzz_holds(&f->in, (word >> 31 & 1) != s->gen, "posts with the generation of the last lap");
	fuzz_holds(&f->in, (word >> 14 & 1) == ring, "posts a buffer of the wrong kind");
	fuzz_holds(&f->in, (word & 0x3fff) == b->buf_len, "posts another length");
	fuzz_holds(&f->in, f->has_page[ring][slot], "posts without a buffer");
	s->is_posted = true;
	s->gen = word >> 31 & 1;
	s->len = word & 0x3fff;
	b->next = (slot + 1) % b->size;
	b->posted++;
}

/* The driver takes @slot, passing over the older ones. */
static inline void fuzz_rx_book_take(struct fuzz_rx *f, u32 ring, u32 slot)
{
	struct fuzz_rx_book *b = &f->book[ring];
	u32 dw0 = fuzz_comp_dword(&f->comp, 0);
	bool is_last;

	fuzz_holds(&f->in, slot == (dw0 & 0xfff), "takes another slot than was completed");
	fuzz_holds(&f->in, b->rqid == (dw0 >> 16 & 0x3ff), "takes from the wrong ring");
	if (!fuzz_holds(&f->in, slot < b->size && b->slot[slot].is_posted,
			"takes a slot that was not posted"))
		return;
	fuzz_holds(&f->in, f->has_page[ring][slot], "takes a slot without a buffer");
	f->room += b->slot[slot].len;
	do {
		is_last = b->oldest == slot;
		b->slot[b->oldest].is_posted = false;
		b->oldest = (b->oldest + 1) % b->size;
		b->posted--;
	} while (!is_last);
	fuzz_holds(&f->in, vmxnet3_ring_used(f->pos[ring].prod, f->pos[ring].cons) == b->posted,
		   "loses count of posted slots");
}

/* What an honest reader of the specification would say. */
static inline bool fuzz_rx_book_allows(const struct fuzz_rx *f)
{
	u32 dw0 = fuzz_comp_dword(&f->comp, 0), slot = dw0 & 0xfff, rqid = dw0 >> 16 & 0x3ff;
	u32 len = fuzz_comp_dword(&f->comp, 2) & 0x3fff;
	bool eop = dw0 >> 14 & 1, sop = dw0 >> 15 & 1;
	const struct fuzz_rx_book *b = &f->book[!sop];

	if (sop == f->is_inside || rqid != b->rqid || slot >= b->size)
		return false;
	return b->slot[slot].is_posted && len <= b->slot[slot].len && (len || eop);
}

static inline void fuzz_rx_refill_ring(struct fuzz_rx *f, u32 ring, u32 *pages)
{
	struct vmxnet3_rx_ring_pos *p = &f->pos[ring];
	u32 end = p->cons + p->mask;

	for (; p->prod != end && !f->in.fault; p->prod++) {
		u32 slot = p->prod & p->mask;

		if (!f->has_page[ring][slot]) {
			if (!*pages)
				return;
			--*pages;
			f->has_page[ring][slot] = true;
		}
		f->word[ring][slot] = vmxnet3_rxd_word(p->buf_len, ring ? VMXNET3_RXD_BODY : 0,
						       p->prod, p->mask);
		fuzz_rx_book_post(f, ring, slot, f->word[ring][slot]);
	}
}

static inline u32 fuzz_rx_room(struct fuzz_rx *f, u32 ring)
{
	const struct vmxnet3_rx_ring_pos *p = &f->pos[ring];
	u32 room = vmxnet3_ring_free(p->prod, p->cons, p->mask);

	fuzz_holds(&f->in, room + f->book[ring].posted == f->book[ring].size - 1,
		   "miscounts the room in a ring");
	return room;
}

/* Refills in batches as the driver does, with @pages to be had. */
static inline void fuzz_rx_refill(struct fuzz_rx *f, u32 pages)
{
	u32 ring;

	for (ring = 0; ring < 2; ring++)
		if (fuzz_rx_room(f, ring) >= VMXNET3_RX_REFILL_BATCH)
			fuzz_rx_refill_ring(f, ring, &pages);
}

static inline u32 fuzz_rx_take(struct fuzz_rx *f, u32 ring, u64 w0)
{
	struct vmxnet3_rx_ring_pos *p = &f->pos[ring];
	u32 slot = vmxnet3_rxc_slot(w0);

	p->cons = vmxnet3_ring_pos(p->cons, p->mask, slot) + 1;
	fuzz_rx_book_take(f, ring, slot);
	return slot & (FUZZ_RING - 1);
}

/* A page leaves its slot for a packet; never more bytes than it was posted with. */
static inline void fuzz_rx_hand_up(struct fuzz_rx *f, u32 ring, u32 slot, u32 len)
{
	fuzz_holds(&f->in, f->has_page[ring][slot], "hands up a buffer twice");
	fuzz_holds(&f->in, len == (fuzz_comp_dword(&f->comp, 2) & 0x3fff), "invents a length");
	f->has_page[ring][slot] = false;
	f->len += len;
	fuzz_holds(&f->in, f->len <= f->room, "hands up more bytes than were posted");
}

static inline void fuzz_rx_single(struct fuzz_rx *f, u64 w0, u64 w1)
{
	u32 slot = fuzz_rx_take(f, 0, w0), len = vmxnet3_rxc_len(w1);

	if ((w1 & VMXNET3_RXC1_ERR) || !f->has_memory)
		return;
	fuzz_rx_hand_up(f, 0, slot, len);
}

static inline void fuzz_rx_first(struct fuzz_rx *f, u64 w0, u64 w1)
{
	u32 slot = fuzz_rx_take(f, 0, w0);

	f->is_mid_packet = true;
	if (!f->has_memory)
		return;
	f->has_skb = true;
	f->frags = 0;
	fuzz_rx_hand_up(f, 0, slot, vmxnet3_rxc_len(w1));
}

static inline void fuzz_rx_add_body(struct fuzz_rx *f, u32 slot, u32 len)
{
	if (f->frags == FUZZ_FRAGS) {
		f->has_skb = false;
		return;
	}
	f->frags++;
	fuzz_rx_hand_up(f, 1, slot, len);
}

static inline u32 fuzz_rx_next(struct fuzz_rx *f, u64 w0, u64 w1)
{
	u32 slot = fuzz_rx_take(f, 1, w0), len = vmxnet3_rxc_len(w1);

	if (len && f->has_skb)
		fuzz_rx_add_body(f, slot, len);
	if (!(w0 & VMXNET3_RXC0_EOP))
		return f->has_skb ? 0 : 1;
	f->is_mid_packet = false;
	if (!f->has_skb)
		return 1;
	f->has_skb = false;
	if (fuzz_rx_room(f, 1) >= VMXNET3_RX_REFILL_BODIES)
		fuzz_rx_refill(f, FUZZ_RING);
	return 1;
}

/* The books' side of a completion that was accepted. */
static inline void fuzz_rx_book_packet(struct fuzz_rx *f)
{
	u32 dw0 = fuzz_comp_dword(&f->comp, 0);

	if (dw0 >> 15 & 1) {
		f->room = 0;
		f->len = 0;
	}
	f->is_inside = !(dw0 >> 14 & 1);
}

static inline u32 fuzz_rx_one(struct fuzz_rx *f, enum vmxnet3_rxc_verdict v, u64 w0, u64 w1)
{
	fuzz_rx_book_packet(f);
	if (v == VMXNET3_RXC_SKIPPED) {
		fuzz_rx_take(f, 0, w0);
		return 1;
	}
	if (!(w0 & VMXNET3_RXC0_SOP))
		return fuzz_rx_next(f, w0, w1);
	if (w0 & VMXNET3_RXC0_EOP) {
		fuzz_rx_single(f, w0, w1);
		return 1;
	}
	fuzz_rx_first(f, w0, w1);
	return 0;
}

/* What the driver takes for usual, by one comparison. */
static inline bool fuzz_rx_is_usual(struct fuzz_rx *f, u64 w0, u64 w1)
{
	return f->is_mid_packet ? vmxnet3_rxc_is_next_body(&f->pos[1], w0, w1) :
				  vmxnet3_rxc_is_simple(&f->pos[0], w0, w1);
}

/* It must be exactly what the judgement lets pass and comes in turn. */
static inline void fuzz_rx_usual(struct fuzz_rx *f, u64 w0, u64 w1, enum vmxnet3_rxc_verdict v)
{
	u32 ring = f->is_mid_packet, slot = vmxnet3_rxc_slot(w0);
	bool is_next = slot == (f->pos[ring].cons & f->pos[ring].mask);
	bool is_usual = v == VMXNET3_RXC_OK && is_next && vmxnet3_rxc_len(w1) &&
			(ring || w0 & VMXNET3_RXC0_EOP);

	fuzz_holds(&f->in, fuzz_rx_is_usual(f, w0, w1) == is_usual,
		   "takes for usual what is not, or the other way round");
}

/* The reader's verdict beside the books'; false if the completion was refused. */
static inline bool fuzz_rx_judge(struct fuzz_rx *f, u64 w0, u64 w1, enum vmxnet3_rxc_verdict *v)
{
	bool is_empty = !(fuzz_comp_dword(&f->comp, 2) & 0x3fff);
	bool is_start = fuzz_comp_dword(&f->comp, 0) >> 15 & 1;
	bool may_pass = fuzz_rx_book_allows(f);

	*v = vmxnet3_rxc_check(f->pos, w0, w1, f->is_mid_packet);
	fuzz_rx_usual(f, w0, w1, *v);
	if (*v > VMXNET3_RXC_SKIPPED) {
		fuzz_holds(&f->in, !may_pass, "refuses what was right");
		return false;
	}
	fuzz_holds(&f->in, may_pass, "accepts what was wrong");
	fuzz_holds(&f->in, (*v == VMXNET3_RXC_SKIPPED) == (is_empty && is_start),
		   "mistakes a packet for a skipped buffer or the other way round");
	return !f->in.fault;
}

/* The device answers every look of the driver with one more completion. */
static inline void fuzz_rx_storm(struct fuzz_rx *f, u8 kind)
{
	u32 ring = f->is_inside, slot = (f->book[ring].oldest + (kind >> 6)) % f->book[ring].size;
	u64 w0 = slot | (u64)f->book[ring].rqid << 16 | (ring ? 0 : VMXNET3_RXC0_SOP);

	if (kind & 1 && (ring || kind & 2))
		w0 |= VMXNET3_RXC0_EOP;
	fuzz_comp_forestall(&f->comp, w0, kind >> 2 & 0xf);
}

/* A poll; @storm: 0, or how the device forges completions meanwhile. */
static inline void fuzz_rx_poll(struct fuzz_rx *f, u32 budget, u32 pages, u8 storm)
{
	u32 done = 0, looks = 0, limit = budget * (FUZZ_FRAGS + 2);

	while (done < budget && !f->is_broken && !f->in.fault) {
		enum vmxnet3_rxc_verdict v;
		u64 w0, w1;

		if (storm)
			fuzz_rx_storm(f, storm);
		if (!fuzz_comp_is_new(&f->comp, &f->in))
			break;
		fuzz_comp_take(&f->comp, &w0, &w1);
		if (fuzz_rx_judge(f, w0, w1, &v))
			done += fuzz_rx_one(f, v, w0, w1);
		else
			f->is_broken = true;
		fuzz_comp_pass(&f->comp);
		fuzz_holds(&f->in, ++looks <= limit, "goes on without an end");
		fuzz_holds(&f->in, f->is_mid_packet == f->is_inside || f->is_broken,
			   "loses track of where a packet ends");
	}
	if (!f->is_broken)
		fuzz_rx_refill(f, pages);
}

static inline void fuzz_rx_start(struct fuzz_rx *f, u32 laps)
{
	u32 ring, slot, pages = 2 * FUZZ_RING;

	for (ring = 0; ring < 2; ring++) {
		struct fuzz_rx_book *b = &f->book[ring];
		u32 start = 0u - laps * b->size;

		f->pos[ring].prod = start;
		f->pos[ring].cons = start;
		for (slot = 0; slot < b->size; slot++) {
			b->slot[slot].is_posted = false;
			/* Zeroed, or as the lap before has left it. */
			b->slot[slot].gen = laps & 1;
		}
		b->oldest = 0;
		b->next = 0;
		b->posted = 0;
	}
	fuzz_comp_start(&f->comp, f->book[0].size + f->book[1].size);
	f->has_skb = false;
	f->is_mid_packet = false;
	f->is_broken = false;
	f->is_inside = false;
	for (ring = 0; ring < 2; ring++)
		fuzz_rx_refill_ring(f, ring, &pages);
}

/* Sizes, buffer lengths, ring ids, and how many laps before 2^32 to begin. */
static inline void fuzz_rx_setup(struct fuzz_rx *f)
{
	static const u16 head_len[] = { 128, 1664, 3712, 16383 };
	u8 shape = fuzz_byte(&f->in), ids = fuzz_byte(&f->in);
	u32 ring;

	for (ring = 0; ring < 2; ring++) {
		struct fuzz_rx_book *b = &f->book[ring];

		b->size = shape & 1 << ring ? FUZZ_RING : FUZZ_RING / 2;
		b->buf_len = ring ? 4096 : head_len[shape >> 2 & 3];
		b->rqid = (ids & 7) + (ring ? 1 + (ids >> 3) : 0);
		f->pos[ring].mask = b->size - 1;
		f->pos[ring].buf_len = b->buf_len;
		f->pos[ring].rqid = b->rqid;
	}
	fuzz_rx_start(f, shape >> 4 & 3);
}

/* One completion: of a slot counted from the oldest, perhaps with one bit wrong; of any length. */
static inline void fuzz_rx_complete(struct fuzz_rx *f)
{
	u8 how = fuzz_byte(&f->in), slot = fuzz_byte(&f->in), len = fuzz_byte(&f->in);
	const struct fuzz_rx_book *b = &f->book[how >> 2 & 1];
	u64 w0 = (u64)(how & 3) << 14 | (u64)b->rqid << 16, w1 = len;

	if (how & 8)
		w0 |= (b->oldest + (slot & 0xf)) % b->size ^ 1 << (slot >> 4) % 12;
	else
		w0 |= (b->oldest + slot) % b->size;
	if (how & 0x10)
		w0 ^= (u64)len << 18;
	if (how & 0x20)
		w1 = (b->buf_len + (len & 1)) & 0x3fff;
	if (how & 0x40)
		w1 |= VMXNET3_RXC1_ERR;
	if (how & 0x80)
		w1 ^= 0x2000;
	fuzz_comp_write(&f->comp, w0, w1);
}

/* A packet as it should be, with up to 19 bodies. */
static inline void fuzz_rx_packet(struct fuzz_rx *f)
{
	u8 how = fuzz_byte(&f->in);
	u32 i, bodies = how % 20;
	u64 head = f->book[0].oldest | (u64)f->book[0].rqid << 16 | VMXNET3_RXC0_SOP;

	fuzz_comp_write(&f->comp, head | (bodies ? 0 : VMXNET3_RXC0_EOP), f->book[0].buf_len);
	for (i = 0; i < bodies; i++)
		fuzz_comp_write(&f->comp, (f->book[1].oldest + i) % f->book[1].size |
				(u64)f->book[1].rqid << 16 |
				(i == bodies - 1 ? VMXNET3_RXC0_EOP : 0), 4096);
}

static inline void fuzz_rx_step(struct fuzz_rx *f)
{
	u8 op = fuzz_byte(&f->in), how;

	switch (op & 7) {
	case 0:
		fuzz_comp_scribble(&f->comp, &f->in);
		return;
	case 1:
		fuzz_rx_start(f, 0);
		return;
	case 2:
	case 3:
		fuzz_rx_packet(f);
		return;
	case 4:
	case 5:
		how = fuzz_byte(&f->in);
		f->has_memory = !(op & 0x80);
		fuzz_rx_poll(f, 1 + (op >> 3 & 7) * 9, how >> 1, how & 1 ? fuzz_byte(&f->in) : 0);
		return;
	default:
		fuzz_rx_complete(f);
	}
}

/**
 * fuzz_rx_run - play an input through
 * @f: zeroed, but for @f->in
 *
 * Return: NULL, or the first fault.
 */
static inline const char *fuzz_rx_run(struct fuzz_rx *f)
{
	fuzz_rx_setup(f);
	while (fuzz_goes_on(&f->in))
		fuzz_rx_step(f);
	return f->in.fault;
}

#endif /* KUNIT_FUZZ_VMXNET3_RX_H */
