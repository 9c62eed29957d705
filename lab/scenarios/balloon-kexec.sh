#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: kexec goes the way of every reboot: the kernel that comes next finds plain memory, no frame of it still in the balloon
# vm: --memory 1024 --timeout 240
# check: 7.3/ours
. "$(dirname "$0")/balloon-lib.sh"

command -v kexec > /dev/null || skip "kexec-tools is not installed: run 'scripts/setup check' as root"

# The second kernel is sent the same job as the first: this script runs twice.
if ! grep -q vmguest.second /proc/cmdline; then
	balloon_load
	to 300
	step "there are $(($(now size) / mib)) MiB in the balloon; the next kernel starts"
	kexec -c -l "$VMGUEST_VMLINUX" --args-linux --initrd="$VMGUEST_INITRD" --append="$(cat /proc/cmdline) vmguest.second"
	# What is printed has to be out before the machine is another one.
	nap 1
	exec kexec -f -e
fi
step "the next kernel: $(($(now size) / mib)) MiB in the balloon, after $(starts) commands START"
if is_ours; then
	is "what is in the balloon before its driver is loaded" "$(now size)" 0
	is "what is granted" "$(now granted)" 0
	is "commands START" "$(starts)" 2
	is "frames unlocked" "$(requests frames_unlocked)" 0
fi
balloon_load
to 300
to 0
step "the driver of the next kernel has had its 300 MiB, and gave them back"
