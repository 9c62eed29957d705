#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: 64 MiB over TCP each way, the content compared at both ends
# vm: --nic vmxnet3 --memory 768
# check: 6.1/ours 7.3/ours 6.1/stock
. "$(dirname "$0")/lib.sh"

bytes=$((64 << 20))
mkdir -p /run/data && mount -t tmpfs data /run/data

step "the peer makes $bytes random bytes"
want=$(at_peer sh -c "head -c $bytes /dev/urandom > sent && sha256sum < sent")

step "peer to guest"
peer_start source socat -u -b 262144 OPEN:sent TCP-LISTEN:7001,reuseaddr
wait_for 10 port_open 7001
socat -u -b 262144 TCP:$peer:7001 CREATE:/run/data/received
[ "$(stat -c %s /run/data/received)" = $bytes ] || fail "received $(stat -c %s /run/data/received) bytes"
[ "$(sha256sum < /run/data/received)" = "$want" ] || fail "the guest received other bytes than were sent"

step "guest to peer, over IPv6"
peer_start sink socat -u -b 262144 TCP6-LISTEN:7002,reuseaddr CREATE:returned
wait_for 10 port_open 7002
socat -u -b 262144 OPEN:/run/data/received "TCP6:[$peer6]:7002"
wait_for 10 at_peer sh -c "[ \$(stat -c %s returned) = $bytes ]"
at_peer cmp sent returned || fail "the peer received other bytes than were sent"
