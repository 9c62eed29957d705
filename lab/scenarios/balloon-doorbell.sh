#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the balloon's doorbell in VMCI wakes its driver when the target changes; when the ring is lost, the driver asks by itself
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 300
# check: 6.12/ours
. "$(dirname "$0")/balloon-lib.sh"

step "the driver makes a doorbell and tells the balloon"
modprobe vmw_vmci
modprobe "$balloon_module"
wait_for 20 has_doorbell
is "doorbells linked" "$(labctl counters | awk '$1 == "vmci.doorbell_link" { print $2 }')" 1

step "each change of the target rings it, and the balloon follows"
for target in 64 32 0; do
	before=$(interrupts)
	labctl balloon target "${target}M"
	wait_for 10 has_rung "$before"
	wait_for 60 size_is "$target"
done
is "rings for 3 targets" "$(requests doorbell_rung)" 3

step "the ring is lost: the balloon follows all the same, within a few seconds"
before=$(acts)
hostile lose-rings 2
for target in 48 0; do
	to $target 10
done
is "rings lost" $(($(labctl hostile balloon faithful) - before)) 2
is "rings for 5 targets" "$(requests doorbell_rung)" 3

if is_ours; then
	step "doorbell=N: none is made, and the balloon follows"
	modprobe -r "$balloon_module"
	balloon_load doorbell=N
	to 32 10
	! has_doorbell || fail "the balloon has a doorbell that was not wanted"
	to 0 10
	modprobe -r "$balloon_module"
	modprobe "$balloon_module"
	wait_for 20 has_doorbell
fi

step "without the driver there is none"
modprobe -r "$balloon_module"
! has_doorbell || fail "the balloon still has a doorbell"
labctl vmci | grep -q '"doorbells": {}' || fail "VMCI still has a doorbell: $(labctl vmci)"
before=$(requests doorbell_rung)
labctl balloon target 16M
is "rings though nobody is there" "$(requests doorbell_rung)" "$before"
