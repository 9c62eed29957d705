#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: open-vm-tools' programs on an older platform: no high-bandwidth port, few channels, version 2 of the statistics
# vm: --device backdoor,high=off,channels=2,guestlib=2,product=4,hz=off,start=off --timeout 200
# drivers: stock
# check: 7.3/stock
. "$(dirname "$0")/lib.sh"

have_tools

step "the kernel finds the platform without its frequencies"
dmesg | grep 'Hypervisor detected: VMware'

step "product, a long value through registers, statistics"
is "product" "$(tool vmware-checkvm -p)" Workstation
long=$(head -c 10001 /dev/zero | tr '\0' x)
tool vmware-rpctool "info-set guestinfo.long $long"
is "the host's view" "$(labctl guestinfo guestinfo.long)" "$long"
is "the guest's view" "$(tool vmware-rpctool 'info-get guestinfo.long')" "$long"
is "session" "$(tool vmware-toolbox-cmd stat sessionid)" 0x1
is "memory limit" "$(tool vmware-toolbox-cmd stat memlimit)" "512 MB"

step "vmtoolsd is asked nothing until somebody asks"
daemon_start
# Nobody is told its name: the first TCLO channel is its.
listens() { labctl rpc channels | grep -q tclo; }
wait_for 60 listens
is "answer" "$(labctl rpc send reset)" "OK ATR toolbox"
is "answer" "$(labctl rpc send ping)" "OK "
daemon_stop
