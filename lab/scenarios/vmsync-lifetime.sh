#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: whatever becomes of a freeze's owner, deadline, writers, disk or module, nothing stays frozen
# vm: --timeout 300 --expect "ext4_journal_check_start"
# drivers: ours
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

# One report of ext4's own is expected: of an fsync() that has seen a dirty page and begins its transaction when the
# freeze has written it and is complete (Documentation/vmsync.md, Limits).
modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe vmsync
/usr/bin/python3 -B "$here/vmsync_lifetime.py"

step "the module goes"
modprobe -r vmsync
