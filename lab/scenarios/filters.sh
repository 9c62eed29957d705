#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: what the device lets through: multicast, all multicast, promiscuous, further and new addresses
# vm: --nic vmxnet3 --timeout 300
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

# A frame for a multicast group, and one for an address that is nobody's.
group() { at_peer ping -q -c 5 -i 0.05 -W 0.2 -t 1 -I tap0 239.1.2.3 > /dev/null || true; }
stranger() { at_peer ping -q -c 5 -i 0.05 -W 0.2 10.0.2.99 > /dev/null || true; }
at_peer ip neighbour replace 10.0.2.99 lladdr 52:54:00:aa:bb:cc dev tap0

frames="dst 239.1.2.3 or dst 10.0.2.99"
# passes|stops WHAT CMD    5 frames of CMD do, or none
passes() { arrive 5 "$@"; }
stops() { arrive 0 "$@"; }
arrive() {
	capture "$frames" "$3"
	[ "$captured" = "$1" ] || fail "$2: $captured frames arrived, not $1"
}

traffic_start main $peer --rate 50 --stream-rate 500000
traffic_flows

step "multicast: only groups that were joined"
stops "not joined" group
ip maddress add 01:00:5e:01:02:03 dev eth0
passes "joined" group
for ((i = 0; i < 20; i++)); do ip maddress add "01:00:5e:7f:00:$((10 + i))" dev eth0; done
passes "joined beside 20 others" group
ip link set eth0 down
ip link set eth0 up
carrier
passes "joined, after down and up" group
ethtool -G eth0 rx 512
carrier
passes "joined, after a ring resize" group
ip maddress del 01:00:5e:01:02:03 dev eth0
stops "left" group

step "all multicast"
ip link set eth0 allmulticast on
passes "on" group
ip link set eth0 allmulticast off
stops "off" group

step "promiscuous"
stops "off" stranger
ip link set eth0 promisc on
passes "on" stranger
ip link set eth0 down
ip link set eth0 up
carrier
passes "on, after down and up" stranger
ip link set eth0 promisc off
stops "off again" stranger

step "a second address: a MACVLAN in its own namespace"
netns second
ip link add link eth0 name second netns second type macvlan mode bridge
ip -n second address add 10.0.2.20/24 dev second
ip -n second link set second up
via="ip netns exec second" traffic_start second $peer --rate 50 --stream-rate 500000
traffic_flows

step "a new address, kept over down and up and a ring resize"
ip link set eth0 address 52:54:00:77:66:55
at_peer ip neighbour flush dev tap0
traffic_flows
ip link set eth0 down
ip link set eth0 up
carrier
traffic_flows
ethtool -G eth0 rx 1024
carrier
traffic_flows
ip netns delete second 2> /dev/null
traffic_stop
