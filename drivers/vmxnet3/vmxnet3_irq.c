// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Interrupts: choosing vectors, the handlers, masking, and the NAPI poll that
 * a queue's vector leads to.
 *
 * With MSI-X each direction of a queue pair has its vector and events the last
 * one; with MSI or INTx vector 0 serves the one pair and events.  Receive
 * vectors are unmasked except from an interrupt to the end of its poll, transmit
 * vectors only while packets are outstanding (vmxnet3_tx.c).  A vector that is
 * unmasked with its cause pending fires at once, so nothing is lost between the
 * end of a poll and the unmask.
 */
#include "vmxnet3.h"

static void vmxnet3_irq_mask_fired(struct vmxnet3_priv *priv, u32 vector)
{
	if (priv->must_mask)
		vmxnet3_hw_mask(vmxnet3_hw_imr(&priv->hw, vector), true);
}

static irqreturn_t vmxnet3_irq_rx(int irq, void *data)
{
	struct vmxnet3_queue *q = data;

	if (unlikely(q->priv->must_mask))
		vmxnet3_hw_mask(q->imr, true);
	WRITE_ONCE(q->rx.is_masked, true);
	napi_schedule_irqoff(&q->napi);
	return IRQ_HANDLED;
}

static irqreturn_t vmxnet3_irq_tx(int irq, void *data)
{
	struct vmxnet3_queue *q = data;

	if (unlikely(q->priv->must_mask))
		vmxnet3_hw_mask(q->tx.imr, true);
	WRITE_ONCE(q->tx.has_fired, true);
	napi_schedule_irqoff(&q->napi);
	return IRQ_HANDLED;
}

/* The vector stays masked until the service work has looked: no event storm. */
static irqreturn_t vmxnet3_irq_event(int irq, void *data)
{
	struct vmxnet3_priv *priv = data;

	vmxnet3_irq_mask_fired(priv, priv->event_vector);
	vmxnet3_schedule_service(priv, VMXNET3_SERVICE_EVENT);
	return IRQ_HANDLED;
}

static irqreturn_t vmxnet3_irq_shared(int irq, void *data)
{
	struct vmxnet3_priv *priv = data;

	if (priv->intr_type == VMXNET3_INTR_INTX && !vmxnet3_hw_intx_fired(&priv->hw))
		return IRQ_NONE;
	vmxnet3_irq_mask_fired(priv, 0);
	if (vmxnet3_events_collect(priv))
		vmxnet3_schedule_service(priv, VMXNET3_SERVICE_EVENT);
	WRITE_ONCE(priv->queue[0].rx.is_masked, true);
	napi_schedule_irqoff(&priv->queue[0].napi);
	return IRQ_HANDLED;
}

/**
 * vmxnet3_events_collect - acknowledge what the device reports
 * @priv: the device
 *
 * All bits are acknowledged, unknown ones too, because an event that is not
 * keeps its vector firing.
 *
 * Return: true if there was anything; it waits in priv->ecr.
 */
bool vmxnet3_events_collect(struct vmxnet3_priv *priv)
{
	u32 ecr = le32_to_cpu(READ_ONCE(priv->hw.shared->ecr));

	if (!ecr)
		return false;
	vmxnet3_hw_ack_events(&priv->hw, ecr);
	atomic_or(ecr, &priv->ecr);
	return true;
}

/*
 * Asks for two vectors per pair and one for events; with fewer, fewer pairs.
 * Returns the pairs, or an error if not even one pair and events fit.
 */
static int vmxnet3_irq_setup_msix(struct vmxnet3_priv *priv)
{
	const struct vmxnet3_caps *caps = priv->hw.caps;
	u32 pairs = vmxnet3_pairs_for(caps, num_online_cpus(), (caps->max_vectors - 1) / 2);
	int n = pci_alloc_irq_vectors(priv->pdev, 3, 2 * pairs + 1, PCI_IRQ_MSIX);

	return n < 0 ? n : vmxnet3_pairs_for(caps, pairs, (n - 1) / 2);
}

static int vmxnet3_irq_try(struct vmxnet3_priv *priv, enum vmxnet3_intr_type type)
{
	int pairs = 1;

	if (type == VMXNET3_INTR_MSIX)
		pairs = vmxnet3_irq_setup_msix(priv);
	else if (pci_alloc_irq_vectors(priv->pdev, 1, 1, type == VMXNET3_INTR_MSI ?
				       PCI_IRQ_MSI : PCI_IRQ_INTX) < 0)
		pairs = -ENOSPC;
	if (pairs < 0)
		return pairs;
	priv->intr_type = type;
	priv->max_pairs = pairs;
	priv->num_vectors = type == VMXNET3_INTR_MSIX ? 2 * pairs + 1 : 1;
	priv->event_vector = priv->num_vectors - 1;
	return 0;
}

/**
 * vmxnet3_irq_setup - choose interrupt type, vectors and number of pairs
 * @priv: the device, version negotiated
 * @wanted: the user's wish; auto means what the device asks for, or the best
 *
 * Falls from MSI-X to MSI to INTx.  A type named by the user is not improved
 * on, but fallen back from.
 *
 * Return: 0 or a negative error.
 */
int vmxnet3_irq_setup(struct vmxnet3_priv *priv, enum vmxnet3_intr_type wanted)
{
	struct vmxnet3_intr_conf conf;
	enum vmxnet3_intr_type type;
	u32 value = 0;

	vmxnet3_hw_get(&priv->hw, VMXNET3_CMD_CONF_INTR, &value);
	conf = vmxnet3_decode_intr(value);
	priv->must_mask = conf.mask_mode != VMXNET3_MASK_AUTO;
	type = wanted == VMXNET3_INTR_AUTO ? conf.type : wanted;
	if (type == VMXNET3_INTR_AUTO)
		type = VMXNET3_INTR_MSIX;
	for (; type >= VMXNET3_INTR_INTX; type--)
		if (!vmxnet3_irq_try(priv, type))
			return 0;
	return -ENOSPC;
}

void vmxnet3_irq_teardown(struct vmxnet3_priv *priv)
{
	pci_free_irq_vectors(priv->pdev);
}

static const struct cpumask *vmxnet3_cpu(const struct vmxnet3_queue *q)
{
	return cpumask_of(cpumask_local_spread(q->id, NUMA_NO_NODE));
}

/* What a pair's processor sends goes to the pair. */
void vmxnet3_xps_spread(struct vmxnet3_queue *q)
{
	netif_set_xps_queue(q->priv->netdev, vmxnet3_cpu(q), q->id);
}

/*
 * A pair belongs to one processor, with both vectors and what that processor
 * sends.  Said once; what the admin makes of it later stays.
 */
static void vmxnet3_irq_spread(struct vmxnet3_queue *q, int rx, int tx)
{
	const struct cpumask *cpu = vmxnet3_cpu(q);

	if (q->has_affinity) {
		irq_update_affinity_hint(rx, cpu);
		irq_update_affinity_hint(tx, cpu);
		return;
	}
	irq_set_affinity_and_hint(rx, cpu);
	irq_set_affinity_and_hint(tx, cpu);
	vmxnet3_xps_spread(q);
	q->has_affinity = true;
}

static int vmxnet3_irq_request_pair(struct vmxnet3_priv *priv, u32 id)
{
	struct vmxnet3_queue *q = &priv->queue[id];
	int rx = pci_irq_vector(priv->pdev, vmxnet3_rx_vector(priv, id));
	int tx = pci_irq_vector(priv->pdev, vmxnet3_tx_vector(priv, id));
	int err;

	snprintf(q->rx_irq_name, sizeof(q->rx_irq_name), "%s-rx-%u", priv->netdev->name, id);
	snprintf(q->tx_irq_name, sizeof(q->tx_irq_name), "%s-tx-%u", priv->netdev->name, id);
	err = request_irq(rx, vmxnet3_irq_rx, 0, q->rx_irq_name, q);
	if (err)
		return err;
	err = request_irq(tx, vmxnet3_irq_tx, 0, q->tx_irq_name, q);
	if (err) {
		free_irq(rx, q);
		return err;
	}
	vmxnet3_irq_spread(q, rx, tx);
	netif_napi_set_irq(&q->napi, rx);
	return 0;
}

static void vmxnet3_irq_free_pair(struct vmxnet3_priv *priv, u32 id)
{
	struct vmxnet3_queue *q = &priv->queue[id];
	int rx = pci_irq_vector(priv->pdev, vmxnet3_rx_vector(priv, id));
	int tx = pci_irq_vector(priv->pdev, vmxnet3_tx_vector(priv, id));

	netif_napi_set_irq(&q->napi, -1);
	irq_update_affinity_hint(tx, NULL);
	irq_update_affinity_hint(rx, NULL);
	free_irq(tx, q);
	free_irq(rx, q);
}

static int vmxnet3_irq_request_msix(struct vmxnet3_priv *priv)
{
	int err = 0;
	u32 i;

	for (i = 0; i < priv->max_pairs; i++) {
		err = vmxnet3_irq_request_pair(priv, i);
		if (err)
			goto err_free_pairs;
	}
	snprintf(priv->irq_name, sizeof(priv->irq_name), "%s-event", priv->netdev->name);
	err = request_irq(pci_irq_vector(priv->pdev, priv->event_vector), vmxnet3_irq_event, 0,
			  priv->irq_name, priv);
	if (!err)
		return 0;

err_free_pairs:
	while (i--)
		vmxnet3_irq_free_pair(priv, i);
	return err;
}

int vmxnet3_irq_request(struct vmxnet3_priv *priv)
{
	unsigned long flags = priv->intr_type == VMXNET3_INTR_INTX ? IRQF_SHARED : 0;
	int err;

	if (priv->intr_type == VMXNET3_INTR_MSIX) {
		err = vmxnet3_irq_request_msix(priv);
	} else {
		snprintf(priv->irq_name, sizeof(priv->irq_name), "%s", priv->netdev->name);
		err = request_irq(pci_irq_vector(priv->pdev, 0), vmxnet3_irq_shared, flags,
				  priv->irq_name, priv);
	}
	priv->has_irqs = !err;
	return err;
}

void vmxnet3_irq_free(struct vmxnet3_priv *priv)
{
	u32 i;

	if (!priv->has_irqs)
		return;
	priv->has_irqs = false;
	if (priv->intr_type == VMXNET3_INTR_MSIX)
		for (i = 0; i < priv->max_pairs; i++)
			vmxnet3_irq_free_pair(priv, i);
	free_irq(pci_irq_vector(priv->pdev, priv->event_vector), priv);
}

/* After ACTIVATE only: an inactive device may drop the writes. */
void vmxnet3_irq_unmask_all(struct vmxnet3_priv *priv)
{
	u32 i;

	priv->hw.shared->intr_ctrl = 0;
	for (i = 0; i < vmxnet3_pairs(priv); i++)
		vmxnet3_hw_mask(priv->queue[i].imr, false);
	vmxnet3_hw_mask(vmxnet3_hw_imr(&priv->hw, priv->event_vector), false);
}

/* When this returns no handler is running either. */
void vmxnet3_irq_mask_all(struct vmxnet3_priv *priv)
{
	u32 i;

	priv->hw.shared->intr_ctrl = cpu_to_le32(VMXNET3_INTR_DISABLE_ALL);
	for (i = 0; i < priv->num_vectors; i++) {
		vmxnet3_hw_mask(vmxnet3_hw_imr(&priv->hw, i), true);
		if (priv->has_irqs)
			synchronize_irq(pci_irq_vector(priv->pdev, i));
	}
}

/* The end of a poll.  A broken queue's vector stays masked until the reset. */
static void vmxnet3_irq_unmask_rx(struct vmxnet3_queue *q)
{
	if (!READ_ONCE(q->rx.is_masked) || unlikely(q->rx.is_broken) ||
	    (q->tx.is_shared && unlikely(READ_ONCE(q->tx.is_broken))))
		return;
	/* The handler sets it again as soon as the vector fires. */
	WRITE_ONCE(q->rx.is_masked, false);
	vmxnet3_hw_mask(q->imr, false);
}

/* One poll takes care of both directions of the pair. */
int vmxnet3_poll(struct napi_struct *napi, int budget)
{
	struct vmxnet3_queue *q = container_of(napi, struct vmxnet3_queue, napi);
	bool is_tx_done = true;
	int work = 0;

	if (READ_ONCE(q->tx.has_fired) || vmxnet3_comp_is_pending(q->tx.comp, &q->tx.comp_pos))
		is_tx_done = vmxnet3_tx_poll(q, budget);
	/* Netpoll asks for transmit only. */
	if (unlikely(budget <= 0))
		return 0;
	if (likely(!q->rx.is_broken) && (vmxnet3_comp_is_pending(q->rx.comp, &q->rx.comp_pos) ||
					 q->rx.is_short))
		work = vmxnet3_rx_poll(q, budget);
	if (unlikely(!is_tx_done))
		return budget;
	if (work < budget && napi_complete_done(napi, work))
		vmxnet3_irq_unmask_rx(q);
	return work;
}
