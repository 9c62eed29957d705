#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: ethtool -i -S -k -g -l and the standard statistics agree with the traffic
# vm: --nic vmxnet3
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

step "link: down and up, as the peer sees it"
labctl link eth0 down
wait_for 5 grep -q 0 /sys/class/net/eth0/carrier
labctl link eth0 up
wait_for 5 grep -q 1 /sys/class/net/eth0/carrier
ping -q -c 2 $peer > /dev/null
