#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: Shared Folders over VMCI, in port mode: sessions, listings, reads, writes through the kernel's own driver; late and missing answers; switched off
# vm: --device backdoor=off --device vmci --timeout 600
# shares: work frozen,ro
# drivers: ours
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

# The other scenario of it is this one on another machine.  vmw_vmci is the kernel's own; a small module
# of the lab's is all that is ours in the guest.
modprobe vmci_folders || fail "run scripts/kmod build KERNEL=$(release) TESTS=1, and once more"
[[ $(modinfo -n vmw_vmci) != */updates/* ]] || fail "vmw_vmci is not the kernel's own"

folders() { /usr/bin/python3 "$here/vmci_folders.py" "$@"; }
# host SCRIPT              a shell line on the host's side; there $work and $frozen are folders
host() { labctl net run env work="$work" frozen="$frozen" bash -euc "$1"; }
# shown NAME               what 'labctl hgfs' says of it
shown() { labctl hgfs | sed -n "s/^$1 //p"; }

work=$(shown 'share work rw') frozen=$(shown 'share frozen ro')
is "requests so far" "$(shown 'over vmci')" 0

step "sessions and the shares; datagrams that are none are refused"
is "longest packet, shares" "$(folders session next list next bad | xargs)" "1048568 frozen work"
is "sessions left" "$(shown sessions)" 0

step "a folder, listed name by name, and many names at once by pages of data; files by packets and by pages"
host 'mkdir $work/dir; cd $work/dir; seq -f "file %g" 150 | xargs -d "\n" touch; head -c 1500003 /dev/urandom > $frozen/hosts'
folders list work/dir next read frozen/hosts next write work/large 1200001 > /run/guest
host 'export LC_ALL=C; ls $work/dir; sha256sum < $frozen/hosts; cd $work; sha256sum large*' > /run/host
is "lines" "$(wc -l < /run/host)" 155
diff /run/guest /run/host || fail "guest and host see different things"

step "what the share does not allow, and what does not exist"
folders refused 8 frozen/new next refused 1 work/absent
host '[ ! -e $frozen/new ]'

step "answers that come late are told by a datagram, in its interrupt; a host that fails or does not answer"
before=$(labctl hostile vmci reply 100 5)
folders list next run labctl hostile vmci reply fails next failed next run labctl hostile vmci reply never next silent next session > /run/guest
is "shares, longest packet" "$(xargs < /run/guest)" "frozen work 1048568"
is "late, failed and missing answers" $(($(labctl hostile vmci faithful) - before)) 7

step "sharing is disabled: there is no such resource; enabled: there is again"
folders run labctl hgfs disable next result -1 next run labctl hgfs enable next list > /run/guest
is "shares" "$(xargs < /run/guest)" "frozen work"

step "the driver goes and comes back"
modprobe -r vmci_folders vmw_vmci
modprobe vmci_folders
is "shares" "$(folders list | xargs)" "frozen work"
[ "$(shown 'over vmci')" -gt 300 ] || fail "the requests took another way: $(labctl hgfs)"
