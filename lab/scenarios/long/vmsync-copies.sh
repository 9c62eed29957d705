#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: disks of sixteen filesystems under load, copied while frozen, are whole and of one moment; copied without a freeze they are not
# vm: --memory 2000 --timeout 1800
# drivers: ours
. "$(dirname "$0")/../lib.sh"

command -v fio > /dev/null || skip "fio is not installed: run 'scripts/setup check' as root"
modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe vmsync
/usr/bin/python3 -B "$here/vmsync_copies.py" "${1:-4}"

step "the module goes"
modprobe -r vmsync
