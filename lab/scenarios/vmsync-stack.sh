#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: filesystems in files of filesystems, dm, overlay, bind mounts, btrfs, tmpfs and read-only ones are frozen in order or skipped, a hundred at once
# vm: --timeout 400
# drivers: ours
# check: 6.12/ours
. "$(dirname "$0")/lib.sh"

modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe -a dm-mod vmsync
/usr/bin/python3 -B "$here/vmsync_stack.py"

step "the module goes"
modprobe -r vmsync
