// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * vmxnet3 ring arithmetic: fill level, generations, ownership and completion
 * walking at every position of a lap and across the wrap of the positions
 * themselves.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/module.h>

/* What a peek may see besides the last store: the value it replaced, and how many there were. */
static u32 store_over, store_count;

#undef WRITE_ONCE
#define WRITE_ONCE(x, val)	(store_count++, store_over = (x), (x) = (val))

#include "../drivers/vmxnet3/vmxnet3_ring.h"

static const u32 ring_sizes[] = { 32, 64, 512, 4096 };

/* Lap 0, a later lap, and the lap in which a position wraps at 2^32. */
static const u32 ring_starts[] = { 0, 5 * 4096, 0u - 4096 };

static void free_and_used_add_up_at_every_position(struct kunit *test)
{
	size_t s, i;
	u32 k, used;

	for (s = 0; s < ARRAY_SIZE(ring_sizes); s++) {
		u32 mask = ring_sizes[s] - 1;

		for (i = 0; i < ARRAY_SIZE(ring_starts); i++)
			for (k = 0; k < 2 * ring_sizes[s]; k++)
				for (used = 0; used <= mask; used += mask) {
					u32 cons = ring_starts[i] + k;
					u32 prod = cons + used;

					KUNIT_ASSERT_EQ(test, vmxnet3_ring_used(prod, cons), used);
					KUNIT_ASSERT_EQ(test, vmxnet3_ring_free(prod, cons, mask),
							mask - used);
				}
	}
}

static void generation_flips_exactly_once_a_lap(struct kunit *test)
{
	size_t s, i;
	u32 k;

	for (s = 0; s < ARRAY_SIZE(ring_sizes); s++) {
		u32 mask = ring_sizes[s] - 1;

		KUNIT_EXPECT_TRUE(test, vmxnet3_ring_gen(0, mask));
		for (i = 0; i < ARRAY_SIZE(ring_starts); i++)
			for (k = 0; k < 3 * ring_sizes[s]; k++) {
				u32 pos = ring_starts[i] + k;
				bool is_wrap = !((pos + 1) & mask);

				KUNIT_ASSERT_EQ(test, vmxnet3_ring_gen(pos, mask) !=
						vmxnet3_ring_gen(pos + 1, mask), is_wrap);
			}
	}
}

static void generation_survives_the_wrap_of_positions(struct kunit *test)
{
	/* 2^32 is a whole, even number of laps for every size. */
	KUNIT_EXPECT_FALSE(test, vmxnet3_ring_gen(0u - 1, 31));
	KUNIT_EXPECT_TRUE(test, vmxnet3_ring_gen(0, 31));
	KUNIT_EXPECT_FALSE(test, vmxnet3_ring_gen(0u - 1, 4095));
	KUNIT_EXPECT_FALSE(test, vmxnet3_ring_gen(0u - 4096, 4095));
	KUNIT_EXPECT_TRUE(test, vmxnet3_ring_gen(0u - 4097, 4095));
}

/* Every slot against every window of a 32-entry ring, by counting. */
static void owns_exactly_the_posted_slots(struct kunit *test)
{
	const u32 mask = 31;
	u32 cons, used, slot, pos;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ring_starts); i++)
		for (cons = ring_starts[i]; cons != ring_starts[i] + 32; cons++)
			for (used = 0; used <= mask; used++)
				for (slot = 0; slot <= mask; slot++) {
					bool is_posted = false;

					for (pos = cons; pos != cons + used; pos++)
						is_posted |= (pos & mask) == slot;
					KUNIT_ASSERT_EQ(test, is_posted,
							vmxnet3_ring_holds(cons + used, cons, mask,
									   slot));
					if (is_posted)
						KUNIT_ASSERT_EQ(test, slot,
								vmxnet3_ring_pos(cons, mask, slot) &
								mask);
				}
}

static void rejects_slot_past_ring_end(struct kunit *test)
{
	/* A completion has 12 bits for the slot, a ring may have 32 entries. */
	KUNIT_EXPECT_TRUE(test, vmxnet3_ring_holds(31, 0, 31, 30));
	KUNIT_EXPECT_FALSE(test, vmxnet3_ring_holds(31, 0, 31, 32));
	KUNIT_EXPECT_FALSE(test, vmxnet3_ring_holds(31, 0, 31, 4095));
	KUNIT_EXPECT_FALSE(test, vmxnet3_ring_holds(31, 0, 31, 32 + 5));
}

static void rejects_any_slot_of_an_empty_ring(struct kunit *test)
{
	u32 slot;

	for (slot = 0; slot < 32; slot++)
		KUNIT_EXPECT_FALSE(test, vmxnet3_ring_holds(77, 77, 31, slot));
}

static void packet_ends_by_its_last_descriptor_only(struct kunit *test)
{
	u32 num, pos = 0u - 3, end;

	for (num = 1; num <= 24; num++)
		for (end = pos; end != pos + 30; end++)
			KUNIT_ASSERT_EQ(test, vmxnet3_tx_ends_by(pos, num, end),
					end - pos >= num - 1);
	/* A slot that no packet starts at has no descriptors. */
	KUNIT_EXPECT_FALSE(test, vmxnet3_tx_ends_by(0, 0, 5));
}

/* Walks packets of 1, 2, 3, 1 descriptors up to @end; false if one sticks out. */
static bool walk(const u32 num[4], u32 cons, u32 end)
{
	u32 i = 0;

	do {
		if (!vmxnet3_tx_ends_by(cons, num[i], end))
			return false;
		cons += num[i++];
	} while (cons != end + 1);
	return true;
}

static void one_completion_may_cover_several_packets(struct kunit *test)
{
	static const u32 num[4] = { 1, 2, 3, 1 };
	static const bool is_end[7] = { true, false, true, false, false, true, true };
	u32 k, cons;

	for (cons = 0u - 40; cons != 40; cons++)
		for (k = 0; k < 7; k++)
			KUNIT_ASSERT_EQ(test, walk(num, cons, cons + k), is_end[k]);
}

static void completion_reader_flips_at_any_ring_size(struct kunit *test)
{
	/* 1024 + 512: the rx completion ring is no power of two. */
	static const u32 sizes[] = { 64, 1056, 1536, 8192 };
	struct vmxnet3_comp_pos p;
	size_t s;
	u32 k;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		vmxnet3_comp_start(&p, sizes[s]);
		for (k = 0; k < 3 * sizes[s]; k++) {
			bool gen = !((k / sizes[s]) & 1);

			KUNIT_ASSERT_EQ(test, p.next, k % sizes[s]);
			KUNIT_ASSERT_EQ(test, vmxnet3_comp_is_new(&p, VMXNET3_COMP_GEN), gen);
			KUNIT_ASSERT_EQ(test, vmxnet3_comp_is_new(&p, 0), !gen);
			vmxnet3_comp_advance(&p);
		}
	}
}

/* A peek from another processor indexes the ring with whatever it finds. */
static void completion_reader_is_never_seen_out_of_range(struct kunit *test)
{
	static const u32 sizes[] = { 2, 64, 1056 };
	struct vmxnet3_comp_pos p;
	size_t s;
	u32 k;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		vmxnet3_comp_start(&p, sizes[s]);
		for (k = 0; k < 3 * sizes[s]; k++) {
			store_count = 0;
			vmxnet3_comp_advance(&p);
			/* Nothing had been put there ahead of the one store. */
			KUNIT_ASSERT_EQ(test, store_count, 1);
			KUNIT_ASSERT_EQ(test, store_over, k % sizes[s]);
			KUNIT_ASSERT_LT(test, p.next, sizes[s]);
		}
	}
}

static void zeroed_completion_memory_is_not_new(struct kunit *test)
{
	struct vmxnet3_comp_pos p;

	vmxnet3_comp_start(&p, 512);
	KUNIT_EXPECT_FALSE(test, vmxnet3_comp_is_new(&p, 0));
	/* Only the top bit counts, whatever else the device wrote. */
	KUNIT_EXPECT_FALSE(test, vmxnet3_comp_is_new(&p, ~VMXNET3_COMP_GEN));
	KUNIT_EXPECT_TRUE(test, vmxnet3_comp_is_new(&p, ~0ull));
}

static struct kunit_case vmxnet3_ring_cases[] = {
	KUNIT_CASE(free_and_used_add_up_at_every_position),
	KUNIT_CASE(generation_flips_exactly_once_a_lap),
	KUNIT_CASE(generation_survives_the_wrap_of_positions),
	KUNIT_CASE(owns_exactly_the_posted_slots),
	KUNIT_CASE(rejects_slot_past_ring_end),
	KUNIT_CASE(rejects_any_slot_of_an_empty_ring),
	KUNIT_CASE(packet_ends_by_its_last_descriptor_only),
	KUNIT_CASE(one_completion_may_cover_several_packets),
	KUNIT_CASE(completion_reader_flips_at_any_ring_size),
	KUNIT_CASE(completion_reader_is_never_seen_out_of_range),
	KUNIT_CASE(zeroed_completion_memory_is_not_new),
	{}
};

static struct kunit_suite vmxnet3_ring_suite = {
	.name = "vmxnet3_ring",
	.test_cases = vmxnet3_ring_cases,
};

kunit_test_suite(vmxnet3_ring_suite);

MODULE_DESCRIPTION("KUnit suite: vmxnet3 ring arithmetic");
MODULE_LICENSE("GPL");
