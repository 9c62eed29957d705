// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The devlink side: one health reporter that is told of every reset and its
 * reason, shows the state of the queues, and resets on request.
 *
 * The driver recovers by itself, whatever devlink's policy says: a network that
 * stays down until somebody looks helps nobody.  So the reporter's recovery is
 * only there for who asks for it.
 */
#include <net/devlink.h>

#include "vmxnet3.h"

struct vmxnet3_health {
	struct vmxnet3_priv *priv;
	struct devlink_health_reporter *reporter;
};

static void vmxnet3_health_queue(struct devlink_fmsg *fmsg, struct vmxnet3_queue *q)
{
	devlink_fmsg_obj_nest_start(fmsg);
	devlink_fmsg_u32_pair_put(fmsg, "queue", q->id);
	devlink_fmsg_u32_pair_put(fmsg, "tx_posted", READ_ONCE(q->tx.prod));
	devlink_fmsg_u32_pair_put(fmsg, "tx_rung", READ_ONCE(q->tx.rung));
	devlink_fmsg_u32_pair_put(fmsg, "tx_completed", READ_ONCE(q->tx.cons));
	devlink_fmsg_bool_pair_put(fmsg, "tx_broken", READ_ONCE(q->tx.is_broken));
	devlink_fmsg_bool_pair_put(fmsg, "tx_armed", READ_ONCE(q->tx.is_armed));
	devlink_fmsg_u32_pair_put(fmsg, "rx_posted", READ_ONCE(q->rx.pos[0].prod));
	devlink_fmsg_u32_pair_put(fmsg, "rx_completed", READ_ONCE(q->rx.pos[0].cons));
	devlink_fmsg_bool_pair_put(fmsg, "rx_broken", READ_ONCE(q->rx.is_broken));
	devlink_fmsg_bool_pair_put(fmsg, "rx_short", READ_ONCE(q->rx.is_short));
	devlink_fmsg_obj_nest_end(fmsg);
}

static int vmxnet3_health_diagnose(struct devlink_health_reporter *reporter,
				   struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	struct vmxnet3_health *health = devlink_health_reporter_priv(reporter);
	struct vmxnet3_priv *priv = health->priv;
	u32 i;

	devlink_fmsg_u32_pair_put(fmsg, "device_version", priv->hw.caps->version);
	devlink_fmsg_bool_pair_put(fmsg, "active", READ_ONCE(priv->hw.is_active));
	devlink_fmsg_bool_pair_put(fmsg, "gone", READ_ONCE(priv->hw.is_gone));
	devlink_fmsg_arr_pair_nest_start(fmsg, "queues");
	for (i = 0; i < priv->max_pairs; i++)
		vmxnet3_health_queue(fmsg, &priv->queue[i]);
	devlink_fmsg_arr_pair_nest_end(fmsg);
	return 0;
}

/* With a context it is our own report, and the reset is on its way already. */
static int vmxnet3_health_recover(struct devlink_health_reporter *reporter, void *context,
				  struct netlink_ext_ack *extack)
{
	struct vmxnet3_health *health = devlink_health_reporter_priv(reporter);

	if (!context && !READ_ONCE(health->priv->is_going))
		vmxnet3_schedule_service(health->priv, VMXNET3_SERVICE_USER);
	return 0;
}

static const struct devlink_health_reporter_ops vmxnet3_health_ops = {
	.name = "queues",
	.recover = vmxnet3_health_recover,
	.diagnose = vmxnet3_health_diagnose,
};

static const struct devlink_ops vmxnet3_devlink_ops = {
};

/* Reports a reset by the name of its reason.  Not under rtnl or a spinlock. */
void vmxnet3_health_report(struct vmxnet3_priv *priv, const char *reason)
{
	struct vmxnet3_health *health = priv->devlink ? devlink_priv(priv->devlink) : NULL;

	if (health && health->reporter)
		devlink_health_report(health->reporter, reason, health);
}

/* Without it the interface works all the same, so a failure is a word in the log. */
void vmxnet3_health_register(struct vmxnet3_priv *priv)
{
	struct vmxnet3_health *health;
	struct devlink *devlink;

	devlink = devlink_alloc(&vmxnet3_devlink_ops, sizeof(*health), &priv->pdev->dev);
	if (!devlink) {
		dev_warn(&priv->pdev->dev, "no memory for devlink; health is not reported\n");
		return;
	}
	health = devlink_priv(devlink);
	health->priv = priv;
	health->reporter = devlink_health_reporter_create(devlink, &vmxnet3_health_ops, health);
	if (IS_ERR(health->reporter)) {
		dev_warn(&priv->pdev->dev, "no health reporter (%pe)\n", health->reporter);
		health->reporter = NULL;
	}
	devlink_register(devlink);
	priv->devlink = devlink;
}

void vmxnet3_health_unregister(struct vmxnet3_priv *priv)
{
	struct devlink *devlink = priv->devlink;
	struct vmxnet3_health *health;

	if (!devlink)
		return;
	health = devlink_priv(devlink);
	devlink_unregister(devlink);
	if (health->reporter)
		devlink_health_reporter_destroy(health->reporter);
	priv->devlink = NULL;
	devlink_free(devlink);
}
