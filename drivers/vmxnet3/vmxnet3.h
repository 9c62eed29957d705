/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The driver's one internal header: its objects, who guards what, and which
 * file offers which function.
 *
 * Contexts.  Per queue pair there is one NAPI poller, and the tx half of the
 * pair belongs to whoever holds the stack's lock of that tx queue: a sender, or
 * the poller when it looks for completions.  Everything that changes the
 * configuration runs under rtnl with all of them stopped.  The only lock of our
 * own is hw->lock, see struct vmxnet3_hw; nothing is taken inside it.
 */
#ifndef VMXNET3_H
#define VMXNET3_H

#include <linux/bpf.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/timer.h>
#include <linux/u64_stats_sync.h>
#include <linux/if_vlan.h>
#include <linux/workqueue.h>
#include <net/page_pool/helpers.h>
#include <net/xdp.h>

#include "vmxnet3_core.h"

#define VMXNET3_NAME		"vmxnet3"
#define VMXNET3_VERSION		"2.0.0"

#define VMXNET3_TX_RING_DEFAULT	512
#define VMXNET3_RX_RING_DEFAULT	1024
#define VMXNET3_RX2_RING_DEFAULT 512

/* Largest packet in descriptors, with the copied header; plus some air. */
#define VMXNET3_TX_STOP		(VMXNET3_TX_MAX_DESC_TSO + 2)
#define VMXNET3_TX_WAKE		(2 * VMXNET3_TX_STOP)
/* A tx ring must hold the wake threshold and still be worth having. */
#define VMXNET3_TX_RING_MIN	128

/* Room in front of a received frame, as for any driver that builds skbs. */
#define VMXNET3_RX_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)
/* Room behind it, for what an skb keeps there. */
#define VMXNET3_RX_TAILROOM	((u32)SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
/* A buffer is a page (that the device can address), a head where it fits half of one. */
#define VMXNET3_RX_PAGE		min_t(u32, PAGE_SIZE, 8192)
#define VMXNET3_RX_HALF		2048u
/* Longest frame that ethtool may ask to be copied: beyond, a copy saves no memory. */
#define VMXNET3_RX_COPY_MAX	512u
/* Most that a packet may measure while a program looks at it in one piece. */
#define VMXNET3_XDP_MAX_FRAME	(VMXNET3_RX_PAGE - XDP_PACKET_HEADROOM - VMXNET3_RX_TAILROOM)
/* What an Ethernet frame adds to the MTU, VLAN tag and frame check included. */
#define VMXNET3_RX_OVERHEAD	(VLAN_ETH_HLEN + ETH_FCS_LEN)

/* One page of packed addresses; more members than this means all-multi. */
#define VMXNET3_MF_TABLE_SIZE	4096u

/* Everything of a fixed size that is shared with the device, in one piece. */
struct vmxnet3_blocks {
	struct vmxnet3_shared shared;
	struct vmxnet3_rss_conf rss;
	struct vmxnet3_pm_conf pm;
	u8 mf_table[VMXNET3_MF_TABLE_SIZE];
};

/* Outcome of a command, named by vmxnet3_outcome_name(). */
enum vmxnet3_outcome {
	VMXNET3_DONE,
	VMXNET3_REFUSED,	/* the device answered "no" */
	VMXNET3_GONE,		/* the device has left the bus */
	VMXNET3_OUTCOME_COUNT
};

/**
 * struct vmxnet3_hw - the device as vmxnet3_dev.c sees it
 * @vd: BAR1, control registers
 * @pt: BAR0, doorbells and interrupt masks
 * @caps: what the negotiated version allows
 * @lock: makes (operand in the shared block, CMD write, CMD read) one step,
 *	and guards the multicast table, the VLAN table and rx_mode in the
 *	shared block.  Taken with interrupts off, also from ndo_set_rx_mode under
 *	the address list lock; nothing is taken inside it.
 * @blocks: the fixed blocks
 * @blocks_pa: their bus address
 * @shared: the one of them that DSAL/DSAH point to while attached
 * @qdesc: queue descriptor table, room for the largest configuration
 * @qdesc_pa: its bus address
 * @is_gone: set once when a register read all ones; no access after that
 * @is_active: ACTIVATE succeeded and nothing has stopped the device since;
 *	written under rtnl and @lock
 */
struct vmxnet3_hw {
	u8 __iomem *vd;
	u8 __iomem *pt;
	const struct vmxnet3_caps *caps;
	spinlock_t lock; /* one command at a time: operand, CMD, result */
	struct vmxnet3_blocks *blocks;
	dma_addr_t blocks_pa;
	struct vmxnet3_shared *shared;
	void *qdesc;
	dma_addr_t qdesc_pa;
	bool is_gone;
	bool is_active;
};

/* Counters of the tx half, written under the stack's lock of the tx queue. */
enum vmxnet3_xmit_stat {
	VMXNET3_XMIT_PACKETS,
	VMXNET3_XMIT_BYTES,
	VMXNET3_XMIT_CSUM,
	VMXNET3_XMIT_TSO,
	VMXNET3_XMIT_DOORBELLS,
	VMXNET3_XMIT_COPIED,
	VMXNET3_XMIT_LINEARIZED,
	VMXNET3_XMIT_ARMED,
	VMXNET3_XMIT_STOPPED,
	VMXNET3_XMIT_WOKEN,
	VMXNET3_XMIT_BUSY,
	VMXNET3_XMIT_XDP,
	VMXNET3_XMIT_DROP_HEADER,
	VMXNET3_XMIT_DROP_NOMEM,
	VMXNET3_XMIT_DROP_SEGMENTS,
	VMXNET3_XMIT_DROP_MAP,
	VMXNET3_XMIT_DROP_RESET,
	VMXNET3_XMIT_BAD_COMPLETION,
	VMXNET3_XMIT_STAT_COUNT
};

/* Counters written by the poller only (or with the poller stopped). */
enum vmxnet3_poll_stat {
	VMXNET3_POLL_RX_PACKETS,
	VMXNET3_POLL_RX_BYTES,
	VMXNET3_POLL_RX_CSUM_GOOD,
	VMXNET3_POLL_RX_LRO,
	VMXNET3_POLL_RX_XDP_PASS,
	VMXNET3_POLL_RX_XDP_TX,
	VMXNET3_POLL_RX_XDP_REDIRECT,
	VMXNET3_POLL_RX_XDP_DROP,
	VMXNET3_POLL_RX_XDP_ABORTED,
	VMXNET3_POLL_RX_COPIED,
	VMXNET3_POLL_RX_SKIPPED,
	VMXNET3_POLL_RX_REFILL_FAILED,
	VMXNET3_POLL_RX_DROP_NOMEM,
	VMXNET3_POLL_RX_DROP_FCS,
	VMXNET3_POLL_RX_DROP_DEVICE,
	VMXNET3_POLL_RX_DROP_FRAGS,
	VMXNET3_POLL_RX_DROP_RUNT,
	VMXNET3_POLL_RX_DROP_RESET,
	VMXNET3_POLL_RX_BAD_RING,
	VMXNET3_POLL_RX_BAD_SLOT,
	VMXNET3_POLL_RX_BAD_LEN,
	VMXNET3_POLL_RX_BAD_ORDER,
	VMXNET3_POLL_STAT_COUNT
};

/* Counters of the whole device. */
enum vmxnet3_dev_stat {
	VMXNET3_DEV_ACTIVATIONS,
	VMXNET3_DEV_ACTIVATE_REFUSED,
	VMXNET3_DEV_RESETS,
	VMXNET3_DEV_RESET_TX_TIMEOUT,
	VMXNET3_DEV_RESET_BAD_COMPLETION,
	VMXNET3_DEV_RESET_QUEUE_ERROR,
	VMXNET3_DEV_RESET_RETRY,
	VMXNET3_DEV_RESET_USER,
	VMXNET3_DEV_RESET_PCI,
	VMXNET3_DEV_LINK_EVENTS,
	VMXNET3_DEV_MODE_EVENTS,
	VMXNET3_DEV_UNKNOWN_EVENTS,
	VMXNET3_DEV_TX_DROP_QUEUE,
	VMXNET3_DEV_STAT_COUNT
};

struct vmxnet3_xmit_stats {
	struct u64_stats_sync syncp;
	u64_stats_t v[VMXNET3_XMIT_STAT_COUNT];
};

struct vmxnet3_poll_stats {
	struct u64_stats_sync syncp;
	u64_stats_t v[VMXNET3_POLL_STAT_COUNT];
};

/* To whom a packet has to be given back. */
enum vmxnet3_tx_owner {
	VMXNET3_TX_STACK,	/* an skb */
	VMXNET3_TX_XDP,		/* a frame that came through ndo_xdp_xmit */
	VMXNET3_TX_XDP_RX,	/* a frame in one of this pair's own receive buffers */
};

/* Private state of a tx slot; owner, bytes and num_desc live in a packet's first. */
struct vmxnet3_tx_buf {
	union {
		struct sk_buff *skb;
		struct xdp_frame *frame;
	};
	dma_addr_t dma;
	u32 map_len;	/* 0: nothing is mapped */
	u32 bytes;
	u16 num_desc;
	u8 owner;
};

struct vmxnet3_txq {
	/* Set up under rtnl, read by both sides. */
	struct vmxnet3_desc *desc;
	struct vmxnet3_comp *comp;
	u8 *data;
	struct vmxnet3_tx_buf *buf;
	dma_addr_t data_pa;
	u32 mask;
	struct device *dma_dev;
	struct netdev_queue *nq;
	void __iomem *doorbell;
	void __iomem *imr;
	bool is_shared;		/* no vector of its own: the pair's serves both */

	/* Under nq's lock. */
	u32 prod ____cacheline_aligned_in_smp;
	u32 cons;
	u32 rung;		/* prod at the last doorbell */
	u32 held;		/* descriptors of a packet before prod that is not published yet */
	u64 held_word;		/* what publishes it */
	u32 bql_known;		/* bytes in flight that byte queue limits know of */
	u32 bql_unknown;	/* and those that they have not been told of yet */
	u32 num_frames;		/* frames of XDP in flight */
	bool is_armed;		/* the vector is unmasked, or fired just now */
	/*
	 * The device said something impossible: the ring is left alone and the
	 * queue stays stopped until the reset that was scheduled.
	 */
	bool is_broken;
	struct vmxnet3_comp_pos comp_pos;	/* the poller peeks without the lock */
	struct vmxnet3_xmit_stats stats;

	/* Set by the interrupt handler, cleared by the poller under nq's lock. */
	bool has_fired ____cacheline_aligned_in_smp;
};

struct vmxnet3_rx_buf {
	struct page *page;
	dma_addr_t dma;		/* of the buffer's first byte */
	u32 offset;		/* of that byte in the page */
};

/* Poller's, except where the poller is stopped. */
struct vmxnet3_rxq {
	struct vmxnet3_comp *comp;
	struct vmxnet3_comp_pos comp_pos;
	struct vmxnet3_rx_ring_pos pos[2];
	struct vmxnet3_desc *desc[2];
	struct vmxnet3_rx_buf *buf[2];
	struct page_pool *pool[2];
	u32 buf_size[2];
	u32 headroom;
	u32 copybreak;		/* frames up to this are copied; outlives the rings */
	u32 merged_above;	/* a longer packet is several that the device merged */
	struct device *dma_dev;
	enum dma_data_direction dma_dir;
	struct xdp_rxq_info *xdp_rxq;	/* if the buffers are fit for a program */
	struct bpf_prog *prog;	/* priv's at the start of the poll */
	bool is_special;	/* the next packet: a program is there, or it is the poll's first */
	bool must_flush;	/* frames were redirected in this poll */
	bool must_kick;		/* and frames sent */
	struct sk_buff *skb;	/* packet between its first and last buffer */
	bool is_mid_packet;	/* also true while dropping the rest of one */
	bool is_short;		/* the last refill ran out of memory */
	bool is_broken;		/* as in struct vmxnet3_txq */
	/* Set by the interrupt handler while the vector is unmasked, cleared before it is. */
	bool is_masked;
	bool has_csum;		/* NETIF_F_RXCSUM at the start of the poll */
	struct vmxnet3_rxq_desc *qdesc;
	struct timer_list refill_timer;
};

struct vmxnet3_priv;

/* Device counters of one queue, carried across activations; under rtnl. */
struct vmxnet3_hw_total {
	u64 total;
	u64 last;
};

struct vmxnet3_queue {
	struct napi_struct napi;
	struct vmxnet3_priv *priv;
	void __iomem *imr;	/* of the rx vector */
	u32 id;
	struct vmxnet3_rxq rx;
	struct vmxnet3_txq tx;
	bool has_affinity;	/* its vectors were given a processor once */
	struct vmxnet3_poll_stats stats;
	struct vmxnet3_hw_total rx_out_of_buf;
	struct vmxnet3_hw_total rx_errors;
	struct vmxnet3_hw_total tx_errors;
	struct vmxnet3_hw_total tx_discards;
	char rx_irq_name[IFNAMSIZ + 16];
	char tx_irq_name[IFNAMSIZ + 16];
};

/* What determines the rings; a new one is allocated before the old goes. */
struct vmxnet3_config {
	u32 pairs;
	u32 tx_size;
	u32 rx_size;
	u32 rx2_size;		/* as asked for; used when bodies are needed */
	u32 mtu;
	bool has_lro;		/* the device may merge TCP segments */
	bool has_xdp;		/* buffers are fit for a program */
};

struct vmxnet3_ring_mem {
	struct vmxnet3_desc *tx_desc;
	struct vmxnet3_comp *tx_comp;
	u8 *tx_data;
	struct vmxnet3_tx_buf *tx_buf;
	struct vmxnet3_desc *rx_desc[2];
	struct vmxnet3_rx_buf *rx_buf[2];
	struct vmxnet3_comp *rx_comp;
	struct page_pool *pool[2];
	struct xdp_rxq_info xdp_rxq;
	dma_addr_t tx_desc_pa;
	dma_addr_t tx_comp_pa;
	dma_addr_t tx_data_pa;
	dma_addr_t rx_desc_pa[2];
	dma_addr_t rx_comp_pa;
};

/* Memory of one configuration; sizes are stored, never recomputed. */
struct vmxnet3_rings {
	struct vmxnet3_config config;
	u32 rx_size[2];
	u32 buf_size[2];
	u32 headroom;
	enum dma_data_direction dma_dir;
	struct vmxnet3_ring_mem pair[];
};

/* Bits of priv->pending. */
enum vmxnet3_service {
	VMXNET3_SERVICE_EVENT,		/* look at ecr, then unmask its vector */
	VMXNET3_SERVICE_TX_TIMEOUT,
	VMXNET3_SERVICE_BAD_COMPLETION,
	VMXNET3_SERVICE_QUEUE_ERROR,
	VMXNET3_SERVICE_RETRY,		/* the last reset failed */
	VMXNET3_SERVICE_USER,		/* asked for through devlink */
	VMXNET3_SERVICE_COUNT
};

struct vmxnet3_priv {
	struct net_device *netdev;
	struct pci_dev *pdev;
	struct vmxnet3_hw hw;

	/* Fixed by probe. */
	enum vmxnet3_intr_type intr_type;
	bool must_mask;			/* mask mode active: handler masks */
	u32 num_vectors;
	u32 event_vector;
	u32 max_pairs;			/* what the vectors are for */
	struct vmxnet3_queue *queue;	/* max_pairs of them */
	char irq_name[IFNAMSIZ + 16];

	/* Under rtnl. */
	struct vmxnet3_config config;
	struct vmxnet3_rings *rings;
	netdev_features_t features;	/* what the device is told */
	struct bpf_prog *prog;		/* written with the pollers stopped or by xchg */
	bool has_irqs;
	bool is_up;			/* active, pollers and senders on */
	unsigned long active_vlans[BITS_TO_LONGS(4096)];
	unsigned long hw_stats_at;	/* jiffies of the last GET_STATS */
	struct vmxnet3_link link;
	struct {
		u8 key[VMXNET3_RSS_KEY_SIZE];
		u8 table[VMXNET3_RSS_TABLE_SIZE];
	} rss;
	bool has_moderation;		/* the device moderates interrupts as it sees fit */
	u32 wake;			/* WAKE_* */
	struct devlink *devlink;	/* NULL if it could not be had */
	bool is_going;			/* remove has begun: nothing is scheduled any more */

	/* The service work; pending is a set of bits, set from anywhere. */
	struct delayed_work service;
	unsigned long pending;
	u32 backoff_ms;
	unsigned long last_reset;	/* jiffies */
	unsigned long last_event;	/* jiffies */
	atomic_t ecr;			/* events acked but not yet handled */
	/* From any context. */
	atomic64_t stats[VMXNET3_DEV_STAT_COUNT];
};

/* MSI-X: first one for each pair's rx, then its tx, then events.  Else 0 is all. */
static inline u32 vmxnet3_rx_vector(const struct vmxnet3_priv *priv, u32 id)
{
	return priv->intr_type == VMXNET3_INTR_MSIX ? id : 0;
}

static inline u32 vmxnet3_tx_vector(const struct vmxnet3_priv *priv, u32 id)
{
	return priv->intr_type == VMXNET3_INTR_MSIX ? priv->max_pairs + id : 0;
}

/* Pairs in use now, or as soon as the interface is up. */
static inline u32 vmxnet3_pairs(const struct vmxnet3_priv *priv)
{
	return priv->rings ? priv->rings->config.pairs : priv->config.pairs;
}

/* Peeks at a completion ring, so that the idle direction costs next to nothing. */
static inline bool vmxnet3_comp_is_pending(const struct vmxnet3_comp *ring,
					   const struct vmxnet3_comp_pos *pos)
{
	u32 next = READ_ONCE(pos->next);

	return vmxnet3_comp_is_new(pos, le64_to_cpu(READ_ONCE(ring[next].w1)));
}

static inline void vmxnet3_count(struct vmxnet3_priv *priv, enum vmxnet3_dev_stat s)
{
	atomic64_inc(&priv->stats[s]);
}

static inline void vmxnet3_xmit_count(struct vmxnet3_txq *tx, enum vmxnet3_xmit_stat s)
{
	u64_stats_update_begin(&tx->stats.syncp);
	u64_stats_inc(&tx->stats.v[s]);
	u64_stats_update_end(&tx->stats.syncp);
}

static inline void vmxnet3_poll_count(struct vmxnet3_queue *q, enum vmxnet3_poll_stat s)
{
	u64_stats_update_begin(&q->stats.syncp);
	u64_stats_inc(&q->stats.v[s]);
	u64_stats_update_end(&q->stats.syncp);
}

/* from vmxnet3_main.c */
bool vmxnet3_wants_lro(const struct vmxnet3_priv *priv, netdev_features_t features);
void vmxnet3_schedule_service(struct vmxnet3_priv *priv, enum vmxnet3_service what);
int vmxnet3_reactivate(struct vmxnet3_priv *priv);
int vmxnet3_start_device(struct vmxnet3_priv *priv);
int vmxnet3_restart(struct vmxnet3_priv *priv);
void vmxnet3_restart_failed(struct vmxnet3_priv *priv);
void vmxnet3_halt(struct vmxnet3_priv *priv);
int vmxnet3_reconfigure(struct vmxnet3_priv *priv, const struct vmxnet3_config *config);

/* from vmxnet3_dev.c */
const char *vmxnet3_outcome_name(enum vmxnet3_outcome o);
int vmxnet3_hw_map(struct vmxnet3_hw *hw, struct pci_dev *pdev);
void vmxnet3_hw_unmap(struct vmxnet3_hw *hw, struct pci_dev *pdev);
int vmxnet3_hw_negotiate(struct vmxnet3_hw *hw);
enum vmxnet3_outcome vmxnet3_hw_set(struct vmxnet3_hw *hw, enum vmxnet3_cmd cmd);
enum vmxnet3_outcome vmxnet3_hw_get(struct vmxnet3_hw *hw, enum vmxnet3_cmd cmd, u32 *value);
enum vmxnet3_outcome vmxnet3_hw_activate(struct vmxnet3_hw *hw);
enum vmxnet3_outcome vmxnet3_hw_quiesce(struct vmxnet3_hw *hw);
enum vmxnet3_outcome vmxnet3_hw_reset(struct vmxnet3_hw *hw);
void vmxnet3_hw_forget_shared(struct vmxnet3_hw *hw);
void vmxnet3_hw_perm_mac(struct vmxnet3_hw *hw, u8 *addr);
void vmxnet3_hw_write_mac(struct vmxnet3_hw *hw, const u8 *addr);
void __iomem *vmxnet3_hw_tx_doorbell(struct vmxnet3_hw *hw, u32 queue);
void __iomem *vmxnet3_hw_imr(struct vmxnet3_hw *hw, u32 vector);
u32 vmxnet3_hw_peek(struct vmxnet3_hw *hw, u32 reg);
bool vmxnet3_hw_intx_fired(struct vmxnet3_hw *hw);
void vmxnet3_hw_ack_events(struct vmxnet3_hw *hw, u32 bits);
void vmxnet3_hw_rx_doorbell(struct vmxnet3_hw *hw, u32 queue, u32 ring, u32 slot);
void vmxnet3_hw_set_rx_mode(struct vmxnet3_hw *hw, struct net_device *netdev);
void vmxnet3_hw_set_vlans(struct vmxnet3_hw *hw, const unsigned long *vlans, bool all);

/* The two hot registers; addresses come from vmxnet3_hw_imr/_tx_doorbell(). */
static inline void vmxnet3_hw_ring(void __iomem *doorbell, u32 slot)
{
	writel(slot, doorbell);
}

static inline void vmxnet3_hw_mask(void __iomem *imr, bool is_masked)
{
	writel(is_masked, imr);
}

/* from vmxnet3_mem.c */
int vmxnet3_hw_alloc(struct vmxnet3_priv *priv);
void vmxnet3_hw_free(struct vmxnet3_priv *priv);
struct vmxnet3_rings *vmxnet3_rings_alloc(struct vmxnet3_priv *priv,
					  const struct vmxnet3_config *config);
void vmxnet3_rings_discard(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings);
void vmxnet3_rings_free(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings);
void vmxnet3_rings_attach(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings);
void vmxnet3_rings_drain(struct vmxnet3_priv *priv);
void vmxnet3_shared_fill(struct vmxnet3_priv *priv);
void vmxnet3_shared_set_features(struct vmxnet3_priv *priv);

/* from vmxnet3_offload.c */
netdev_features_t vmxnet3_features_check(struct sk_buff *skb, struct net_device *netdev,
					 netdev_features_t features);
u64 vmxnet3_tx_prepare_tso(struct vmxnet3_txq *tx, struct sk_buff *skb);
bool vmxnet3_may_forward(struct net_device *netdev);

/* from vmxnet3_xdp.c */
int vmxnet3_bpf(struct net_device *netdev, struct netdev_bpf *bpf);
int vmxnet3_xdp_xmit(struct net_device *netdev, int n, struct xdp_frame **frames, u32 flags);
bool vmxnet3_xdp_run(struct vmxnet3_queue *q, struct vmxnet3_rx_buf *buf, struct xdp_buff *xdp);
void vmxnet3_xdp_flush(struct vmxnet3_queue *q);

/* from vmxnet3_tx.c */
netdev_tx_t vmxnet3_start_xmit(struct sk_buff *skb, struct net_device *netdev);
bool vmxnet3_tx_post_frame(struct vmxnet3_queue *q, struct xdp_frame *frame,
			   enum vmxnet3_tx_owner owner);
void vmxnet3_tx_kick(struct vmxnet3_queue *q);
bool vmxnet3_tx_poll(struct vmxnet3_queue *q, int budget);
void vmxnet3_tx_start(struct vmxnet3_txq *tx);
void vmxnet3_tx_drain(struct vmxnet3_queue *q);

/* from vmxnet3_rx.c */
int vmxnet3_rx_poll(struct vmxnet3_queue *q, int budget);
int vmxnet3_rx_prefill(struct vmxnet3_rings *rings, struct vmxnet3_ring_mem *mem);
void vmxnet3_rx_start(struct vmxnet3_queue *q);
void vmxnet3_rx_kick(struct vmxnet3_queue *q);
void vmxnet3_rx_drain(struct vmxnet3_queue *q);
void vmxnet3_rx_set_copybreak(struct vmxnet3_priv *priv, u32 len);
void vmxnet3_rx_refill_timer(struct timer_list *t);

/* from vmxnet3_irq.c */
int vmxnet3_irq_setup(struct vmxnet3_priv *priv, enum vmxnet3_intr_type wanted);
void vmxnet3_irq_teardown(struct vmxnet3_priv *priv);
int vmxnet3_irq_request(struct vmxnet3_priv *priv);
void vmxnet3_xps_spread(struct vmxnet3_queue *q);
void vmxnet3_irq_free(struct vmxnet3_priv *priv);
void vmxnet3_irq_unmask_all(struct vmxnet3_priv *priv);
void vmxnet3_irq_mask_all(struct vmxnet3_priv *priv);
bool vmxnet3_events_collect(struct vmxnet3_priv *priv);
int vmxnet3_poll(struct napi_struct *napi, int budget);

/* from vmxnet3_rss.c */
bool vmxnet3_rss_is_on(const struct vmxnet3_priv *priv);
void vmxnet3_rss_init(struct vmxnet3_priv *priv);
void vmxnet3_rss_spread(struct vmxnet3_priv *priv, u32 pairs);
void vmxnet3_rss_fill(struct vmxnet3_priv *priv);
u32 vmxnet3_get_rxfh_key_size(struct net_device *netdev);
u32 vmxnet3_get_rxfh_indir_size(struct net_device *netdev);
u32 vmxnet3_get_rx_ring_count(struct net_device *netdev);
int vmxnet3_get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *p);
int vmxnet3_set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *p,
		     struct netlink_ext_ack *extack);

/* from vmxnet3_pm.c */
extern const struct dev_pm_ops vmxnet3_pm_ops;
extern const struct pci_error_handlers vmxnet3_pci_errors;
void vmxnet3_shutdown(struct pci_dev *pdev);
void vmxnet3_get_wol(struct net_device *netdev, struct ethtool_wolinfo *wol);
int vmxnet3_set_wol(struct net_device *netdev, struct ethtool_wolinfo *wol);

/* from vmxnet3_health.c, in kernels that have devlink */
#if IS_ENABLED(CONFIG_NET_DEVLINK)
void vmxnet3_health_register(struct vmxnet3_priv *priv);
void vmxnet3_health_unregister(struct vmxnet3_priv *priv);
void vmxnet3_health_report(struct vmxnet3_priv *priv, const char *reason);
#else
static inline void vmxnet3_health_register(struct vmxnet3_priv *priv) { }
static inline void vmxnet3_health_unregister(struct vmxnet3_priv *priv) { }
static inline void vmxnet3_health_report(struct vmxnet3_priv *priv, const char *reason) { }
#endif

/* from vmxnet3_stats.c */
void vmxnet3_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *s);
void vmxnet3_hw_stats_update(struct vmxnet3_priv *priv);
void vmxnet3_hw_stats_restart(struct vmxnet3_priv *priv);
int vmxnet3_stats_count(struct vmxnet3_priv *priv);
void vmxnet3_stats_names(struct vmxnet3_priv *priv, u8 *out);
void vmxnet3_stats_values(struct vmxnet3_priv *priv, u64 *out);

/* from vmxnet3_ethtool.c */
extern const struct ethtool_ops vmxnet3_ethtool_ops;
extern const struct netdev_stat_ops vmxnet3_stat_ops;

#endif /* VMXNET3_H */
