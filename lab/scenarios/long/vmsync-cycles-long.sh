#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: ten thousand freezes of three filesystems under writers: the counters add up, no object and no thread is left
# vm: --timeout 5400 --expect "ext4_journal_check_start"
# drivers: ours
set -eu

# The report that is expected is ext4's own, see vmsync-lifetime.sh.
exec bash "$(dirname "$0")/../vmsync-cycles.sh" 10000
