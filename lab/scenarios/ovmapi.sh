#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: on Xen: messages both ways to the byte, parameters and events of the original interface and the sized one, a hostile host
# vm: --xen dom0 --timeout 400
# drivers: ours
# check: 6.1/ours 7.3/ours
. "$(dirname "$0")/lib.sh"

modprobe ovmapi
/usr/bin/python3 -B "$here/ovmapi.py" "$@"
step "the module goes"
modprobe -r ovmapi
[ ! -e /dev/ovmapi ] || fail "/dev/ovmapi is still there"
