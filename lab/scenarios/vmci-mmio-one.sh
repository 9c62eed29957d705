#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: vmci.sh in MMIO mode with one vector: its handler sleeps in the transfer that nobody else could end
# vm: --device vmci,mode=mmio,vectors=1 --timeout 500
# drivers: stock
# check: none
. "$(dirname "$0")/vmci.sh"
