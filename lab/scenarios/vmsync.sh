#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: /proc/driver/vmware-sync answers as the original did, point by point, a 32-bit program and the errors included
# vm: --timeout 600
# drivers: ours
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe vmsync
/usr/bin/python3 -B "$here/vmsync_original.py"

step "1: the node goes with the module"
modprobe -r vmsync
[ ! -e /proc/driver/vmware-sync ] || fail "it is still there"
