#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: what users see of the balloon: meminfo, vmstat, sysfs, poll; and compaction that moves its frames
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 300
# check: 7.3/ours
. "$(dirname "$0")/balloon-lib.sh"

modprobe vmw_vmci
before=$(spare) total=$(memory MemTotal)
balloon_load

# balloon_shows MIB        in meminfo, to whose sum each CPU adds its own once a second
balloon_shows() { [ "$(memory Balloon)" = $(($1 * 1024)) ]; }
# falls MIB                what the memory's account has less of
falls() {
	local less has
	less=$(((total - $(memory MemTotal)) / 1024))
	has=$(memory Balloon)
	echo "  MemTotal is $less MiB less; Balloon: ${has:-not shown by this kernel}"
	if is_ours; then
		[ -z "$has" ] || wait_for 10 balloon_shows "$1"
		is "MiB by which MemTotal falls" $less "$1"
		is "the guest's limit, which is all its memory but the reserve" "$(now limit)" $((total / 4 - $(cat $sysfs/reserve) / 4096))
	fi
}
step "128 MiB of 2 MiB frames are taken"
inflated=$(vmstat balloon_inflate) deflated=$(vmstat balloon_deflate)
labctl balloon target 128M
wait_for 20 settled 128
falls 128
to 0
falls 0
echo "  vmstat: $(($(vmstat balloon_inflate) - inflated)) pages in, $(($(vmstat balloon_deflate) - deflated)) out"

step "400 MiB of 4 KiB frames are taken, half of them given back: vmstat counts them"
offered 0x36
inflated=$(vmstat balloon_inflate) deflated=$(vmstat balloon_deflate)
to 400
[ $(($(vmstat balloon_inflate) - inflated)) -ge $((400 * 256)) ] || fail "balloon_inflate has grown by $(($(vmstat balloon_inflate) - inflated))"
to 200
[ $(($(vmstat balloon_deflate) - deflated)) -ge $((200 * 256)) ] || fail "balloon_deflate has grown by $(($(vmstat balloon_deflate) - deflated))"
falls 200

step "compaction moves frames of the balloon, and the account stays right"
migrated=$(vmstat balloon_migrate)
# Whether frames lie in its way is chance: huge pages need more of it, and another target makes other holes.
has_migrated() {
	echo 1 > /proc/sys/vm/compact_memory
	echo 400 > /proc/sys/vm/nr_hugepages
	echo 0 > /proc/sys/vm/nr_hugepages
	[ "$(vmstat balloon_migrate)" -le "$migrated" ] || return 0
	to 300
	to 200
	return 1
}
wait_for 60 has_migrated
step "$(($(vmstat balloon_migrate) - migrated)) frames were moved"
wait_for 10 settled 200
to 0
falls 0
is "frames unlocked, against those locked" "$(requests frames_unlocked)" "$(requests frames_locked)"

if is_ours; then
	step "every attribute can be read by everybody, and be written by nobody"
	find $sysfs/ -type f ! -name uevent ! -path '*/power/*' ! -name modalias ! -name driver_override > /run/attributes
	xargs stat -c %a < /run/attributes | sort -u > /run/modes
	is "modes of the attributes" "$(cat /run/modes)" 444
	setpriv --reuid 65534 --regid 65534 --clear-groups xargs grep -L . < /run/attributes > /run/unread || true
	is "attributes that are empty, or not for everybody" "$(cat /run/unread)" ''
	for name in size target limit reserve state last_error capabilities; do
		echo "  $name: $(cat $sysfs/$name)"
	done
	is "statistics that are no number" "$(grep -LxE '[0-9]+' $sysfs/statistics/*)" ''
	wait_for 10 grep -qx idle $sysfs/state # the host hears of the last frame before the tick ends

	manual=$here/../../Documentation/vmmemctl.md
	if [ -e "$manual" ]; then
		step "the manual names every count"
		is "counts that the manual does not name" "$(comm -23 <(ls $sysfs/statistics) <(grep -oE '[a-z0-9_]+' "$manual" | sort -u))" ''
	fi

	step "poll(2) wakes who waits for size, target and state"
	for name in size target state; do
		/usr/bin/python3 "$here/balloon_user.py" watch "$sysfs/$name" 1 > "/run/watch.$name" &
		wait_for 20 grep -q begins "/run/watch.$name"
	done
	labctl balloon target 64M
	for name in size target state; do
		wait_for 20 grep -q woken "/run/watch.$name"
		echo "  $name: $(paste -sd' ' "/run/watch.$name")"
	done
	wait_for 20 settled 64
	to 0
fi
memory_back "$before"
