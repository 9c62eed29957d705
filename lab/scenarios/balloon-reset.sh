#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: hundreds of resets, at rest and in mid-batch: every frame comes back, nothing leaks
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 400
# check: 7.3/ours
. "$(dirname "$0")/balloon-lib.sh"

resets=100
modprobe vmw_vmci
before=$(available)
balloon_load

# in_use                   slab in kB and free memory, while the balloon is empty
in_use() {
	echo 3 > /proc/sys/vm/drop_caches
	echo "$(memory Slab) $(memory MemFree)"
}
# refused_in COMMAND NUMBER AFTER   NUMBER resets in a row, one for each AFTER commands of that kind
refused_in() {
	local i before
	for ((i = 0; i < $2; i++)); do
		before=$(starts)
		hostile refuse "$1" reset 1 "$3"
		wait_for 20 is_restarted "$before"
	done
	hostile faithful
}
# Free pages that a CPU keeps for itself are not counted, and a kernel that tunes their number keeps megabytes.
sysctl -qw vm.percpu_pagelist_high_fraction=1000

labctl balloon target 8M
wait_for 20 settled 8
to 0
read -r slab free <<< "$(in_use)"

step "$resets in one go, as fast as the driver asks"
first=$(starts)
labctl balloon target 8M
hostile refuse get-target reset $resets
# What comes in answer to GET_TARGET makes the driver start again; the kernel's own does so once a second.
if is_ours; then
	wait_for 60 has_acted $resets
else
	wait_for 30 has_acted 20
fi
hostile faithful
[ $(($(starts) - first)) -ge 20 ] || fail "only $(($(starts) - first)) starts"
wait_for 30 settled 8
to 0

step "while 2 MiB frames are locked and unlocked, after 0, 1 and 2 batches"
for after in 0 1 2; do
	refuse=$(acts)
	hostile refuse any reset 1 $((3 + after))
	labctl balloon target 300M
	wait_for 20 has_acted $((refuse + 1))
	wait_for 30 settled 300
	hostile refuse batched-2m-unlock reset 1
	labctl balloon target 0
	wait_for 30 settled 0
done

step "while batches of 4 KiB frames are locked and unlocked, at the 1st, 2nd, 10th"
offered 0x36
for after in 0 1 9; do
	refuse=$(acts)
	hostile refuse batched-lock reset 1 $after
	labctl balloon target 100M
	wait_for 20 has_acted $((refuse + 1))
	wait_for 30 settled 100
	hostile refuse batched-unlock reset 1 $after
	labctl balloon target 0
	wait_for 30 settled 0
done

step "what the host forgets at once, with 100 MiB of 4 KiB frames in the balloon"
to 100
first=$(starts)
labctl balloon reset
wait_for 20 is_restarted "$first"
wait_for 30 settled 100
to 0

step "nothing has leaked: slab $slab kB, free $free kB before; $(in_use) after"
read -r slab_after free_after <<< "$(in_use)"
[ $((slab_after - slab)) -lt 2048 ] || fail "slab grew by $((slab_after - slab)) kB"
# The kernel's own driver is known to lose a batch page with each reset.
lost=$((free - free_after)) allowed=4096
is_ours || allowed=$((allowed + 4 * ($(starts) + 1)))
[ $lost -lt $allowed ] || fail "$lost kB of free memory are gone"
is "reports of the frames" "$(now size)" 0
none_killed
