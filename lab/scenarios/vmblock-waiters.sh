#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: a thousand wait at a blocked name: woken, killed, asleep with the machine, unmounted, their agent dying
# drivers: ours
# vm: --memory 1024 --timeout 600
# check: 6.12/ours
. "$(dirname "$0")/vmblock-lib.sh"

mounted
echo content > $root/file

# holder_start PATH        an agent that blocks it until holder_stop kills it
holder_start() {
	/usr/bin/python3 -B "$here/vmblock_crowd.py" hold "$1" > /run/held &
	holder=$!
	wait_for 20 grep -q held /run/held
}
killed() {
	local status=0
	wait "$1" 2> /dev/null || status=$?
	is "status of who was killed" $status 137
}
holder_stop() {
	kill -9 "$holder"
	killed "$holder"
}
# crowd_start COUNT        threads of one program that follow the link
crowd_start() {
	/usr/bin/python3 -B "$here/vmblock_crowd.py" wait "$1" $mount_point/file > /run/crowd 2>&1 &
	crowd=$!
	wait_for 60 counts_are waiters "$1"
}
crowd_ends() {
	wait $crowd || fail "$(cat /run/crowd)"
	sed 's/^/  /' /run/crowd
	wait_for 5 counts_are waiters 0
}

step "a thousand wait, and wake when their agent is killed"
holder_start $root/file
crowd_start 1000
is "first accesses" "$(counts first_accesses)" 1
timeout 10 stat -c %s $mount_point/file > /dev/null || fail "lstat takes longer than ten seconds beside them"
timeout 10 ls $mount_point > /dev/null || fail "a listing takes longer than ten seconds beside them"
holder_stop
crowd_ends
is "blocks" "$(counts blocks)" 0

step "a thousand wait, and are killed at a stroke"
holder_start $root/file
crowd_start 1000
before=$SECONDS
kill -9 $crowd
killed $crowd
wait_for 10 counts_are waiters 0
[ $((SECONDS - before)) -le 10 ] || fail "killing them took $((SECONDS - before)) s"
is "blocks" "$(counts blocks)" 1

step "the machine can sleep while two hundred wait"
crowd_start 200
frozen
is "waiters" "$(counts waiters)" 200

step "the mount goes lazily, they wait on; the module stays as long"
refused "busy" umount $mount_point
umount -l $mount_point
! grep -q vmblock /proc/mounts || fail "it is still mounted"
is "waiters" "$(counts waiters)" 200
refused "in use" rmmod vmblock
holder_stop
crowd_ends
gone() { rmmod vmblock; }
wait_for 20 gone
[ ! -e /proc/fs/vmblock ] || fail "/proc/fs/vmblock outlives the module"

step "and lazily with waiters who are killed instead"
mounted
echo content > $root/file
holder_start $root/file
crowd_start 50
umount -l $mount_point
kill -9 $crowd
killed $crowd
wait_for 10 counts_are waiters 0
holder_stop
wait_for 20 gone
