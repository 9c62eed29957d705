#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: a hundred thousand names are blocked; a name is blocked a hundred thousand times; no more than the limits
# drivers: ours
# vm: --memory 1024 --timeout 600
# check: 7.3/ours
. "$(dirname "$0")/vmblock-lib.sh"

mounted
user vmblock_crowd limits
count=100000
[ "$patience" = 1 ] || count=10000 # of the debug kernel, under KASAN and emulation
user vmblock_crowd many $count $count
umount $mount_point
rmmod vmblock
