#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the kernel's vsock over VMCI: a gigabyte each way, a thousand connections, as many at a time as queue pairs may be
# vm: --memory 1024 --timeout 3000
# drivers: stock
. "$(dirname "$0")/../lib.sh"

# A short one:  lab/vm --device vmci --memory 1024 --drivers stock -- env VSOCK_SIZE=64M VSOCK_COUNT=100 bash lab/scenarios/long/vsock-bulk.sh
size=${VSOCK_SIZE:-1G} count=${VSOCK_COUNT:-1000}
vsock="/usr/bin/python3 $here/vsock.py"
quiet() { [ "$(labctl vsock | grep -c '^connection')" = 0 ]; }

modprobe vmw_vsock_vmci_transport
# shellcheck disable=SC2086  # several words
{
	labctl vsock listen 5000 -- $vsock - echo
	labctl vsock listen 5001 -- $vsock - receive
	labctl vsock listen 5002 -- $vsock - send "$size"
	labctl vsock listen 5006 -- cat
}

step "$size to the host, and $size to the guest; hashes are compared"
$vsock 5001 send "$size"
$vsock 5002 receive

step "$count connections, one after the other"
$vsock 5006 sequence "$count"
wait_for 60 quiet

# Two queues of 256 KiB for each, and 128 MiB in all.
step "as many at a time as there is memory for, and one more is refused"
$vsock 5006 parallel 250
wait_for 60 quiet
! $vsock 5006 parallel 257 2> /run/said || fail "257 pairs were had"
cat /run/said
wait_for 60 quiet
$vsock 5006 sequence 3
