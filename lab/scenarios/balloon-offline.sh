#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: a block of memory with frames of the balloon goes offline, and comes back
# vm: --device balloon,offer=0x36 --memory 1024 --timeout 240
# append: movablecore=512M
# check: 7.3/ours
. "$(dirname "$0")/balloon-lib.sh"

blocks=/sys/devices/system/memory
[ -e $blocks/block_size_bytes ] || skip "this kernel cannot take memory offline"
size=$((0x$(cat $blocks/block_size_bytes)))
# movable                  the blocks whose pages can all be moved elsewhere: of the zone that the command line asks for
movable() {
	local block
	for block in "$blocks"/memory[0-9]*; do
		[ "$(cat "$block/valid_zones")" != Movable ] || echo "${block##*/}"
	done
}
# switch BLOCK STATE
switch() { echo "$2" > "$blocks/$1/state"; }
is_offline() { switch "$1" offline 2> /dev/null || [ "$(cat "$blocks/$1/state")" = offline ]; }
# Plain "online" could make it the kernel's own memory, which does not move.
is_back() { switch "$1" online_movable 2> /dev/null || [ "$(cat "$blocks/$1/state")" = online ]; }

# Not every one can go, whoever holds its pages: the firmware's tables are in the last, what a kernel had allocated
# before it knew of zones may be in another.
can_go() { switch "$1" offline 2> /dev/null && wait_for 10 is_back "$1"; }
[ "$(movable | wc -l)" -ge 2 ] || fail "there are no movable blocks: $(grep . $blocks/memory*/valid_zones)"
chosen=()
for block in $(movable); do
	if [ ${#chosen[@]} -lt 2 ] && can_go "$block"; then chosen+=("$block"); fi
done
[ ${#chosen[@]} -eq 2 ] || fail "without a balloon only '${chosen[*]}' can go offline of: $(movable | xargs)"
step "without a balloon ${chosen[*]} can go offline"

modprobe vmw_vmci
before=$(spare) total=$(memory MemTotal)
balloon_load
labctl balloon target 500M
wait_for 60 settled 500
step "there are 500 MiB in the balloon"

# away WHAT                two blocks, one after the other, and back
away() {
	local block left
	for block in "${chosen[@]}"; do
		left=$(memory MemTotal)
		wait_for 60 is_offline "$block"
		wait_for 20 sizes_agree
		step "$1: $block is offline, $(((left - $(memory MemTotal)) / 1024)) MiB less"
		wait_for 10 is_back "$block"
	done
	wait_for 60 settled 500
}
migrated=$(vmstat balloon_migrate)
away "frames of 4 KiB"
echo "  $(($(vmstat balloon_migrate) - migrated)) frames of the balloon were moved; blocks of $((size / mib)) MiB"
[ "$(vmstat balloon_migrate)" -gt "$migrated" ] || fail "no frame of the balloon was in the way"
if is_ours; then
	step "frames of 2 MiB"
	offered 0x3e
	labctl balloon target 500M
	wait_for 60 settled 500
	away "frames of 2 MiB"
	echo "  $(statistic offline_frames) frames were given back because of it"
fi
to 0
is "MemTotal once the balloon is empty" "$(memory MemTotal)" "$total"
memory_back "$before"
none_killed
