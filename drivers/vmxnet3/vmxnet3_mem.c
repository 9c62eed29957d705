// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Memory shared with the device: the control blocks that live as long as the
 * driver is bound, and the rings of one configuration.  Rings come as a whole
 * (vmxnet3_rings), so a new configuration is complete before the old one is
 * given up, and everything is freed with the sizes it was allocated with.
 * The device is shown nothing but these blocks, all of them zeroed first.
 */
#include <linux/vmalloc.h>

#include "vmxnet3.h"

static size_t vmxnet3_qdesc_len(u32 pairs)
{
	return pairs * (sizeof(struct vmxnet3_txq_desc) + sizeof(struct vmxnet3_rxq_desc));
}

int vmxnet3_hw_alloc(struct vmxnet3_priv *priv)
{
	struct device *dev = &priv->pdev->dev;
	struct vmxnet3_hw *hw = &priv->hw;

	static_assert(offsetof(struct vmxnet3_blocks, shared) == 0);
	hw->blocks = dma_alloc_coherent(dev, sizeof(*hw->blocks), &hw->blocks_pa, GFP_KERNEL);
	if (!hw->blocks)
		return -ENOMEM;
	hw->shared = &hw->blocks->shared;
	hw->qdesc = dma_alloc_coherent(dev, vmxnet3_qdesc_len(priv->max_pairs), &hw->qdesc_pa,
				       GFP_KERNEL);
	if (hw->qdesc)
		return 0;
	dma_free_coherent(dev, sizeof(*hw->blocks), hw->blocks, hw->blocks_pa);
	return -ENOMEM;
}

void vmxnet3_hw_free(struct vmxnet3_priv *priv)
{
	struct device *dev = &priv->pdev->dev;
	struct vmxnet3_hw *hw = &priv->hw;

	vmxnet3_hw_forget_shared(hw);
	dma_free_coherent(dev, vmxnet3_qdesc_len(priv->max_pairs), hw->qdesc, hw->qdesc_pa);
	dma_free_coherent(dev, sizeof(*hw->blocks), hw->blocks, hw->blocks_pa);
}

static size_t vmxnet3_desc_len(u32 entries)
{
	return entries * sizeof(struct vmxnet3_desc);
}

static u32 vmxnet3_rx_comp_size(const struct vmxnet3_rings *rings)
{
	return rings->rx_size[0] + rings->rx_size[1];
}

static size_t vmxnet3_tx_data_len(const struct vmxnet3_priv *priv,
				  const struct vmxnet3_config *config)
{
	return (size_t)config->tx_size * priv->hw.caps->tx_data_size;
}

static int vmxnet3_tx_mem_alloc(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings,
				struct vmxnet3_ring_mem *m)
{
	const struct vmxnet3_config *c = &rings->config;
	struct device *dev = &priv->pdev->dev;

	m->tx_buf = kvcalloc(c->tx_size, sizeof(*m->tx_buf), GFP_KERNEL);
	m->tx_desc = dma_alloc_coherent(dev, vmxnet3_desc_len(c->tx_size), &m->tx_desc_pa,
					GFP_KERNEL);
	m->tx_comp = dma_alloc_coherent(dev, vmxnet3_desc_len(c->tx_size), &m->tx_comp_pa,
					GFP_KERNEL);
	m->tx_data = dma_alloc_coherent(dev, vmxnet3_tx_data_len(priv, c), &m->tx_data_pa,
					GFP_KERNEL);
	return m->tx_buf && m->tx_desc && m->tx_comp && m->tx_data ? 0 : -ENOMEM;
}

static int vmxnet3_pool_alloc(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings, u32 id,
			      u32 ring)
{
	struct device *dev = &priv->pdev->dev;
	struct page_pool_params pp = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = rings->rx_size[ring],
		.nid = dev_to_node(dev),
		.dev = dev,
		/* Lets pages freed in this NAPI's context return without a lock. */
		.napi = &priv->queue[id].napi,
		.netdev = priv->netdev,
		.queue_idx = id,
		.dma_dir = rings->dma_dir,
		.max_len = PAGE_SIZE,
	};
	struct page_pool *pool = page_pool_create(&pp);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	rings->pair[id].pool[ring] = pool;
	return 0;
}

/* What the core has to know to give frames that were redirected back to the pool. */
static int vmxnet3_xdp_rxq_alloc(struct vmxnet3_priv *priv, struct vmxnet3_ring_mem *m, u32 id)
{
	struct xdp_rxq_info *rxq = &m->xdp_rxq;
	int err = xdp_rxq_info_reg(rxq, priv->netdev, id, priv->queue[id].napi.napi_id);

	if (err)
		return err;
	err = xdp_rxq_info_reg_mem_model(rxq, MEM_TYPE_PAGE_POOL, m->pool[0]);
	if (err)
		xdp_rxq_info_unreg(rxq);
	return err;
}

static int vmxnet3_rx_mem_alloc(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings, u32 id)
{
	struct vmxnet3_ring_mem *m = &rings->pair[id];
	struct device *dev = &priv->pdev->dev;
	int i, err = 0;

	for (i = 0; i < 2 && !err; i++)
		err = vmxnet3_pool_alloc(priv, rings, id, i);
	if (!err && rings->config.has_xdp)
		err = vmxnet3_xdp_rxq_alloc(priv, m, id);
	if (err)
		return err;
	m->rx_comp = dma_alloc_coherent(dev, vmxnet3_desc_len(vmxnet3_rx_comp_size(rings)),
					&m->rx_comp_pa, GFP_KERNEL);
	if (!m->rx_comp)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		m->rx_buf[i] = kvcalloc(rings->rx_size[i], sizeof(*m->rx_buf[i]), GFP_KERNEL);
		m->rx_desc[i] = dma_alloc_coherent(dev, vmxnet3_desc_len(rings->rx_size[i]),
						   &m->rx_desc_pa[i], GFP_KERNEL);
		if (!m->rx_buf[i] || !m->rx_desc[i])
			return -ENOMEM;
	}
	return vmxnet3_rx_prefill(rings, m);
}

/* Bytes of a frame that fit a head buffer. */
static u32 vmxnet3_head_len(const struct vmxnet3_rings *rings)
{
	return rings->buf_size[0] - rings->headroom - VMXNET3_RX_TAILROOM;
}

/*
 * Decides how buffers are cut.  Half a page for a head halves what a socket is
 * charged for a frame, and the memory.  Bodies are needed when a frame can be
 * larger than a head.
 */
static void vmxnet3_rings_plan(struct vmxnet3_rings *rings)
{
	const struct vmxnet3_config *c = &rings->config;
	u32 frame = c->mtu + VMXNET3_RX_OVERHEAD;

	rings->dma_dir = c->has_xdp ? DMA_BIDIRECTIONAL : DMA_FROM_DEVICE;
	rings->headroom = c->has_xdp ? XDP_PACKET_HEADROOM : VMXNET3_RX_HEADROOM;
	rings->buf_size[0] = VMXNET3_RX_HALF;
	if (frame > vmxnet3_head_len(rings) || c->has_xdp)
		rings->buf_size[0] = VMXNET3_RX_PAGE;
	rings->buf_size[1] = VMXNET3_RX_PAGE;
	rings->rx_size[0] = c->rx_size;
	rings->rx_size[1] = c->has_lro || frame > vmxnet3_head_len(rings) ? c->rx2_size :
									     VMXNET3_RING_MIN;
}

/**
 * vmxnet3_rings_alloc - allocate all rings and receive buffers
 * @priv: the device
 * @config: what they are for
 *
 * Return: the rings, not yet known to the queues or to the device, or an
 * error pointer with nothing allocated.
 */
struct vmxnet3_rings *vmxnet3_rings_alloc(struct vmxnet3_priv *priv,
					  const struct vmxnet3_config *config)
{
	struct vmxnet3_rings *rings;
	int err = 0;
	u32 i;

	rings = kvzalloc(struct_size(rings, pair, config->pairs), GFP_KERNEL);
	if (!rings)
		return ERR_PTR(-ENOMEM);
	rings->config = *config;
	vmxnet3_rings_plan(rings);
	for (i = 0; i < config->pairs && !err; i++) {
		err = vmxnet3_tx_mem_alloc(priv, rings, &rings->pair[i]);
		if (!err)
			err = vmxnet3_rx_mem_alloc(priv, rings, i);
	}
	if (err) {
		vmxnet3_rings_discard(priv, rings);
		return ERR_PTR(err);
	}
	return rings;
}

static void vmxnet3_desc_free(struct device *dev, u32 entries, void *va, dma_addr_t pa)
{
	if (va)
		dma_free_coherent(dev, vmxnet3_desc_len(entries), va, pa);
}

static void vmxnet3_rx_mem_free(struct device *dev, struct vmxnet3_rings *rings,
				struct vmxnet3_ring_mem *m)
{
	u32 i, slot;

	for (i = 0; i < 2; i++) {
		for (slot = 0; m->rx_buf[i] && slot < rings->rx_size[i]; slot++)
			if (m->rx_buf[i][slot].page)
				page_pool_put_full_page(m->pool[i], m->rx_buf[i][slot].page,
							false);
		vmxnet3_desc_free(dev, rings->rx_size[i], m->rx_desc[i], m->rx_desc_pa[i]);
		kvfree(m->rx_buf[i]);
	}
	vmxnet3_desc_free(dev, vmxnet3_rx_comp_size(rings), m->rx_comp, m->rx_comp_pa);
	if (xdp_rxq_info_is_reg(&m->xdp_rxq))
		xdp_rxq_info_unreg(&m->xdp_rxq);
	for (i = 0; i < 2; i++)
		if (m->pool[i])
			page_pool_destroy(m->pool[i]);
}

/**
 * vmxnet3_rings_free - free rings that the device no longer uses
 * @priv: the device
 * @rings: complete or half allocated; drained if they were attached
 *
 * The pollers must be off: a page pool insists on that when it goes, even if it
 * was never used.
 */
void vmxnet3_rings_free(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings)
{
	struct device *dev = &priv->pdev->dev;
	u32 i;

	for (i = 0; i < rings->config.pairs; i++) {
		struct vmxnet3_ring_mem *m = &rings->pair[i];

		vmxnet3_rx_mem_free(dev, rings, m);
		vmxnet3_desc_free(dev, rings->config.tx_size, m->tx_desc, m->tx_desc_pa);
		vmxnet3_desc_free(dev, rings->config.tx_size, m->tx_comp, m->tx_comp_pa);
		if (m->tx_data)
			dma_free_coherent(dev, vmxnet3_tx_data_len(priv, &rings->config),
					  m->tx_data, m->tx_data_pa);
		kvfree(m->tx_buf);
	}
	kvfree(rings);
}

/* Frees rings that were never attached, while others may be in use: their pollers pause. */
void vmxnet3_rings_discard(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings)
{
	u32 i, pairs = priv->is_up ? vmxnet3_pairs(priv) : 0;

	for (i = 0; i < pairs; i++)
		napi_disable(&priv->queue[i].napi);
	vmxnet3_rings_free(priv, rings);
	for (i = 0; i < pairs; i++)
		napi_enable(&priv->queue[i].napi);
	/* An interrupt that came meanwhile found nobody to call. */
	local_bh_disable();
	for (i = 0; i < pairs; i++)
		napi_schedule(&priv->queue[i].napi);
	local_bh_enable();
}

static void vmxnet3_queue_attach(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings, u32 id)
{
	struct vmxnet3_ring_mem *m = &rings->pair[id];
	struct vmxnet3_queue *q = &priv->queue[id];
	struct vmxnet3_rxq *rx = &q->rx;
	struct vmxnet3_txq *tx = &q->tx;
	int i;

	tx->desc = m->tx_desc;
	tx->comp = m->tx_comp;
	tx->data = m->tx_data;
	tx->data_pa = m->tx_data_pa;
	tx->buf = m->tx_buf;
	tx->mask = rings->config.tx_size - 1;
	rx->comp = m->rx_comp;
	rx->headroom = rings->headroom;
	rx->merged_above = rings->config.has_lro ? rings->config.mtu : U32_MAX;
	rx->dma_dev = &priv->pdev->dev;
	rx->dma_dir = rings->dma_dir;
	rx->xdp_rxq = rings->config.has_xdp ? &m->xdp_rxq : NULL;
	for (i = 0; i < 2; i++) {
		rx->pool[i] = m->pool[i];
		rx->buf_size[i] = rings->buf_size[i];
		rx->desc[i] = m->rx_desc[i];
		rx->buf[i] = m->rx_buf[i];
		rx->pos[i].mask = rings->rx_size[i] - 1;
		rx->pos[i].buf_len = i ? rings->buf_size[1] : vmxnet3_head_len(rings);
		rx->pos[i].rqid = id + i * rings->config.pairs;
	}
}

/* Points the queues at @rings; pollers and senders are off. */
void vmxnet3_rings_attach(struct vmxnet3_priv *priv, struct vmxnet3_rings *rings)
{
	u32 i;

	priv->rings = rings;
	for (i = 0; i < rings->config.pairs; i++)
		vmxnet3_queue_attach(priv, rings, i);
}

/* Gives up what was in flight; the device has been quiesced. */
void vmxnet3_rings_drain(struct vmxnet3_priv *priv)
{
	u32 i;

	for (i = 0; i < priv->rings->config.pairs; i++) {
		vmxnet3_tx_drain(&priv->queue[i]);
		vmxnet3_rx_drain(&priv->queue[i]);
	}
}

static void vmxnet3_txq_desc_fill(struct vmxnet3_priv *priv, struct vmxnet3_txq_desc *d, u32 id)
{
	struct vmxnet3_ring_mem *m = &priv->rings->pair[id];
	u32 size = priv->rings->config.tx_size;

	d->ring_pa = cpu_to_le64(m->tx_desc_pa);
	d->data_pa = cpu_to_le64(m->tx_data_pa);
	d->comp_pa = cpu_to_le64(m->tx_comp_pa);
	d->driver_data_pa = cpu_to_le64(~0ull);
	d->ring_size = cpu_to_le32(size);
	d->data_size = cpu_to_le32(size);
	d->comp_size = cpu_to_le32(size);
	d->intr_idx = vmxnet3_tx_vector(priv, id);
	d->data_entry_size = cpu_to_le16(priv->hw.caps->tx_data_size);
}

static void vmxnet3_rxq_desc_fill(struct vmxnet3_priv *priv, struct vmxnet3_rxq_desc *d, u32 id)
{
	struct vmxnet3_ring_mem *m = &priv->rings->pair[id];
	int i;

	for (i = 0; i < 2; i++) {
		d->ring_pa[i] = cpu_to_le64(m->rx_desc_pa[i]);
		d->ring_size[i] = cpu_to_le32(priv->rings->rx_size[i]);
	}
	d->comp_pa = cpu_to_le64(m->rx_comp_pa);
	d->comp_size = cpu_to_le32(vmxnet3_rx_comp_size(priv->rings));
	d->driver_data_pa = cpu_to_le64(~0ull);
	d->intr_idx = vmxnet3_rx_vector(priv, id);
}

static u64 vmxnet3_upt_features(struct vmxnet3_priv *priv)
{
	netdev_features_t f = priv->features;

	return (f & NETIF_F_RXCSUM ? VMXNET3_UPT_RXCSUM : 0) |
	       (f & NETIF_F_HW_VLAN_CTAG_RX ? VMXNET3_UPT_RXVLAN : 0) |
	       (vmxnet3_rss_is_on(priv) ? VMXNET3_UPT_RSS : 0) |
	       (priv->rings->config.has_lro ? VMXNET3_UPT_LRO : 0);
}

/* To be followed by CMD_FEATURE or ACTIVATE. */
void vmxnet3_shared_set_features(struct vmxnet3_priv *priv)
{
	priv->hw.shared->upt_features = cpu_to_le64(vmxnet3_upt_features(priv));
}

/**
 * vmxnet3_shared_fill - write what ACTIVATE reads
 * @priv: the device, inactive, with its rings attached
 *
 * The filters follow after ACTIVATE by command; until then rx_mode 0 keeps
 * the receiver shut.
 */
void vmxnet3_shared_fill(struct vmxnet3_priv *priv)
{
	const struct vmxnet3_config *c = &priv->rings->config;
	struct vmxnet3_shared *s = priv->hw.shared;
	struct vmxnet3_txq_desc *tx = priv->hw.qdesc;
	struct vmxnet3_rxq_desc *rx = (void *)(tx + c->pairs);
	u32 i;

	memset(s, 0, sizeof(*s));
	s->magic = cpu_to_le32(VMXNET3_MAGIC);
	s->driver_version = cpu_to_le32(VMXNET3_DRIVER_VERSION);
	s->guest_os = cpu_to_le32(VMXNET3_GOS_LINUX | (sizeof(void *) == 8 ? VMXNET3_GOS_64BIT :
						       VMXNET3_GOS_32BIT));
	s->device_revs = cpu_to_le32(1);
	s->upt_versions = cpu_to_le32(1);
	vmxnet3_shared_set_features(priv);
	s->queue_desc_pa = cpu_to_le64(priv->hw.qdesc_pa);
	s->queue_desc_len = cpu_to_le32(vmxnet3_qdesc_len(c->pairs));
	s->mtu = cpu_to_le32(c->mtu);
	s->max_rx_sg = cpu_to_le16(1 + MAX_SKB_FRAGS);
	s->num_txq = c->pairs;
	s->num_rxq = c->pairs;
	s->auto_mask = !priv->must_mask;
	s->num_intrs = priv->num_vectors;
	s->event_intr = priv->event_vector;
	memset(s->mod_levels, priv->has_moderation ? VMXNET3_MOD_ADAPTIVE : VMXNET3_MOD_NONE,
	       priv->num_vectors);
	s->intr_ctrl = cpu_to_le32(VMXNET3_INTR_DISABLE_ALL);
	if (vmxnet3_rss_is_on(priv))
		vmxnet3_rss_fill(priv);

	memset(tx, 0, vmxnet3_qdesc_len(c->pairs));
	for (i = 0; i < c->pairs; i++) {
		vmxnet3_txq_desc_fill(priv, &tx[i], i);
		vmxnet3_rxq_desc_fill(priv, &rx[i], i);
		priv->queue[i].rx.qdesc = &rx[i];
	}
}
