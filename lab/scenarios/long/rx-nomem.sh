#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: no memory for what the stack is handed, with and without a copy: frames are dropped with a reason, all flows again
# vm: --nic vmxnet3 --timeout 300
# append: slub_debug=A,skbuff_head_cache
# kernels: debug
# drivers: ours
. "$(dirname "$0")/../lib.sh"

faults=/sys/kernel/debug/failslab
[ -e $faults/cache-filter ] || skip "this kernel injects no faults"
grown() { [ "$(both "$1")" -ge "$2" ]; }

# Only the heads of packets (slub_debug=A names their cache), and only where no one may wait.
[ "$(cat /sys/kernel/slab/skbuff_head_cache/failslab)" = 1 ] || fail "the kernel's command line lacks slub_debug=A,skbuff_head_cache"
echo Y > $faults/cache-filter
echo Y > $faults/ignore-gfp-wait
echo 0 > $faults/verbose
echo -1 > $faults/times
traffic_start main $peer
for longest in 0 512; do
	step "rx-copybreak $longest"
	ethtool --set-tunable eth0 rx-copybreak $longest
	before=$(both rxN_drop_nomem) copies=$(both rxN_copied)
	traffic_flows
	echo 50 > $faults/probability
	wait_for 60 grown rxN_drop_nomem $((before + 10))
	echo 0 > $faults/probability
	traffic_flows
	[ "$longest" = 0 ] || grown rxN_copied $((copies + 10)) || fail "nothing was copied"
done
traffic_stop
