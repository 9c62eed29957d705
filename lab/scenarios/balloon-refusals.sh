#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: every 2nd, 3rd, 7th or 100th frame is refused, with all statuses: the target is reached all the same, and the counts add up
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 500
# check: 6.12/ours
. "$(dirname "$0")/balloon-lib.sh"

modprobe vmw_vmci
before=$(spare)
balloon_load

# round EVERY STATUS MIB   each EVERYth entry gets STATUS while the balloon grows, and shrinks
round() {
	local acts
	acts=$(acts)
	hostile refuse-entries "$2" "$1"
	labctl balloon target "$3M"
	wait_for 30 has_acted $((acts + 1))
	wait_for 30 size_is "$3"
	# Of what is left each try gets a part, once a second: enough is seen at a quarter.
	labctl balloon target 0
	wait_for 30 size_from 0 $(($3 / 4))
	hostile faithful
	wait_for 30 size_is 0
}
statuses=(invalid frame-invalid locked unlocked pinned not-needed reset busy 31)
everies=(2 3 7 100)
# mebibytes EVERY          so much that at least one entry of each batch size is refused
mebibytes() {
	case $size:$1 in
	large:100) echo 220 ;;
	large:*) echo 40 ;;
	small:*) echo 4 ;;
	esac
}
for size in large small; do
	case $size in
	large) offered 0x3e ;;
	small) offered 0x36 ;;
	esac
	for ((i = 0; i < ${#statuses[@]}; i++)); do
		step "$size frames: 1 of ${everies[i % 4]} is refused by '${statuses[i]}'"
		round "${everies[i % 4]}" "${statuses[i]}" "$(mebibytes "${everies[i % 4]}")"
	done
done
if is_ours; then
	step "the counts add up"
	adds_up small
	adds_up large
fi
wait_for 10 settled 0
none_killed
memory_back "$before"
