#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the device alone is put to sleep and woken under traffic, with and without losing its configuration space
# vm: --nic vmxnet3 --timeout 240
# drivers: ours
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

# suspend.sh puts the whole machine to sleep, which on 7.3 leaves nobody to tell of it. This makes the
# calls of the kernel's suspend for the NIC only.
[ -e /sys/power/state ] || skip "this kernel is built without suspend"
device=0000:00:10.0
modprobe pci_calls device=$device || fail "run scripts/kmod build KERNEL=$(release) TESTS=1, and once more"

told() { echo "$1" > /sys/module/pci_calls/parameters/calls || fail "not answered as it should be: $1"; }

ethtool -G eth0 rx 512 tx 256
ip link set eth0 address 52:54:00:aa:bb:cc
carrier
traffic_start four $peer
traffic_start six $peer6 --rate 50 --stream-rate 500000
traffic_flows
before=$(settings)

for calls in suspend,wake suspend,forget,wake suspend,wake,suspend,forget,wake; do
	step "$calls under traffic"
	told $calls
	carrier
	traffic_flows
	[ "$(settings)" = "$before" ] || fail "settings were lost: $(diff <(echo "$before") <(settings))"
done
[ "$(counter resets)" = 0 ] || fail "there were resets"

step "asleep for two seconds: nothing is sent, nothing can be set"
told suspend
sent=$(number tx_packets)
! ethtool -G eth0 rx 2048 2> /dev/null || fail "the interface is still there for the stack"
nap 2
[ "$(number tx_packets)" = "$sent" ] || fail "packets were sent to a sleeping device"
told forget,wake
carrier
traffic_flows

step "down while it sleeps, and up afterwards"
ip link set eth0 down
told suspend,forget,wake
up_again
traffic_flows

step "armed to wake the machine by every means it has"
ethtool -s eth0 wol uag
told suspend,forget,wake
carrier
traffic_flows
[ "$(ethtool eth0 | awk '/^\tWake-on/ { print $2 }')" = uag ] || fail "it would not wake any more"
traffic_stop
