#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: ten minutes of everything at once: traffic of all kinds while the interface is shaken at random
# vm: --nic vmxnet3 --timeout 900 --expect "dev_watchdog|NETDEV WATCHDOG"
. "$(dirname "$0")/../lib.sh"

# A short one:  lab/vm --nic vmxnet3 --expect "dev_watchdog|NETDEV WATCHDOG" -- env SOAK_SECONDS=60 SOAK_SEED=7 bash lab/scenarios/long/soak.sh
seconds=${SOAK_SECONDS:-600}
seed=${SOAK_SEED:-$(date +%s)}
RANDOM=$seed
drivers=$(drivers)
step "$seconds s; SOAK_SEED=$seed repeats the order of events"

# any WORD…                sets 'chosen' to one of them, without a subshell, where RANDOM starts anew
any() { shift $((RANDOM % $#)) && chosen=$1; }

shake_mtu() {
	any 1500 9000 1400 4000
	at_peer ip link set tap0 mtu "$chosen"
	ip link set eth0 mtu "$chosen"
}
# ethtool's status 80 says that there was nothing to change.
shake_rings() {
	any "rx 256 tx 512" "rx 512 tx 4096" "rx 1024 tx 1024" "rx 4096 tx 512"
	# shellcheck disable=SC2086  # several words
	ethtool -G eth0 $chosen || [ $? = 80 ]
}
shake_offload() {
	local feature
	any rx tx sg tso gso gro rxvlan txvlan
	feature=$chosen
	any on off
	# TSO, say, waits for the checksum that it needs; ethtool calls that a failure if nothing else changes.
	ethtool -K eth0 "$feature" "$chosen" > /dev/null 2>&1 || ethtool -k eth0 | grep -q '\[requested on\]'
}
shake_channels() {
	[ "$drivers" = ours ] || return 0
	any 1 2
	ethtool -L eth0 combined "$chosen" || [ $? = 80 ]
}
shake_updown() {
	ip link set eth0 down
	ip link set eth0 up
	ip -6 address replace $guest6/64 dev eth0 nodad
}
shake_cable() {
	labctl link eth0 down
	nap 0.2
	labctl link eth0 up
}
shake_modes() {
	any "promisc on" "promisc off" "allmulticast on" "allmulticast off"
	# shellcheck disable=SC2086  # several words
	ip link set eth0 $chosen
}
shake_vlan() {
	if [ -e /sys/class/net/eth0.9 ]; then ip link delete eth0.9; else ip link add link eth0 name eth0.9 type vlan id 9; fi
}
shake_flood() {
	any 56 1472 4000
	ping -q -f -w 2 -s "$chosen" $peer > /dev/null || true
}
shake_driver() {
	modprobe -r vmxnet3
	modprobe vmxnet3
	ip address add $guest/24 dev eth0
	ip link set eth0 up
	ip -6 address replace $guest6/64 dev eth0 nodad
	at_peer ip link set tap0 mtu 1500
}
shake_doorbells() {
	labctl hostile vmxnet3 drop-doorbells 1000000 > /dev/null
	ping -q -f -w 8 -s 1000 $peer > /dev/null 2>&1 || true
	labctl hostile vmxnet3 faithful > /dev/null
}

iperf_server 0
iperf_server 1
while sleep 1; do timeout 60 iperf3 -c $peer -p 5201 -t 20 -b 20M -i 0; done > /dev/null 2>&1 &
while sleep 1; do timeout 60 iperf3 -c $peer -p 5202 -u -t 20 -b 5M -i 0 -R; done > /dev/null 2>&1 &
traffic_start four $peer --largest 8000
traffic_start six $peer6 --rate 50 --stream-rate 500000
traffic_flows

declare -A done_=()
while [ "$SECONDS" -lt "$seconds" ]; do
	any mtu rings offload channels updown cable modes vlan flood mtu rings offload updown cable driver doorbells
	what=$chosen
	"shake_$what"
	done_[$what]=$((${done_[$what]:-0} + 1))
	carrier
	traffic_flows 10 0
done
for what in "${!done_[@]}"; do echo "  $what: ${done_[$what]}"; done
step "everything flows again"
at_peer ip link set tap0 mtu 1500
ip link set eth0 mtu 1500
carrier
traffic_flows
kill %1 %2
traffic_stop
