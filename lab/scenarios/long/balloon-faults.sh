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
step "each allocation of loading fails once"
/usr/bin/python3 -B "$here/balloon_faults.py" "$(modinfo -n vmmemctl)" "$@"

# fails EVERY              of what the kernel's workers allocate, the tick among them, each EVERYth; 0: none
most=1000000
fails() {
	local fault worker
	for worker in $(grep -ls '^kworker/u' /proc/[0-9]*/comm); do
		echo 1 > "${worker%comm}make-it-fail" 2> /dev/null || true # it may have ended
	done
	for fault in failslab fail_page_alloc; do
		echo Y > /sys/kernel/debug/$fault/task-filter
		echo $most > /sys/kernel/debug/$fault/times
		echo "$1" > /sys/kernel/debug/$fault/interval
		echo $(($1 ? 100 : 0)) > /sys/kernel/debug/$fault/probability
	done
}
failed() { echo $((most - $(cat /sys/kernel/debug/"$1"/times))); }
refused() { echo $(($(statistic small_alloc_failures) + $(statistic large_alloc_failures))); }
has_grown_less() { [ "$(refused)" -gt "$1" ]; }

is_restarted_too() { is_restarted "$1" && is_started; }
for offer in 0x3e 0x36; do
	offered $offer
	for every in 1 2 3 7 40; do
		before=$(refused) starts=$(starts)
		fails $every
		labctl balloon reset # so that the doorbell is made anew, too
		labctl balloon target 300M
		wait_for 120 has_grown_less "$before"
		wait_for 60 is_restarted_too "$starts"
		step "offer $offer, each ${every}th fails: $(failed fail_page_alloc) of pages, $(failed failslab) of objects"
		fails 0
		labctl balloon target 100M
		wait_for 120 settled 100
	done
	to 0
done
step "nothing is lost"
is "frames in the host's account" "$(now size)" 0
none_killed
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
modprobe -r vmmemctl
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
