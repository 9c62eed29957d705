#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: two hundred freezes under writers, through both interfaces: the counters add up, no object and no thread is left
# vm: --timeout 900
# drivers: ours
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe vmsync
/usr/bin/python3 -B "$here/vmsync_cycles.py" "${1:-160}"

step "the module goes"
modprobe -r vmsync
