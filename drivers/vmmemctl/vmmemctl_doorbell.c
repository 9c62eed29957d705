// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The doorbell that wakes the balloon when the host has a new target.  It is
 * one of VMCI's, used if that driver is there and works; the module does not
 * depend on it.  Without one the balloon looks once a second, as it does with
 * one, in case a ring is lost.
 */
#include <linux/module.h>
#include <linux/vmw_vmci_defs.h>
#include <linux/vmw_vmci_api.h>

#include "vmmemctl.h"

/* VMCI's device may be found after the balloon: try again, but not every time. */
#define VMMEMCTL_DOORBELL_RETRY	16	/* ticks */

static bool doorbell = true;
module_param(doorbell, bool, 0444);
MODULE_PARM_DESC(doorbell, "Let the host ring when its target changes, by VMCI if there (default Y)");

MODULE_SOFTDEP("pre: vmw_vmci");

static typeof(vmci_doorbell_create) *vmmemctl_vmci_create;
static typeof(vmci_doorbell_destroy) *vmmemctl_vmci_destroy;

static void vmmemctl_vmci_put(void)
{
	if (vmmemctl_vmci_create)
		symbol_put(vmci_doorbell_create);
	if (vmmemctl_vmci_destroy)
		symbol_put(vmci_doorbell_destroy);
	vmmemctl_vmci_create = NULL;
	vmmemctl_vmci_destroy = NULL;
}

static bool vmmemctl_vmci_get(void)
{
	vmmemctl_vmci_create = symbol_get(vmci_doorbell_create);
	vmmemctl_vmci_destroy = symbol_get(vmci_doorbell_destroy);
	if (vmmemctl_vmci_create && vmmemctl_vmci_destroy)
		return true;
	vmmemctl_vmci_put();
	return false;
}

/* In VMCI's interrupt. */
static void vmmemctl_rung(void *data)
{
	struct vmmemctl *b = data;

	WRITE_ONCE(b->stats.doorbells, b->stats.doorbells + 1);
	vmmemctl_wake(b);
}

static bool vmmemctl_doorbell_create(struct vmmemctl *b)
{
	struct vmci_handle handle = VMCI_INVALID_HANDLE;

	if (!vmmemctl_vmci_get())
		return false;
	if (vmmemctl_vmci_create(&handle, 0, VMCI_PRIVILEGE_FLAG_RESTRICTED, vmmemctl_rung, b) !=
	    VMCI_SUCCESS) {
		vmmemctl_vmci_put();
		return false;
	}
	b->doorbell_context = handle.context;
	b->doorbell_resource = handle.resource;
	return true;
}

static void vmmemctl_doorbell_destroy(struct vmmemctl *b)
{
	vmmemctl_vmci_destroy(vmci_make_handle(b->doorbell_context, b->doorbell_resource));
	vmmemctl_vmci_put();
	b->has_doorbell = false;
}

/* A new conversation knows of no doorbell, even if there is one. */
static void vmmemctl_doorbell_tell(struct vmmemctl *b)
{
	enum vmmemctl_outcome outcome;

	mutex_lock(&b->lock);
	outcome = vmmemctl_host_doorbell(&b->host, b->doorbell_context, b->doorbell_resource);
	vmmemctl_after(b, outcome);
	mutex_unlock(&b->lock);
}

/**
 * vmmemctl_doorbell_keep - have a doorbell that the host knows of, if it can be
 * @b: the balloon, started; called by the tick alone, without the lock
 */
void vmmemctl_doorbell_keep(struct vmmemctl *b)
{
	if (!doorbell || !b->host.is_started || !(b->host.caps & VMMEMCTL_CAP_DOORBELL) ||
	    b->host.has_doorbell)
		return;
	if (b->doorbell_wait) {
		b->doorbell_wait--;
		return;
	}
	b->doorbell_wait = VMMEMCTL_DOORBELL_RETRY;
	if (!b->has_doorbell)
		b->has_doorbell = vmmemctl_doorbell_create(b);
	if (b->has_doorbell)
		vmmemctl_doorbell_tell(b);
}

/**
 * vmmemctl_doorbell_remove - nobody rings any more
 * @b: the balloon, without ticks
 */
void vmmemctl_doorbell_remove(struct vmmemctl *b)
{
	if (!b->has_doorbell)
		return;
	mutex_lock(&b->lock);
	if (b->host.has_doorbell)
		vmmemctl_host_doorbell(&b->host, VMMEMCTL_NO_DOORBELL, VMMEMCTL_NO_DOORBELL);
	mutex_unlock(&b->lock);
	vmmemctl_doorbell_destroy(b);
}
