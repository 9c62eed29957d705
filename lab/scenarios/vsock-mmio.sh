#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: vsock.sh with VMCI in MMIO mode: packets go by memory, three vectors
# vm: --device vmci,mode=mmio --memory 1024 --timeout 1200
# drivers: stock
# check: none
. "$(dirname "$0")/vsock.sh"
