#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: whatever becomes of a freeze's owner, deadline, writers, disk or module, nothing stays frozen
# vm: --timeout 300
# drivers: ours
# check: 6.1/ours 7.3/ours
. "$(dirname "$0")/lib.sh"

modprobe -a loop vmsync
/usr/bin/python3 -B "$here/vmsync_lifetime.py"

step "the module goes"
modprobe -r vmsync
