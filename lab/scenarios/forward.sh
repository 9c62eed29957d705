#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the guest forwards between two NICs, with GRO and LRO, and what it forwards stays whole
# vm: --nic vmxnet3 --nic vmxnet3 --timeout 240
# check: 6.1/ours 7.3/ours
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

step "as it comes: forwarding has switched LRO off"
for nic in eth0 eth1; do
	ethtool -k $nic | grep -q '^large-receive-offload: off' || fail "$nic still has LRO"
done
passes
step "GRO off"
both gro off
passes
step "GRO on, no offload on the way out"
both gro on tso off gso off sg off tx off
passes
both tx on sg on gso on tso on
# With the kernel's own driver this is a known collapse: Documentation/vmxnet3-differences.md.
if [ "$(drivers)" = ours ]; then
	step "LRO switched on all the same"
	both lro on
	passes
fi
traffic_stop
