#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: bridge and veth over the NIC, VXLAN through them and beside them; content stays whole
# vm: --nic vmxnet3 --timeout 300
# check: 6.12/ours
. "$(dirname "$0")/lib.sh"

#   namespace 'inner': vx7 10.7.0.15 over veth 10.0.2.20 == port -- br0 -- eth0 == tap0: vx7 10.7.0.1
#   the guest itself:  vx8 10.8.0.15 over br0  10.0.2.15            --/            vx8 10.8.0.1
netns inner
ip link add br0 type bridge
ip address flush dev eth0
ip link set eth0 master br0
ip link add port master br0 type veth peer name veth netns inner
for nic in br0 port; do ip link set $nic up; done
ip address add $guest/24 dev br0
ip -n inner address add 10.0.2.20/24 dev veth
ip -n inner link set veth up

# tunnel VNI PORT ADDRESS [WHERE]   between the peer and ADDRESS, which is in the namespace WHERE
tunnel() {
	ip ${4:+-n $4} link add "vx$1" type vxlan id "$1" dstport "$2" local "$3" remote $peer udpcsum
	ip ${4:+-n $4} address add "10.$1.0.15/24" dev "vx$1"
	ip ${4:+-n $4} link set "vx$1" up
	at_peer ip link add "vx$1" type vxlan id "$1" dstport "$2" local $peer remote "$3" udpcsum
	at_peer ip address add "10.$1.0.1/24" dev "vx$1"
	at_peer ip link set "vx$1" up
}

step "bridge and veth"
traffic_start outer $peer --rate 30 --stream-rate 500000
via="ip netns exec inner" traffic_start inner $peer --rate 30 --stream-rate 500000
traffic_flows

step "VXLAN through bridge and veth, and from the bridge itself, on a usual port and on another"
tunnel 7 4789 10.0.2.20 inner
tunnel 8 12345 $guest
via="ip netns exec inner" traffic_start vxlan-inner 10.7.0.1 --rate 30 --stream-rate 500000 --largest 1422
traffic_start vxlan-outer 10.8.0.1 --rate 30 --stream-rate 500000 --largest 1422
traffic_flows

step "with offloads off and on"
for feature in gro tso gso tx rx sg; do
	ethtool -K eth0 $feature off > /dev/null
	traffic_flows 10 65536
done
ethtool -K eth0 sg on tx on rx on gso on tso on gro on > /dev/null
traffic_flows

step "4 MiB as fast as they go, through the tunnels"
iperf_server
for way in "" -R; do
	timeout 60 ip netns exec inner iperf3 -c 10.7.0.1 -n 4M -i 0 $way > /dev/null || fail "4 MiB took more than 60 s within"
	timeout 60 iperf3 -c 10.8.0.1 -n 4M -i 0 $way > /dev/null || fail "4 MiB took more than 60 s outside"
done
traffic_flows
traffic_stop
