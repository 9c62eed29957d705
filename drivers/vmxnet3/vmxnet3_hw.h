/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Layouts and numbers of the vmxnet3 device, and nothing else: registers,
 * commands, the memory blocks shared with the device and the bits of its
 * 16-byte descriptors.  Unless a line says otherwise the source is VMware's
 * public headers.  All of it is little-endian.
 */
#ifndef VMXNET3_HW_H
#define VMXNET3_HW_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define VMXNET3_PCI_VENDOR	0x15ad
#define VMXNET3_PCI_DEVICE	0x07b0

/* BAR0: interrupt masks and doorbells, one register every eight bytes. */
#define VMXNET3_BAR_PT		0
#define VMXNET3_PT_SIZE		0x1000
#define VMXNET3_PT_IMR(i)	(0x000 + 8 * (i))
#define VMXNET3_PT_TXPROD(q)	(0x600 + 8 * (q))
#define VMXNET3_PT_RXPROD(q)	(0x800 + 8 * (q))
#define VMXNET3_PT_RXPROD2(q)	(0xa00 + 8 * (q))

/* BAR1: the control plane. */
#define VMXNET3_BAR_VD		1
#define VMXNET3_VD_SIZE		0x1000
#define VMXNET3_VD_VRRS		0x00	/* device versions */
#define VMXNET3_VD_UVRS		0x08	/* UPT versions */
#define VMXNET3_VD_DSAL		0x10	/* DriverShared address, low then high */
#define VMXNET3_VD_DSAH		0x18
#define VMXNET3_VD_CMD		0x20
#define VMXNET3_VD_MACL		0x28	/* writing MACH commits the address */
#define VMXNET3_VD_MACH		0x30
#define VMXNET3_VD_ICR		0x38	/* INTx cause, cleared by reading */
#define VMXNET3_VD_ECR		0x40	/* event acknowledge, write one to clear */

enum vmxnet3_cmd {
	VMXNET3_CMD_ACTIVATE		= 0xcafe0000,
	VMXNET3_CMD_QUIESCE		= 0xcafe0001,
	VMXNET3_CMD_RESET		= 0xcafe0002,
	VMXNET3_CMD_RX_MODE		= 0xcafe0003,
	VMXNET3_CMD_MAC_FILTERS		= 0xcafe0004,
	VMXNET3_CMD_VLAN_FILTERS	= 0xcafe0005,
	VMXNET3_CMD_RSS_TABLE		= 0xcafe0006,
	VMXNET3_CMD_PM_CONF		= 0xcafe0008,
	VMXNET3_CMD_FEATURE		= 0xcafe0009,
	VMXNET3_CMD_QUEUE_STATUS	= 0xf00d0000,
	VMXNET3_CMD_STATS		= 0xf00d0001,
	VMXNET3_CMD_LINK		= 0xf00d0002,
	VMXNET3_CMD_PERM_MAC_LO		= 0xf00d0003,
	VMXNET3_CMD_PERM_MAC_HI		= 0xf00d0004,
	VMXNET3_CMD_CONF_INTR		= 0xf00d0008,
};

/* What a register of a device that has left the bus reads as. */
#define VMXNET3_ALL_ONES	0xffffffffu

#define VMXNET3_MAGIC		0xbabefee1u
#define VMXNET3_DRIVER_VERSION	0x02000000u

#define VMXNET3_GOS_32BIT	1u
#define VMXNET3_GOS_64BIT	2u
#define VMXNET3_GOS_LINUX	4u /* the field starts at bit 2 */

#define VMXNET3_UPT_RXCSUM	BIT(0)
#define VMXNET3_UPT_RSS		BIT(1)
#define VMXNET3_UPT_RXVLAN	BIT(2)
#define VMXNET3_UPT_LRO		BIT(3)

#define VMXNET3_RXMODE_UCAST	BIT(0)
#define VMXNET3_RXMODE_MCAST	BIT(1)
#define VMXNET3_RXMODE_BCAST	BIT(2)
#define VMXNET3_RXMODE_ALLMULTI	BIT(3)
#define VMXNET3_RXMODE_PROMISC	BIT(4)

#define VMXNET3_ECR_RQERR	BIT(0)
#define VMXNET3_ECR_TQERR	BIT(1)
#define VMXNET3_ECR_LINK	BIT(2)
#define VMXNET3_ECR_DIC		BIT(3)	/* emulation <-> passthrough switch */

#define VMXNET3_INTR_DISABLE_ALL BIT(0)
#define VMXNET3_MOD_NONE	0
#define VMXNET3_MOD_ADAPTIVE	8

#define VMXNET3_MAX_VECTORS	25	/* up to version 5 */
#define VMXNET3_MAX_QUEUES	8	/* pairs, up to version 5 */

#define VMXNET3_MIN_MTU		60
#define VMXNET3_MAX_MTU		9000

#define VMXNET3_RING_MIN	32
#define VMXNET3_RING_MAX	4096
#define VMXNET3_TX_DATA_SIZE	128	/* entry of the tx data ring below v3 */

/* Segments per packet that the device accepts. */
#define VMXNET3_TX_MAX_DESC	16
#define VMXNET3_TX_MAX_DESC_TSO	24
#define VMXNET3_TX_MAX_SEG	16384u	/* one descriptor; encoded as 0 */
#define VMXNET3_TX_MAX_HLEN	1023u	/* ten bits */
#define VMXNET3_TX_MAX_MSS	16383u	/* fourteen bits */

/*
 * Every descriptor is two little-endian 64-bit words.  Word 0 of what the
 * driver writes is the buffer's bus address, word 1 carries the rest with the
 * generation bit, so storing word 1 publishes the descriptor.
 */
struct vmxnet3_desc {
	__le64 addr;
	__le64 word;
};

static_assert(sizeof(struct vmxnet3_desc) == 16);

struct vmxnet3_comp {
	__le64 w0;
	__le64 w1;
};

static_assert(sizeof(struct vmxnet3_comp) == 16);

/* Tx descriptor, word 1 (dw2 in bits 0-31, dw3 in bits 32-63). */
#define VMXNET3_TXD_LEN		GENMASK_ULL(13, 0)
#define VMXNET3_TXD_GEN		BIT_ULL(14)
#define VMXNET3_TXD_MSSCOF	GENMASK_ULL(31, 18)
#define VMXNET3_TXD_HLEN	GENMASK_ULL(41, 32)
#define VMXNET3_TXD_OM		GENMASK_ULL(43, 42)
#define VMXNET3_TXD_EOP		BIT_ULL(44)
#define VMXNET3_TXD_CQ		BIT_ULL(45)
#define VMXNET3_TXD_TI		BIT_ULL(47)
#define VMXNET3_TXD_TCI		GENMASK_ULL(63, 48)

#define VMXNET3_OM_CSUM		2
#define VMXNET3_OM_TSO		3

/* Rx descriptor, word 1. */
#define VMXNET3_RXD_LEN		GENMASK_ULL(13, 0)
#define VMXNET3_RXD_BODY	BIT_ULL(14)
#define VMXNET3_RXD_GEN		BIT_ULL(31)

/* Completion: the generation bit is the top bit of word 1 in both kinds. */
#define VMXNET3_COMP_GEN	BIT_ULL(63)

#define VMXNET3_TXC_IDX		GENMASK_ULL(11, 0)

/* Rx completion, word 0 (dw0, dw1). */
#define VMXNET3_RXC0_IDX	GENMASK_ULL(11, 0)
#define VMXNET3_RXC0_EOP	BIT_ULL(14)
#define VMXNET3_RXC0_SOP	BIT_ULL(15)
#define VMXNET3_RXC0_RQID	GENMASK_ULL(25, 16)
#define VMXNET3_RXC0_RSSTYPE	GENMASK_ULL(29, 26)
#define VMXNET3_RXC0_CNC	BIT_ULL(30)	/* checksum not calculated */
#define VMXNET3_RXC0_HASH	GENMASK_ULL(63, 32)

/* Rx completion, word 1 (dw2, dw3). */
#define VMXNET3_RXC1_LEN	GENMASK_ULL(13, 0)
#define VMXNET3_RXC1_ERR	BIT_ULL(14)
#define VMXNET3_RXC1_TS		BIT_ULL(15)	/* tag stripped */
#define VMXNET3_RXC1_TCI	GENMASK_ULL(31, 16)
#define VMXNET3_RXC1_TUC	BIT_ULL(48)	/* L4 checksum correct */
#define VMXNET3_RXC1_UDP	BIT_ULL(49)
#define VMXNET3_RXC1_TCP	BIT_ULL(50)
#define VMXNET3_RXC1_IPC	BIT_ULL(51)	/* IPv4 header correct */
#define VMXNET3_RXC1_V6		BIT_ULL(52)
#define VMXNET3_RXC1_V4		BIT_ULL(53)
#define VMXNET3_RXC1_FRG	BIT_ULL(54)	/* IP fragment */
#define VMXNET3_RXC1_FCS	BIT_ULL(55)	/* frame check good */

struct vmxnet3_conf_desc {
	__le32 version;
	__le32 len;
	__le64 pa;
};

static_assert(sizeof(struct vmxnet3_conf_desc) == 16);

/* The block whose address DSAL/DSAH hand over; read whole by ACTIVATE. */
struct vmxnet3_shared {
	__le32 magic;
	__le32 pad;
	__le32 driver_version;
	__le32 guest_os;
	__le32 device_revs;
	__le32 upt_versions;
	__le64 upt_features;
	__le64 driver_data_pa;
	__le64 queue_desc_pa;
	__le32 driver_data_len;
	__le32 queue_desc_len;
	__le32 mtu;
	__le16 max_rx_sg;	/* 0 means 1 on QEMU 7.2's model: always set */
	u8 num_txq;
	u8 num_rxq;
	__le32 reserved0[4];
	u8 auto_mask;
	u8 num_intrs;
	u8 event_intr;
	u8 mod_levels[25];
	__le32 intr_ctrl;
	__le32 reserved1[2];
	__le32 rx_mode;
	__le16 mf_table_len;
	__le16 pad1;
	__le64 mf_table_pa;
	__le32 vf_table[128];
	struct vmxnet3_conf_desc rss_conf;
	struct vmxnet3_conf_desc pm_conf;
	struct vmxnet3_conf_desc plugin_conf;
	__le32 ecr;		/* written by the device */
	__le32 reserved2;
	__le32 cmd_info[4];	/* operand of some commands */
	/* Used instead of auto_mask..intr_ctrl by v6+ above 8 tx or 16 rx. */
	u8 ext_auto_mask;
	u8 ext_num_intrs;
	u8 ext_event_intr;
	u8 ext_reserved0;
	__le32 ext_intr_ctrl;
	__le32 ext_reserved1;
	u8 ext_mod_levels[65];
	u8 ext_pad[3];
};

static_assert(offsetof(struct vmxnet3_shared, upt_features) == 24);
static_assert(offsetof(struct vmxnet3_shared, queue_desc_pa) == 40);
static_assert(offsetof(struct vmxnet3_shared, queue_desc_len) == 52);
static_assert(offsetof(struct vmxnet3_shared, mtu) == 56);
static_assert(offsetof(struct vmxnet3_shared, max_rx_sg) == 60);
static_assert(offsetof(struct vmxnet3_shared, num_rxq) == 63);
static_assert(offsetof(struct vmxnet3_shared, auto_mask) == 80);
static_assert(offsetof(struct vmxnet3_shared, mod_levels) == 83);
static_assert(offsetof(struct vmxnet3_shared, intr_ctrl) == 108);
static_assert(offsetof(struct vmxnet3_shared, rx_mode) == 120);
static_assert(offsetof(struct vmxnet3_shared, mf_table_len) == 124);
static_assert(offsetof(struct vmxnet3_shared, mf_table_pa) == 128);
static_assert(offsetof(struct vmxnet3_shared, vf_table) == 136);
static_assert(offsetof(struct vmxnet3_shared, rss_conf) == 648);
static_assert(offsetof(struct vmxnet3_shared, plugin_conf) == 680);
static_assert(offsetof(struct vmxnet3_shared, ecr) == 696);
static_assert(offsetof(struct vmxnet3_shared, cmd_info) == 704);
static_assert(offsetof(struct vmxnet3_shared, ext_auto_mask) == 720);
static_assert(offsetof(struct vmxnet3_shared, ext_intr_ctrl) == 724);
static_assert(offsetof(struct vmxnet3_shared, ext_mod_levels) == 732);
static_assert(sizeof(struct vmxnet3_shared) == 800);

#define VMXNET3_RSS_KEY_SIZE	40
#define VMXNET3_RSS_TABLE_SIZE	128
#define VMXNET3_RSS_IPV4	BIT(0)
#define VMXNET3_RSS_TCP_IPV4	BIT(1)
#define VMXNET3_RSS_IPV6	BIT(2)
#define VMXNET3_RSS_TCP_IPV6	BIT(3)
#define VMXNET3_RSS_TOEPLITZ	1

struct vmxnet3_rss_conf {
	__le16 hash_type;
	__le16 hash_func;
	__le16 key_size;
	__le16 table_size;
	u8 key[VMXNET3_RSS_KEY_SIZE];
	u8 table[VMXNET3_RSS_TABLE_SIZE];	/* queue of each hash bucket */
};

static_assert(sizeof(struct vmxnet3_rss_conf) == 176);

#define VMXNET3_PM_MAGIC	BIT(0)
#define VMXNET3_PM_FILTER	BIT(1)
#define VMXNET3_PM_MAX_FILTERS	6

/* Wakes for frames that begin like @pattern where @mask has a bit per byte. */
struct vmxnet3_pm_filter {
	u8 mask_size;
	u8 pattern_size;
	u8 mask[16];
	u8 pattern[128];
	u8 pad[6];
};

static_assert(sizeof(struct vmxnet3_pm_filter) == 152);

struct vmxnet3_pm_conf {
	__le16 events;
	u8 num_filters;
	u8 pad[5];
	struct vmxnet3_pm_filter filter[VMXNET3_PM_MAX_FILTERS];
};

static_assert(sizeof(struct vmxnet3_pm_conf) == 920);

/* Values of rssType in a receive completion. */
#define VMXNET3_RSSTYPE_NONE	0
#define VMXNET3_RSSTYPE_IPV4	1
#define VMXNET3_RSSTYPE_TCPV4	2
#define VMXNET3_RSSTYPE_IPV6	3
#define VMXNET3_RSSTYPE_TCPV6	4

/* Counters that GET_STATS fills in; ACTIVATE zeroes them. */
struct vmxnet3_hw_tx_stats {
	__le64 tso_pkts;
	__le64 tso_bytes;
	__le64 ucast_pkts;
	__le64 ucast_bytes;
	__le64 mcast_pkts;
	__le64 mcast_bytes;
	__le64 bcast_pkts;
	__le64 bcast_bytes;
	__le64 errors;
	__le64 discards;
};

static_assert(sizeof(struct vmxnet3_hw_tx_stats) == 80);

struct vmxnet3_hw_rx_stats {
	__le64 lro_pkts;
	__le64 lro_bytes;
	__le64 ucast_pkts;
	__le64 ucast_bytes;
	__le64 mcast_pkts;
	__le64 mcast_bytes;
	__le64 bcast_pkts;
	__le64 bcast_bytes;
	__le64 out_of_buf;
	__le64 errors;
};

static_assert(sizeof(struct vmxnet3_hw_rx_stats) == 80);

/*
 * Queue descriptors: one table, first all tx, then all rx, 128-byte aligned.
 * stopped/error are written by GET_QUEUE_STATUS, stats by GET_STATS.
 */
struct vmxnet3_txq_desc {
	__le32 num_deferred;	/* hint for the host; we leave it 0 */
	__le32 threshold;	/* written by the device; we do not use it */
	__le64 reserved0;
	__le64 ring_pa;
	__le64 data_pa;
	__le64 comp_pa;
	__le64 driver_data_pa;
	__le64 reserved1;
	__le32 ring_size;
	__le32 data_size;
	__le32 comp_size;
	__le32 driver_data_len;
	u8 intr_idx;
	u8 pad0;
	__le16 data_entry_size;
	u8 pad1[4];
	u8 stopped;
	u8 pad2[3];
	__le32 error;
	struct vmxnet3_hw_tx_stats stats;
	__le64 ts_ring_pa;
	__le16 ts_entry_size;
	__le16 sample_rate;
	u8 pad3[76];
};

static_assert(offsetof(struct vmxnet3_txq_desc, ring_pa) == 16);
static_assert(offsetof(struct vmxnet3_txq_desc, comp_pa) == 32);
static_assert(offsetof(struct vmxnet3_txq_desc, ring_size) == 56);
static_assert(offsetof(struct vmxnet3_txq_desc, intr_idx) == 72);
static_assert(offsetof(struct vmxnet3_txq_desc, data_entry_size) == 74);
static_assert(offsetof(struct vmxnet3_txq_desc, stopped) == 80);
static_assert(offsetof(struct vmxnet3_txq_desc, error) == 84);
static_assert(offsetof(struct vmxnet3_txq_desc, stats) == 88);
static_assert(offsetof(struct vmxnet3_txq_desc, ts_ring_pa) == 168);
static_assert(sizeof(struct vmxnet3_txq_desc) == 256);

struct vmxnet3_rxq_desc {
	u8 update_prod;		/* written by the device: wants RXPROD */
	u8 pad0[7];
	__le64 reserved0;
	__le64 ring_pa[2];
	__le64 comp_pa;
	__le64 driver_data_pa;
	__le64 data_pa;
	__le32 ring_size[2];
	__le32 comp_size;
	__le32 driver_data_len;
	u8 intr_idx;
	u8 pad1;
	__le16 data_entry_size;
	u8 pad2[4];
	u8 stopped;
	u8 pad3[3];
	__le32 error;
	struct vmxnet3_hw_rx_stats stats;
	__le64 ts_ring_pa;
	__le16 ts_entry_size;
	u8 pad4[78];
};

static_assert(offsetof(struct vmxnet3_rxq_desc, ring_pa) == 16);
static_assert(offsetof(struct vmxnet3_rxq_desc, comp_pa) == 32);
static_assert(offsetof(struct vmxnet3_rxq_desc, data_pa) == 48);
static_assert(offsetof(struct vmxnet3_rxq_desc, ring_size) == 56);
static_assert(offsetof(struct vmxnet3_rxq_desc, intr_idx) == 72);
static_assert(offsetof(struct vmxnet3_rxq_desc, data_entry_size) == 74);
static_assert(offsetof(struct vmxnet3_rxq_desc, stopped) == 80);
static_assert(offsetof(struct vmxnet3_rxq_desc, stats) == 88);
static_assert(offsetof(struct vmxnet3_rxq_desc, ts_ring_pa) == 168);
static_assert(sizeof(struct vmxnet3_rxq_desc) == 256);

#endif /* VMXNET3_HW_H */
