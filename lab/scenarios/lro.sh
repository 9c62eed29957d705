#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: merging by the device (rx-gro-hw, LRO) switched on and off at any time: packets large with it, whole always
# vm: --nic vmxnet3 --timeout 300
# check: 7.3/ours
# drivers: ours
. "$(dirname "$0")/lib.sh"

# measure                  sets 'longest' to the longest TCP payload in one packet while 16 MiB arrive, without GRO
measure() {
	local pid
	timeout 60 tcpdump -p -i eth0 --immediate-mode -c 100 -s 128 -w /run/lro.pcap "tcp and src port 5201 and greater 1000" > /run/lro.log 2>&1 &
	pid=$!
	wait_for 40 grep -q 'listening' /run/lro.log
	timeout 60 iperf3 -c $peer -n 16M -i 0 -R > /dev/null || fail "16 MiB took more than 60 s"
	wait $pid || fail "100 long packets did not come: $(cat /run/lro.log)"
	longest=$(tcpdump -r /run/lro.pcap -nn -q 2> /dev/null | sed -n 's/.* tcp \([0-9]*\)$/\1/p' | sort -n | tail -1)
}

iperf_server
traffic_start main $peer
traffic_flows
merged() { ethtool -S eth0 | awk '/rx[0-9]+_lro:/ { n += $2 } END { print n }'; }

step "as it comes: merged by the device, under the name of GRO in hardware"
ethtool -k eth0 | grep -q '^rx-gro-hw: on' || fail "rx-gro-hw is not on"
ethtool -k eth0 | grep -q '^large-receive-offload: off' || fail "LRO is not off"
before=$(merged)
iperf3 -c $peer -n 16M -i 0 -R > /dev/null
[ "$(merged)" -gt "$before" ] || fail "nothing was merged"
ethtool -K eth0 gro off lro off > /dev/null
ethtool -k eth0 | grep -q '^rx-gro-hw: off' || fail "rx-gro-hw outlived GRO"
step "both off from the start"
ip link set eth0 down
ip link set eth0 up
carrier
measure
[ "$longest" -le 1460 ] || fail "a packet of $longest bytes came without LRO"
for way in "switched on" "after a ring resize" "after down and up"; do
	case $way in
	switched*) ethtool -K eth0 lro on ;;
	*resize) ethtool -G eth0 rx 2048 ;;
	*up) ip link set eth0 down && ip link set eth0 up ;;
	esac
	carrier
	measure
	step "LRO $way: the longest has $longest bytes"
	[ "$longest" -gt 3000 ] || fail "no packet was merged"
	traffic_flows
done
step "off and on again, without anything between, and beside GRO"
for lro in off on off on; do
	ethtool -K eth0 lro $lro > /dev/null
	traffic_flows
	ethtool -K eth0 gro on > /dev/null
	timeout 60 iperf3 -c $peer -n 16M -i 0 -R > /dev/null || fail "16 MiB took more than 60 s with LRO $lro"
	ethtool -K eth0 gro off > /dev/null
done
traffic_stop
