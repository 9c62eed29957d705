// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * vmxnet3 descriptors: golden bytes, publishing and giving up a packet as a
 * device that polls would see it, and completions from an honest and from a
 * lying device.  The golden bytes were worked out by hand from the bit tables
 * of VMware's public headers; each says how.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../drivers/vmxnet3/vmxnet3_desc.h"

static void expect_bytes(struct kunit *test, u64 addr, u64 word, const u8 golden[16])
{
	struct vmxnet3_desc d = {
		.addr = cpu_to_le64(addr),
		.word = cpu_to_le64(word),
	};
	const u8 *bytes = (const u8 *)&d;
	int i;

	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_EQ_MSG(test, bytes[i], golden[i], "byte %d", i);
}

static void golden_tx_single_segment(struct kunit *test)
{
	/*
	 * dw0/1: address.  dw2: len 60 = 0x3c, gen bit 14 = 0x4000.
	 * dw3: eop bit 12, cq bit 13 = 0x3000.
	 */
	static const u8 golden[16] = {
		0x80, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		0x3c, 0x40, 0x00, 0x00, 0x00, 0x30, 0x00, 0x00,
	};

	expect_bytes(test, 0x1122334455667780ull, vmxnet3_txd_word(60, 0, 0, 511), golden);
}

static void golden_tx_full_segment_in_odd_lap(struct kunit *test)
{
	/* Length 16384 is encoded 0; the second lap has gen 0; not the last. */
	static const u8 golden[16] = { 0x00, 0x10 };

	expect_bytes(test, 0x1000, vmxnet3_txd_word(16384, 512, 513, 511), golden);
	/* So 0 is a word like any other, and must not stand for "none". */
	KUNIT_EXPECT_EQ(test, vmxnet3_txd_word(16384, 512, 513, 511), 0ull);
	KUNIT_EXPECT_NE(test, VMXNET3_TXD_NONE, 0ull);
}

static void golden_tx_csum(struct kunit *test)
{
	/*
	 * IPv4/TCP: L4 at 34, checksum 16 further = 50.  dw2: msscof 50 in bits
	 * 18-31 = 0x00c80000, gen, len 54 = 0x36.  dw3: hlen 34 = 0x22, om 2 in
	 * bits 10-11 = 0x800, eop, cq.
	 */
	static const u8 golden[16] = {
		[8] = 0x36, 0x40, 0xc8, 0x00, 0x22, 0x38, 0x00, 0x00,
	};

	expect_bytes(test, 0, vmxnet3_txd_word(54, 0, 0, 511) | vmxnet3_txd_csum(34, 16), golden);
}

static void golden_tx_tso_with_vlan(struct kunit *test)
{
	/*
	 * Header of 66 bytes, MSS 1448, tag 0x2064.  dw2: msscof 1448 = 0x5a8 in
	 * bits 18-31 = 0x16a00000, gen, len 66 = 0x42.  dw3: hlen 66 = 0x42, om 3
	 * = 0xc00, ti bit 15 = 0x8000, tci in bits 16-31.
	 */
	static const u8 golden[16] = {
		[8] = 0x42, 0x40, 0xa0, 0x16, 0x42, 0x8c, 0x64, 0x20,
	};

	expect_bytes(test, 0, vmxnet3_txd_word(66, 0, 1, 511) | vmxnet3_txd_tso(66, 1448) |
		     vmxnet3_txd_vlan(0x2064), golden);
}

static void golden_tx_largest_offload_values(struct kunit *test)
{
	/* hlen 1023 and MSS 16383 fill their fields and touch nothing else. */
	static const u8 golden[16] = {
		[8] = 0x01, 0x40, 0xfc, 0xff, 0xff, 0x3f, 0x00, 0x00,
	};

	expect_bytes(test, 0, vmxnet3_txd_word(1, 0, 0, 511) |
		     vmxnet3_txd_tso(VMXNET3_TX_MAX_HLEN, VMXNET3_TX_MAX_MSS), golden);
}

static void golden_rx_head_and_body(struct kunit *test)
{
	/* dw2: len 3712 = 0xe80, btype bit 14, gen bit 31; dw3 is 0. */
	static const u8 head[16] = { 0x40, 0x20, [8] = 0x80, 0x0e, 0x00, 0x80 };
	static const u8 body_lap1[16] = { 0x00, 0x30, [8] = 0x00, 0x50, 0x00, 0x00 };

	expect_bytes(test, 0x2040, vmxnet3_rxd_word(3712, 0, 0, 1023), head);
	expect_bytes(test, 0x3000, vmxnet3_rxd_word(4096, VMXNET3_RXD_BODY, 512, 511), body_lap1);
}

/* A device that polls: the descriptors of the next packet, 0 if there is none. */
static u32 device_scan(const u64 *words, u32 pos, u32 mask)
{
	u32 num = 0;

	while (!!(words[pos & mask] & VMXNET3_TXD_GEN) == vmxnet3_ring_gen(pos, mask)) {
		num++;
		if (words[pos & mask] & VMXNET3_TXD_EOP)
			return num;
		pos++;
		if (num > mask)
			break;
	}
	return 0;
}

/* Brings a ring to @start as if packets had gone through it before. */
static void ring_history(u64 *words, u32 start, u32 mask)
{
	u32 pos;

	memset(words, 0, (mask + 1) * sizeof(*words));
	for (pos = start > mask ? start - mask - 1 : 0; pos != start; pos++)
		words[pos & mask] = vmxnet3_txd_word(100, pos, pos, mask);
}

static void packet_is_invisible_until_its_first_word(struct kunit *test)
{
	const u32 mask = 31;
	u64 words[32];
	u32 start, num, i;

	for (start = 0; start < 130; start++)
		for (num = 1; num <= 24; num++) {
			u32 last = start + num - 1;

			ring_history(words, start, mask);
			KUNIT_ASSERT_EQ(test, device_scan(words, start, mask), 0);
			for (i = 1; i < num; i++) {
				words[(start + i) & mask] = vmxnet3_txd_word(64, start + i, last,
									     mask);
				KUNIT_ASSERT_EQ(test, device_scan(words, start, mask), 0);
			}
			words[start & mask] = vmxnet3_txd_word(64, start, last, mask);
			KUNIT_ASSERT_EQ(test, device_scan(words, start, mask), num);
			KUNIT_ASSERT_EQ(test, device_scan(words, start + num, mask), 0);
		}
}

/*
 * Fails after each number of descriptors, gives the packet up, and sends a
 * one-descriptor packet from the same place: the device must see that alone.
 */
static void packet_given_up_leaves_nothing_behind(struct kunit *test)
{
	const u32 mask = 31;
	u64 words[32];
	u32 start, written, i;

	for (start = 0; start < 130; start++)
		for (written = 1; written < 24; written++) {
			ring_history(words, start, mask);
			for (i = 1; i < written; i++)
				words[(start + i) & mask] = vmxnet3_txd_word(64, start + i,
									     start + 23, mask);
			for (i = written - 1; i > 0; i--)
				words[(start + i) & mask] = vmxnet3_txd_undo(start + i, mask);
			KUNIT_ASSERT_EQ(test, device_scan(words, start, mask), 0);
			words[start & mask] = vmxnet3_txd_word(60, start, start, mask);
			KUNIT_ASSERT_EQ(test, device_scan(words, start, mask), 1);
			KUNIT_ASSERT_EQ(test, device_scan(words, start + 1, mask), 0);
		}
}

/* Queue 1 of 4: ring 0 has id 1, ring 1 has id 5. */
static struct vmxnet3_rx_ring_pos rx_rings[2] = {
	{ .prod = 1000 + 255, .cons = 1000, .mask = 255, .buf_len = 3712, .rqid = 1 },
	{ .prod = 32 + 31, .cons = 32, .mask = 31, .buf_len = 4096, .rqid = 5 },
};

#define SOP	VMXNET3_RXC0_SOP
#define EOP	VMXNET3_RXC0_EOP

/* Slots: 1000 & 255 = 232 is the oldest of ring 0, 0 of ring 1. */
static const struct rxc_row {
	const char *name;
	u32 slot;
	u32 rqid;
	u64 flags;
	u32 len;
	bool mid_packet;
	enum vmxnet3_rxc_verdict verdict;
} rxc_rows[] = {
	{ "single", 232, 1, SOP | EOP, 60, false, VMXNET3_RXC_OK },
	{ "single in the full buffer", 232, 1, SOP | EOP, 3712, false, VMXNET3_RXC_OK },
	{ "single behind skipped slots", 5, 1, SOP | EOP, 60, false, VMXNET3_RXC_OK },
	{ "first of several", 232, 1, SOP, 3712, false, VMXNET3_RXC_OK },
	{ "middle", 0, 5, 0, 4096, true, VMXNET3_RXC_OK },
	{ "last", 1, 5, EOP, 17, true, VMXNET3_RXC_OK },
	{ "trailing empty body", 1, 5, EOP, 0, true, VMXNET3_RXC_OK },
	{ "skipped buffer", 232, 1, SOP | EOP, 0, false, VMXNET3_RXC_SKIPPED },

	{ "ring of another queue", 232, 0, SOP | EOP, 60, false, VMXNET3_RXC_BAD_RING },
	{ "data ring that was not offered", 232, 9, SOP | EOP, 60, false, VMXNET3_RXC_BAD_RING },
	{ "largest ring id", 232, 1023, SOP | EOP, 60, false, VMXNET3_RXC_BAD_RING },
	{ "slot just taken back", 231, 1, SOP | EOP, 60, false, VMXNET3_RXC_BAD_SLOT },
	{ "slot past the ring", 256, 1, SOP | EOP, 60, false, VMXNET3_RXC_BAD_SLOT },
	{ "largest slot", 4095, 1, SOP | EOP, 60, false, VMXNET3_RXC_BAD_SLOT },
	{ "slot past ring 1", 32, 5, EOP, 60, true, VMXNET3_RXC_BAD_SLOT },
	{ "unposted slot of ring 1", 31, 5, EOP, 60, true, VMXNET3_RXC_BAD_SLOT },
	{ "longer than the head", 232, 1, SOP | EOP, 3713, false, VMXNET3_RXC_BAD_LEN },
	{ "longest length", 232, 1, SOP, 16383, false, VMXNET3_RXC_BAD_LEN },
	{ "longer than the body", 0, 5, EOP, 4097, true, VMXNET3_RXC_BAD_LEN },
	{ "empty start", 232, 1, SOP, 0, false, VMXNET3_RXC_BAD_LEN },
	{ "empty middle", 0, 5, 0, 0, true, VMXNET3_RXC_BAD_LEN },
	{ "start inside a packet", 232, 1, SOP, 60, true, VMXNET3_RXC_BAD_ORDER },
	{ "whole packet inside a packet", 232, 1, SOP | EOP, 60, true, VMXNET3_RXC_BAD_ORDER },
	{ "skip inside a packet", 232, 1, SOP | EOP, 0, true, VMXNET3_RXC_BAD_ORDER },
	{ "end without a start", 0, 5, EOP, 60, false, VMXNET3_RXC_BAD_ORDER },
	{ "middle without a start", 0, 5, 0, 60, false, VMXNET3_RXC_BAD_ORDER },
	{ "start in a body buffer", 0, 5, SOP | EOP, 60, false, VMXNET3_RXC_BAD_ORDER },
	{ "continued in a head buffer", 232, 1, EOP, 60, true, VMXNET3_RXC_BAD_ORDER },
};

static void rxc_row_name(const struct rxc_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(rxc, rxc_rows, rxc_row_name);

static void judges_rx_completion(struct kunit *test)
{
	const struct rxc_row *row = test->param_value;
	u64 w0 = row->slot | (u64)row->rqid << 16 | row->flags;
	u64 w1 = row->len;

	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_check(rx_rings, w0, w1, row->mid_packet), row->verdict);
	/* Bits that say nothing about the buffer change nothing. */
	w0 |= VMXNET3_RXC0_HASH | VMXNET3_RXC0_CNC | VMXNET3_RXC0_RSSTYPE | 3u << 12;
	w1 |= ~VMXNET3_RXC1_LEN;
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_check(rx_rings, w0, w1, row->mid_packet), row->verdict);
}

/* Whatever 2^16 pseudo-random completions say, what passes is safe to use. */
static void passes_only_what_was_posted(struct kunit *test)
{
	u64 state = 0x9e3779b97f4a7c15ull;
	u32 i, passed = 0;

	for (i = 0; i < 65536; i++) {
		enum vmxnet3_rxc_verdict v;
		u64 w0, w1;
		int id;

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		w0 = state >> 20;
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		w1 = state >> 20;
		/* Most random ring ids and slots are foreign: help some. */
		if (i & 1)
			w0 = (w0 & ~(VMXNET3_RXC0_RQID | 0xf00ull)) | (i & 2 ? 1u : 5u) << 16;
		v = vmxnet3_rxc_check(rx_rings, w0, w1, i & 4);
		KUNIT_ASSERT_LT(test, v, VMXNET3_RXC_VERDICT_COUNT);
		if (v > VMXNET3_RXC_SKIPPED)
			continue;
		passed++;
		id = vmxnet3_rxc_ring(rx_rings, w0);
		KUNIT_ASSERT_TRUE(test, id == 0 || id == 1);
		KUNIT_ASSERT_TRUE(test, vmxnet3_rxc_slot(w0) <= rx_rings[id].mask);
		KUNIT_ASSERT_TRUE(test, vmxnet3_rxc_len(w1) <= rx_rings[id].buf_len);
	}
	KUNIT_EXPECT_GT(test, passed, 100);
}

static void golden_rx_completion_fields(struct kunit *test)
{
	/*
	 * dw0 0x4005c0e8: slot 0x0e8 (bits 0-11), eop+sop (14, 15), rqID 5 (16-25),
	 * cnc (30).  dw2 0x2064805a: len 90, ts (15), tci 0x2064.  dw3 0x80000000.
	 */
	static const u8 golden[16] = {
		0xe8, 0xc0, 0x05, 0x40, 0, 0, 0, 0, 0x5a, 0x80, 0x64, 0x20, 0, 0, 0, 0x80,
	};
	struct vmxnet3_comp c;
	u64 w0, w1;

	memcpy(&c, golden, sizeof(c));
	w0 = le64_to_cpu(c.w0);
	w1 = le64_to_cpu(c.w1);
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_slot(w0), 0xe8);
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_rqid(w0), 5);
	KUNIT_EXPECT_TRUE(test, !!(w0 & VMXNET3_RXC0_SOP));
	KUNIT_EXPECT_TRUE(test, !!(w0 & VMXNET3_RXC0_EOP));
	KUNIT_EXPECT_TRUE(test, !!(w0 & VMXNET3_RXC0_CNC));
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_len(w1), 90);
	KUNIT_EXPECT_TRUE(test, !!(w1 & VMXNET3_RXC1_TS));
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_tci(w1), 0x2064);
	KUNIT_EXPECT_TRUE(test, !!(w1 & VMXNET3_COMP_GEN));
	KUNIT_EXPECT_EQ(test, vmxnet3_txc_slot(0xffffffff00000fffull), 0xfff);
}

static void golden_rx_completion_hash(struct kunit *test)
{
	/*
	 * dw0 0x4804c0e8: slot 0x0e8, eop+sop, rqID 4, rssType 2 (bits 26-29, TCP over
	 * IPv4), cnc.  dw1: the hash.
	 */
	static const u8 golden[8] = { 0xe8, 0xc0, 0x04, 0x48, 0x78, 0x56, 0x34, 0x92 };
	struct vmxnet3_comp c = { 0 };
	u64 w0;

	memcpy(&c.w0, golden, sizeof(golden));
	w0 = le64_to_cpu(c.w0);
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_hash(w0), 0x92345678u);
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_rss_type(w0), VMXNET3_RSSTYPE_TCPV4);
	/* Neighbours do not leak in. */
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_hash(0xffffffffull), 0);
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_hash(~0ull), 0xffffffffu);
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_rss_type(~VMXNET3_RXC0_RSSTYPE), VMXNET3_RSSTYPE_NONE);
	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_rss_type(~0ull), 0xf);
}

static const struct csum_row {
	const char *name;
	u64 w0;
	u64 w1;
	bool is_good;
} csum_rows[] = {
	{ "TCP over IPv4", 0, VMXNET3_RXC1_TUC | VMXNET3_RXC1_IPC | VMXNET3_RXC1_V4 |
	  VMXNET3_RXC1_TCP, true },
	{ "UDP over IPv6", 0, VMXNET3_RXC1_TUC | VMXNET3_RXC1_V6 | VMXNET3_RXC1_UDP, true },
	{ "not calculated", VMXNET3_RXC0_CNC, VMXNET3_RXC1_TUC | VMXNET3_RXC1_IPC |
	  VMXNET3_RXC1_V4 | VMXNET3_RXC1_TCP, false },
	{ "fragment", 0, VMXNET3_RXC1_TUC | VMXNET3_RXC1_IPC | VMXNET3_RXC1_V4 |
	  VMXNET3_RXC1_UDP | VMXNET3_RXC1_FRG, false },
	{ "wrong L4 checksum", 0, VMXNET3_RXC1_IPC | VMXNET3_RXC1_V4 | VMXNET3_RXC1_TCP, false },
	{ "wrong IPv4 header", 0, VMXNET3_RXC1_TUC | VMXNET3_RXC1_V4 | VMXNET3_RXC1_TCP, false },
	{ "neither TCP nor UDP", 0, VMXNET3_RXC1_TUC | VMXNET3_RXC1_IPC | VMXNET3_RXC1_V4, false },
	{ "neither IPv4 nor IPv6", 0, VMXNET3_RXC1_TUC | VMXNET3_RXC1_IPC | VMXNET3_RXC1_TCP,
	  false },
	{ "nothing", 0, 0, false },
};

static void csum_row_name(const struct csum_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(csum, csum_rows, csum_row_name);

static void trusts_only_a_verified_checksum(struct kunit *test)
{
	const struct csum_row *row = test->param_value;

	KUNIT_EXPECT_EQ(test, vmxnet3_rxc_csum_good(row->w0, row->w1), row->is_good);
}

static struct kunit_case vmxnet3_desc_cases[] = {
	KUNIT_CASE(golden_tx_single_segment),
	KUNIT_CASE(golden_tx_full_segment_in_odd_lap),
	KUNIT_CASE(golden_tx_csum),
	KUNIT_CASE(golden_tx_tso_with_vlan),
	KUNIT_CASE(golden_tx_largest_offload_values),
	KUNIT_CASE(golden_rx_head_and_body),
	KUNIT_CASE(packet_is_invisible_until_its_first_word),
	KUNIT_CASE(packet_given_up_leaves_nothing_behind),
	KUNIT_CASE_PARAM(judges_rx_completion, rxc_gen_params),
	KUNIT_CASE(passes_only_what_was_posted),
	KUNIT_CASE(golden_rx_completion_fields),
	KUNIT_CASE(golden_rx_completion_hash),
	KUNIT_CASE_PARAM(trusts_only_a_verified_checksum, csum_gen_params),
	{}
};

static struct kunit_suite vmxnet3_desc_suite = {
	.name = "vmxnet3_desc",
	.test_cases = vmxnet3_desc_cases,
};

kunit_test_suite(vmxnet3_desc_suite);

MODULE_DESCRIPTION("KUnit suite: vmxnet3 descriptors and completions");
MODULE_LICENSE("GPL");
