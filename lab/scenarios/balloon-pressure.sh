#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: while programs wait for memory our driver grows slowly or not at all, and goes on once they have it; what the kernel's own does is printed
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 300
# check: 7.3/ours
. "$(dirname "$0")/balloon-lib.sh"

[ -r /proc/pressure/memory ] || skip "this kernel keeps no pressure stall information"
mount -t cgroup2 none /sys/fs/cgroup
echo +memory > /sys/fs/cgroup/cgroup.subtree_control
modprobe vmw_vmci
balloon_load

# share                    of the time since 'mark' that some program waited for memory, in hundredths
stalled() { awk -F= '/^some/ { print $NF }' /proc/pressure/memory; }
now_us() { awk '{ printf "%d", $1 * 1000000 }' /proc/uptime; }
mark() { since=$(now_us) from=$(stalled); }
share() { echo $((($(stalled) - from) * 100 / ($(now_us) - since))); }
waits_much() { mark && nap 0.5 && [ "$(share)" -ge 20 ]; }

step "a program is held back at 24 MiB of the 64 it wants, with plenty of memory free"
mkdir /sys/fs/cgroup/held
echo 24M > /sys/fs/cgroup/held/memory.high
(
	echo 0 > /sys/fs/cgroup/held/cgroup.procs
	exec /usr/bin/python3 "$here/balloon_user.py" work 64 1000
) > /run/work 2>&1 &
work=$!
(wait_for 90 waits_much) || fail "it has $(cat /sys/fs/cgroup/held/memory.current) bytes and does not wait; it says: $(cat /run/work)"
mark
nap 2
echo "  it waits $(share) % of the time"

step "the host wants 400 MiB for three seconds"
mark
labctl balloon target 400M
nap 3
size=$(($(now size) / mib))
echo "  the guest has given $size MiB in $((($(now_us) - since) / 1000)) ms, while the program waited $(share) % of the time"
if is_ours; then
	# None is due; one look may have come at a moment when the program did not wait so much.
	[ $size -le 16 ] || fail "it grew, though somebody waited"
	[ "$(statistic slowed)" -gt 0 ] || fail "it does not count that it was slowed down"
	is "its state" "$(cat $sysfs/state)" holding
fi

step "the program ends, and the balloon is free to grow"
kill $work
wait $work || true
wait_for 60 settled 400
none_killed
