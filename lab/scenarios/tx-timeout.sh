#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: a device that stops sending is noticed, reset, and works again, twice
# vm: --nic vmxnet3 --timeout 180 --expect "dev_watchdog|NETDEV WATCHDOG"
# check: 6.12/ours
. "$(dirname "$0")/lib.sh"

# The watchdog's own counter, of all queues.
timeouts() { cat /sys/class/net/eth0/queues/tx-*/tx_timeout | awk '{ sum += $1 } END { print sum }'; }
has_timed_out() { [ "$(timeouts)" -gt "$1" ]; }

ethtool -G eth0 tx 128 || [ $? = 80 ]
carrier
traffic_start main $peer
traffic_flows
for ((i = 1; i <= 2; i++)); do
	before=$(timeouts)
	labctl hostile vmxnet3 drop-doorbells 1000000 > /dev/null
	# A ring has to be full for the watchdog to look at it, and one socket may not fill it.
	floods=()
	for ((j = 0; j < 6; j++)); do
		ping -q -f -w 60 $peer > /dev/null 2>&1 &
		floods+=($!)
	done
	wait_for 40 has_timed_out "$before"
	lost=$(labctl hostile vmxnet3 faithful)
	step "timeout $i: $lost doorbells lost so far, $(timeouts) timeouts"
	[ "$lost" -gt 0 ] || fail "no doorbell was lost"
	traffic_flows
	kill "${floods[@]}" 2> /dev/null || true
	wait "${floods[@]}" || true
done
traffic_flows
traffic_stop
