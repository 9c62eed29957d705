#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: UDP of 18 and 1472 bytes each way at a rate the lab can carry, nothing lost
# vm: --nic vmxnet3
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

# iperf3's own floor is 16 bytes; 18 make the smallest Ethernet frame, 1472 the largest.
# 500 packets a second are far below what the slowest lab machine carries.
# A stall of the machine shall not overflow the receiving socket, which is not what is tested.
sysctl -qw net.core.rmem_default=$((8 << 20))
iperf_server
for size in 18 1472; do
	for way in "" -R; do
		step "$size bytes ${way:-up}"
		rate=$((size * 8 * 500))
		iperf3 -c $peer -u -l $size -b $rate -t 2 $way --json > /run/udp.json
		python3 - "$size" <<-'CHECK'
			import json, sys
			end = json.load(open("/run/udp.json"))["end"]["sum"]
			print(f"  {end['packets']} packets, {end['lost_packets']} lost")
			assert end["packets"] > 750 and end["lost_packets"] == 0, "packets were lost"
		CHECK
	done
done
step "content: datagrams of every size come back as they were"
traffic_server
$traffic sizes $peer6 1 1452
