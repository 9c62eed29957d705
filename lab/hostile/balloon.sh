#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# balloon.sh STAGE WORD…   one hostile act against the driver of the balloon, in the guest.  What it says of the
# driver is its last line, 'verdict: …'; the run's own judge (lab/hostile/run) sees crashes and hangs.
# vm: --device backdoor --device balloon --memory 1024 --timeout 240
. "$(dirname "$0")/../scenarios/lib.sh"

mib=$((1 << 20))
slack=$((48 * 1024)) # kB that may be somewhere else when the balloon is empty again
patience=30          # seconds in which a driver that is well does what it is told
stage=$1
shift

verdict() { echo "verdict: $*"; exit 0; }
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
is_over() { ! kill -0 "$1"; }

# within CMD…              like wait_for, but says whether CMD succeeded in time
within() {
	local deadline=$((SECONDS + patience))
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		nap 0.2
	done
}
# inflate MIB
inflate() {
	labctl balloon target "$1M"
	within is_near "$1" || verdict "not ready: the balloon did not get to $1 MiB before the act"
}
act() { labctl hostile balloon "$@" > /dev/null; }
unload() {
	timeout --signal=KILL $patience rmmod vmw_balloon &
	local pid=$!
	within is_over $pid || true
	wait $pid || return 1
}

before=$(available)
if [ "$stage" = load ]; then act "$@"; fi
modprobe vmw_balloon
if [ "$stage" != load ]; then within is_started || verdict "not ready: the driver did not start"; fi

case $stage in
load)
	labctl balloon target 64M
	;;
inflate)
	act "$@"
	labctl balloon target 300M
	;;
deflate)
	inflate 300
	act "$@"
	labctl balloon target 20M
	;;
rest | unload)
	inflate 64
	act "$@"
	;;
esac

if [ "$stage" = unload ]; then
	unload || verdict "cannot be unloaded: rmmod does not end"
	within has_memory_back || verdict "memory lost: $((before - $(available))) kB are gone after rmmod"
	verdict stands
fi

nap 10
! dmesg | grep -q 'Out of memory: Killed' || verdict "programs of the guest were killed for lack of memory"
done=$(labctl hostile balloon faithful)
[ "$done" != 0 ] || [ "$*" = faithful ] || verdict "not shown: the act never came to pass"
labctl balloon target 32M
within is_near 32 || verdict "does not recover: the balloon stays at $(($(field size) / mib)) MiB, target 32, once the host is right again"
labctl balloon target 0
within is_near 0 || verdict "does not recover: the balloon cannot be emptied once the host is right again"
within has_memory_back || verdict "memory lost: $((before - $(available))) kB are gone when the balloon is empty"
unload || verdict "cannot be unloaded: rmmod does not end"
verdict stands
