#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: interface down and up 50 times under traffic both ways; content is whole after each
# vm: --nic vmxnet3 --timeout 240
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

traffic_start main $peer --rate 200
peer_start flood ping -q -f -s 1000 $guest # answered or not, it keeps the receive path busy
traffic_flows
often=$(rounds 50)
for ((i = 1; i <= often; i++)); do
	ip link set eth0 down
	ip link set eth0 up
	carrier
	traffic_flows 5 0
done
step "$often rounds; the stream flows again"
traffic_flows
traffic_stop
