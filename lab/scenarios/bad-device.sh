#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: a device that lies, refuses or vanishes: named, reset at a bearable rate, let go; what is right afterwards works
# vm: --nic vmxnet3 --timeout 300 --expect "dev_watchdog|NETDEV WATCHDOG" --expect "pending DMA allocations while released"
# drivers: ours
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

device=0000:00:10.0
modprobe forge || fail "run scripts/kmod build KERNEL=$(release) TESTS=1, and once more"

grown() { [ "$(counter "$1")" -gt "$2" ]; }
# The device's own completion may come in between and take the forged one's place.
forged() {
	echo "$1" > /sys/module/forge/parameters/act
	nap 0.2
	grown "$2" "$3"
}
# bus_master 1|0           what it may not read it cannot be activated with
bus_master() { setpci -s $device COMMAND=$(($1 * 4)):4; }
# QEMU's device gives up (an assertion) if a frame comes while it is active and may not read its rings, so
# there is no traffic then.
refusing() {
	at_peer ip link set tap0 carrier off
	nap 0.3
	bus_master 0
}
granting() {
	bus_master 1
	at_peer ip link set tap0 carrier on
}
flows_again() {
	carrier
	traffic_flows
}
# Another driver instance has no memory of resets, so none waits for half a minute.
afresh() {
	modprobe -r vmxnet3
	modprobe vmxnet3
	bring_up
	traffic_flows
}

carrier
traffic_start four $peer
traffic_start six $peer6 --rate 50 --stream-rate 500000
traffic_flows

while read -r act counter; do
	step "$act: impossible, so the queue is reset and $counter says why"
	resets=$(counter reset_bad_completion)
	wait_for 20 forged "$act" "$counter" "$(counter "$counter")"
	wait_for 20 grown reset_bad_completion "$resets"
	flows_again
done <<-END
	rx-ring rx0_bad_ring
	rx-twice rx0_bad_slot
	rx-beyond rx0_bad_slot
	rx-long rx0_bad_len
	rx-no-start rx0_bad_order
	tx-twice tx0_bad_completion
END

step "a device that goes on lying is reset less and less often"
before=$(counter resets)
for _ in {1..100}; do
	echo rx-ring > /sys/module/forge/parameters/act 2> /dev/null || true
	nap 0.05
done
resets=$(($(counter resets) - before))
echo "  $resets resets in some 5 s"
[ "$resets" -le 3 ] || fail "$resets resets"
carrier
traffic_flows
afresh

step "activation refused: the interface stays down with an error, and comes up once it is granted"
refused=$(counter activate_refused)
ip link set eth0 down
bus_master 0
! ip link set eth0 up 2> /run/said || fail "an interface is up whose device refused"
grep -q 'Input/output error' /run/said || fail "not told why: $(cat /run/said)"
[ "$(counter activate_refused)" = $((refused + 1)) ] || fail "not counted"
bus_master 1
up_again
traffic_flows

step "a reset is refused: the driver tries again until it is granted"
traffic_end
refused=$(counter activate_refused)
refusing
! ethtool -G eth0 rx 512 2> /run/said || fail "a refused resize was called good"
wait_for 30 grown activate_refused $((refused + 2))
[ "$(cat /sys/class/net/eth0/carrier)" = 0 ] || fail "the carrier is on"
granting
carrier
pings -c 5 -i 0.2 $peer
ethtool -g eth0 | grep -q '^RX:.*1024$' || fail "the refused size stays"

step "settings that a refused activation has not brought in are not shown"
for setting in "-C eth0 adaptive-rx off" "-X eth0 hkey $(printf '5a:%.0s' {1..39})5a"; do
	before=$(ethtool -c eth0; ethtool -x eth0)
	refusing
	# shellcheck disable=SC2086  # several words
	! ethtool $setting 2> /dev/null || fail "refused, and called good: $setting"
	granting
	carrier
	pings -c 5 -i 0.2 $peer
	[ "$(ethtool -c eth0; ethtool -x eth0)" = "$before" ] || fail "refused, and still there: $setting"
done

step "the device vanishes under traffic: no hang, no access, and the interface says so"
traffic_start four $peer
traffic_start six $peer6 --rate 50 --stream-rate 500000
traffic_flows
labctl hostile vmxnet3 vanish > /dev/null
no_carrier() { [ "$(cat /sys/class/net/eth0/carrier)" = 0 ]; }
floods=()
for _ in 1 2 3; do
	ping -q -f -w 60 $peer > /dev/null 2>&1 &
	floods+=($!)
done
wait_for 60 no_carrier
kill "${floods[@]}" 2> /dev/null || true
wait "${floods[@]}" || true
activations=$(counter activations)
ip link set eth0 down
! ip link set eth0 up 2> /run/said || fail "an interface is up without a device"
grep -q 'No such device' /run/said || fail "not told why: $(cat /run/said)"
[ "$(counter activations)" = "$activations" ] || fail "activated without a device"

step "removed and found again, it is a new device"
labctl hostile vmxnet3 faithful > /dev/null
found_again $device
traffic_flows
traffic_stop
nothing_mapped $device
