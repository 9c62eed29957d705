#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# balloon.sh STAGE WORD…   one hostile act against the driver of the balloon, in the guest (lib.sh).
# vm: --memory 1024 --timeout 600
# vm small: --device balloon,offer=0x26 --memory 1024 --timeout 600
# vm doorbell: --device balloon,offer=0x3e --memory 1024 --timeout 600
. "$(dirname "$0")/lib.sh"

mib=$((1 << 20))
case $(drivers) in
ours) module=vmmemctl ;;
*) module=vmw_balloon ;;
esac
slack=$((48 * 1024)) # kB that may be somewhere else when the balloon is empty again

field() { labctl balloon | awk -v name="$1" '$1 == name { print $2 }'; }
available() { awk '/^MemAvailable/ { print $2 }' /proc/meminfo; }
is_started() { [ "$(field started)" = True ]; }
# A last frame of 2 MiB may be larger than what is missing, and a surplus below it may stay.
is_near() {
	local size
	size=$(field size)
	[ "$size" -ge $((($1 - 2) * mib)) ] && [ "$size" -le $(($1 ? ($1 + 2) * mib : 0)) ]
}
has_memory_back() { [ $((before - $(available))) -lt $slack ]; }

# inflate MIB
inflate() {
	labctl balloon target "$1M"
	within is_near "$1" || verdict "not ready: the balloon did not get to $1 MiB before the act"
}

before=$(available)
[ "$stage" != load ] || act
modprobe "$module"
[ "$stage" = load ] || within is_started || verdict "not ready: the driver did not start"

case $stage in
load)
	labctl balloon target 64M
	;;
inflate)
	act
	labctl balloon target 300M
	;;
deflate)
	inflate 300
	act
	labctl balloon target 20M
	;;
rest)
	inflate 64
	act
	;;
unload)
	inflate 64
	act
	unload "$module"
	make_right
	within has_memory_back || verdict "memory lost: $((before - $(available))) kB are gone after rmmod"
	verdict stands
	;;
esac

nap 10
! dmesg | grep -q 'Out of memory: Killed' || verdict "programs of the guest were killed for lack of memory"
make_right
labctl balloon target 32M
within is_near 32 || verdict "does not recover: the balloon stays at $(($(field size) / mib)) MiB, target 32, once the host is right again"
labctl balloon target 0
within is_near 0 || verdict "does not recover: the balloon cannot be emptied once the host is right again"
within has_memory_back || verdict "memory lost: $((before - $(available))) kB are gone when the balloon is empty"
unload "$module"
verdict stands
