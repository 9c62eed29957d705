#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: each allocation of vmblock's loading, mount, control node, look-ups and listing fails once; nothing leaks, the next try works
# vm: --memory 1024 --timeout 5400 --expect "at kernel/trace/trace_events.c.*event_define_fields" --expect "at fs/sysfs/group.c.*sysfs_remove_group"
# kernels: debug
# drivers: ours
. "$(dirname "$0")/../vmblock-lib.sh"

# Two reports are the kernel's own: see balloon-faults.sh.
# Some of loading's alone:  lab/vm --kernel debug --memory 1024 --timeout 900 -- bash lab/scenarios/long/vmblock-faults.sh loading:100:10 mount
[ -w /proc/self/fail-nth ] || skip "this kernel injects no faults"
mounted
echo -n content > $root/file
cp "$(modinfo -n vmblock)" /run/vmblock.ko
step "each allocation fails once"
user vmblock_faults /run/vmblock.ko "$@"
step "nothing is lost"
is "blocks" "$(counts blocks)" 0
is "agents" "$(counts agents)" 0
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
umount $mount_point
rmmod vmblock
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
