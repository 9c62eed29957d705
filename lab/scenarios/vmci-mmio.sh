#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: vmci.sh in MMIO mode: transfers by memory, three vectors
# vm: --device vmci,mode=mmio --timeout 500
# drivers: stock
# check: 6.1/stock
. "$(dirname "$0")/vmci.sh"
