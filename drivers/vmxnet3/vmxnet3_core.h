/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Pure decisions off the hot paths: which device version to speak, what a
 * register value means, how large rings may be, how an aggregated packet is
 * described to the stack, how long to wait before the next reset.
 */
#ifndef VMXNET3_CORE_H
#define VMXNET3_CORE_H

#include "vmxnet3_desc.h"

/* What one device version allows; the rest of the driver asks only this. */
struct vmxnet3_caps {
	u8 version;
	u8 max_txq;
	u8 max_rxq;
	u8 max_vectors;
	bool has_pow2_queues;	/* queue counts must be a power of two */
	u16 max_mtu;
	u16 tx_data_size;	/* entry of the tx data ring */
};

enum vmxnet3_intr_type {
	VMXNET3_INTR_AUTO,
	VMXNET3_INTR_INTX,
	VMXNET3_INTR_MSI,
	VMXNET3_INTR_MSIX,
	VMXNET3_INTR_TYPE_COUNT
};

enum vmxnet3_mask_mode {
	VMXNET3_MASK_AUTO,	/* the device masks a vector when it fires */
	VMXNET3_MASK_ACTIVE,	/* the handler must mask it */
	VMXNET3_MASK_LAZY,
	VMXNET3_MASK_MODE_COUNT
};

struct vmxnet3_intr_conf {
	enum vmxnet3_intr_type type;
	enum vmxnet3_mask_mode mask_mode;
};

struct vmxnet3_link {
	bool is_up;
	u32 mbps;
};

/* What shall wake the machine; mac and ipv4 are 6 and 4 bytes in network order. */
struct vmxnet3_wake {
	bool is_magic;
	bool is_ucast;
	bool is_arp;
	const u8 *mac;
	const u8 *ipv4;
};

/* Why a queue stopped, as reported by GET_QUEUE_STATUS. */
#define VMXNET3_QUEUE_ERROR_BASE	0x80000000u

const struct vmxnet3_caps *vmxnet3_pick_version(u32 offered);
const char *vmxnet3_queue_error_name(u32 error);
const char *vmxnet3_rxc_verdict_name(enum vmxnet3_rxc_verdict v);
const char *vmxnet3_intr_type_name(enum vmxnet3_intr_type type);
int vmxnet3_intr_type_parse(const char *text, enum vmxnet3_intr_type *type);
struct vmxnet3_intr_conf vmxnet3_decode_intr(u32 conf);
struct vmxnet3_link vmxnet3_decode_link(u32 value);
u32 vmxnet3_ring_size_round(u32 wanted);
u32 vmxnet3_pairs_for(const struct vmxnet3_caps *caps, u32 cpus, u32 vectors);
u32 vmxnet3_lro_mss(u32 mtu, u32 net_hlen, u32 tcp_hlen);
u32 vmxnet3_backoff_ms(u32 last_ms, u32 quiet_ms);
void vmxnet3_fill_wake(struct vmxnet3_pm_conf *conf, const struct vmxnet3_wake *wake);
u64 vmxnet3_stat_total(u64 base, u64 now, u64 *last);

#endif /* VMXNET3_CORE_H */
