#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: PCI errors: traffic stops, and flows again after the slot's reset; a lost device is let go
# vm: --nic vmxnet3 --timeout 240 --expect "pending DMA allocations while released"
# drivers: ours
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

device=0000:00:10.0
modprobe pci_calls device=$device || fail "run scripts/kmod build KERNEL=$(release) TESTS=1, and once more"

# told CALLS               the driver is told so, and answers as it should
told() { echo "$1" > /sys/module/pci_calls/parameters/calls || fail "not answered as it should be: $1"; }
is_detached() { ! ethtool -G eth0 rx 2048 2> /dev/null; } # no ring of ours has that size

ethtool -G eth0 rx 512 tx 256
ip link set eth0 address 52:54:00:aa:bb:cc
carrier
traffic_start four $peer
traffic_start six $peer6 --rate 50 --stream-rate 500000
traffic_flows
before=$(settings)

count=0
for error in frozen normal frozen; do
	step "$error: told, reset, resumed under traffic"
	told $error,forget,slot_reset,resume
	count=$((count + 1))
	[ "$(counter reset_pci)" = $count ] || fail "reset_pci is $(counter reset_pci), not $count"
	[ "$(counter resets)" = 0 ] || fail "there were other resets"
	carrier
	traffic_flows
	[ "$(settings)" = "$before" ] || fail "settings were lost: $(diff <(echo "$before") <(settings))"
done

step "between error and reset nothing is sent and nothing can be set"
told frozen,forget
is_detached || fail "the interface is still there for the stack"
sent=$(number tx_packets)
nap 2
[ "$(number tx_packets)" = "$sent" ] || fail "packets were sent to a frozen device"
told slot_reset,resume
carrier
traffic_flows

step "told to resume though it never stopped"
told resume
carrier
traffic_flows
[ "$(settings)" = "$before" ] || fail "settings were lost: $(diff <(echo "$before") <(settings))"

step "down at the time of the error, and down in the middle of it"
ip link set eth0 down
told frozen,forget,slot_reset,resume
up_again
traffic_flows
told frozen,forget
ip link set eth0 down
ip link set eth0 up 2> /dev/null && fail "a frozen device could be brought up"
told slot_reset,resume
up_again
traffic_flows

for error in permanent frozen,forget,permanent frozen,forget; do
	step "$error: lost; removed and found again, it is a new device"
	told $error
	is_detached || fail "the interface is still there for the stack"
	sent=$(number tx_packets)
	nap 2
	[ "$(number tx_packets)" = "$sent" ] || fail "packets were sent to a lost device"
	found_again $device
	traffic_flows
done
traffic_stop
nothing_mapped $device
