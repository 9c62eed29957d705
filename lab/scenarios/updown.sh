#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: interface down and up 20 times under traffic both ways; it works after each
# vm: --nic vmxnet3 --timeout 240
. "$(dirname "$0")/lib.sh"

iperf_server 0
iperf_server 1
traffic() {
	iperf3 -c $peer -p 5201 -u -b 20M -l 1000 -t 600 > /dev/null 2>&1 &
	iperf3 -c $peer -p 5202 -u -b 20M -l 1000 -t 600 -R > /dev/null 2>&1 &
}
traffic
for ((i = 1; i <= 20; i++)); do
	ip link set eth0 down
	ip link set eth0 up
	wait_for 5 grep -q 1 /sys/class/net/eth0/carrier
	before=$(number rx_packets)
	ping -q -c 2 -i 0.1 -W 5 $peer > /dev/null || fail "no answer after round $i"
	[ "$(number rx_packets)" -gt "$before" ] || fail "nothing received after round $i"
done
step "20 rounds; a transfer afterwards"
kill %1 %2 2> /dev/null || true
ip -6 address replace $guest6/64 dev eth0 nodad
peer_start sink socat -u TCP-LISTEN:7001 CREATE:got
wait_for 10 port_open 7001
head -c 8M /dev/urandom > /run/sent
socat -u OPEN:/run/sent TCP:$peer:7001
wait_for 10 at_peer sh -c '[ $(stat -c %s got) = 8388608 ]'
[ "$(at_peer sha256sum got | cut -c1-64)" = "$(sha256sum < /run/sent | cut -c1-64)" ] || fail "content differs"
