#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: tracepoints tell what happened; devlink health is told of resets, recovers, and goes in peace
# vm: --nic vmxnet3 --timeout 400 --expect "dev_watchdog|NETDEV WATCHDOG" --expect "pending DMA allocations while released"
# drivers: ours
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

device=0000:00:10.0 driver=/sys/bus/pci/drivers/vmxnet3
tracing=/sys/kernel/tracing reporter="pci/$device reporter queues"

more() { [ "$(counter "$1")" -gt "$2" ]; }

# Of the four tracepoints: lines that are as documented, one a line and without the stamps.
traced() {
	grep -oE "vmxnet3_tx_doorbell: ifindex=$1 queue=[0-9]+ prod=[0-9]+$|vmxnet3_rx_poll: ifindex=$1 queue=[0-9]+ budget=[0-9]+$
vmxnet3_tx_batch: ifindex=$1 queue=[0-9]+ cons=[0-9]+ packets=[0-9]+ bytes=[0-9]+$
vmxnet3_rx_batch: ifindex=$1 queue=[0-9]+ packets=[0-9]+$" $tracing/trace || true
}
# sum EVENT FIELD          over its lines
sum() { sed -n "s/^vmxnet3_$1: .*$2=\([0-9]*\).*/\1/p" /run/traced | awk '{ sum += $1 } END { print sum + 0 }'; }
lines() { grep -c "^vmxnet3_$1:" /run/traced || true; }
both() { echo $(($(counter "$1$2") + $(counter "${1}1${2#0}"))); }
counted() { echo "$(both tx 0_packets) $(both tx 0_bytes) $(both tx 0_doorbells) $(both rx 0_packets)"; }
trace_pings() {
	local before after
	echo > $tracing/trace
	before=$(counted)
	echo 1 > $tracing/events/vmxnet3/enable
	pings -c 20 -i 0.05 $peer
	echo 0 > $tracing/events/vmxnet3/enable
	after=$(counted)
	# shellcheck disable=SC2086  # four numbers each
	set -- $before $after
	counted="$(($5 - $1)) $(($6 - $2)) $(($7 - $3)) $(($8 - $4))"
	traced "$(cat /sys/class/net/eth0/ifindex)" > /run/traced
}

step "tracepoints: pings by the lines and by the counters"
[ -d $tracing/events/vmxnet3 ] || mount -t tracefs trace $tracing
# A stray packet between a counter and the switch is no fault, every time would be one.
for try in 1 2 3 4 5; do
	trace_pings
	is "lines that are not as documented" "$(grep -c vmxnet3_ $tracing/trace)" "$(wc -l < /run/traced)"
	told="$(sum tx_batch packets) $(sum tx_batch bytes) $(lines tx_doorbell) $(sum rx_batch packets)"
	echo "  packets, bytes, doorbells, received: traced $told, counted $counted"
	[ "$told" != "$counted" ] || break
	[ $try -lt 5 ] || fail "the lines do not tell what the counters do"
done
[ "$(lines rx_batch)" -ge 20 ] || fail "only $(lines rx_batch) receive polls"
is "receive polls begun and ended" "$(lines rx_poll)" "$(lines rx_batch)"
last() { sed -n "s/^vmxnet3_$1: .*queue=$queue .*\(prod\|cons\)=\([0-9]*\).*/\2/p" /run/traced | tail -n 1; }
for queue in 0 1; do
	is "where queue $queue was rung for and completed to" "$(last tx_doorbell | sed 's/^/at /')" "$(last tx_batch | sed 's/^/at /')"
done
echo > $tracing/trace
pings -c 5 -i 0.1 $peer
is "lines while switched off" "$(grep -c vmxnet3_ $tracing/trace)" 0

traffic_start main $peer
traffic_flows

grep -q ' devlink_health_report$' /proc/kallsyms || { step "this kernel has no devlink" && traffic_stop && exit 0; }

# shellcheck disable=SC2086  # three words
health() { devlink -j health show $reporter | sed -n "s/.*\"$1\":\"\?\([a-z0-9]*\).*/\1/p"; }
# shellcheck disable=SC2086  # three words
recover() { devlink health recover $reporter; }
state_is() { [ "$(health state)" = "$1" ]; }
all_told() { [ "$(health error)" = "$(counter resets)" ]; }
# hang                     until the watchdog has seen it, and on
hang() {
	local before floods=() i
	ethtool -G eth0 tx 128 || [ $? = 80 ]
	carrier
	before=$(counter reset_tx_timeout)
	labctl hostile vmxnet3 drop-doorbells 1000000 > /dev/null
	for ((i = 0; i < 6; i++)); do
		ping -q -f -w 60 $peer > /dev/null 2>&1 &
		floods+=($!)
	done
	wait_for 60 more reset_tx_timeout "$before"
	labctl hostile vmxnet3 faithful > /dev/null
	kill "${floods[@]}" 2> /dev/null || true
	wait "${floods[@]}" || true
	traffic_flows
}

step "devlink health: nothing has happened yet"
is "state, errors, recoveries" "$(health state) $(health error) $(health recover)" "healthy 0 0"
# shellcheck disable=SC2086  # three words
devlink health dump show $reporter > /run/dump 2>&1 && fail "there is a dump: describe it in Documentation/vmxnet3.md"
# shellcheck disable=SC2086  # three words
devlink -j health diagnose $reporter > /run/diagnosis
for word in '"device_version":1' '"active":true' '"gone":false' '"queue":0' '"queue":1' '"tx_broken":false' '"rx_broken":false'; do
	grep -qF "$word" /run/diagnosis || fail "no $word in the diagnosis: $(cat /run/diagnosis)"
done
recover # the kernel asks nobody about a healthy reporter
nap 1
is "resets by recovering what is healthy" "$(counter resets)" 0

step "a hang is reported, with its reason, and recovered"
hang
wait_for 20 all_told
is "state" "$(health state)" healthy
[ "$(health error)" -ge 1 ] && [ "$(health error)" = "$(health recover)" ] || fail "errors and recoveries: $(health error) and $(health recover)"
is "resets and their reason" "$(counter resets)" "$(counter reset_tx_timeout)"

step "with auto_recover off the driver recovers all the same; the reporter waits for the user"
# shellcheck disable=SC2086  # three words
devlink health set $reporter auto_recover false
hang
wait_for 20 state_is error
is "resets by the user" "$(counter reset_user)" 0
recover
wait_for 60 more reset_user 0
is "resets by the user" "$(counter reset_user)" 1
traffic_flows

step "recovery while the interface is down is forgotten when it comes up"
wait_for 20 all_told
state_is error || hang
wait_for 20 state_is error
resets=$(counter resets)
ip link set eth0 down
activations=$(counter activations)
recover
is "state" "$(health state)" healthy
nap 1
is "activations while down" "$(counter activations)" "$activations"
ip link set eth0 up
carrier
traffic_flows
is "activations by coming up" $(($(counter activations) - activations)) 1
is "resets" "$(counter resets)" "$resets"

ask_on() { while :; do recover; devlink health diagnose $reporter; done > /dev/null 2>&1; }
step "recovery and diagnosis while the driver is unbound, 5 times, once of a reporter in error"
for ((i = 1; i <= 5; i++)); do
	if [ $i = 1 ]; then
		hang
		wait_for 20 state_is error
		recover &
		once=$!
	fi
	# shellcheck disable=SC2086  # three words
	ask_on &
	asking=$!
	nap 0.$i
	echo $device > $driver/unbind
	[ $i != 1 ] || wait "$once" || true
	[ ! -e /sys/class/net/eth0 ] || fail "eth0 outlived its driver"
	# shellcheck disable=SC2086  # three words
	devlink health show $reporter > /dev/null 2>&1 && fail "the reporter outlived its driver"
	echo $device > $driver/bind
	bring_up
	traffic_flows
	kill "$asking" && wait "$asking" 2> /dev/null || true
	is "state, errors, resets" "$(health state) $(health error) $(counter resets)" "healthy 0 0"
done
traffic_stop
nothing_mapped $device
