#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: suspended and resumed, and prepared for hibernation, with a balloon; the account is right afterwards, and the host is obeyed
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 240
# kernels: 6.1 6.12
# check: 6.12/ours
. "$(dirname "$0")/balloon-lib.sh"

# As in suspend.sh: from the first sleep on no file of the host's can be opened, so what is run then has to be in
# memory, and 7.3 cannot be heard any more.
[ ! -e /sys/kernel/debug/kmemleak ] || skip "the debug kernel's session starts programs at the end"
mkdir /run/tools
# shellcheck disable=SC2046  # no library's name has a space
cp -L "$(command -v labctl)" "$(command -v busybox)" $(ldd "$(command -v labctl)" | grep -o '/[^ ]*') /run/tools
labctl() { /run/tools/ld-linux-x86-64.so.2 --library-path /run/tools /run/tools/labctl "$@"; }
for tool in awk cat grep rmmod; do
	eval "$tool() { /run/tools/busybox $tool \"\$@\"; }"
done
# follows                  the balloon is as it was, and the host is obeyed
follows() {
	wait_for 20 settled 200
	labctl balloon target 90M
	wait_for 20 settled 90
	labctl balloon target 200M
	wait_for 20 settled 200
}
# The session learns our status while we stay: ending closes files.
trap 'echo $? > /run/vmguest/status; kill -USR1 1; while :; do nap 60; done' EXIT

echo 1 > /sys/module/suspend/parameters/pm_test_delay
echo $((1 << 40)) > /sys/power/image_size # nothing is dropped from memory for the image
modprobe vmw_vmci
balloon_load
load_all
for offer in 0x3e 0x36; do
	offered $offer
	labctl balloon target 200M
	follows
	for state in disk freeze mem mem; do
		sleeps $state
		step "resumed from $state, with frames of $([ $offer = 0x3e ] && echo 2 MiB || echo 4 KiB)"
		follows
	done
done

step "the host has forgotten the balloon while the guest slept"
labctl balloon reset
sleeps mem
wait_for 20 is_started
follows
to 0
none_killed
