#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: ping over IPv4 and IPv6, small, full-sized and fragmented, none lost
# vm: --nic vmxnet3
# check: 6.1/ours 6.12/ours 7.3/ours 7.3/stock
. "$(dirname "$0")/lib.sh"

for size in 56 1472 4000; do
	step "IPv4, $size bytes"
	pings -i 0.05 -c 20 -s $size $peer
done
for size in 56 1452 4000; do
	step "IPv6, $size bytes"
	pings -i 0.05 -c 20 -s $size $peer6
done
step "from the peer's side"
at_peer bash -c ". '$here/lib.sh'; pings -i 0.05 -c 20 $guest"
