#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: a million times a name is blocked and unblocked, by write, ioctl and close: no memory is lost, the statistics add up
# drivers: ours
# vm: --timeout 1800
# build: scripts/build-vmblock
. "$(dirname "$0")/../vmblock-lib.sh"

cycles() { "$(cd "$here/../.." && pwd)/build/host/vmblock-cycles" "$@"; }
# memory FIELD             of /proc/meminfo, KiB, once what can be given back has been
memory() {
	echo 3 > /proc/sys/vm/drop_caches
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# What is lost in each cycle of the rarest kind would be a hundred thousand objects of 8 bytes, 780 KiB, at the least.
declare -A ways=([write]=600000 [ioctl]=300000 [close]=100000)
looks_itself=''
[ ! -e /sys/kernel/debug/kmemleak ] || looks_itself=yes
[ ! "$looks_itself" ] || ways=([write]=30000 [ioctl]=15000 [close]=5000) # as the debug kernel does, slowly
mounted
total=0
for way in "${!ways[@]}"; do
	cycles "$way" 2000
	total=$((total + 2000 + ways[$way]))
done
slab=$(memory SUnreclaim) free=$(memory MemAvailable)
for way in "${!ways[@]}"; do
	step "${ways[$way]} times by $way"
	before=$SECONDS
	cycles "$way" "${ways[$way]}"
	echo "  $((SECONDS - before)) s"
done
slab=$(($(memory SUnreclaim) - slab)) free=$((free - $(memory MemAvailable)))
echo "  $slab KiB more of the kernel's small objects, $free KiB less available"
[ "$looks_itself" ] || [ $slab -lt 512 ] || fail "small objects are lost"
[ "$looks_itself" ] || [ $free -lt 4096 ] || fail "memory is lost"
step "the statistics add up"
is "blocks" "$(counts blocks)" 0
is "agents" "$(counts agents)" 0
is "adds" "$(counts adds)" $total
is "released" "$(counts released)" $((2000 + ways[close]))
is "deletes" "$(counts deletes)" $((total - 2000 - ways[close]))
is "watches" "$(counts watches)" $((2000 + ways[ioctl]))
for name in adds_existing adds_beyond_limit deletes_missing waits; do
	is "$name" "$(counts $name)" 0
done
umount $mount_point
rmmod vmblock
