#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: ethtool -i -S -k -g -l and the standard statistics agree with the traffic
# vm: --nic vmxnet3
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

step "driver and version"
ethtool -i eth0 | tee /dev/stderr | grep -q '^driver: vmxnet3$'
[ "$(ethtool -i eth0 | sed -n 's/^bus-info: //p')" = 0000:00:10.0 ] || fail "wrong bus address"

step "statistics count packets"
before_rx=$(number rx_packets) before_tx=$(number tx_packets)
ping -q -i 0.02 -c 100 $peer > /dev/null
rx=$(($(number rx_packets) - before_rx)) tx=$(($(number tx_packets) - before_tx))
echo "  100 pings: $tx sent, $rx received"
[ $tx -ge 100 ] && [ $tx -le 130 ] && [ $rx -ge 100 ] && [ $rx -le 130 ] || fail "counters do not follow"
[ "$(ethtool -S eth0 | wc -l)" -gt 5 ] || fail "ethtool -S is empty"

step "features, rings, channels"
ethtool -k eth0 | grep -q '^scatter-gather: on'
ethtool -k eth0 | grep -q '^tcp-segmentation-offload: on'
ethtool -k eth0 | grep -q '^rx-checksumming: on'
ethtool -k eth0 | grep -q '^generic-receive-offload: on'
ethtool -g eth0 | awk '/^Current/ { current = 1 } current && /^TX:/ { exit !($2 >= 128) }'
ethtool -l eth0 | awk '/^Current/ { current = 1 } current && /^(Combined|RX):/ && $2 > 0 { found = 1 } END { exit !found }'

if [ "$(drivers)" = ours ]; then
	step "rx-copybreak: frames up to it are copied, longer ones are not, resets and other rings keep it"
	copied() { echo $(($(counter rx0_copied) + $(counter rx1_copied))); }
	# copies SIZE MIN MAX      of 50 pings with so many bytes
	copies() {
		local before now
		before=$(copied)
		pings -i 0.02 -c 50 -s "$1" $peer
		now=$(($(copied) - before))
		[ $now -ge "$2" ] && [ $now -le "$3" ] || fail "$now frames of $1 bytes and more were copied"
	}
	copies 56 0 0
	ethtool --set-tunable eth0 rx-copybreak 128
	copies 56 50 80
	copies 400 0 30
	ethtool -G eth0 rx 512
	ip link set eth0 down
	ip link set eth0 up
	carrier
	copies 56 50 80
	! ethtool --set-tunable eth0 rx-copybreak 513 2> /dev/null || fail "513 bytes were taken"
	ethtool --get-tunable eth0 rx-copybreak | grep -q '^rx-copybreak: 128$'
	ethtool --set-tunable eth0 rx-copybreak 0
	copies 56 0 0
fi

step "link: down and up, as the peer sees it"
labctl link eth0 down
wait_for 5 grep -q 0 /sys/class/net/eth0/carrier
labctl link eth0 up
wait_for 5 grep -q 1 /sys/class/net/eth0/carrier
ping -q -c 2 $peer > /dev/null
