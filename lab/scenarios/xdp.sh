#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: XDP programs in the driver: pass, drop, send back, redirect; content whole, resets survived
# vm: --nic vmxnet3 --nic vmxnet3 --timeout 240
# check: 6.1/ours 7.3/ours
# build: scripts/build-xdp
. "$(dirname "$0")/lib.sh"

#   peer 10.0.2.1 == eth0 guest eth1 == 10.0.2.2 in a namespace of the host side, 'far'
programs=$here/../../build/xdp
[ -e "$programs/tx.o" ] || fail "there are no XDP programs: run scripts/build-xdp"
# load FILE [NIC [PROGRAM]]
load() { ip -force link set dev "${2:-eth0}" xdpdrv obj "$programs/$1.o" program "${3:-$1}"; }
unload() { ip link set dev "${1:-eth0}" xdpdrv off; }
has_program() { ip link show eth0 | grep -q ' mtu [0-9]* xdp '; }

if [ "$(drivers) $(release)" = "stock 6.1" ]; then
	step "the kernel's own driver has no XDP before 6.12"
	load pass 2> /dev/null && fail "it has: adapt this scenario"
	exit 0
fi

traffic_start main $peer
traffic_flows

step "pass, loaded and unloaded under traffic"
load pass
has_program || fail "the program is not in the driver"
traffic_flows
unload
has_program && fail "the program is still there"
carrier
traffic_flows

step "drop: UDP to port 9"
to_port() { at_peer bash -c "for i in 1 2 3 4 5; do echo content > /dev/udp/$guest/$1; done"; }
nine() { to_port 9; }
ten() { to_port 10; }
drops() {
	capture "udp and (dst port 9 or dst port 10)" nine
	[ "$captured" = 0 ] || fail "$1: $captured frames to port 9 arrived"
	capture "udp and (dst port 9 or dst port 10)" ten
	[ "$captured" = 5 ] || fail "$1: $captured of 5 frames to port 10 arrived"
	traffic_flows
}
# survives WHAT            what the driver starts anew for
survives() {
	carrier
	if [ "$(drivers)" = ours ]; then
		has_program || fail "$1: the program is gone"
		drops "$1"
		return
	fi
	# The kernel's own driver forgets the program: Documentation/vmxnet3-differences.md.
	capture "udp and (dst port 9 or dst port 10)" nine
	[ "$captured" = 5 ] || fail "$1: the kernel's own driver has kept the program: adapt this scenario"
	unload
	load drop
	carrier
}
load drop
carrier
drops "loaded"
ip link set eth0 mtu 1400
ip link set eth0 mtu 1500
survives "after MTU changes"
ethtool -G eth0 rx 512 tx 1024
survives "after a ring resize"
ip link set eth0 down
ip link set eth0 up
survives "after down and up"

step "tx: the program is the echo server"
load tx
carrier
at_peer /usr/bin/python3 "$here/traffic.py" sizes $guest 1 1472 --step 3
traffic_flows
unload
traffic_stop

step "redirect: a wire from NIC to NIC"
far_host 10.0.2.2/24
at_peer ip route add 10.0.2.2/32 dev tap0
at_far ip route add $peer/32 dev tap1
far_server
for nic in eth0 eth1; do
	ip link set $nic promisc on
	load redirect $nic "$([ $nic = eth0 ] && echo next || echo back)"
	carrier $nic
done
at_peer /usr/bin/python3 "$here/traffic.py" run 10.0.2.2 --seconds 6
at_peer /usr/bin/python3 "$here/traffic.py" sizes 10.0.2.2 1 1472 --step 3
for nic in eth0 eth1; do
	unload $nic
	ip link set $nic promisc off
	carrier $nic
done
traffic_stop
ping -q -c 3 $peer > /dev/null
