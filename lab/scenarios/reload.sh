#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: module removed and loaded 20 times under traffic, without a leak
# vm: --nic vmxnet3 --timeout 240
. "$(dirname "$0")/lib.sh"

# Pages and slab in use after everything deferred has been freed.
in_use() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
	sleep 0.5
	awk '/^MemFree/ { free = $2 } /^(Slab|VmallocUsed|Percpu):/ { print $1, $2 } END { print "MemFree:", free }' /proc/meminfo
}
slab() { in_use | awk '/^Slab/ { print $2 }'; }
free() { in_use | awk '/^MemFree/ { print $2 }'; }

round() {
	modprobe -r vmxnet3
	[ ! -e /sys/class/net/eth0 ] || fail "eth0 outlived its driver"
	modprobe vmxnet3
	wait_for 5 test -e /sys/class/net/eth0
	ip address add $guest/24 dev eth0
	ip link set eth0 up
	wait_for 5 grep -q 1 /sys/class/net/eth0/carrier
	ping -q -c 2 -i 0.1 -W 5 $peer > /dev/null || fail "no answer after a reload"
}

peer_start flood ping -q -f -s 1000 $guest # answered or not, it keeps the receive path busy
for ((i = 1; i <= 3; i++)); do round; done # caches and per-CPU lists fill
slab_before=$(slab) free_before=$(free)
for ((i = 1; i <= 20; i++)); do round; done
slab_after=$(slab) free_after=$(free)
step "20 reloads: slab $slab_before -> $slab_after kB, free $free_before -> $free_after kB"
# One ring's buffers are 2 MiB: a leak of one per reload would show as 40 MiB.
[ $((slab_after - slab_before)) -lt 2048 ] || fail "slab grew by $((slab_after - slab_before)) kB"
[ $((free_before - free_after)) -lt 8192 ] || fail "free memory shrank by $((free_before - free_after)) kB"
