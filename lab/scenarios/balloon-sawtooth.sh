#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the target goes up and down while programs write memory and verify what they wrote; none is killed
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 400
# check: 6.1/ours
. "$(dirname "$0")/balloon-lib.sh"

command -v stress-ng > /dev/null || skip "stress-ng is not installed: run 'scripts/setup check' as root"
modprobe vmw_vmci
before=$(spare)
balloon_load

step "two programs work on 128 MiB each"
stress-ng --vm 2 --vm-bytes 256M --vm-keep --vm-method rand-set --verify --timeout 0 --temp-path /run > /run/stress 2>&1 &
stress=$!
is_at_work() { [ "$(memory AnonPages)" -gt $((200 * 1024)) ]; }
wait_for 60 is_at_work

# tooth MIB…               one target after the other, each reached
tooth() {
	local target
	for target; do
		labctl balloon target "${target}M"
		wait_for 60 settled "$target"
	done
}
step "teeth of 2 MiB frames"
for _ in 1 2 3; do
	tooth 100 300 400 350 200 0
done
step "teeth of 4 KiB frames"
offered 0x36
tooth 100 250 400 200 0
step "back to large ones under way: the target changes before the last was reached"
offered 0x3e
for target in 400 0 350 100 400 50 380 0 300; do
	labctl balloon target "${target}M"
done
wait_for 60 settled 300
tooth 0

step "the programs found every byte where they had put it"
kill -0 $stress || fail "stress-ng has ended: $(cat /run/stress)"
kill -INT $stress
wait $stress || fail "stress-ng found a fault: $(cat /run/stress)"
none_killed
memory_back "$before"
