#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: hgfs-vmci.sh in MMIO mode, where datagrams go by memory as well
# vm: --device backdoor=off --device vmci,mode=mmio --timeout 600
# shares: work frozen,ro
# drivers: ours
# check: 7.3/ours
. "$(dirname "$0")/hgfs-vmci.sh"
