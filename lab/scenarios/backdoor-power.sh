#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: what the host asks of the guest, done by vmtoolsd: a quiesced snapshot, given up or not, suspend, halt, reboot
# vm: --device backdoor,reply=8 --nic vmxnet3 --timeout 500
# drivers: stock
# check: none
. "$(dirname "$0")/lib.sh"

have_tools

modprobe loop
truncate -s 16M /run/volume
mkfs.ext4 -q /run/volume
losetup /dev/loop0 /run/volume
mkdir /run/frozen
mount /dev/loop0 /run/frozen
# Who freezes what is frozen already is told so.
is_frozen() {
	if fsfreeze --freeze /run/frozen 2> /run/fsfreeze; then
		fsfreeze --unfreeze /run/frozen
		return 1
	fi
	grep -q busy /run/fsfreeze
}

# ask REQUEST              the host asks vmtoolsd, which says yes; the record begins anew
ask() {
	labctl rpc clear
	is "'$1'" "$(labctl rpc send "$1")" "OK "
}
# tells TEXT…              vmtoolsd tells the host, within two minutes, each TEXT at the beginning of an RPCI command
tells() {
	local text
	for text; do
		wait_for 120 said "^rpci [0-9]+ > $text"
	done
}

daemon_start
wait_for 60 said '^tclo [0-9]+ > OK ATR toolbox'
tells 'SetGuestInfo  '

# Nothing is to be switched off here: what would do it writes down what it was asked.
rm /sbin/shutdown
printf '#!/bin/sh\necho "$*" >> /run/shutdown\n' > /sbin/shutdown
chmod +x /sbin/shutdown
was_asked() { [ "$(tail -n 1 /run/shutdown)" = "$*" ]; }

step "a quiesced snapshot: nothing is written between its commit and its end"
! is_frozen || fail "the volume is frozen from the start"
ask 'vmbackup.start 0'
tells 'vmbackup.eventSet reset 0' 'vmbackup.eventSet prov.snapshotCommit 0' 'vmbackup.eventSet req.keepAlive 0'
is_frozen || fail "the volume is not frozen"
ask vmbackup.snapshotDone
tells 'vmbackup.eventSet req.done 0'
! is_frozen || fail "the volume is still frozen"

step "one that the host gives up"
ask 'vmbackup.start 0'
tells 'vmbackup.eventSet prov.snapshotCommit 0'
is_frozen || fail "the volume is not frozen"
ask vmbackup.abort
tells 'vmbackup.eventSet req.aborted 4' 'vmbackup.eventSet req.done 0'
! is_frozen || fail "the volume is still frozen"

step "suspend and resume: the scripts are run, and what became of them is told"
ask OS_Suspend
tells 'tools.os.statechange.status 1 5'
ask OS_Resume
tells 'tools.os.statechange.status 1 4'

step "reboot and halt"
ask OS_Reboot
tells 'tools.os.statechange.status 1 2'
wait_for 20 was_asked -r now
ask OS_Halt
tells 'tools.os.statechange.status 1 1'
wait_for 20 was_asked -h now
daemon_stop
