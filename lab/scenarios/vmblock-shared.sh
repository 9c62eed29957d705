#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: what both flavours of vmblock do alike: ours as module, as stock open-vm-tools' FUSE daemon
# vm: --timeout 600
# check: 7.3/ours 6.1/stock
. "$(dirname "$0")/vmblock-lib.sh"

if [ "$(drivers)" = ours ]; then
	mounted
	user vmblock_shared module
	umount $mount_point
	modprobe -r vmblock
	exit 0
fi

command -v vmware-vmblock-fuse > /dev/null || skip "open-vm-tools is not installed: run 'scripts/setup check' as root"
modprobe -q fuse || grep -qw fuse /proc/filesystems || skip "this kernel has no FUSE"
staging
mkdir -p /run/vmblock-fuse
vmware-vmblock-fuse -o subtype=vmware-vmblock,default_permissions,allow_other /run/vmblock-fuse
wait_for 20 grep -q ' /run/vmblock-fuse fuse.vmware-vmblock ' /proc/mounts
user vmblock_shared fuse
umount /run/vmblock-fuse
