#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: unbound and bound 50 times, removed and loaded 50 times, under traffic, without a leak
# vm: --nic vmxnet3 --timeout 600
# check: 6.1/ours 7.3/ours 6.12/stock
. "$(dirname "$0")/lib.sh"

device=0000:00:10.0 driver=/sys/bus/pci/drivers/vmxnet3

# Pages and slab in use after everything deferred has been freed.
in_use() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
	sleep 0.5
	awk '/^MemFree/ { free = $2 } /^(Slab|VmallocUsed|Percpu):/ { print $1, $2 } END { print "MemFree:", free }' /proc/meminfo
}
slab() { in_use | awk '/^Slab/ { print $2 }'; }
free() { in_use | awk '/^MemFree/ { print $2 }'; }

gone() { [ ! -e /sys/class/net/eth0 ] || fail "eth0 outlived its driver"; }
back() {
	[ -e /sys/class/net/eth0 ] || fail "there is no eth0"
	ip -b - <<-END
		address add $guest/24 dev eth0
		link set eth0 up
	END
	carrier
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
slab_before=$(slab) free_before=$(free)
for ((i = 1; i <= 50; i++)); do rebind; done
step "bound 50 times"
traffic_flows
for ((i = 1; i <= 50; i++)); do reload; done
step "loaded 50 times"
traffic_flows
slab_after=$(slab) free_after=$(free)
step "slab $slab_before -> $slab_after kB, free $free_before -> $free_after kB"
# One ring's buffers are 2 MiB: a leak of one per round would show as 200 MiB.
[ $((slab_after - slab_before)) -lt 4096 ] || fail "slab grew by $((slab_after - slab_before)) kB"
[ $((free_before - free_after)) -lt 8192 ] || fail "free memory shrank by $((free_before - free_after)) kB"
traffic_stop
