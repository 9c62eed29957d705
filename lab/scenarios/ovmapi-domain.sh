#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: in a domain of Xen's: what xenstore forbids is said, what the manager allows works, also after the domain was saved and restored
# vm: --xen pv --cpus 1 --memory 320 --timeout 600
# drivers: ours
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

modprobe ovmapi
/usr/bin/python3 -B "$here/ovmapi_domain.py" "$@"
step "the module goes"
modprobe -r ovmapi
