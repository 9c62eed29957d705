#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the host wants more memory than there is while programs need theirs: our driver gives way in time; what the kernel's own does is printed
# vm: --device balloon,offer=0x3e --memory 1024 --timeout 400
# check: 7.3/ours
. "$(dirname "$0")/balloon-lib.sh"

# There is no swap. Whoever may have to be killed, it is the program that works (balloon_user.py says so), not
# those of this scenario.
echo -1000 > /proc/$$/oom_score_adj
modprobe vmw_vmci
before=$(spare)
balloon_load
# grown                    the balloon has not changed for a while: the guest gives no more
last='' quiet=0
grown() {
	local size
	size=$(now size)
	if [ "$size" = "$last" ]; then quiet=$((quiet + 1)); else quiet=0; fi
	last=$size
	[ $quiet -ge 8 ] && [ "$size" -gt $((300 * mib)) ]
}
killed() { vmstat oom_kill; }

# The kernel's own driver would take the last page of this machine, which the kernel ends by a panic: "System is
# deadlocked on memory". So that it lives to tell what happens to a program, it is asked for less.
if is_ours; then
	wanted=4096
else
	wanted=$(($(available) / 1024 - 64))
fi
step "the host wants $wanted MiB of a guest that has $(($(memory MemTotal) / 1024)) MiB"
labctl balloon target "${wanted}M"
for ((grown = 0; grown < 100; grown++)); do
	if grown; then break; fi
	nap 0.1
done
step "the guest has given $(($(now size) / mib)) MiB, $(($(available) / 1024)) MiB are available"
is "programs killed so far" "$(killed)" 0

step "a program fills 256 MiB and reads it again, eight times"
# With the kernel's own driver it may also neither end nor be killed, each page of its being read from the disk anew.
timeout $((100 * patience)) /usr/bin/python3 "$here/balloon_user.py" work 256 8 > /run/work 2>&1 &
work=$!
status=0
wait $work || status=$?
labctl balloon target 64M
rounds=$(grep -c '^round' /run/work || true)
case $status in
0) echo "  it got its memory $rounds times; the kernel killed $(killed) programs" ;;
137) echo "  it was killed after $rounds rounds; the kernel killed $(killed) programs" ;;
124) echo "  after $((100 * patience)) s it had got its memory $rounds times; the kernel killed $(killed) programs" ;;
*) fail "it ended with $status: $(cat /run/work)" ;;
esac
if is_ours; then
	is "its status" $status 0
	none_killed
	[ "$(statistic shrink_frames)" -gt 0 ] || [ "$(statistic oom_frames)" -gt 0 ] || fail "the balloon never gave way"
fi

step "the host wants less than there is: the balloon gets there, and empties"
wait_for 60 settled 64
to 0
memory_back "$before"
