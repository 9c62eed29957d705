#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: each allocation of vmsync's loading, opens and ioctls of both interfaces fails once; nothing stays frozen, nothing leaks
# vm: --memory 1024 --timeout 5400 --expect "at kernel/trace/trace_events.c.*event_define_fields" --expect "at fs/sysfs/group.c.*sysfs_remove_group"
# kernels: debug
# drivers: ours
. "$(dirname "$0")/../lib.sh"

# The reports that are expected are the kernel's own, see balloon-faults.sh.
# One operation's alone:  lab/vm --kernel debug --memory 1024 --timeout 900 -- bash lab/scenarios/long/vmsync-faults.sh freeze:10:3
[ -w /proc/self/fail-nth ] || skip "this kernel injects no faults"
modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe vmsync
cp "$(modinfo -n vmsync)" /run/vmsync.ko
/usr/bin/python3 -B "$here/vmsync_faults.py" /run/vmsync.ko "$@"
# It gives up without a report when it has no memory itself.
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
step "the module goes"
modprobe -r vmsync
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
