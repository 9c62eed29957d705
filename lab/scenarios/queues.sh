#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: RSS table and key, channels, moderation and register dump do as asked or refuse, under traffic
# vm: --nic vmxnet3 --cpus 4 --timeout 300
# drivers: ours
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

# The queue of each of the 128 entries, on one line; how often each queue is in it.
table() { ethtool -x eth0 | awk '/^ *[0-9]+:/ { for (i = 2; i <= NF; i++) printf "%s ", $i }'; }
shares() { table | tr ' ' '\n' | grep . | sort -n | uniq -c | awk '{ printf "%s%s:%s", (NR > 1 ? " " : ""), $2, $1 }'; }
key() { ethtool -x eth0 | sed -n '/^RSS hash key/{n;p}'; }
channels() { ethtool -l eth0 | sed -n '/^Current/,$s/^Combined:[[:space:]]*//p'; }
senders() { cat /sys/class/net/eth0/queues/tx-[0-3]/xps_cpus | xargs; }
moderation() { ethtool -c eth0 | sed -n 's/^Adaptive RX: \([a-z]*\).*/\1/p'; }
settings() { ethtool -x eth0 && ethtool -l eth0 && ethtool -c eth0 && counter activations; }

# is WHAT GOT WANTED
# refused CMD…             it fails, and nothing is other than before
refused() {
	local before
	before=$(settings)
	if "$@" > /run/refusal 2>&1; then fail "accepted: $*"; fi
	[ -s /run/refusal ] || fail "refused without a word: $*"
	is "after '$*' was refused" "$(settings)" "$before"
}
# activates COUNT CMD…     it succeeds with so many activations
activates() {
	local before want=$1
	before=$(counter activations)
	shift
	"$@" || fail "refused: $*"
	is "activations by '$*'" $(($(counter activations) - before)) "$want"
}

traffic_start four $peer
traffic_start six $peer6 --rate 50 --stream-rate 500000
traffic_flows
is "channels" "$(channels)" 4
is "the senders of each queue" "$(senders)" "1 2 4 8"

step "the table: spread, equal, by weight, one queue, and back"
is "default" "$(shares)" "0:32 1:32 2:32 3:32"
activates 0 ethtool -X eth0 equal 2
is "equal 2" "$(shares)" "0:64 1:64"
traffic_flows
activates 0 ethtool -X eth0 weight 1 0 3 4
is "weight 1 0 3 4" "$(shares)" "0:16 2:48 3:64"
traffic_flows
for queue in 0 3; do
	activates 0 ethtool -X eth0 start $queue equal 1
	is "start $queue equal 1" "$(shares)" "$queue:128"
	zero=$(counter rx0_packets) others=$(($(counter rx1_packets) + $(counter rx2_packets) + $(counter rx3_packets)))
	traffic_flows
	[ "$(counter rx0_packets)" -gt "$zero" ] || fail "nothing was received on queue 0"
	# QEMU's device receives on queue 0 whatever the table says: Documentation/vmxnet3.md, Limits.
	is "packets on the other queues" $(($(counter rx1_packets) + $(counter rx2_packets) + $(counter rx3_packets))) $others
done

step "a key, which takes a reset; the table stays"
key=$(for ((i = 1; i <= 40; i++)); do printf ':%02x' $((i * 5 % 256)); done)
activates 1 ethtool -X eth0 hkey "${key:1}"
is "the key" "$(key)" "${key:1}"
is "the table" "$(shares)" "3:128"
carrier
traffic_flows

step "what cannot be is refused and changes nothing"
refused ethtool -X eth0 equal 5
refused ethtool -X eth0 hkey 01:02
refused ethtool -X eth0 hfunc xor
refused ethtool -X eth0 context new equal 1
refused ethtool -L eth0 combined 2 # the table names queue 3
activates 0 ethtool -X eth0 default
is "default" "$(shares)" "0:32 1:32 2:32 3:32"
for words in "combined 0" "combined 3" "combined 5" "combined 8" "rx 1" "tx 2" "combined 2 other 3"; do
	# shellcheck disable=SC2086  # several words
	refused ethtool -L eth0 $words
done
for words in "rx-usecs 10" "tx-usecs 10" "rx-frames 4" "adaptive-tx on"; do
	# shellcheck disable=SC2086  # several words
	refused ethtool -C eth0 $words
done
traffic_flows

step "moderation off and on, a reset each"
for value in off on; do
	activates 1 ethtool -C eth0 adaptive-rx $value
	is "moderation" "$(moderation)" $value
	carrier
	traffic_flows
done

# dump                     ethtool -d as numbers: pairs, versions, UPT versions, MAC low and high, events,
#                          and 12 for each pair
dump() { ethtool -d eth0 raw on | od -An -v -t u4 -w4 | tr -d ' '; }
check_dump() {
	local words mac i
	mapfile -t words < <(dump)
	is "numbers in the dump" ${#words[@]} 54
	is "pairs in the dump" "${words[0]}" 4
	[ $((words[1] & 1)) = 1 ] || fail "version 1 is not among the versions ${words[1]}"
	mac=$(printf '%02x:' $((words[3] & 255)) $((words[3] >> 8 & 255)) $((words[3] >> 16 & 255)) $((words[3] >> 24)) \
		$((words[4] & 255)) $((words[4] >> 8)))
	is "the address in the dump" "${mac%:}" "$(cat /sys/class/net/eth0/address)"
	for ((i = 0; i < 4; i++)); do
		if [ $i -lt "$1" ]; then want="512 1024"; else want="0 0"; fi
		is "rings of pair $i in the dump" "${words[6 + 12 * i]} ${words[11 + 12 * i]}" "$want"
	done
}
step "the register dump: 54 numbers, which ethtool does not take for another driver's"
check_dump 4
[ "$(ethtool -d eth0 | wc -l)" -lt 20 ] || fail "ethtool -d has something to say about our numbers"
ethtool -d eth0 | grep -q '^0x0000:.*04 00 00 00' || fail "ethtool -d is no table of bytes"

step "a sender that comes late for a queue that is gone"
modprobe pktgen
echo "add_device eth0" > /proc/net/pktgen/kpktgend_3
# One packet for queue 3, sent from CPU 3 over and over: pktgen looks for a queue only when it makes a packet.
for words in "count 0" "clone_skb 1000000" "pkt_size 200" "delay 1000000" "dst $peer" "dst_mac $(ip neigh show $peer dev eth0 | sed "s/.*lladdr \([^ ]*\).*/\1/")" \
	"flag QUEUE_MAP_CPU"; do
	echo "$words" > /proc/net/pktgen/eth0
done
echo start > /proc/net/pktgen/pgctrl &
grown() { [ "$(number "$1")" -gt $(($2 + 20)) ]; }
sent() { [ "$(counter tx3_packets)" -gt $(($1 + 20)) ]; }
wait_for 20 sent "$(counter tx3_packets)"
grep -q 'cur_queue_map: 3' /proc/net/pktgen/eth0 || fail "pktgen does not send on queue 3"
for count in 2 1; do
	activates 1 ethtool -L eth0 combined $count
	is "channels" "$(channels)" $count
	is "the table" "$(shares)" "$([ $count = 1 ] && echo 0:128 || echo 0:64 1:64)"
	last=$(counter tx3_packets)
	wait_for 20 grown tx_dropped "$(number tx_dropped)"
	[ "$(counter tx_drop_queue)" -gt 20 ] || fail "the reason is not counted"
	is "packets of queue 3" "$(counter tx3_packets)" "$last"
	carrier
	traffic_flows
	check_dump $count
done
activates 1 ethtool -L eth0 combined 4
is "the table" "$(shares)" "0:32 1:32 2:32 3:32"
is "the senders of each queue" "$(senders)" "1 2 4 8"
wait_for 20 sent "$(counter tx3_packets)"
echo stop > /proc/net/pktgen/pgctrl
wait $!
traffic_flows
traffic_stop
