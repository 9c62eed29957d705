# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# What scenarios share.  A scenario runs in the guest with 'set -eu': a failing line fails it.
# shellcheck shell=bash

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
traffic="/usr/bin/python3 $here/traffic.py"
guest=10.0.2.15 peer=10.0.2.1 guest6=fd00:2::15 peer6=fd00:2::1
export guest peer guest6 peer6

# 'make check' puts the word 'quick' before a scenario's own words.
scenario_word=${1:-}
[ "$scenario_word" != quick ] || shift

step() { echo "- $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }

# at_peer CMD…            run CMD on the host side, beside the NIC's other end, and wait for it
# peer_start NAME CMD…    start it there; peer_stop NAME ends it and prints what it printed
at_peer() { labctl net run "$@"; }
peer_start() { labctl net start "$@"; }
peer_stop() { labctl net stop "$@"; }

# rounds NUMBER            so many, a fifth of them in 'make check'
is_quick() { [ "${scenario_word:-}" = quick ]; }
rounds() { if is_quick; then echo $(($1 / 5)); else echo "$1"; fi; }

# drivers                  'ours' or 'stock': whose vmxnet3 modprobe finds
drivers() {
	case $(modinfo -n vmxnet3) in
	*/updates/*) echo ours ;;
	*) echo stock ;;
	esac
}

# release                  of the kernel, as --kernel has it: 6.1, 6.12, 7.3
release() { uname -r | cut -d. -f1,2; }

# nap SECONDS              by no program, for scenarios that may start none any more
exec {never}<> <(:)
nap() { read -rt "$1" -u "$never" || true; }

# wait_for SECONDS CMD…    poll until CMD succeeds; the debug kernel, which is some ten times as slow, has five times as long
if [ -e /sys/kernel/debug/kmemleak ]; then patience=5; else patience=1; fi
wait_for() {
	local deadline=$((SECONDS + $1 * patience))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || fail "waited in vain for: $*"
		nap 0.1
	done
}

port_open() { at_peer sh -c "ss -Hlntu | grep -q ':$1 '"; }

# number NAME              one of eth0's standard statistics
number() { cat "/sys/class/net/${2:-eth0}/statistics/$1"; }

# iperf_server [ARG…]      at the peer, for the whole scenario
iperf_server() {
	peer_start "iperf-${1:-0}" iperf3 -s -p "$((5201 + ${1:-0}))"
	wait_for 10 port_open "$((5201 + ${1:-0}))"
}

# echoes                   requests sent and answers received so far, by the kernel's count
echoes() {
	awk '/^Icmp:/ && !n++ { for (i = 2; i <= NF; i++) at[$i] = i; next } /^Icmp:/ { sent = $at["OutEchos"]; got = $at["InEchoReps"] }
		/^Icmp6OutEchos/ { sent += $2 } /^Icmp6InEchoReplies/ { got += $2 } END { print sent + 0, got + 0 }' /proc/net/snmp /proc/net/snmp6
}
all_answered() { [ "$(echoes | awk -v s="$1" -v g="$2" '{ print ($1 - s == $2 - g && $1 > s) }')" = 1 ]; }

# pings ARG…               ping; all must be answered. The kernel is asked, for ping itself gives up on an
#                          answer after twice the usual time, which a busy machine easily takes
pings() {
	local before
	before=$(echoes)
	ping -q "$@" > /run/pings || true
	# shellcheck disable=SC2086  # two numbers
	wait_for 10 all_answered $before
}

# netns NAME               a network namespace of the guest; run things in it by 'ip netns exec NAME'
netns() {
	ip netns add "$1"
	ip -n "$1" link set lo up
}

# capture FILTER CMD…      sets 'captured' to how many matching frames reach eth0, not promiscuous, while CMD runs
capture_filter='' capture_pid='' captured=0
export captured
capture() {
	local frames marks
	if [ "$1" != "$capture_filter" ] || ! kill -0 "$capture_pid" 2> /dev/null; then
		start_capture "$1"
	fi
	shift
	frames=$(grep -vc 'length 408$' /run/capture || true) marks=$(grep -c 'length 408$' /run/capture || true)
	"$@"
	# One queue keeps the order: what has not come before this has been filtered out.
	at_peer ping -q -c 1 -s 400 $guest > /dev/null
	wait_for 40 has_mark $((marks + 1))
	captured=$(($(grep -vc 'length 408$' /run/capture || true) - frames))
}
has_mark() { [ "$(grep -c 'length 408$' /run/capture)" = "$1" ]; }
start_capture() {
	[ -z "$capture_pid" ] || { kill "$capture_pid" && wait "$capture_pid"; } 2> /dev/null || true
	capture_filter=$1
	# The word 'vlan' moves where the rest of an expression looks, so the filter comes last.
	tcpdump -p -i eth0 -nn -l --immediate-mode "(icmp and src $peer and greater 400) or ($1)" > /run/capture 2> /run/capture.log &
	capture_pid=$!
	wait_for 40 grep -q '^listening' /run/capture.log
}

# far_host ADDRESS         tap1's end moves to a namespace of the host side; at_far runs things in it
far_host() {
	peer_start far unshare --net sh -c 'echo $$ > far.pid; exec sleep 100000'
	wait_for 20 at_peer test -s far.pid
	far="nsenter --net --target $(at_peer cat far.pid)"
	at_peer ip link set tap1 netns "${far##* }"
	at_far sh -c "ip link set lo up; ip address add $1 dev tap1; ip link set tap1 up"
}
# shellcheck disable=SC2086  # several words
at_far() { at_peer $far "$@"; }
# far_server               traffic.py's other end there
far_server() {
	# shellcheck disable=SC2086  # several words
	peer_start traffic $far /usr/bin/python3 "$here/traffic.py" serve
	wait_for 60 at_far sh -c "ss -Hlntu | grep -q ':7003 '"
	server=peer
}

# bring_up                 eth0 gets its addresses and comes up, as after a driver that took them with it
bring_up() {
	ip -b - <<-END
		address add $guest/24 dev eth0
		address add $guest6/64 dev eth0 nodad
		link set eth0 up
	END
	carrier
}

# up_again                 after 'ip link set eth0 down', which takes its IPv6 addresses
up_again() {
	ip link set eth0 up
	ip -6 address add $guest6/64 dev eth0 nodad 2> /dev/null || true
	carrier
}

# found_again DEVICE       its device is removed and looked for anew: eth0 is another one, and comes up
found_again() {
	echo 1 > "/sys/bus/pci/devices/$1/remove"
	[ ! -e /sys/class/net/eth0 ] || fail "eth0 outlived its device"
	echo 1 > /sys/bus/pci/rescan
	wait_for 10 test -e /sys/class/net/eth0
	bring_up
}

# settings                 of eth0, all that a restart of its device must not lose
settings() { ethtool -g eth0 && ethtool -x eth0 && ethtool -c eth0 && ip link show eth0 | grep -v 'state' && cat /sys/class/net/eth0/address; }

# nothing_mapped DEVICE    its driver is unbound, and in the end no mapping of it is left, where the kernel keeps
#                          account. A kernel that says "pending DMA allocations" at the unbinding means pages that
#                          sockets still hold: Linux 6.1's page pools cannot unmap those (Documentation/vmxnet3.md)
none_mapped() { ! grep -qF "$1" /sys/kernel/debug/dma-api/dump; }
nothing_mapped() {
	[ -e /sys/kernel/debug/dma-api/dump ] || return 0
	step "nothing of the unbound driver stays mapped"
	echo "$1" > "/sys/bus/pci/devices/$1/driver/unbind"
	wait_for 60 none_mapped "$1"
}

# counter NAME             one of eth0's statistics by ethtool
counter() { ethtool -S eth0 | awk -v name="$1:" '$1 == name { print $2 }'; }

# both NAME                such a counter of two queues: rxN_packets is rx0's and rx1's
both() { echo $(($(counter "${1/N/0}") + $(counter "${1/N/1}"))); }

# load_all                 what the running programs are made of
load_all() {
	# shellcheck disable=SC2046  # no library's name has a space
	cat $(awk '$6 ~ "^/" { print $6 }' /proc/[0-9]*/maps 2> /dev/null | sort -u) > /dev/null 2>&1 || true
}
# sleeps STATE             down to the devices and back; suspend_stats counts no disk
sleeps() {
	local before now
	read -r before < /sys/power/suspend_stats/success
	echo devices > /sys/power/pm_test
	echo "$1" > /sys/power/state
	read -r now < /sys/power/suspend_stats/success
	[ "$1" = disk ] || [ "$now" -gt "$before" ] || fail "the kernel did not suspend"
}

# carrier [NIC]            wait for it
has_carrier() {
	local carrier
	read -r carrier < "/sys/class/net/$1/carrier" && [ "$carrier" = 1 ]
}
carrier() { wait_for 20 has_carrier "${1:-eth0}"; }

# is WHAT FOUND WANTED     they are equal
is() { [ "$2" = "$3" ] || fail "$1: '$2', not '$3'"; }

# tool CMD…                one of open-vm-tools' programs, with the leave to use the ports that the real platform gives
tool() { labctl ioports "$@"; }
have_tools() { command -v vmtoolsd > /dev/null || skip "open-vm-tools is not installed: run 'scripts/setup check' as root"; }

# said PATTERN             a line of the host's record of RPCI and TCLO matches, since it was cleared
said() { labctl rpc | grep -qE "$1"; }

# daemon_start             vmtoolsd, with the record beginning anew; its own log would go to the console of nobody
daemon=''
daemon_start() {
	labctl rpc clear
	labctl ioports vmtoolsd > /run/vmtoolsd.log 2>&1 &
	daemon=$!
}
daemon_stop() {
	kill "$daemon"
	wait "$daemon" || true
}

# traffic_server [PREFIX…] traffic.py's other end, until traffic_stop: at the peer, or here behind PREFIX
# shellcheck disable=SC2120  # scenarios pass some
traffic_server() {
	if [ $# = 0 ]; then
		peer_start traffic /usr/bin/python3 "$here/traffic.py" serve
		wait_for 60 port_open 7003
		server=peer
	else
		"$@" /usr/bin/python3 "$here/traffic.py" serve &
		server=$!
		wait_for 60 sh -c "$* ss -Hlntu | grep -q ':7003 '"
	fi
}

declare -A traffic_pid=()
server=''

# traffic_start NAME HOST [OPTION…]   in the background; 'via' may hold a command prefix
traffic_start() {
	[ "$server" ] || traffic_server
	# shellcheck disable=SC2086  # the prefix and the program are several words
	${via:-} $traffic run "$2" --report "/run/traffic.$1" "${@:3}" &
	traffic_pid[$1]=$!
	echo 0 0 running > "/run/traffic.$1"
}

has_come_back() {
	local datagrams bytes
	read -r datagrams bytes _ < "/run/traffic.$1"
	[ "$datagrams" -ge "$2" ] && [ "$bytes" -ge "$3" ] && return
	kill -0 "${traffic_pid[$1]}" || fail "the traffic '$1' has ended"
	return 1
}

# traffic_flows [DATAGRAMS [BYTES]]   from now on, in all that was started, within 40 s
traffic_flows() {
	local name datagrams bytes
	local -A goal=()
	for name in "${!traffic_pid[@]}"; do
		read -r datagrams bytes _ < "/run/traffic.$name"
		goal[$name]="$((datagrams + ${1:-20})) $((bytes + ${2:-131072}))"
	done
	for name in "${!traffic_pid[@]}"; do
		# shellcheck disable=SC2086  # two numbers
		wait_for 40 has_come_back "$name" ${goal[$name]}
	done
}

has_ended() {
	local verdict is_alive=yes
	kill -0 "${traffic_pid[$1]}" || is_alive=''
	read -r _ _ verdict < "/run/traffic.$1"
	[ "$verdict" != whole ] || return 0
	[ "$is_alive" ] || fail "the traffic '$1' has found a fault"
	return 1
}

# traffic_end              end what was started and judge it; traffic_stop: the server as well
traffic_end() {
	local name
	for name in "${!traffic_pid[@]}"; do
		kill "${traffic_pid[$name]}" 2> /dev/null || true
		wait_for 20 has_ended "$name"
		unset "traffic_pid[$name]"
	done
}
traffic_stop() {
	traffic_end
	case $server in
	'') ;;
	peer) peer_stop traffic ;;
	*) kill "$server" && wait "$server" ;;
	esac || fail "the traffic's server has found a fault"
	server=''
}
