#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: MTU, rings, channels, offloads and the cable change under traffic; content stays whole
# vm: --nic vmxnet3 --timeout 240
# check: 6.1/ours 7.3/ours
. "$(dirname "$0")/lib.sh"

mtu() {
	at_peer ip link set tap0 mtu "$1"
	ip link set eth0 mtu "$1"
}

# setting WORD             the current value of a line of ethtool -g or -l
setting() { ethtool "$1" eth0 | sed -n "/^Current/,\$s/^$2:[[:space:]]*//p"; }

traffic_start four $peer
traffic_start six $peer6 --rate 50 --stream-rate 500000
traffic_flows

for size in 9000 1400 1500; do
	step "MTU $size"
	mtu $size
	carrier
	traffic_flows
done

for size in "256 256" "4096 4096" "1024 512"; do
	step "rings of $size entries"
	ethtool -G eth0 rx "${size% *}" tx "${size#* }"
	[ "$(setting -g RX) $(setting -g TX)" = "$size" ] || fail "rings are $(setting -g RX) and $(setting -g TX)"
	carrier
	traffic_flows
done
ethtool -G eth0 rx 100000 2> /dev/null && fail "a ring of 100000 entries was accepted"

step "offloads off and on"
for feature in rx tx sg tso gso gro rxvlan txvlan; do
	ethtool -K eth0 $feature off > /dev/null
	traffic_flows 5 32768
	ethtool -K eth0 $feature on > /dev/null
	traffic_flows 5 32768
done

step "cable out and in, 5 times"
for ((i = 1; i <= 5; i++)); do
	labctl link eth0 down
	wait_for 5 grep -q 0 /sys/class/net/eth0/carrier
	labctl link eth0 up
	carrier
	traffic_flows 5 0
done
# The kernel's own driver cannot change them.
if [ "$(drivers)" = ours ]; then
	for count in 1 2; do
		step "$count channels"
		ethtool -L eth0 combined $count
		[ "$(setting -l Combined)" = $count ] || fail "there are $(setting -l Combined) channels"
		carrier
		traffic_flows
	done
else
	step "channels are refused"
	ethtool -L eth0 combined 1 2> /dev/null && fail "the kernel's own driver has learnt -L: adapt this scenario"
fi

traffic_flows
traffic_stop
