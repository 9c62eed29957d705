#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: segments that come one at a time: merged across polls where gro_flush_timeout says so, never with GRO off
# vm: --nic vmxnet3 --cpus 1 --timeout 300
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

sent=80
tracing=/sys/kernel/tracing
# payloads                 bytes of each packet of the flow that the stack was given
payloads() { sed -n 's/.* tcp \([0-9]*\)$/\1/p' /run/gro; }
has_all() { [ "$(payloads | awk '{ n += $1 } END { print n + 0 }')" = $((sent * 100)) ]; }
# arrive WHAT              sets 'packets' to how many packets the segments have become, none lost, and 'polls' to
#                          how many polls found any
arrive() {
	local pid
	tcpdump -p -i eth0 -s 128 -nn -q -l --immediate-mode "tcp and src port 40000" > /run/gro 2> /run/gro.log &
	pid=$!
	wait_for 40 grep -q '^listening' /run/gro.log
	echo > $tracing/trace
	at_peer /usr/bin/python3 "$here/segments.py" tap0 $peer $guest $sent 0.0005
	wait_for 20 has_all
	kill $pid && wait $pid || true
	packets=$(payloads | wc -l) polls=$(grep -c 'device eth0 work [1-9]' $tracing/trace || true)
	step "$1: $sent segments in $polls polls became $packets packets"
}
# Without being told to keep any, each poll that finds segments hands at least one packet up. Other frames have polls,
# too: few polls prove nothing.
were_kept() { [ "$polls" -ge 20 ] && [ $((packets * 4)) -le $((polls * 3)) ]; }

# The peer has to know the guest's address on the wire.
ping -q -c 1 $peer > /dev/null
ethtool -K eth0 gro on lro off > /dev/null
echo 1 > $tracing/events/napi/napi_poll/enable

arrive "as it comes"
! were_kept || fail "they were kept although nothing says so"
echo 100000000 > /sys/class/net/eth0/gro_flush_timeout
# GRO keeps nothing beyond a tick of 4 ms: on a busy machine they may come too slowly.
is_kept=''
for ((i = 0; i < 20 && !is_kept; i++)); do
	arrive "gro_flush_timeout of 100 ms"
	! were_kept || is_kept=1
done
[ "$is_kept" ] || fail "they were not merged"
ethtool -K eth0 gro off > /dev/null
arrive "GRO off"
[ "$packets" = $sent ] || fail "they were merged although GRO is off"
