#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: vmguestctl freeze works out what lies on what, holds, tells, and leaves nothing frozen, whatever becomes of it
# vm: --timeout 600
# drivers: ours
# build: scripts/build-userland vmguestctl
# check: 7.3/ours
. "$(dirname "$0")/lib.sh"

modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe dm-mod
/usr/bin/python3 -B "$here/vmsync_ctl.py" "$here/../../build/host/vmguestctl"

step "the module goes"
modprobe -r vmsync
