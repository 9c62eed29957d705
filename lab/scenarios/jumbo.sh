#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: MTU 9000: UDP of 8972 bytes and of other sizes both ways, none lost, the content compared
# vm: --nic vmxnet3 --timeout 180
# check: 6.12/ours
. "$(dirname "$0")/lib.sh"

at_peer ip link set tap0 mtu 9000
ip link set eth0 mtu 9000
carrier
traffic_server
step "every 31st size, whole frames and fragments"
$traffic sizes $peer 1473 8972 --step 31
$traffic sizes $peer 8960 8972
$traffic sizes $peer6 8940 8952
$traffic sizes $peer 8973 30000 --step 1501

step "8972 bytes both ways, then sizes around the steps of the buffers, beside a stream"
run() { $traffic run $peer --seconds 8 --loss 0 --window 12 "$@"; }
run --rate 200 --smallest 8972 --largest 8972 --stream-rate 1e6
run --rate 100 --smallest 1473 --largest 8972 --stream-rate 8e6
traffic_stop
