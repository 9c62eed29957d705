#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: MTU 9000 and back: jumbo pings unfragmented, TCP both ways, small MTUs
# vm: --nic vmxnet3
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

iperf_server
for mtu in 9000 1500 576 9000; do
	ip link set eth0 mtu $mtu
	at_peer ip link set tap0 mtu $mtu
	wait_for 5 grep -q 1 /sys/class/net/eth0/carrier
	step "MTU $mtu"
	pings -M "do" -s $((mtu - 28)) -i 0.05 -c 20 $peer
	iperf3 -c $peer -n 8M -i 0 > /dev/null
	iperf3 -c $peer -n 8M -i 0 -R > /dev/null
done
ip link set eth0 mtu 100000 2> /dev/null && fail "an MTU of 100000 was accepted"
ping -q -c 2 $peer > /dev/null
