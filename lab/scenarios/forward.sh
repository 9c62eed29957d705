#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the guest forwards between two NICs, with GRO and LRO, and what it forwards stays whole
# vm: --nic vmxnet3 --nic vmxnet3 --timeout 240
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

#   peer 10.0.2.1 == eth0 guest eth1 == 10.0.3.1 in a namespace of the host side, 'far'
far_host 10.0.3.1/24
at_far ip route add 10.0.2.0/24 via 10.0.3.15
at_peer ip route add 10.0.3.0/24 via $guest
echo 1 > /proc/sys/net/ipv4/ip_forward
carrier eth1
far_server
wait_for 20 at_peer ping -q -c 1 -W 1 10.0.3.1

# passes                   datagrams and a stream both ways, then as much as there is room for each way
passes() {
	at_peer /usr/bin/python3 "$here/traffic.py" run 10.0.3.1 --seconds 5 --stream-rate 20e6
	at_far iperf3 -s -1 -D
	at_peer timeout 20 iperf3 -c 10.0.3.1 -n 32M -i 0 --connect-timeout 5000 > /dev/null || fail "nothing passes from eth0 to eth1"
	wait_for 5 sh -c "! labctl net run $far ss -Hlnt | grep -q ':5201 '"
	at_far iperf3 -s -1 -D
	at_peer timeout 20 iperf3 -c 10.0.3.1 -n 32M -i 0 -R --connect-timeout 5000 > /dev/null || fail "nothing passes from eth1 to eth0"
	wait_for 5 sh -c "! labctl net run $far ss -Hlnt | grep -q ':5201 '"
}
both() { for nic in eth0 eth1; do ethtool -K $nic "$@" > /dev/null; done; }

# merges_nothing           the devices may not: what they merge cannot be cut where the sender had cut it
merges_nothing() {
	for nic in eth0 eth1; do
		ethtool -k $nic > /run/features
		grep -q '^large-receive-offload: off' /run/features || fail "$nic still has LRO"
		grep -q '^rx-gro-hw: off' /run/features || fail "the device of $nic still merges"
	done
}
step "as it comes: forwarding has switched merging off"
merges_nothing
passes

step "a sender that keeps to an MTU of 1400 behind us: nothing leaves longer than it came"
at_far ip link set tap1 mtu 1400
ethtool -K eth1 tso off > /dev/null # or the wire has packets that are cut only later
# shellcheck disable=SC2086  # several words
peer_start dump $far tcpdump -i tap1 --immediate-mode -s 96 -U -w far.pcap "tcp and dst port 5201"
wait_for 10 at_peer test -s far.pcap
at_far iperf3 -s -1 -D
at_peer timeout 20 iperf3 -c 10.0.3.1 -n 8M -i 0 --connect-timeout 5000 > /dev/null || fail "nothing passes"
peer_stop dump > /dev/null
longest=$(at_peer sh -c "tcpdump -r far.pcap -nn -q 2> /dev/null | sed -n 's/.* tcp \([0-9]*\)\$/\1/p' | sort -n | tail -1")
[ "$longest" -gt 1000 ] || fail "no segment was seen"
[ "$longest" -le 1360 ] || fail "a segment of $longest bytes left, the sender made none above 1360"
ethtool -K eth1 tso on > /dev/null
at_far ip link set tap1 mtu 1500

step "MTU 9000 on the way in, 1500 on the way out"
at_peer ip link set tap0 mtu 9000
ip link set eth0 mtu 9000
carrier
passes
ip link set eth0 mtu 1500
at_peer ip link set tap0 mtu 1500
carrier
step "GRO off"
both gro off
passes
step "GRO on, no offload on the way out"
both gro on tso off gso off sg off tx off
passes
both tx on sg on gso on tso on
# With the kernel's own driver LRO can be had, and collapses: Documentation/vmxnet3-differences.md.
if [ "$(drivers)" = ours ]; then
	step "LRO asked for all the same"
	both lro on || true
	merges_nothing
	passes
	both lro off
fi
traffic_stop

if [ "$(drivers)" = ours ]; then
	step "VLANs, a bridge, IPv6 and single interfaces that forward"
	merging() { ethtool -k eth0 | sed -n 's/^rx-gro-hw: \(on\|off\).*/\1/p'; }
	# again                    the stack does not say when an interface forwards no more: off and on looks
	again() {
		ethtool -K eth0 rx-gro-hw off
		ethtool -K eth0 rx-gro-hw on
	}
	echo 0 > /proc/sys/net/ipv4/ip_forward
	again
	[ "$(merging)" = on ] || fail "the device does not merge though nothing is forwarded"
	ip link add link eth0 name eth0.5 type vlan id 5
	ip link add br0 type bridge
	# turned_off CMD… -- CMD…  the first ends merging, the second and a look bring it back
	turned_off() {
		local first=()
		while [ "$1" != -- ]; do
			first+=("$1")
			shift
		done
		shift
		"${first[@]}"
		[ "$(merging)" = off ] || fail "the device still merges after '${first[*]}'"
		"$@"
		again
		[ "$(merging)" = on ] || fail "the device does not merge after '$*'"
	}
	turned_off sysctl -qw net.ipv4.conf.eth0.forwarding=1 -- sysctl -qw net.ipv4.conf.eth0.forwarding=0
	turned_off sysctl -qw net.ipv4.conf.eth0/5.forwarding=1 -- sysctl -qw net.ipv4.conf.eth0/5.forwarding=0
	turned_off sysctl -qw net.ipv6.conf.all.forwarding=1 -- sysctl -qw net.ipv6.conf.all.forwarding=0
	turned_off sysctl -qw net.ipv6.conf.eth0.forwarding=1 -- sysctl -qw net.ipv6.conf.eth0.forwarding=0
	turned_off ip link set eth0 master br0 -- ip link set eth0 nomaster
	turned_off ip link set eth0.5 master br0 -- ip link set eth0.5 nomaster
fi
