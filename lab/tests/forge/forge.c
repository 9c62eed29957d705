// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Writes completions into vmxnet3's rings that no right device would write; the
 * lab's device is QEMU's own and never errs.  Writing to the parameter 'act'
 * does it once, at queue 0, where the driver looks next.  It knows the driver's
 * structures, so it is for this tree's driver only.
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>

#include "../../../drivers/vmxnet3/vmxnet3.h"

static char *netdev = "eth0";
module_param(netdev, charp, 0444);
MODULE_PARM_DESC(netdev, "whose rings; its driver has to be the one built with this module");

struct forged {
	u64 w0;
	u64 w1;
};

/* A whole packet of 100 bytes in the next head buffer: right in every respect. */
static struct forged rx_right(const struct vmxnet3_rx_ring_pos *p)
{
	return (struct forged) {
		.w0 = (p->cons & p->mask) | VMXNET3_RXC0_SOP | VMXNET3_RXC0_EOP |
		      FIELD_PREP(VMXNET3_RXC0_RQID, p->rqid),
		.w1 = FIELD_PREP(VMXNET3_RXC1_LEN, 100),
	};
}

static struct forged rx_ring(const struct vmxnet3_queue *q)
{
	struct forged f = rx_right(&q->rx.pos[0]);

	f.w0 |= VMXNET3_RXC0_RQID;
	return f;
}

/* The buffer that was handed up last: a driver that takes it hands it up twice. */
static struct forged rx_twice(const struct vmxnet3_queue *q)
{
	struct vmxnet3_rx_ring_pos p = q->rx.pos[0];

	p.cons--;
	return rx_right(&p);
}

static struct forged rx_beyond(const struct vmxnet3_queue *q)
{
	struct forged f = rx_right(&q->rx.pos[0]);

	f.w0 |= VMXNET3_RXC0_IDX;
	return f;
}

static struct forged rx_long(const struct vmxnet3_queue *q)
{
	struct forged f = rx_right(&q->rx.pos[0]);

	f.w1 = FIELD_PREP(VMXNET3_RXC1_LEN, q->rx.pos[0].buf_len + 1);
	return f;
}

static struct forged rx_no_start(const struct vmxnet3_queue *q)
{
	struct forged f = rx_right(&q->rx.pos[0]);

	f.w0 &= ~VMXNET3_RXC0_SOP;
	return f;
}

/* The descriptor before the oldest outstanding one: a driver that takes it frees twice. */
static struct forged tx_twice(const struct vmxnet3_queue *q)
{
	return (struct forged) {
		.w0 = FIELD_PREP(VMXNET3_TXC_IDX, (q->tx.cons - 1) & q->tx.mask),
	};
}

static const struct {
	const char *name;
	struct forged (*forge)(const struct vmxnet3_queue *q);
	bool is_tx;
} acts[] = {
	{ "rx-ring", rx_ring },
	{ "rx-twice", rx_twice },
	{ "rx-beyond", rx_beyond },
	{ "rx-long", rx_long },
	{ "rx-no-start", rx_no_start },
	{ "tx-twice", tx_twice, true },
};

/* The generation, which makes it new, comes last. */
static void put(struct vmxnet3_comp *ring, const struct vmxnet3_comp_pos *pos, struct forged f)
{
	WRITE_ONCE(ring[pos->next].w0, cpu_to_le64(f.w0));
	dma_wmb();
	WRITE_ONCE(ring[pos->next].w1, cpu_to_le64(f.w1 | pos->gen));
}

/* With the poller and the senders away, so that what is forged fits the moment. */
static void act(struct vmxnet3_queue *q, size_t i)
{
	napi_disable(&q->napi);
	__netif_tx_lock_bh(q->tx.nq);
	if (acts[i].is_tx)
		put(q->tx.comp, &q->tx.comp_pos, acts[i].forge(q));
	else
		put(q->rx.comp, &q->rx.comp_pos, acts[i].forge(q));
	__netif_tx_unlock_bh(q->tx.nq);
	napi_enable(&q->napi);
	local_bh_disable();
	napi_schedule(&q->napi);
	local_bh_enable();
}

static int act_on(const char *name, size_t i)
{
	struct net_device *dev = __dev_get_by_name(&init_net, name);
	struct vmxnet3_priv *priv;

	if (!dev || !dev->dev.parent || strcmp(dev_driver_string(dev->dev.parent), VMXNET3_NAME))
		return -ENODEV;
	priv = netdev_priv(dev);
	if (!priv->is_up)
		return -EAGAIN;
	act(&priv->queue[0], i);
	return 0;
}

static int set_act(const char *value, const struct kernel_param *param)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(acts) && !sysfs_streq(value, acts[i].name); i++)
		;
	if (i == ARRAY_SIZE(acts))
		return -EINVAL;
	rtnl_lock();
	err = act_on(netdev, i);
	rtnl_unlock();
	return err;
}

static const struct kernel_param_ops act_ops = {
	.set = set_act,
};
module_param_cb(act, &act_ops, NULL, 0200);
MODULE_PARM_DESC(act, "what to forge: rx-ring, rx-twice, rx-beyond, rx-long, rx-no-start, tx-twice");

MODULE_DESCRIPTION("forges vmxnet3 completions, for tests of its driver");
MODULE_LICENSE("GPL");
