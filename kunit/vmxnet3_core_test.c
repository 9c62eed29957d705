// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * vmxnet3 decisions off the hot path: version, interrupt and link registers,
 * ring sizes, queue counts, segment size of merged packets, reset back-off,
 * device counters across activations.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/module.h>

#include "../drivers/vmxnet3/vmxnet3_core.h"

static void picks_a_version_both_sides_know(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, vmxnet3_pick_version(0));
	/* A device that offers 1 to 9 still has to be usable. */
	KUNIT_ASSERT_NOT_NULL(test, vmxnet3_pick_version(0x1ff));
	KUNIT_ASSERT_NOT_NULL(test, vmxnet3_pick_version(1));
	KUNIT_EXPECT_EQ(test, vmxnet3_pick_version(1)->version, 1);
	KUNIT_EXPECT_EQ(test, vmxnet3_pick_version(1)->max_mtu, 9000);
	/* A version from the future alone is none. */
	KUNIT_EXPECT_NULL(test, vmxnet3_pick_version(1u << 31));
}

static void picks_only_offered_versions(struct kunit *test)
{
	u32 offered;

	for (offered = 0; offered < 1024; offered++) {
		const struct vmxnet3_caps *caps = vmxnet3_pick_version(offered);

		if (caps)
			KUNIT_ASSERT_TRUE(test, !!(offered & 1u << (caps->version - 1)));
	}
}

static void decodes_interrupt_wishes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vmxnet3_decode_intr(0).type, VMXNET3_INTR_AUTO);
	KUNIT_EXPECT_EQ(test, vmxnet3_decode_intr(0).mask_mode, VMXNET3_MASK_AUTO);
	KUNIT_EXPECT_EQ(test, vmxnet3_decode_intr(7).type, VMXNET3_INTR_MSIX);
	KUNIT_EXPECT_EQ(test, vmxnet3_decode_intr(7).mask_mode, VMXNET3_MASK_ACTIVE);
	KUNIT_EXPECT_EQ(test, vmxnet3_decode_intr(1 | 2 << 2).mask_mode, VMXNET3_MASK_LAZY);
	/* Mask mode 3 is not defined; masking in the handler is always right. */
	KUNIT_EXPECT_EQ(test, vmxnet3_decode_intr(0xffffffff).mask_mode, VMXNET3_MASK_ACTIVE);
}

static void parses_interrupt_types(struct kunit *test)
{
	enum vmxnet3_intr_type type = VMXNET3_INTR_AUTO;
	int i;

	for (i = 0; i < VMXNET3_INTR_TYPE_COUNT; i++) {
		KUNIT_EXPECT_EQ(test, vmxnet3_intr_type_parse(vmxnet3_intr_type_name(i), &type), 0);
		KUNIT_EXPECT_EQ(test, (int)type, i);
	}
	KUNIT_EXPECT_EQ(test, vmxnet3_intr_type_parse("msi-x", &type), -EINVAL);
	KUNIT_EXPECT_EQ(test, vmxnet3_intr_type_parse("", &type), -EINVAL);
	KUNIT_EXPECT_EQ(test, (int)type, VMXNET3_INTR_MSIX);
}

static void only_bit_0_says_link_up(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vmxnet3_decode_link(0x27100001).is_up);
	KUNIT_EXPECT_EQ(test, vmxnet3_decode_link(0x27100001).mbps, 10000);
	KUNIT_EXPECT_FALSE(test, vmxnet3_decode_link(0x03e8fffe).is_up);
}

static void ring_sizes_are_powers_of_two_in_range(struct kunit *test)
{
	u32 wanted;

	for (wanted = 0; wanted < 10000; wanted++) {
		u32 size = vmxnet3_ring_size_round(wanted);

		KUNIT_ASSERT_EQ(test, size & (size - 1), 0);
		KUNIT_ASSERT_TRUE(test, size >= VMXNET3_RING_MIN && size <= VMXNET3_RING_MAX);
		if (wanted <= VMXNET3_RING_MAX)
			KUNIT_ASSERT_GE(test, size, wanted);
		if (wanted > VMXNET3_RING_MIN)
			KUNIT_ASSERT_TRUE(test, size < 2 * wanted);
	}
	KUNIT_EXPECT_EQ(test, vmxnet3_ring_size_round(~0u), VMXNET3_RING_MAX);
}

static void queue_pairs_fit_cpus_vectors_and_version(struct kunit *test)
{
	const struct vmxnet3_caps *v1 = vmxnet3_pick_version(1);
	struct vmxnet3_caps v6 = *v1;

	KUNIT_EXPECT_EQ(test, vmxnet3_pairs_for(v1, 1, 24), 1);
	KUNIT_EXPECT_EQ(test, vmxnet3_pairs_for(v1, 3, 24), 2);
	KUNIT_EXPECT_EQ(test, vmxnet3_pairs_for(v1, 4, 24), 4);
	KUNIT_EXPECT_EQ(test, vmxnet3_pairs_for(v1, 7, 5), 4);
	KUNIT_EXPECT_EQ(test, vmxnet3_pairs_for(v1, 128, 24), 8);
	KUNIT_EXPECT_EQ(test, vmxnet3_pairs_for(v1, 4, 0), 1);
	v6.has_pow2_queues = false;
	KUNIT_EXPECT_EQ(test, vmxnet3_pairs_for(&v6, 3, 24), 3);
}

static void derives_segment_size_from_mtu(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vmxnet3_lro_mss(1500, 20, 32), 1448);
	KUNIT_EXPECT_EQ(test, vmxnet3_lro_mss(9000, 40, 20), 8940);
	KUNIT_EXPECT_EQ(test, vmxnet3_lro_mss(60, 20, 40), 0);
	KUNIT_EXPECT_EQ(test, vmxnet3_lro_mss(60, 60, 60), 0);
}

static void resets_back_off_and_recover(struct kunit *test)
{
	u32 wait = 0, last = 0, i;

	/* The first reset, or one after a quiet minute, is immediate. */
	KUNIT_EXPECT_EQ(test, vmxnet3_backoff_ms(0, 60000), 0);
	KUNIT_EXPECT_EQ(test, vmxnet3_backoff_ms(30000, 60000), 0);
	for (i = 0; i < 20; i++) {
		wait = vmxnet3_backoff_ms(last, 10);
		KUNIT_ASSERT_TRUE(test, wait >= 100 && wait <= 30000);
		KUNIT_ASSERT_GE(test, wait, last);
		last = wait;
	}
	KUNIT_EXPECT_EQ(test, wait, 30000);
}

static void device_counters_never_go_backwards(struct kunit *test)
{
	u64 last = 0, total = 0;

	total = vmxnet3_stat_total(total, 10, &last);
	total = vmxnet3_stat_total(total, 15, &last);
	KUNIT_EXPECT_EQ(test, total, 15);
	last = 0;	/* a new activation */
	total = vmxnet3_stat_total(total, 4, &last);
	KUNIT_EXPECT_EQ(test, total, 19);
	/* Zeroed behind our back: what is there now is new. */
	total = vmxnet3_stat_total(total, 1, &last);
	KUNIT_EXPECT_EQ(test, total, 20);
}

static void every_name_is_there(struct kunit *test)
{
	u32 i;

	for (i = 0; i < VMXNET3_RXC_VERDICT_COUNT; i++)
		KUNIT_EXPECT_NOT_NULL(test, vmxnet3_rxc_verdict_name(i));
	KUNIT_EXPECT_STREQ(test, vmxnet3_rxc_verdict_name(VMXNET3_RXC_VERDICT_COUNT), "unknown");
	KUNIT_EXPECT_STREQ(test, vmxnet3_intr_type_name(VMXNET3_INTR_TYPE_COUNT), "unknown");
	KUNIT_EXPECT_STREQ(test, vmxnet3_queue_error_name(0), "none");
	KUNIT_EXPECT_STREQ(test, vmxnet3_queue_error_name(0x80000000), "no end of packet");
	KUNIT_EXPECT_STREQ(test, vmxnet3_queue_error_name(0x80000007), "invalid tx descriptor");
	KUNIT_EXPECT_STREQ(test, vmxnet3_queue_error_name(0x80000008), "unknown");
	KUNIT_EXPECT_STREQ(test, vmxnet3_queue_error_name(1), "unknown");
}

static struct kunit_case vmxnet3_core_cases[] = {
	KUNIT_CASE(picks_a_version_both_sides_know),
	KUNIT_CASE(picks_only_offered_versions),
	KUNIT_CASE(decodes_interrupt_wishes),
	KUNIT_CASE(parses_interrupt_types),
	KUNIT_CASE(only_bit_0_says_link_up),
	KUNIT_CASE(ring_sizes_are_powers_of_two_in_range),
	KUNIT_CASE(queue_pairs_fit_cpus_vectors_and_version),
	KUNIT_CASE(derives_segment_size_from_mtu),
	KUNIT_CASE(resets_back_off_and_recover),
	KUNIT_CASE(device_counters_never_go_backwards),
	KUNIT_CASE(every_name_is_there),
	{}
};

static struct kunit_suite vmxnet3_core_suite = {
	.name = "vmxnet3_core",
	.test_cases = vmxnet3_core_cases,
};

kunit_test_suite(vmxnet3_core_suite);

MODULE_DESCRIPTION("KUnit suite: vmxnet3 decisions");
MODULE_LICENSE("GPL");
