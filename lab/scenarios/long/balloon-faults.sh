#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: each allocation of the balloon's loading fails once, then those of its ticks; nothing leaks, the next try works
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 5400 --expect "at kernel/trace/trace_events.c.*event_define_fields" --expect "at fs/sysfs/group.c.*sysfs_remove_group"
# kernels: debug
# drivers: ours
. "$(dirname "$0")/../balloon-lib.sh"

# Two reports are the kernel's own: Linux 6.1 warns when a tracepoint's fields cannot be allocated, and takes attributes
# away that it could not add when a device fails because of them.
# Some of loading's alone:  lab/vm --kernel debug --device balloon --memory 1024 --timeout 900 -- bash lab/scenarios/long/balloon-faults.sh 100 10
[ -w /proc/self/fail-nth ] || skip "this kernel injects no faults"
modprobe vmw_vmci
cp "$(modinfo -n vmmemctl)" /run/vmmemctl.ko
before=$(spare)
step "each allocation of loading fails once"
/usr/bin/python3 -B "$here/balloon_faults.py" /run/vmmemctl.ko "$@"

# fails EVERY              of what the kernel's workers allocate, the tick among them, each EVERYth; 0: none
most=1000000
fails() {
	local fault
	mark_workers
	for fault in failslab fail_page_alloc; do
		echo Y > /sys/kernel/debug/$fault/task-filter
		echo $most > /sys/kernel/debug/$fault/times
		echo "$1" > /sys/kernel/debug/$fault/interval
		echo $(($1 ? 100 : 0)) > /sys/kernel/debug/$fault/probability
	done
}
mark_workers() {
	local worker
	for worker in $(grep -ls '^kworker/' /proc/[0-9]*/comm); do
		echo 1 > "${worker%comm}make-it-fail" 2> /dev/null || true # it may have ended
	done
}
failed() { echo $((most - $(cat /sys/kernel/debug/"$1"/times))); }
# has_failed PAGES         so many of them; the kernel makes a new worker now and then
has_failed() { mark_workers && [ "$(failed fail_page_alloc)" -ge "$1" ]; }

objects=0
for offer in 0x3e 0x36; do
	labctl balloon offer $offer
	for every in 1 2 3 7 40; do
		# From START and the making of the doorbell on.
		rmmod vmmemctl
		labctl balloon target 300M
		fails $every
		insmod /run/vmmemctl.ko
		wait_for 120 has_failed 2
		step "offer $offer, each ${every}th fails: $(failed fail_page_alloc) of pages, $(failed failslab) of objects"
		objects=$((objects + $(failed failslab)))
		fails 0
		wait_for 120 settled 300
		wait_for 60 has_doorbell
		to 0
		adds_up small
		adds_up large
	done
done
[ $objects -gt 0 ] || fail "no object that a worker wanted was denied to it"
step "nothing is lost"
none_killed
memory_back "$before"
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
modprobe -r vmmemctl
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
memory_back "$before"
