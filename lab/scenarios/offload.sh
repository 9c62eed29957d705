#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: TSO and checksum offload seen by a capture at the peer, over IPv4 and IPv6
# vm: --nic vmxnet3
# check: 6.12/ours
. "$(dirname "$0")/lib.sh"

# A packet larger than the MTU at the peer left the driver as one super-packet.
longest() {
	at_peer sh -c "tcpdump -r $1.pcap -nn -q 2>/dev/null | sed -n 's/.* tcp \([0-9]*\)\$/\1/p' | sort -n | tail -1"
}

# capture NAME ADDRESS   send 8 MiB by TCP while the peer records the frames' heads
capture() {
	peer_start "dump-$1" tcpdump -i tap0 --immediate-mode -s 128 -U -w "$1.pcap" "tcp and dst port 5201"
	wait_for 10 at_peer test -s "$1.pcap"
	iperf3 -c "$2" -n 8M -i 0 > /dev/null
	peer_stop "dump-$1" > /dev/null
	longest "$1"
}

iperf_server
ethtool -K eth0 tso on
for address in $peer $peer6; do
	name=tso$((${#address} > 8))
	size=$(capture "$name-on" "$address")
	step "TSO on to $address: the largest segment has $size bytes"
	[ "$size" -gt 3000 ] || fail "no super-packet left the driver"
done
ethtool -K eth0 tso off gso off
size=$(capture tso-off $peer)
step "TSO and GSO off: the largest segment has $size bytes"
[ "$size" -le 1460 ] || fail "a super-packet left the driver though TSO is off"
ethtool -K eth0 tx off
step "checksum offload off: TCP still works"
iperf3 -c $peer -n 4M -i 0 > /dev/null
ethtool -K eth0 tx on tso on gso on
step "and on again"
iperf3 -c $peer -n 16M -i 0 > /dev/null
