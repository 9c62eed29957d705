#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: a setuid program hands vmblock's control node to a user's agent: whatever the user does, nobody else gets it
# drivers: ours
# vm: --timeout 600
# build: scripts/build-vmblock
# check: 7.3/ours
. "$(dirname "$0")/vmblock-lib.sh"

# Installed as the manual says, in the guest's own file system; the agent can be executed and not read.
built=$(cd "$here/../.." && pwd)/build/host
bin=/usr/local/bin agent=/usr/local/libexec/vmguest-agent
thief="setpriv --reuid=65534 --regid=65534 --clear-groups $bin/handover-thief"
mkdir -p /run/handover ${agent%/*}
install -m 4755 "$built/handover-wrapper" $bin/vmware-user-suid-wrapper
install -m 0755 "$built/handover-thief" $bin/handover-thief
install -m 0711 "$built/handover-agent" $agent

# old_way                  an agent as it was started before open-vm-tools 12.3.5: the ids were dropped, then
#                          a file was executed that everybody can read
old_way() {
	install -m 0755 "$built/handover-agent" /run/handover/readable
	setpriv --reuid=65534 --regid=65534 --clear-groups /run/handover/readable -n vmusr --blockFd 3 3> $control &
	old=$!
}

# The interpreter is started twice in all: that takes longer than what it does.
staging
echo content > $root/file
user vmblock_handover none plain tricks withheld

step "a thief takes it from an agent that was started the old way: so it can"
rm -f /run/handover/report /run/handover/commands
mkfifo -m 666 /run/handover/report /run/handover/commands
old_way
sed '/^end$/q' /run/handover/report > /run/handover/first
# shellcheck disable=SC2086  # several words
$thief take $old || fail "the thief got nothing: what follows would show nothing"
kill $old

step "and not from ours, from its start on"
rm /run/handover/report
mkfifo -m 666 /run/handover/report
status=0
# shellcheck disable=SC2086  # several words
$thief race $bin/vmware-user-suid-wrapper 10 || status=$?
is "status of the thief" $status 1
gone() { [ "$(counts agents)" = 0 ]; }
wait_for 20 gone
is "blocks" "$(counts blocks)" 0

more=()
if command -v vmware-vmblock-fuse > /dev/null && { modprobe -q fuse || grep -qw fuse /proc/filesystems; }; then
	more+=(users_fuse fuse)
else
	echo "  (left out: no vmware-vmblock-fuse, or a kernel without FUSE)"
fi
if command -v vmtoolsd > /dev/null; then
	install -m 4755 "$built/vmware-user-suid-wrapper" $bin/vmware-user-installed
	chmod 0711 "$(command -v vmtoolsd)"
	more+=(vmtoolsd)
else
	echo "  (left out: open-vm-tools is not installed)"
fi
user vmblock_handover "${more[@]}"
wait_for 20 gone
umount $mount_point
rmmod vmblock
