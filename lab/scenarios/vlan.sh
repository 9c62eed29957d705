#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: VLANs against another model of NIC: tags on the wire, offloads, the filter, what survives
# vm: --nic vmxnet3 --nic e1000 --timeout 240
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

#   eth0 (vmxnet3) == tap0 -- host's bridge -- tap1 == eth1 (e1000) in namespace 'far'
#   10.9.N.15 on VLAN N                                10.9.N.1
netns far
ip link set eth1 netns far
ip -n far link set eth1 up
at_peer sh -c 'ip link add hub type bridge && ip link set tap0 master hub && ip link set tap1 master hub && ip link set hub up'
at_peer sh -c "ip address flush dev tap0 && ip address flush dev tap1 && ip address add $peer/24 dev hub" # what capture pings from
ip -n far address add 10.9.0.1/24 dev eth1
ip address add 10.9.0.15/24 dev eth0

vlan() {
	ip link add link eth0 name "eth0.$1" type vlan id "$1"
	ip address add "10.9.$1.15/24" dev "eth0.$1"
	ip link set "eth0.$1" up
	ip -n far link add link eth1 name "eth1.$1" type vlan id "$1"
	ip -n far address add "10.9.$1.1/24" dev "eth1.$1"
	ip -n far link set "eth1.$1" up
}
# call VLAN                broadcasts on it from the far side
call() { ip netns exec far ping -q -c 5 -i 0.1 -W 0.2 -b "10.9.$1.255" > /dev/null 2>&1 || true; }

vlan 5
vlan 6
traffic_server ip netns exec far
# Both ends of all of it are in this guest: less is enough.
traffic_start five 10.9.5.1 --rate 50 --stream-rate 400000
traffic_start six 10.9.6.1 --rate 50 --stream-rate 400000
flows() { traffic_flows 10 65536; }
flows
ping -q -c 3 10.9.0.1 > /dev/null

step "the tag is on the wire"
for id in 5 6; do
	at_peer timeout 20 tcpdump -i tap0 -c 5 -w /dev/null "ether src $(cat /sys/class/net/eth0/address) and vlan $id" ||
		fail "no frame of VLAN $id left"
done

step "tags by software and by device"
for rx in off on; do
	for tx in off on; do
		ethtool -K eth0 rxvlan $rx txvlan $tx > /dev/null
		flows
	done
done

step "they survive down and up, an MTU change and a ring resize"
ip link set eth0 down
ip link set eth0 up
ip link set eth0.5 up
ip link set eth0.6 up
flows
ip link set eth0 mtu 1600
flows
ethtool -G eth0 rx 512 tx 1024
flows
traffic_stop

step "the filter: only VLANs that exist pass"
ip -n far link add link eth1 name eth1.7 type vlan id 7
ip -n far address add 10.9.7.1/24 dev eth1.7
ip -n far link set eth1.7 up
# passes|stops WHAT VLAN
passes() { capture "vlan and icmp" call "$2" && [ "$captured" -ge 5 ] || fail "$1: $captured of 5 broadcasts arrived"; }
stops() { capture "vlan and icmp" call "$2" && [ "$captured" = 0 ] || fail "$1: $captured broadcasts arrived"; }
passes "VLAN 5" 5
stops "VLAN 7, which does not exist here" 7
ip link set eth0 promisc on
passes "VLAN 7, promiscuous" 7
ip link set eth0 promisc off
stops "VLAN 7, promiscuous no more" 7
ip link delete eth0.6
stops "VLAN 6, which was deleted" 6
ping -q -c 3 10.9.5.1 > /dev/null
