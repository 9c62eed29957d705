# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# What scenarios of vmblock share beside lib.sh: the module, its mount, its counters.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

root=/tmp/VMwareDnD
mount_point=/proc/fs/vmblock/mountPoint
control=/proc/fs/vmblock/dev
export root mount_point control

# user PROGRAM ARG…        a program of this folder
user() { /usr/bin/python3 -B "$here/$1.py" "${@:2}"; }

# staging                  the directory for dropped files, empty
staging() {
	rm -rf $root
	install -d -m 1777 $root
}

# mounted                  the module is loaded, the staging directory made and shown
mounted() {
	staging
	modprobe vmblock
	mount -t vmblock none $mount_point
}

# refused ERROR CMD…       CMD fails and says ERROR
refused() {
	local said
	if said=$("${@:2}" 2>&1); then fail "succeeded: ${*:2}"; fi
	[[ $said == *"$1"* ]] || fail "'${*:2}' says '$said', not '$1'"
}

# frozen                   every task, as before the machine sleeps, and thawed again
frozen() {
	local before
	[ -e /sys/power/pm_test ] || { echo "  (left out: this kernel is built without suspend)" && return; }
	echo 1 > /sys/module/suspend/parameters/pm_test_delay
	before=$(cat /sys/power/suspend_stats/success)
	echo freezer > /sys/power/pm_test
	echo mem > /sys/power/state || true
	[ "$(cat /sys/power/suspend_stats/success)" -gt "$before" ] || fail "tasks were not frozen: $(dmesg | tail -n 5)"
}

# counts NAME              one of the module's statistics
counts() { cat "/sys/fs/vmblock/statistics/$1"; }
counts_are() { [ "$(counts "$1")" = "$2" ]; }
