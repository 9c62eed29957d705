// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Pure decisions off the hot paths, see vmxnet3_core.h.  Compiles in the
 * kernel, in KUnit and on the host.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "vmxnet3_core.h"

/*
 * Highest version first.  A version appears here when everything that it
 * obliges a driver to do is in place; every device accepts a lower one.
 */
static const struct vmxnet3_caps vmxnet3_versions[] = {
	{
		.version = 1,
		.max_txq = VMXNET3_MAX_QUEUES,
		.max_rxq = VMXNET3_MAX_QUEUES,
		.max_vectors = VMXNET3_MAX_VECTORS,
		.has_pow2_queues = true,
		.max_mtu = VMXNET3_MAX_MTU,
		.tx_data_size = VMXNET3_TX_DATA_SIZE,
	},
};

/**
 * vmxnet3_pick_version - choose the device version to speak
 * @offered: bitmap from the device, bit n stands for version n + 1
 *
 * Return: the highest version that both sides know, NULL if there is none.
 */
const struct vmxnet3_caps *vmxnet3_pick_version(u32 offered)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vmxnet3_versions); i++)
		if (offered & BIT(vmxnet3_versions[i].version - 1))
			return &vmxnet3_versions[i];
	return NULL;
}

/* Codes from VMware's public headers, counted from 0x80000000. */
static const char * const vmxnet3_queue_errors[] = {
	"no end of packet",
	"tx descriptor reused before its completion",
	"too many descriptors in a packet",
	"descriptor type unsupported",
	"head buffer too small",
	"injected",
	"mode switch failed",
	"invalid tx descriptor",
};

const char *vmxnet3_queue_error_name(u32 error)
{
	u32 i = error - VMXNET3_QUEUE_ERROR_BASE;

	if (!error)
		return "none";
	return i < ARRAY_SIZE(vmxnet3_queue_errors) ? vmxnet3_queue_errors[i] : "unknown";
}

static const char * const vmxnet3_rxc_verdicts[VMXNET3_RXC_VERDICT_COUNT] = {
	[VMXNET3_RXC_OK] = "ok",
	[VMXNET3_RXC_SKIPPED] = "skipped",
	[VMXNET3_RXC_BAD_RING] = "foreign ring",
	[VMXNET3_RXC_BAD_SLOT] = "slot not posted",
	[VMXNET3_RXC_BAD_LEN] = "length outside the buffer",
	[VMXNET3_RXC_BAD_ORDER] = "start or end out of place",
};

const char *vmxnet3_rxc_verdict_name(enum vmxnet3_rxc_verdict v)
{
	return v < VMXNET3_RXC_VERDICT_COUNT ? vmxnet3_rxc_verdicts[v] : "unknown";
}

static const char * const vmxnet3_intr_types[VMXNET3_INTR_TYPE_COUNT] = {
	[VMXNET3_INTR_AUTO] = "auto",
	[VMXNET3_INTR_INTX] = "intx",
	[VMXNET3_INTR_MSI] = "msi",
	[VMXNET3_INTR_MSIX] = "msix",
};

const char *vmxnet3_intr_type_name(enum vmxnet3_intr_type type)
{
	return type < VMXNET3_INTR_TYPE_COUNT ? vmxnet3_intr_types[type] : "unknown";
}

int vmxnet3_intr_type_parse(const char *text, enum vmxnet3_intr_type *type)
{
	int i;

	for (i = 0; i < VMXNET3_INTR_TYPE_COUNT; i++) {
		if (!strcmp(text, vmxnet3_intr_types[i])) {
			*type = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* GET_CONF_INTR: bits 0-1 type, bits 2-3 mask mode; the rest is not ours. */
struct vmxnet3_intr_conf vmxnet3_decode_intr(u32 conf)
{
	struct vmxnet3_intr_conf c = {
		.type = conf & 3,
		.mask_mode = (conf >> 2) & 3,
	};

	/* Value 3 is not defined: masking in the handler is right for all. */
	if (c.mask_mode >= VMXNET3_MASK_MODE_COUNT)
		c.mask_mode = VMXNET3_MASK_ACTIVE;
	return c;
}

/* GET_LINK: only bit 0 says "up"; the speed is in Mb/s below version 9. */
struct vmxnet3_link vmxnet3_decode_link(u32 value)
{
	struct vmxnet3_link link = {
		.is_up = value & 1,
		.mbps = value >> 16,
	};

	return link;
}

/* Command rings are a power of two: the next one up, within the limits. */
u32 vmxnet3_ring_size_round(u32 wanted)
{
	u32 size = VMXNET3_RING_MIN;

	while (size < wanted && size < VMXNET3_RING_MAX)
		size *= 2;
	return size;
}

/**
 * vmxnet3_pairs_for - how many tx+rx queue pairs to run
 * @caps: what the device version allows
 * @cpus: processors that may run them
 * @vectors: interrupt vectors available to queues
 *
 * Return: at least 1; a power of two where the version demands it.
 */
u32 vmxnet3_pairs_for(const struct vmxnet3_caps *caps, u32 cpus, u32 vectors)
{
	u32 pairs = min3(cpus, vectors, (u32)min(caps->max_txq, caps->max_rxq));
	u32 pow2 = 1;

	if (!pairs)
		return 1;
	if (!caps->has_pow2_queues)
		return pairs;
	while (pow2 * 2 <= pairs)
		pow2 *= 2;
	return pow2;
}

/**
 * vmxnet3_lro_mss - segment size of a packet that a v1 device aggregated
 * @mtu: the interface's MTU, which bounded the original segments
 * @net_hlen: length of the IP header
 * @tcp_hlen: length of the TCP header
 *
 * Version 1 says neither how many segments it merged nor how large they were.
 *
 * Return: the segment size, 0 if none can be derived.
 */
u32 vmxnet3_lro_mss(u32 mtu, u32 net_hlen, u32 tcp_hlen)
{
	return mtu > net_hlen + tcp_hlen ? mtu - net_hlen - tcp_hlen : 0;
}

#define VMXNET3_BACKOFF_FIRST_MS	100
#define VMXNET3_BACKOFF_MAX_MS		30000
#define VMXNET3_BACKOFF_FORGET_MS	60000

/**
 * vmxnet3_backoff_ms - how long to wait before resetting again
 * @last_ms: the wait before the previous reset
 * @quiet_ms: time that has passed since the previous reset
 *
 * A device that keeps failing must not keep the machine busy resetting it.
 *
 * Return: 0 after a quiet minute, else twice the last wait within limits.
 */
u32 vmxnet3_backoff_ms(u32 last_ms, u32 quiet_ms)
{
	if (quiet_ms >= VMXNET3_BACKOFF_FORGET_MS)
		return 0;
	if (!last_ms)
		return VMXNET3_BACKOFF_FIRST_MS;
	if (last_ms >= VMXNET3_BACKOFF_MAX_MS / 2)
		return VMXNET3_BACKOFF_MAX_MS;
	return last_ms * 2;
}

/**
 * vmxnet3_stat_total - carry a device counter across activations
 * @base: the total so far
 * @now: the device's counter
 * @last: the device's counter at the previous call, updated
 *
 * ACTIVATE zeroes the device's counters; ours never go backwards.
 *
 * Return: the new total.
 */
u64 vmxnet3_stat_total(u64 base, u64 now, u64 *last)
{
	u64 delta = now >= *last ? now - *last : now;

	*last = now;
	return base + delta;
}

/* The next free filter; there are more of them than kinds of wake-up. */
static struct vmxnet3_pm_filter *vmxnet3_pm_add(struct vmxnet3_pm_conf *conf, u8 pattern_size)
{
	struct vmxnet3_pm_filter *f = &conf->filter[conf->num_filters++];

	f->pattern_size = pattern_size;
	f->mask_size = (pattern_size + 7) / 8;
	return f;
}

/* Bytes that have to match, at their place in the frame. */
static void vmxnet3_pm_match(struct vmxnet3_pm_filter *f, u32 offset, const u8 *bytes, u32 len)
{
	for (; len; len--, offset++) {
		f->pattern[offset] = *bytes++;
		f->mask[offset / 8] |= 1 << (offset % 8);
	}
}

/**
 * vmxnet3_fill_wake - describe to the device what shall wake the machine
 * @conf: the block that UPDATE_PMCFG reads; overwritten
 * @wake: what is wanted
 *
 * A frame to our own address is told by its first six bytes; an ARP request by
 * EtherType, operation and target address (offsets 12, 20 and 38).
 */
void vmxnet3_fill_wake(struct vmxnet3_pm_conf *conf, const struct vmxnet3_wake *wake)
{
	static const u8 arp_type[] = { 0x08, 0x06 }, arp_request[] = { 0x00, 0x01 };
	struct vmxnet3_pm_filter *f;

	memset(conf, 0, sizeof(*conf));
	if (wake->is_ucast) {
		f = vmxnet3_pm_add(conf, 6);
		vmxnet3_pm_match(f, 0, wake->mac, 6);
	}
	if (wake->is_arp) {
		f = vmxnet3_pm_add(conf, 42);
		vmxnet3_pm_match(f, 12, arp_type, 2);
		vmxnet3_pm_match(f, 20, arp_request, 2);
		vmxnet3_pm_match(f, 38, wake->ipv4, 4);
	}
	conf->events = cpu_to_le16((wake->is_magic ? VMXNET3_PM_MAGIC : 0) |
				   (conf->num_filters ? VMXNET3_PM_FILTER : 0));
}
