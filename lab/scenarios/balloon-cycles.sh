#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the balloon takes 90 % of the memory and gives it back, twenty times; the account is right each time, and nobody is killed
# vm: --device balloon,offer=0x3e --memory 2048 --timeout 400
# check: 7.3/ours
. "$(dirname "$0")/balloon-lib.sh"

modprobe vmw_vmci # its doorbell saves the seconds between two questions
all=$(($(memory MemTotal) * 9 / 10 / 1024))
reserve=()
! is_ours || reserve=(reserve_mb=32)
before=$(spare)
balloon_load "${reserve[@]}"
is_ours || cat /sys/kernel/debug/vmmemctl > /run/first # it counts from the first look on

often=$(rounds 20)
for ((i = 1; i <= often; i++)); do
	labctl balloon target "${all}M"
	wait_for 60 settled $all
	most=$(available)
	labctl balloon target 0
	wait_for 60 settled 0
	[ $((i % 4)) != 1 ] || step "cycle $i: $all MiB, $((most / 1024)) MiB were left"
done
is "frames unlocked" "$(requests frames_unlocked)" "$(requests frames_locked)"
none_killed
step "all memory is back"
memory_back "$before"
