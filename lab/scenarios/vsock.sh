#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the kernel's vsock over VMCI talks to programs of the host: streams and datagrams, both ways, ends, refusals, a hostile host
# vm: --memory 1024 --timeout 1200
# drivers: stock
# check: 6.12/stock
. "$(dirname "$0")/lib.sh"

vsock="/usr/bin/python3 $here/vsock.py"
hostile() { labctl hostile vsock "$*"; }
# once TEXT CMD…           CMD fails, says TEXT, and the hostile host has acted once for it
once() {
	local rule=$1 want=$2 before said
	shift 2
	before=$(hostile "$rule")
	! said=$("$@" 2>&1) || fail "'$*' succeeds against '$rule'"
	[[ $said = *"$want"* ]] || fail "'$*' says '$said' to '$rule', not '$want'"
	[ $(($(hostile faithful) - before)) = 1 ] || fail "'$rule' was not done once"
}
quiet() { [ "$(labctl vsock | grep -c '^connection')" = 0 ]; }
requests() { labctl counters | awk -v kind="vsock.$1" '$1 == kind { n = $2 } END { print n + 0 }'; }

# at_guest PORT ROLE…      a program of the guest's that waits for a connection, in the background
at_guest() {
	local port=$1
	shift
	: > "/run/vsock.$port"
	$vsock "listen:$port" "$@" > "/run/vsock.$port" &
	waiting=$!
	wait_for 60 grep -q listening "/run/vsock.$port"
}

step "the drivers come up, and nobody listens yet"
modprobe vmw_vsock_vmci_transport
$vsock 5000 refused

# shellcheck disable=SC2086  # several words
{
	labctl vsock listen 5000 -- $vsock - echo
	labctl vsock listen 5001 -- $vsock - receive
	labctl vsock listen 5002 -- $vsock - send 64M
	labctl vsock listen 5003 -- $vsock - both 8M
	labctl vsock listen 5004 -- sleep 2
	labctl vsock listen 5005 -- cat /proc/sys/kernel/ostype
}

step "the guest connects: a stream each way and both at once, each byte compared by hash"
$vsock 5001 send 64M
$vsock 5002 receive
$vsock 5003 both 8M
wait_for 20 quiet

step "the host connects"
# shellcheck disable=SC2086  # several words
{
	at_guest 6001 receive
	labctl vsock connect 6001 -- $vsock - send 8M
	wait $waiting
	at_guest 6002 send 8M
	labctl vsock connect 6002 -- $vsock - receive
	wait $waiting
}
cat "/run/vsock.6001" "/run/vsock.6002"

step "a port of the guest's where nobody listens"
! labctl vsock connect 6003 2> /run/said || fail "a connection to nobody was made"
grep -q 'refused by the guest' /run/said || fail "the host was told: $(cat /run/said)"

step "ends: what was sent last arrives, and a writer to nobody is told"
[ "$(socat -u VSOCK-CONNECT:2:5005 -)" = "$(cat /proc/sys/kernel/ostype)" ] || fail "the last words of a program are lost"
$vsock 5004 unheard
at_guest 6004 echo
[ -z "$(labctl vsock connect 6004)" ] || fail "an echo of nothing is something"
wait $waiting

step "a connection that the host resets has ended"
labctl vsock listen 5006 -- sleep 1000
socat -u VSOCK-CONNECT:2:5006 - &
waiting=$!
has_one() { labctl vsock | grep -q '^connection .* host 5006 connected'; }
wait_for 20 has_one
labctl vsock reset "$(labctl vsock | awk '/^connection .* host 5006/ { print $2 }')"
wait $waiting || true
wait_for 20 quiet

step "who waits for a connection that never comes gives up"
! VSOCK_SECONDS=2 timeout 60 $vsock listen:6005 echo > /run/vsock.6005 2>&1 || fail "an echo of nobody is done"
grep -q 'timed out' /run/vsock.6005 || fail "the one who waits says: $(cat /run/vsock.6005)"

step "a closed port refuses again"
labctl vsock close 5006
$vsock 5006 refused

step "a full queue stays silent, and one notice tells of many bytes"
before=$(requests received.wrote)
$vsock 5001 send 8M
[ $(($(requests received.wrote) - before)) -lt 2048 ] || fail "$(($(requests received.wrote) - before)) notices for 8 MiB"

step "connections in a row, and many at a time"
$vsock 5000 sequence 100
$vsock 5000 parallel 100
wait_for 60 quiet

step "datagrams of all sizes, and one that the host begins"
labctl vsock dgram 7000 echo
$vsock datagrams 7000
$vsock hear 7001 > /run/vsock.7001 &
waiting=$!
wait_for 60 grep -q listening /run/vsock.7001
labctl vsock send 7000 7001 a few words
wait $waiting
grep -qx '2:7000 a few words' /run/vsock.7001 || fail "the guest heard: $(cat /run/vsock.7001)"

step "a hostile host: each is an error for the one connection, and the next works"
once 'request reset' 'Connection reset by peer' $vsock 5000 sequence 1
once 'request silent' 'timed out' $vsock 5000 sequence 1
once 'request size 64' 'Invalid argument' $vsock 5000 sequence 1
once 'offer silent' 'timed out' $vsock 5000 sequence 1
once 'offer handle' 'Protocol error' $vsock 5000 sequence 1
once 'data reset' '' $vsock 5000 sequence 1
for rule in 'request late 300' 'offer late 300' 'offer twice'; do
	hostile "$rule" > /dev/null
	$vsock 5000 sequence 1
done
hostile faithful > /dev/null
$vsock 5000 sequence 5
wait_for 20 quiet

step "the driver goes and comes back"
modprobe -r vmw_vsock_vmci_transport
modprobe vmw_vsock_vmci_transport
$vsock 5001 send 1M
