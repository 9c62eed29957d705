#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: vmblock's names are blocked, unblocked, followed, watched, listed and unmounted at the same time
# drivers: ours
# vm: --cpus 4 --memory 1024 --timeout 300
# check: 6.1/ours
. "$(dirname "$0")/vmblock-lib.sh"

seconds=30
mounted
step "for $seconds seconds"
acts=(add add follow follow follow watch list mount) racers=()
for i in "${!acts[@]}"; do
	user vmblock_crowd race "${acts[i]}" $seconds "$i" &
	racers+=($!)
done
# Who waits for a name that nobody blocks any more has woken; who watches one that is blocked may not have.
for pid in "${racers[@]}"; do
	wait "$pid" || fail "one of them has found a fault"
done
is "blocks" "$(counts blocks)" 0
is "waiters" "$(counts waiters)" 0
is "agents" "$(counts agents)" 0
for name in waits first_accesses adds adds_existing deletes deletes_missing released watches; do
	echo "  $name: $(counts $name)"
	[ "$(counts $name)" -gt 0 ] || fail "none of $name: the race was none"
done
is "blocks added, against those that went" "$(counts adds)" $(($(counts deletes) + $(counts released)))
while umount $mount_point 2> /dev/null; do :; done
gone() { rmmod vmblock; }
wait_for 20 gone
