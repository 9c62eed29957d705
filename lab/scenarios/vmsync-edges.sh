#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: xfs, vfat, btrfs, others' freezes beside ours, disks that fail before or while frozen, the filesystem a tool runs from, odd descriptors
# vm: --timeout 900
# drivers: ours
# check: 6.12/ours
. "$(dirname "$0")/lib.sh"

modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe -a dm-mod vmsync
/usr/bin/python3 -B "$here/vmsync_edges.py" "$@"

step "the module goes"
modprobe -r vmsync
