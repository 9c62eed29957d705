// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Lets a program of the guest's speak to the host's Shared Folders through
 * VMCI; the kernel's own driver has no way there but for other modules.
 * /dev/vmci_folders is memory whose address is known, to be read and written,
 * and these calls on it, each with a struct call:
 *
 *   SEND     a datagram to {0, 13}; 'result' is what vmci_datagram_send says
 *   WHERE    'pointer' becomes the memory's address
 *   RECEIVE  the next datagram of the host's; 'size' becomes that of its payload
 *
 * It is for one program at a time, and for machines without an IOMMU.
 */
#include <linux/io.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vmw_vmci_api.h>
#include <linux/vmw_vmci_defs.h>
#include <linux/wait.h>

#define SEND 0x5601
#define WHERE 0x5602
#define RECEIVE 0x5603

#define FOLDERS_RESOURCE 13
#define MEMORY_SIZE (2UL << 20)
#define LONGEST_PAYLOAD 69608
#define MOST_WAITING 64
#define PATIENCE (5 * HZ)

struct call {
	u64 pointer;
	u32 size;
	s32 result;
};

struct arrival {
	struct list_head list;
	size_t size;
	u8 payload[];
};

static void *memory;
static struct vmci_handle own;
static LIST_HEAD(arrivals); /* guarded by lock, as is the next */
static unsigned int num_arrivals;
static DEFINE_SPINLOCK(lock);
static DECLARE_WAIT_QUEUE_HEAD(has_arrived);

/* In the driver's interrupt thread; what nobody takes is dropped. */
static int receive(void *unused, struct vmci_datagram *dg)
{
	struct arrival *one;
	unsigned long flags;

	if (dg->payload_size > LONGEST_PAYLOAD)
		return VMCI_ERROR_INVALID_ARGS;
	one = kmalloc(sizeof(*one) + dg->payload_size, GFP_ATOMIC);
	if (!one)
		return VMCI_ERROR_NO_MEM;
	one->size = dg->payload_size;
	memcpy(one->payload, VMCI_DG_PAYLOAD(dg), one->size);
	spin_lock_irqsave(&lock, flags);
	if (num_arrivals < MOST_WAITING) {
		list_add_tail(&one->list, &arrivals);
		num_arrivals++;
		one = NULL;
	}
	spin_unlock_irqrestore(&lock, flags);
	kfree(one);
	wake_up(&has_arrived);
	return VMCI_SUCCESS;
}

static struct arrival *take_arrival(void)
{
	struct arrival *one;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	one = list_first_entry_or_null(&arrivals, struct arrival, list);
	if (one) {
		list_del(&one->list);
		num_arrivals--;
	}
	spin_unlock_irqrestore(&lock, flags);
	return one;
}

/* A glance without the lock: who is woken takes one under it, or finds none. */
static bool has_one(void)
{
	return READ_ONCE(num_arrivals);
}

static void drop_arrivals(void)
{
	struct arrival *one;

	while ((one = take_arrival()))
		kfree(one);
}

static int call_send(struct call *call)
{
	struct vmci_datagram *dg;
	int err = 0;

	if (call->size > LONGEST_PAYLOAD)
		return -EMSGSIZE;
	dg = kzalloc(sizeof(*dg) + call->size, GFP_KERNEL);
	if (!dg)
		return -ENOMEM;
	dg->dst = vmci_make_handle(VMCI_HYPERVISOR_CONTEXT_ID, FOLDERS_RESOURCE);
	dg->src = own;
	dg->payload_size = call->size;
	if (copy_from_user(VMCI_DG_PAYLOAD(dg), u64_to_user_ptr(call->pointer), call->size))
		err = -EFAULT;
	else
		call->result = vmci_datagram_send(dg);
	kfree(dg);
	return err;
}

static int call_receive(struct call *call)
{
	struct arrival *one;
	int err = 0;

	if (wait_event_interruptible_timeout(has_arrived, has_one(), PATIENCE) < 0)
		return -EINTR;
	one = take_arrival();
	if (!one)
		return -ETIMEDOUT;
	if (one->size > call->size)
		err = -EMSGSIZE;
	else if (copy_to_user(u64_to_user_ptr(call->pointer), one->payload, one->size))
		err = -EFAULT;
	call->size = one->size;
	kfree(one);
	return err;
}

static long folders_ioctl(struct file *file, unsigned int what, unsigned long argument)
{
	struct call call, __user *user = (struct call __user *)argument;
	int err = 0;

	if (copy_from_user(&call, user, sizeof(call)))
		return -EFAULT;
	switch (what) {
	case SEND:
		err = call_send(&call);
		break;
	case WHERE:
		call.pointer = virt_to_phys(memory);
		break;
	case RECEIVE:
		err = call_receive(&call);
		break;
	default:
		return -ENOTTY;
	}
	if (!err && copy_to_user(user, &call, sizeof(call)))
		err = -EFAULT;
	return err;
}

static ssize_t folders_read(struct file *file, char __user *to, size_t count, loff_t *at)
{
	return simple_read_from_buffer(to, count, at, memory, MEMORY_SIZE);
}

static ssize_t folders_write(struct file *file, const char __user *from, size_t count, loff_t *at)
{
	return simple_write_to_buffer(memory, MEMORY_SIZE, at, from, count);
}

static const struct file_operations folders_fops = {
	.owner = THIS_MODULE,
	.read = folders_read,
	.write = folders_write,
	.unlocked_ioctl = folders_ioctl,
	.llseek = default_llseek,
};

static struct miscdevice folders_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmci_folders",
	.mode = 0600,
	.fops = &folders_fops,
};

static int __init folders_init(void)
{
	int err = -ENOMEM;

	memory = alloc_pages_exact(MEMORY_SIZE, GFP_KERNEL | __GFP_ZERO);
	if (!memory)
		return err;
	if (vmci_datagram_create_handle(VMCI_INVALID_ID, 0, receive, NULL, &own) < VMCI_SUCCESS) {
		err = -ENXIO;
		goto err_free_memory;
	}
	err = misc_register(&folders_device);
	if (err)
		goto err_destroy_handle;
	return 0;

err_destroy_handle:
	vmci_datagram_destroy_handle(own);
	drop_arrivals();
err_free_memory:
	free_pages_exact(memory, MEMORY_SIZE);
	return err;
}

static void __exit folders_exit(void)
{
	misc_deregister(&folders_device);
	vmci_datagram_destroy_handle(own);
	drop_arrivals();
	free_pages_exact(memory, MEMORY_SIZE);
}

module_init(folders_init);
module_exit(folders_exit);
MODULE_DESCRIPTION("a way for programs to Shared Folders behind VMCI, for tests of the lab");
MODULE_LICENSE("GPL");
