#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the balloon's doorbell in VMCI wakes the kernel's own vmw_balloon when the target changes
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 300
# drivers: stock
# check: 7.3/stock
. "$(dirname "$0")/lib.sh"

mib=$((1 << 20))
now() { labctl balloon | awk -v name="$1" '$1 == name { print $2 }'; }
size_is() { [ "$(now size)" -ge $(($1 * mib)) ] && [ "$(now size)" -le $((($1 ? $1 + 1 : 0) * mib)) ]; }
has_doorbell() { [ "$(now doorbell)" = True ]; }
requests() { labctl counters | awk -v kind="$1" '$1 == kind { n = $2 } END { print n + 0 }'; }
# interrupts               of VMCI's notifications, its second vector
interrupts() {
	awk -v cpus="$(nproc)" '/vmw_vmci$/ && ++n == 2 { for (i = 2; i < 2 + cpus; i++) sum += $i } END { print sum + 0 }' /proc/interrupts
}
has_rung() { [ "$(interrupts)" -gt "$1" ]; }

step "the driver makes a doorbell and tells the balloon"
modprobe vmw_balloon
wait_for 20 has_doorbell
[ "$(requests vmci.doorbell_link)" = 1 ] || fail "$(requests vmci.doorbell_link) doorbells were linked"

step "each change of the target rings it, and the balloon follows"
for target in 64 32 0; do
	before=$(interrupts)
	labctl balloon target "${target}M"
	wait_for 10 has_rung "$before"
	wait_for 60 size_is "$target"
done
[ "$(requests balloon.doorbell_rung)" = 3 ] || fail "it was rung $(requests balloon.doorbell_rung) times for 3 targets"

step "without the driver there is none"
modprobe -r vmw_balloon
! has_doorbell || fail "the balloon still has a doorbell"
labctl vmci | grep -q '"doorbells": {}' || fail "VMCI still has a doorbell: $(labctl vmci)"
labctl balloon target 16M
[ "$(requests balloon.doorbell_rung)" = 3 ] || fail "it was rung though nobody is there"
