# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# What the scripts of hostile acts share.  DEVICE.sh STAGE WORD… is one act against a driver, in the guest.  What
# it says of the driver is its last line, 'verdict: …'; the run's own judge (lab/hostile/run) sees crashes and hangs.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/../scenarios/lib.sh"

# What the kernel reports, a CPU that does not come back among it, ends the guest at once: no need to wait for more.
for report in softlockup_panic panic_on_rcu_stall panic_on_oops panic_on_warn; do
	echo 1 > /proc/sys/kernel/$report
done

patience=100 # looks for what a driver that is well does at once, some 30 s
device=$(basename "$0" .sh)
stage=$1
words=("${@:2}")

verdict() { echo "verdict: $*"; exit 0; }
is_over() { ! kill -0 "$1"; }

# within CMD…              whether CMD succeeds in time. A look takes the start of a program, too: where others keep
#                          the machine busy, that takes as much longer as what is waited for
within() {
	local looks
	for ((looks = 0; looks < patience; looks++)); do
		if "$@" > /dev/null 2>&1; then return; fi
		nap 0.2
		/bin/true
	done
	return 1
}
# bounded CMD…             CMD's status; 124 if it is not over in time and had to be killed, 125 if it cannot be
bounded() {
	"$@" &
	local pid=$!
	if ! within is_over $pid; then
		kill -KILL $pid
		patience=25 within is_over $pid || return 125
		return 124
	fi
	wait $pid
}
# retry CMD…               its times of waiting may be too short for a busy machine, but not thrice
retry() { "$@" || "$@" || "$@"; }
is_unused() { [ "$(cat "/sys/module/$1/refcnt")" = 0 ]; }
# unload MODULE…           those that use others first
unload() {
	within is_unused "$1" || verdict "cannot be unloaded: $1 stays in use"
	bounded rmmod "$@" || verdict "cannot be unloaded: rmmod $([ $? -ge 124 ] && echo does not end || echo fails)"
}
# act                      what the words say; they are for this script's device, unless they begin with another
act() {
	case ${words[0]} in
	vmci | vsock) labctl hostile "${words[@]}" ;;
	*) labctl hostile "$device" "${words[@]}" ;;
	esac > /dev/null
}
# make_right               the host keeps its promises from now on; it must have broken one
make_right() {
	local one acts=0
	for one in backdoor balloon vmci vsock; do
		acts=$((acts + $(labctl hostile "$one" faithful 2> /dev/null || echo 0)))
	done
	[ $acts -gt 0 ] || [ "${words[*]}" = faithful ] || verdict "not shown: the act never came to pass"
}
