#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: ten minutes of freezers, thawers, aborts, closes, kills, FIFREEZE, mounts and writers at once; then nothing is frozen
# vm: --memory 1024 --timeout 1500 --expect "ext4_journal_check_start"
# drivers: ours
. "$(dirname "$0")/../lib.sh"

# The report that is expected is ext4's own, see vmsync-lifetime.sh.
# A short one:  lab/vm --memory 1024 --timeout 300 --expect ext4_journal_check_start -- env STRESS_SECONDS=60 STRESS_SEED=7 bash lab/scenarios/long/vmsync-stress.sh
modprobe -q loop || skip "this kernel has no loop devices to put filesystems on"
modprobe vmsync
/usr/bin/python3 -B "$here/vmsync_stress.py" "${STRESS_SECONDS:-600}" "${STRESS_SEED:-$(date +%s)}"

step "the module goes"
modprobe -r vmsync
