// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * /proc/fs/vmblock: the place to mount, and the control node.  Blocks belong to
 * the open file of the node: what dup(), fork() and passing it on share.  There
 * is no read(): agents tell the FUSE flavour from this one by its success.
 */
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <vmguest/vmblock.h>

#include "vmblock.h"

#define VMBLOCK_PROC_DIR	"fs/vmblock"

static int vmblock_control_run(struct vmblock_agent *agent, int command, char *path, size_t length)
{
	int stripped = vmblock_path_length(path, length, PATH_MAX);
	struct vmblock_name name;

	if (stripped < 0)
		return stripped;
	name.text = path;
	name.length = stripped;
	name.hash = vmblock_hash(path, stripped);
	if (command == VMBLOCK_COMMAND_ADD)
		return vmblock_gate_add(agent, &name);
	return vmblock_gate_delete(agent, &name);
}

/* The old interface: the byte count is the command, the buffer a string; success is 0. */
static ssize_t vmblock_control_write(struct file *file, const char __user *buffer, size_t count,
				     loff_t *pos)
{
	int command = vmblock_command_of(count);
	char *path;
	int err;

	if (command < 0)
		return command;
	path = strndup_user(buffer, PATH_MAX);
	if (IS_ERR(path))	/* that one calls a string too long invalid */
		return PTR_ERR(path) == -EINVAL ? -ENAMETOOLONG : PTR_ERR(path);
	err = vmblock_control_run(file->private_data, command, path, strlen(path));
	kfree(path);
	return err;
}

/* A caller's structure may be of another age than this module: see struct vmguest_ioctl_header. */
static int vmblock_request_get(struct vmblock_request *request, const void __user *from)
{
	u32 size;

	if (get_user(size, (const __u32 __user *)from))
		return -EFAULT;
	if (size < sizeof(*request))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(request, sizeof(*request), from, size);
}

static char *vmblock_request_path(const struct vmblock_request *request)
{
	char *path;

	if (request->path_length >= PATH_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	path = memdup_user_nul(u64_to_user_ptr(request->path), request->path_length);
	if (!IS_ERR(path) && strlen(path) != request->path_length) {
		kfree(path);
		return ERR_PTR(-EINVAL);
	}
	return path;
}

static int vmblock_control_watch(const struct vmblock_request *request, char *path,
				 struct vmblock_request __user *to)
{
	int length = vmblock_path_length(path, request->path_length, PATH_MAX);
	struct vmblock_name name;
	enum vmblock_state state;
	int err;

	if (length < 0)
		return length;
	name.text = path;
	name.length = length;
	name.hash = vmblock_hash(path, length);
	err = vmblock_gate_watch(&name, !(request->flags & VMBLOCK_NOWAIT), &state);
	if (err)
		return err;
	return put_user(state == VMBLOCK_STATE_ACCESSED ? VMBLOCK_ACCESSED : VMBLOCK_REMOVED,
			&to->result);
}

static int vmblock_request_check(const struct vmblock_request *request, unsigned int cmd)
{
	u32 flags = cmd == VMBLOCK_IOC_WATCH ? VMBLOCK_NOWAIT : 0;

	if (request->header.version != VMBLOCK_VERSION)
		return -EINVAL;
	if (request->flags & ~flags || request->result || request->reserved)
		return -EINVAL;
	return 0;
}

static long vmblock_control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vmblock_request __user *user = (void __user *)arg;
	struct vmblock_request request;
	char *path;
	int err;

	if (cmd != VMBLOCK_IOC_ADD && cmd != VMBLOCK_IOC_DELETE && cmd != VMBLOCK_IOC_WATCH)
		return -ENOTTY;
	err = vmblock_request_get(&request, user);
	if (!err)
		err = vmblock_request_check(&request, cmd);
	if (err)
		return err;
	path = vmblock_request_path(&request);
	if (IS_ERR(path))
		return PTR_ERR(path);
	if (cmd == VMBLOCK_IOC_WATCH)
		err = vmblock_control_watch(&request, path, user);
	else
		err = vmblock_control_run(file->private_data, cmd == VMBLOCK_IOC_ADD ?
					  VMBLOCK_COMMAND_ADD : VMBLOCK_COMMAND_DELETE,
					  path, request.path_length);
	kfree(path);
	return err;
}

/* Readable: a block of this file was accessed, and VMBLOCK_IOC_WATCH has not said so yet. */
static __poll_t vmblock_control_poll(struct file *file, struct poll_table_struct *wait)
{
	struct vmblock_agent *agent = file->private_data;

	poll_wait(file, &agent->news, wait);
	return EPOLLOUT | EPOLLWRNORM |
	       (vmblock_agent_has_news(agent) ? EPOLLIN | EPOLLRDNORM : 0);
}

/*
 * An open file holds the module.  procfs could part them, but not those who are
 * in poll() on the file: they would be left with a wait queue that is gone.
 */
static int vmblock_control_open(struct inode *inode, struct file *file)
{
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	file->private_data = vmblock_agent_new();
	if (file->private_data)
		return 0;
	module_put(THIS_MODULE);
	return -ENOMEM;
}

/* procfs waits for this to return before it lets go of the node, so the module is still there. */
static int vmblock_control_release(struct inode *inode, struct file *file)
{
	vmblock_agent_free(file->private_data);
	module_put(THIS_MODULE);
	return 0;
}

static const struct proc_ops vmblock_control_ops = {
	.proc_open = vmblock_control_open,
	.proc_release = vmblock_control_release,
	.proc_write = vmblock_control_write,
	.proc_ioctl = vmblock_control_ioctl,
#ifdef CONFIG_COMPAT
	.proc_compat_ioctl = vmblock_control_ioctl,
#endif
	.proc_poll = vmblock_control_poll,
	.proc_lseek = noop_llseek,
};

/* The mount point first: who finds the control node finds that, too. */
int vmblock_control_init(void)
{
	if (proc_mkdir(VMBLOCK_PROC_DIR, NULL) &&
	    proc_create_mount_point(VMBLOCK_PROC_DIR "/mountPoint") &&
	    proc_create(VMBLOCK_PROC_DIR "/dev", 0200, NULL, &vmblock_control_ops))
		return 0;
	remove_proc_subtree(VMBLOCK_PROC_DIR, NULL);
	return -ENOMEM;
}

void vmblock_control_exit(void)
{
	remove_proc_subtree(VMBLOCK_PROC_DIR, NULL);
}
