#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: suspended and resumed under traffic, the interface up or down; the same connections go on
# vm: --nic vmxnet3 --timeout 240
# kernels: 6.1 6.12
# check: 6.1/ours 6.12/ours
. "$(dirname "$0")/lib.sh"

# The kernel's test mode puts all devices to sleep and wakes them after a second. The lab's virtio-9p does
# not come back from that, so from the first sleep on no file of the host's can be opened: no program
# may be started or end, only builtins work, and what runs has to be in memory. On 7.3 the lab's virtio
# console does not come back either, so there is no way to hear of the result.
[ ! -e /sys/kernel/debug/kmemleak ] || skip "the debug kernel's session starts programs at the end"

# The session learns our status while we stay: ending closes files.
trap 'echo $? > /run/vmguest/status; kill -USR1 1; while :; do nap 60; done' EXIT

echo 1 > /sys/module/suspend/parameters/pm_test_delay
traffic_start main $peer
traffic_flows
load_all
for state in freeze mem freeze mem; do
	sleeps $state
	step "resumed from $state"
	traffic_flows
done
echo 0x1002 > /sys/class/net/eth0/flags
sleeps mem
echo 0x1003 > /sys/class/net/eth0/flags
step "resumed with the interface down, then up"
traffic_flows
sleeps freeze
traffic_flows
traffic_end
