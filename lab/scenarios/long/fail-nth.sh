#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: each allocation of probe, open, resize, channels, MTU, reset and PCI recovery fails once; nothing leaks, the next try works
# vm: --nic vmxnet3 --timeout 5400 --expect "pending DMA allocations while released"
# append: acpi=noirq slub_debug=A;-,radix_tree_node
# kernels: debug
# drivers: ours
. "$(dirname "$0")/../lib.sh"

# Without acpi=noirq the firmware takes half a minute to route the interrupts of a bound device.
# Single ones:  VMGUEST_APPEND='acpi=noirq slub_debug=A;-,radix_tree_node' lab/vm --kernel debug --nic vmxnet3 --timeout 900 -- bash lab/scenarios/long/fail-nth.sh open
[ -w /proc/self/fail-nth ] || skip "this kernel injects no faults"
modprobe pci_calls device=0000:00:10.0 || fail "run scripts/kmod build KERNEL=debug TESTS=1, and once more"
at_peer ip link set tap0 mtu 9000
peer_start flood ping -q -i 0.02 $guest # answered or not, the poller has work when things fail
step "each allocation fails once"
/usr/bin/python3 -B "$here/failnth.py" "$@"
step "everything works"
ping -q -c 2 $peer > /dev/null
# It gives up without a report when it has no memory itself.
echo scan > /sys/kernel/debug/kmemleak || fail "the search for leaks has ended too soon"
peer_stop flood > /dev/null || true
nothing_mapped 0000:00:10.0
