#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: off Xen the message driver says in a sentence that there is nobody to talk to, and leaves nothing behind
# drivers: ours
# check: 6.12/ours
. "$(dirname "$0")/lib.sh"

! modprobe ovmapi 2> /run/said || fail "it is loaded"
grep -q "No such device" /run/said || fail "modprobe says: $(cat /run/said)"
dmesg | grep -q "ovmapi: this is no domain of Xen's" || fail "the log has no sentence"
[ ! -e /dev/ovmapi ] && [ ! -e /sys/module/ovmapi ] || fail "something is left"
