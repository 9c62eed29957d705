# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# What scenarios share.  A scenario runs in the guest with 'set -eu': a failing line fails it.
# shellcheck shell=bash

set -euo pipefail

guest=10.0.2.15 peer=10.0.2.1 guest6=fd00:2::15 peer6=fd00:2::1
export guest peer guest6 peer6

step() { echo "- $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }

# at_peer CMD…            run CMD on the host side, beside the NIC's other end, and wait for it
# peer_start NAME CMD…    start it there; peer_stop NAME ends it and prints what it printed
at_peer() { labctl net run "$@"; }
peer_start() { labctl net start "$@"; }
peer_stop() { labctl net stop "$@"; }

# wait_for SECONDS CMD…   poll until CMD succeeds
wait_for() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || fail "waited in vain for: $*"
		sleep 0.1
	done
}

port_open() { at_peer sh -c "ss -Hlntu | grep -q ':$1 '"; }

# number NAME              one of eth0's standard statistics
number() { cat "/sys/class/net/${2:-eth0}/statistics/$1"; }

# iperf_server [ARG…]      at the peer, for the whole scenario
iperf_server() {
	peer_start "iperf-${1:-0}" iperf3 -s -p "$((5201 + ${1:-0}))"
	wait_for 10 port_open "$((5201 + ${1:-0}))"
}
