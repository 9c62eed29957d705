/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Pure encoding of tx and rx descriptors, and decoding and checking of
 * completions.  Everything works on values held in registers: a descriptor is
 * built here and stored once by the caller, a completion is copied once by the
 * caller and judged here.
 */
#ifndef VMXNET3_DESC_H
#define VMXNET3_DESC_H

#include <linux/bitfield.h>

#include "vmxnet3_ring.h"

/* No descriptor has this word 1; 0 is the word of a full segment in every second lap. */
#define VMXNET3_TXD_NONE	(~0ull)

/* A segment of 16384 bytes is encoded as length 0. */
static inline u64 vmxnet3_txd_len(u32 len)
{
	return len & VMXNET3_TXD_LEN;
}

static inline u64 vmxnet3_txd_gen(u32 pos, u32 mask)
{
	return vmxnet3_ring_gen(pos, mask) ? VMXNET3_TXD_GEN : 0;
}

/**
 * vmxnet3_txd_word - word 1 of one segment, without offloads
 * @len: bytes, 1 to 16384
 * @pos: position of the descriptor
 * @last: position of the packet's last descriptor
 * @mask: ring size - 1
 *
 * Only the last descriptor ends the packet and asks for a completion.
 *
 * Return: the word; for the packet's first descriptor it is stored last.
 */
static inline u64 vmxnet3_txd_word(u32 len, u32 pos, u32 last, u32 mask)
{
	u64 word = vmxnet3_txd_len(len) | vmxnet3_txd_gen(pos, mask);

	return pos == last ? word | VMXNET3_TXD_EOP | VMXNET3_TXD_CQ : word;
}

/* What a slot's word 1 must become again if the packet is given up. */
static inline u64 vmxnet3_txd_undo(u32 pos, u32 mask)
{
	return vmxnet3_txd_gen(pos, mask) ^ VMXNET3_TXD_GEN;
}

/**
 * vmxnet3_txd_csum - offload bits for "fill in one checksum"
 * @start: offset of the L4 header in the frame
 * @offset: offset of the checksum field in the L4 header
 *
 * The field must hold the pseudo header sum including the length, which is
 * the state that CHECKSUM_PARTIAL promises.
 *
 * Return: bits for word 1 of the first descriptor.
 */
static inline u64 vmxnet3_txd_csum(u32 start, u32 offset)
{
	return FIELD_PREP(VMXNET3_TXD_OM, VMXNET3_OM_CSUM) |
	       FIELD_PREP(VMXNET3_TXD_HLEN, start) |
	       FIELD_PREP(VMXNET3_TXD_MSSCOF, start + offset);
}

/**
 * vmxnet3_txd_tso - offload bits for "cut into TCP segments"
 * @hlen: bytes up to the end of the TCP header
 * @mss: payload of each segment
 *
 * The TCP checksum field must hold the pseudo header sum without the length.
 *
 * Return: bits for word 1 of the first descriptor.
 */
static inline u64 vmxnet3_txd_tso(u32 hlen, u32 mss)
{
	return FIELD_PREP(VMXNET3_TXD_OM, VMXNET3_OM_TSO) |
	       FIELD_PREP(VMXNET3_TXD_HLEN, hlen) |
	       FIELD_PREP(VMXNET3_TXD_MSSCOF, mss);
}

static inline u64 vmxnet3_txd_vlan(u16 tci)
{
	return VMXNET3_TXD_TI | FIELD_PREP(VMXNET3_TXD_TCI, tci);
}

static inline u64 vmxnet3_rxd_gen(u32 pos, u32 mask)
{
	return vmxnet3_ring_gen(pos, mask) ? VMXNET3_RXD_GEN : 0;
}

/* @kind is 0 for a head buffer, VMXNET3_RXD_BODY for a body. */
static inline u64 vmxnet3_rxd_word(u32 len, u64 kind, u32 pos, u32 mask)
{
	return (len & VMXNET3_RXD_LEN) | kind | vmxnet3_rxd_gen(pos, mask);
}

static inline u32 vmxnet3_txc_slot(u64 w0)
{
	return FIELD_GET(VMXNET3_TXC_IDX, w0);
}

static inline u32 vmxnet3_rxc_slot(u64 w0)
{
	return FIELD_GET(VMXNET3_RXC0_IDX, w0);
}

static inline u32 vmxnet3_rxc_rqid(u64 w0)
{
	return FIELD_GET(VMXNET3_RXC0_RQID, w0);
}

static inline u32 vmxnet3_rxc_len(u64 w1)
{
	return FIELD_GET(VMXNET3_RXC1_LEN, w1);
}

static inline u32 vmxnet3_rxc_hash(u64 w0)
{
	return FIELD_GET(VMXNET3_RXC0_HASH, w0);
}

static inline u32 vmxnet3_rxc_rss_type(u64 w0)
{
	return FIELD_GET(VMXNET3_RXC0_RSSTYPE, w0);
}

static inline u16 vmxnet3_rxc_tci(u64 w1)
{
	return FIELD_GET(VMXNET3_RXC1_TCI, w1);
}

/* What a receive completion turned out to be. */
enum vmxnet3_rxc_verdict {
	VMXNET3_RXC_OK,
	VMXNET3_RXC_SKIPPED,	/* the device passed over a buffer: no packet */
	VMXNET3_RXC_BAD_RING,	/* names a ring that is not this queue's */
	VMXNET3_RXC_BAD_SLOT,	/* names a buffer the device does not own */
	VMXNET3_RXC_BAD_LEN,	/* more bytes than the buffer has, or none */
	VMXNET3_RXC_BAD_ORDER,	/* start or end of packet out of place */
	VMXNET3_RXC_VERDICT_COUNT
};

/* One of a queue's two buffer rings, as far as checking needs it. */
struct vmxnet3_rx_ring_pos {
	u32 prod;
	u32 cons;
	u32 mask;
	u32 buf_len;
	u32 rqid;
};

/**
 * vmxnet3_rxc_ring - which of the two rings does a completion speak of?
 * @r: the queue's two rings
 * @w0: word 0 of the completion
 *
 * Return: 0 or 1, or -1 if it is neither.
 */
static inline int vmxnet3_rxc_ring(const struct vmxnet3_rx_ring_pos r[2], u64 w0)
{
	u32 rqid = vmxnet3_rxc_rqid(w0);

	if (rqid == r[0].rqid)
		return 0;
	return rqid == r[1].rqid ? 1 : -1;
}

/**
 * vmxnet3_rxc_check - judge a receive completion against what was posted
 * @r: the queue's two rings: heads in ring 0, bodies in ring 1
 * @w0: word 0 of the completion
 * @w1: word 1 of the completion
 * @mid_packet: an earlier completion started a packet that has not ended
 *
 * Return: VMXNET3_RXC_OK or VMXNET3_RXC_SKIPPED when slot, ring and length may
 * be used as they are, else the reason why not.
 */
static inline enum vmxnet3_rxc_verdict
vmxnet3_rxc_check(const struct vmxnet3_rx_ring_pos r[2], u64 w0, u64 w1, bool mid_packet)
{
	bool sop = w0 & VMXNET3_RXC0_SOP;
	u32 len = vmxnet3_rxc_len(w1);
	int id = vmxnet3_rxc_ring(r, w0);

	if (id < 0)
		return VMXNET3_RXC_BAD_RING;
	if (!vmxnet3_ring_holds(r[id].prod, r[id].cons, r[id].mask, vmxnet3_rxc_slot(w0)))
		return VMXNET3_RXC_BAD_SLOT;
	if (sop == mid_packet || sop == !!id)
		return VMXNET3_RXC_BAD_ORDER;
	if (len > r[id].buf_len)
		return VMXNET3_RXC_BAD_LEN;
	if (len)
		return VMXNET3_RXC_OK;
	/* Length 0 is legal alone ("skipped") and as a trailing body. */
	if (!(w0 & VMXNET3_RXC0_EOP))
		return VMXNET3_RXC_BAD_LEN;
	return sop ? VMXNET3_RXC_SKIPPED : VMXNET3_RXC_OK;
}

/* Is there a buffer at @r->cons, and has it room for as much as the completion says? */
static inline bool vmxnet3_rxc_fits_next(const struct vmxnet3_rx_ring_pos *r, u64 w1)
{
	return vmxnet3_rxc_len(w1) - 1 < r->buf_len && r->cons != r->prod;
}

/**
 * vmxnet3_rxc_is_simple - is a completion the usual one: a whole packet in the next head buffer?
 * @r: the queue's ring 0
 * @w0: word 0 of the completion
 * @w1: word 1 of the completion
 *
 * One comparison tells ring, slot, start and end at once.  What is not simple
 * need not be bad: vmxnet3_rxc_check() judges it.
 *
 * Return: true if vmxnet3_rxc_check() would say VMXNET3_RXC_OK between two
 * packets, and the slot is that of @r->cons.
 */
static inline bool vmxnet3_rxc_is_simple(const struct vmxnet3_rx_ring_pos *r, u64 w0, u64 w1)
{
	const u64 fields = VMXNET3_RXC0_IDX | VMXNET3_RXC0_EOP | VMXNET3_RXC0_SOP |
			   VMXNET3_RXC0_RQID;
	u64 want = (r->cons & r->mask) | VMXNET3_RXC0_EOP | VMXNET3_RXC0_SOP |
		   FIELD_PREP(VMXNET3_RXC0_RQID, r->rqid);

	return (w0 & fields) == want && vmxnet3_rxc_fits_next(r, w1);
}

/**
 * vmxnet3_rxc_is_next_body - is a completion the usual one amid a packet: the next body?
 * @r: the queue's ring 1
 * @w0: word 0 of the completion
 * @w1: word 1 of the completion
 *
 * Return: true if vmxnet3_rxc_check() would say VMXNET3_RXC_OK amid a packet,
 * and the slot is that of @r->cons.
 */
static inline bool vmxnet3_rxc_is_next_body(const struct vmxnet3_rx_ring_pos *r, u64 w0, u64 w1)
{
	const u64 fields = VMXNET3_RXC0_IDX | VMXNET3_RXC0_SOP | VMXNET3_RXC0_RQID;
	u64 want = (r->cons & r->mask) | FIELD_PREP(VMXNET3_RXC0_RQID, r->rqid);

	return (w0 & fields) == want && vmxnet3_rxc_fits_next(r, w1);
}

/**
 * vmxnet3_rxc_csum_good - did the device verify the L4 checksum?
 * @w0: word 0 of the packet's last completion
 * @w1: word 1 of the packet's last completion
 *
 * Anything else, a reported failure too, is left to the stack to compute.
 *
 * Return: true if the packet may be marked CHECKSUM_UNNECESSARY.
 */
static inline bool vmxnet3_rxc_csum_good(u64 w0, u64 w1)
{
	const u64 what = VMXNET3_RXC1_TUC | VMXNET3_RXC1_V4 | VMXNET3_RXC1_V6 | VMXNET3_RXC1_FRG;
	/* The flags are in bits 48 and up: small constants are cheaper to compare with. */
	u32 flags = w1 >> 48, verdict = flags & (what >> 48);

	if ((w0 & VMXNET3_RXC0_CNC) || !(flags & ((VMXNET3_RXC1_TCP | VMXNET3_RXC1_UDP) >> 48)))
		return false;
	if (verdict == (VMXNET3_RXC1_TUC | VMXNET3_RXC1_V4) >> 48)
		return flags & (VMXNET3_RXC1_IPC >> 48);
	return verdict == (VMXNET3_RXC1_TUC | VMXNET3_RXC1_V6) >> 48;
}

#endif /* VMXNET3_DESC_H */
