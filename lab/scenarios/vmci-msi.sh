#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: vmci.sh in port mode with a single message of MSI: the driver has to read the cause
# vm: --device vmci,vectors=0 --timeout 500
# drivers: stock
# check: 6.12/stock
. "$(dirname "$0")/vmci.sh"
