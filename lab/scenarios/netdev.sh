#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the netdev netlink family shows each queue's poller, its interrupt and its counters
# vm: --nic vmxnet3 --cpus 2
# kernels: 6.12 7.3
# check: 7.3/ours
# drivers: ours
. "$(dirname "$0")/lib.sh"

netdev() { /usr/bin/python3 "$here/netdev.py" "$@" eth0; }

step "every queue has a poller, every poller a receive interrupt of this interface"
netdev queues | tee /dev/stderr > /run/queues
[ "$(wc -l < /run/queues)" = 4 ] || fail "two pairs are four queues"
! grep -q ' 0$' /run/queues || fail "a queue without a poller"
[ "$(awk '{ print $3 }' /run/queues | sort -u | wc -l)" = 2 ] || fail "a pair has one poller"
netdev napis | tee /dev/stderr > /run/napis
while read -r napi irq; do
	grep -q " $napi$" /run/queues || fail "poller $napi serves no queue"
	grep -Eq "^ *$irq:.*eth0-rx-" /proc/interrupts || fail "interrupt $irq of poller $napi is no receive vector"
done < /run/napis

# What the queues and the device count together is what ip -s shows.
agree() {
	netdev total > /run/total
	read -r rx _ tx _ < /run/total
	[ "$rx" = "$(number rx_packets)" ] && [ "$tx" = "$(number tx_packets)" ]
}

step "counters per queue follow the traffic and add up"
# From the second processor, which sends through the second pair.
taskset -c 1 ping -q -i 0.02 -c 100 $peer > /dev/null
netdev qstats | tee /dev/stderr > /run/qstats
awk '$1 == "rx" { rx += $3; bytes += $4 } $1 == "tx" { tx += $3 } END { exit !(rx >= 100 && tx >= 100 && bytes >= 8400) }' /run/qstats ||
	fail "the queues counted less than was sent"
awk '$1 == "tx" && $2 == 1 { exit !($3 >= 100) }' /run/qstats || fail "the second pair sent nothing"
wait_for 5 agree

step "a pair less: its queues are not shown, what it counted is kept"
ethtool -L eth0 combined 1
[ "$(netdev queues | wc -l)" = 2 ] || fail "queues of a pair that is off are shown"
ping -q -i 0.02 -c 20 $peer > /dev/null
wait_for 5 agree
read -r rx _ tx _ < /run/total
[ "$rx" -ge 120 ] && [ "$tx" -ge 120 ] || fail "the counts of the pair that is off are gone"

step "down: no poller serves a queue"
ip link set eth0 down
[ -z "$(netdev queues)" ] || [ -z "$(netdev queues | grep -v ' 0$')" ] || fail "pollers are shown on an interface that is down"
ip link set eth0 up
ethtool -L eth0 combined 2
carrier
[ "$(netdev queues | grep -vc ' 0$')" = 4 ] || fail "the pollers did not come back"
