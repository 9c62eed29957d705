#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: unbound and bound 50 times, removed and loaded 50 times, under traffic, without a leak
# vm: --nic vmxnet3 --timeout 600 --expect "pending DMA allocations while released"
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

device=0000:00:10.0 driver=/sys/bus/pci/drivers/vmxnet3

# in_use                   slab and free memory in kB while the driver has no device; what is freed late,
# like pages that a socket still held, has had its time
in_use() {
	echo $device > $driver/unbind
	sync
	echo 3 > /proc/sys/vm/drop_caches
	nap 2
	awk '/^MemFree/ { free = $2 } /^Slab/ { slab = $2 } END { print slab, free }' /proc/meminfo
	echo $device > $driver/bind
}

gone() { [ ! -e /sys/class/net/eth0 ] || fail "eth0 outlived its driver"; }
back() {
	[ -e /sys/class/net/eth0 ] || fail "there is no eth0"
	bring_up
	traffic_flows 5 0
}
rebind() {
	echo $device > $driver/unbind
	gone
	echo $device > $driver/bind
	back
}
reload() {
	rmmod vmxnet3
	gone
	insmod /run/vmxnet3.ko
	back
}

# Free pages that a CPU keeps for itself are not counted, and a kernel that tunes their number keeps megabytes.
sysctl -qw vm.percpu_pagelist_high_fraction=1000

modprobe -r vmxnet3 # and load it by hand from now on: 50 look-ups in the index are not what is tested
case $(modinfo -n vmxnet3) in
*.xz) xz -dc "$(modinfo -n vmxnet3)" > /run/vmxnet3.ko ;;
*) cp "$(modinfo -n vmxnet3)" /run/vmxnet3.ko ;;
esac
insmod /run/vmxnet3.ko
traffic_start main $peer
peer_start flood ping -q -f -s 1000 $guest # answered or not, it keeps the receive path busy
back
for ((i = 1; i <= 3; i++)); do rebind; done # caches and per-CPU lists fill
in_use > /run/before
back
often=$(rounds 50)
for ((i = 1; i <= often; i++)); do rebind; done
step "bound $often times"
traffic_flows
for ((i = 1; i <= often; i++)); do reload; done
step "loaded $often times"
traffic_flows
in_use > /run/after
read -r slab_before free_before < /run/before
read -r slab_after free_after < /run/after
step "slab $slab_before -> $slab_after kB, free $free_before -> $free_after kB"
# One ring's buffers are 2 MiB: a leak of one per round would show as 200 MiB, or 40 in a quick run.
[ $((slab_after - slab_before)) -lt 4096 ] || fail "slab grew by $((slab_after - slab_before)) kB"
[ $((free_before - free_after)) -lt 8192 ] || fail "free memory shrank by $((free_before - free_after)) kB"
traffic_stop
nothing_mapped $device
