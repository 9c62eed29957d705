// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * vmxnet3 decisions off the hot path: version, interrupt and link registers,
 * ring sizes, queue counts, segment size of merged packets, reset back-off,
 * device counters across activations, what wakes the machine.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/string.h>

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

/* Where the device looks for what, from the tables of VMware's public headers. */
static_assert(offsetof(struct vmxnet3_pm_conf, num_filters) == 2);
static_assert(offsetof(struct vmxnet3_pm_conf, filter) == 8);
static_assert(offsetof(struct vmxnet3_pm_filter, pattern_size) == 1);
static_assert(offsetof(struct vmxnet3_pm_filter, mask) == 2);
static_assert(offsetof(struct vmxnet3_pm_filter, pattern) == 18);
static_assert(offsetof(struct vmxnet3_rss_conf, hash_func) == 2);
static_assert(offsetof(struct vmxnet3_rss_conf, key_size) == 4);
static_assert(offsetof(struct vmxnet3_rss_conf, table_size) == 6);
static_assert(offsetof(struct vmxnet3_rss_conf, key) == 8);
static_assert(offsetof(struct vmxnet3_rss_conf, table) == 48);
static_assert(offsetof(struct vmxnet3_hw_tx_stats, errors) == 64);
static_assert(offsetof(struct vmxnet3_hw_tx_stats, discards) == 72);
static_assert(offsetof(struct vmxnet3_hw_rx_stats, out_of_buf) == 64);
static_assert(offsetof(struct vmxnet3_hw_rx_stats, errors) == 72);
static_assert(offsetof(struct vmxnet3_rxq_desc, stats) + sizeof(struct vmxnet3_hw_rx_stats) ==
	      offsetof(struct vmxnet3_rxq_desc, ts_ring_pa));
static_assert(offsetof(struct vmxnet3_txq_desc, stats) + sizeof(struct vmxnet3_hw_tx_stats) ==
	      offsetof(struct vmxnet3_txq_desc, ts_ring_pa));

static const u8 wake_mac[6] = { 0x00, 0x0c, 0x29, 0xa1, 0xb2, 0xc3 };
static const u8 wake_ipv4[4] = { 10, 0, 2, 15 };

/* The block as the device reads it: all of it is overwritten, whatever it held. */
static const u8 *wake_bytes(struct kunit *test, bool is_magic, bool is_ucast, bool is_arp)
{
	struct vmxnet3_pm_conf *conf = kunit_kzalloc(test, sizeof(*conf), GFP_KERNEL);
	const struct vmxnet3_wake wake = {
		.is_magic = is_magic,
		.is_ucast = is_ucast,
		.is_arp = is_arp,
		.mac = wake_mac,
		.ipv4 = wake_ipv4,
	};

	KUNIT_ASSERT_NOT_NULL(test, conf);
	memset(conf, 0xff, sizeof(*conf));
	vmxnet3_fill_wake(conf, &wake);
	return (const u8 *)conf;
}

/* Bytes @from to the end of the block are 0. */
static void expect_rest_is_zero(struct kunit *test, const u8 *bytes, size_t from)
{
	for (; from < sizeof(struct vmxnet3_pm_conf); from++)
		KUNIT_EXPECT_EQ_MSG(test, bytes[from], 0, "byte %zu", from);
}

/*
 * A filter is maskSize, patternSize, mask[16], pattern[128], 6 bytes of padding;
 * @mask and @pattern are followed by zeros.
 */
static void expect_filter(struct kunit *test, const u8 *bytes, const u8 *mask, u8 mask_size,
			  const u8 *pattern, u8 pattern_size)
{
	int i;

	KUNIT_EXPECT_EQ(test, bytes[0], mask_size);
	KUNIT_EXPECT_EQ(test, bytes[1], pattern_size);
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_EQ_MSG(test, bytes[2 + i], i < mask_size ? mask[i] : 0, "mask %d", i);
	for (i = 0; i < 134; i++)
		KUNIT_EXPECT_EQ_MSG(test, bytes[18 + i], i < pattern_size ? pattern[i] : 0,
				    "pattern %d", i);
}

/* One mask bit a byte, the lowest first: six bytes of address are 0x3f. */
static const u8 ucast_mask[] = { 0x3f };
/* EtherType in bytes 12 and 13, operation in 20 and 21, target address in 38 to 41. */
static const u8 arp_mask[] = { 0x00, 0x30, 0x30, 0x00, 0xc0, 0x03 };
static const u8 arp_pattern[42] = {
	[12] = 0x08, 0x06, [20] = 0x00, 0x01, [38] = 10, 0, 2, 15,
};

static void golden_wake_by_nothing(struct kunit *test)
{
	expect_rest_is_zero(test, wake_bytes(test, false, false, false), 0);
}

static void golden_wake_by_magic_packet(struct kunit *test)
{
	const u8 *bytes = wake_bytes(test, true, false, false);

	KUNIT_EXPECT_EQ(test, bytes[0], 1);
	expect_rest_is_zero(test, bytes, 1);
}

static void golden_wake_by_unicast(struct kunit *test)
{
	const u8 *bytes = wake_bytes(test, false, true, false);

	KUNIT_EXPECT_EQ(test, bytes[0], 2);
	KUNIT_EXPECT_EQ(test, bytes[1], 0);
	KUNIT_EXPECT_EQ(test, bytes[2], 1);
	expect_filter(test, bytes + 8, ucast_mask, 1, wake_mac, 6);
	expect_rest_is_zero(test, bytes, 8 + 152);
}

static void golden_wake_by_arp(struct kunit *test)
{
	const u8 *bytes = wake_bytes(test, false, false, true);

	KUNIT_EXPECT_EQ(test, bytes[0], 2);
	KUNIT_EXPECT_EQ(test, bytes[2], 1);
	expect_filter(test, bytes + 8, arp_mask, 6, arp_pattern, 42);
	expect_rest_is_zero(test, bytes, 8 + 152);
}

static void golden_wake_by_everything(struct kunit *test)
{
	const u8 *bytes = wake_bytes(test, true, true, true);

	KUNIT_EXPECT_EQ(test, bytes[0], 3);
	KUNIT_EXPECT_EQ(test, bytes[2], 2);
	expect_filter(test, bytes + 8, ucast_mask, 1, wake_mac, 6);
	expect_filter(test, bytes + 8 + 152, arp_mask, 6, arp_pattern, 42);
	expect_rest_is_zero(test, bytes, 8 + 2 * 152);
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
	KUNIT_CASE(golden_wake_by_nothing),
	KUNIT_CASE(golden_wake_by_magic_packet),
	KUNIT_CASE(golden_wake_by_unicast),
	KUNIT_CASE(golden_wake_by_arp),
	KUNIT_CASE(golden_wake_by_everything),
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
