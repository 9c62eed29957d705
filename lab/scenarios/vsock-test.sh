#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the kernel's own vsock_test over VMCI, the guest as client and as server: all that the transport and the host's half can do passes
# vm: --device vmci --nic vmxnet3 --memory 1024 --timeout 600
# build: scripts/build-vsock-test
# kernels: 6.1 7.3
# drivers: stock
# check: 7.3/stock
. "$(dirname "$0")/lib.sh"

# Each test alone, and what vsock_test says of it:
#   lab/vm --kernel 7.3 --drivers stock --device vmci --nic vmxnet3 --memory 1024 --timeout 3000 -- env VSOCK_TEST=each bash lab/scenarios/vsock-test.sh
program=$(realpath "$here/../../build/vsock-test/$(release)/vsock_test")
[ -x "$program" ] || fail "there is no $program: run scripts/build-vsock-test"

modprobe vmw_vsock_vmci_transport
for role in client server; do
	step "the guest is the $role"
	/usr/bin/python3 "$here/vsock_suite.py" "$program" $role "${VSOCK_TEST:-all}"
done
step "nothing is left open"
quiet() { [ "$(labctl vsock | grep -c '^connection\|^listener')" = 0 ]; }
wait_for 20 quiet
