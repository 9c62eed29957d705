#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: every packet passes through bounce buffers: content, TSO, MTU 9000, rings, down and up, no slot is lost
# vm: --nic vmxnet3 --timeout 300
# append: swiotlb=force
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

# A bounced byte that is not copied in time is a wrong byte, so it is the content that counts here.
device=0000:00:10.0
tracing=/sys/kernel/tracing
used() { cat /sys/kernel/debug/swiotlb/io_tlb_used; }
is_used() { [ "$(used)" = "$1" ]; }
mtu() {
	at_peer ip link set tap0 mtu "$1"
	ip link set eth0 mtu "$1"
	carrier
}

[ -e /sys/kernel/debug/swiotlb/io_tlb_used ] || skip "this kernel does not count bounce buffers"
modprobe -r vmxnet3
before=$(used)
echo 1 > $tracing/events/swiotlb/swiotlb_bounced/enable
modprobe vmxnet3
bring_up
step "bounce buffers: $before in use without the driver, $(used) with it"
# At least one for each of the receive buffers that are posted, 256 by the kernel's own driver.
[ "$(used)" -ge $((before + 256)) ] || fail "receive buffers are not bounced"
echo > $tracing/trace
pings -i 0.02 -c 50 $peer
bounced=$(grep -c "swiotlb_bounced: .*$device" $tracing/trace || true)
echo 0 > $tracing/events/swiotlb/swiotlb_bounced/enable
step "50 pings: $bounced buffers were bounced"
[ "$bounced" -ge 50 ] || fail "what is sent is not bounced"

step "traffic both ways, over IPv4 and IPv6"
traffic_start four $peer
traffic_start six $peer6 --rate 50 --stream-rate 500000
traffic_flows

step "TCP with TSO, both ways"
iperf_server
peer_start dump tcpdump -i tap0 --immediate-mode -s 128 -U -w tso.pcap "tcp and dst port 5201"
wait_for 10 at_peer test -s tso.pcap
iperf3 -c $peer -n 8M -i 0 > /dev/null
peer_stop dump > /dev/null
longest=$(at_peer sh -c "tcpdump -r tso.pcap -nn -q 2>/dev/null | sed -n 's/.* tcp \([0-9]*\)\$/\1/p' | sort -n | tail -1")
echo "  the largest segment has $longest bytes"
[ "$longest" -gt 3000 ] || fail "no super-packet left the driver"
iperf3 -c $peer -n 8M -i 0 -R > /dev/null
traffic_flows

step "MTU 9000"
mtu 9000
$traffic sizes $peer 1473 8972 --step 301
iperf3 -c $peer -n 8M -i 0 > /dev/null
iperf3 -c $peer -n 8M -i 0 -R > /dev/null
traffic_flows
mtu 1500
traffic_flows

for size in "256 256" "1024 512" "512 1024"; do
	step "rings of $size entries"
	ethtool -G eth0 rx "${size% *}" tx "${size#* }"
	carrier
	traffic_flows
done

step "down and up, 5 times"
for ((i = 1; i <= 5; i++)); do
	ip link set eth0 down
	ip link set eth0 up
	ip -6 address replace $guest6/64 dev eth0 nodad
	carrier
	traffic_flows 5 0
done
traffic_flows
traffic_stop

modprobe -r vmxnet3
step "bounce buffers: $(used) in use just after the driver has gone"
# A processor that has to free another's packet leaves it to the other, which looks when it next receives.
is_drained() {
	local cpu
	for cpu in 0 1; do taskset -c $cpu ping -q -c 1 127.0.0.1; done
	is_used "$before"
}
(wait_for 20 is_drained) || fail "$(used) bounce buffers stay in use, $before before the driver came"
