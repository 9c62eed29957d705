#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: Shared Folders: open-vm-tools' clients list, mount, read and change them; the host switches them off; a hostile host
# vm: --timeout 600
# shares: work frozen,ro
# drivers: stock
# check: 7.3/stock
. "$(dirname "$0")/lib.sh"

command -v vmhgfs-fuse > /dev/null || skip "open-vm-tools is not installed: run 'scripts/setup check' as root"
modprobe fuse || skip "this kernel has no FUSE"

# refused TEXT CMD…        CMD fails and says TEXT
refused() {
	local want=$1 said
	shift
	! said=$("$@" 2>&1) || fail "'$*' succeeds"
	[[ $said = *"$want"* ]] || fail "'$*' says '$said', not '$want'"
}
# host SCRIPT              a shell line on the host's side; there $work, $frozen and $outside are folders
host() { labctl net run env work="$work" frozen="$frozen" outside="$outside" bash -euc "$1"; }
hostile() { labctl hostile backdoor "$*"; }
# shown NAME               what 'labctl hgfs' says of it
shown() { labctl hgfs | sed -n "s/^$1 //p"; }
# asked KIND               how many such requests there were
asked() { shown "request $1" | grep . || echo 0; }
# same FILE                the host has the same bytes
same() { is "sha256 of $1" "$(host "sha256sum '$work/$1'" | cut -d' ' -f1)" "$(sha256sum "$mnt/work/$1" | cut -d' ' -f1)"; }
# names FOLDER             what is listed in it
names() { find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n'; }

mnt=/run/hgfs
work=$(shown 'share work rw') frozen=$(shown 'share frozen ro')
outside=${work%/*}/outside

step "vmware-hgfsclient lists the shares"
is "shares" "$(labctl ioports vmware-hgfsclient | sort | xargs)" "frozen work"

step "vmhgfs-fuse mounts them"
mkdir "$mnt"
labctl ioports vmhgfs-fuse .host:/ "$mnt"
is "shares" "$(names "$mnt" | sort | xargs)" "frozen work"
is "sessions" "$(shown sessions)" 1

step "small files, both ways"
echo "from the guest" > "$mnt/work/small"
is "the host's view" "$(host 'cat $work/small')" "from the guest"
host 'echo "from the host" > $work/other'
is "the guest's view" "$(cat "$mnt/work/other")" "from the host"
echo "another line" >> "$mnt/work/small"
is "the host's view" "$(host 'cat $work/small' | xargs)" "from the guest another line"
chmod 640 "$mnt/work/small"
is "permissions" "$(host 'stat -c %a $work/small')" 640
touch -d '2001-02-03 04:05:06 UTC' "$mnt/work/small"
is "time" "$(host 'stat -c %Y $work/small')" 981173106
[ "$(df --output=size "$mnt/work" | tail -n 1)" -gt 0 ] || fail "df shows no size"

step "a file of 5 MiB and some, written and read in the longest packets"
head -c 5242897 /dev/urandom > /run/large
cp /run/large "$mnt/work/large"
same large
host 'head -c 5242899 /dev/urandom > $work/hosts'
echo 3 > /proc/sys/vm/drop_caches
same hosts
# By kernel and libfuse: 128 KiB in a write, up to 256 KiB in a read, and what the packet has around them.
[ "$(shown longest_request)" -gt 131072 ] && [ "$(shown longest_reply)" -gt 131072 ] || fail "packets are short: $(labctl hgfs)"

step "cut, grown, written in the middle"
truncate -s 1000001 "$mnt/work/large"
same large
truncate -s 1500000 "$mnt/work/large"
same large
printf middle | dd of="$mnt/work/large" bs=1 seek=700000 conv=notrunc status=none
same large
is "the middle" "$(host 'dd if=$work/large bs=1 skip=700000 count=6 status=none')" middle

step "directories: made, filled with 400 files, listed, renamed, removed"
mkdir -p "$mnt/work/dir/below"
refused "File exists" mkdir "$mnt/work/dir"
host 'cd $work/dir && seq -f "file %g" 400 | xargs -d "\n" touch'
is "files" "$(find "$mnt/work/dir" -type f | wc -l)" 400
is "a name" "$(find "$mnt/work/dir" -name 'file 399' | wc -l)" 1
mv "$mnt/work/dir" "$mnt/work/moved"
is "files" "$(host 'ls $work/moved | wc -l')" 401
refused "not empty" rmdir "$mnt/work/moved"
mv -f "$mnt/work/other" "$mnt/work/moved/file 1"
is "replaced" "$(host 'cat "$work/moved/file 1"')" "from the host"
rm -r "$mnt/work/moved"
host '[ ! -e $work/moved ]'
refused "No such file" cat "$mnt/work/moved"

step "names: of 255 bytes and more, not of ASCII, with what other systems do not allow"
long=$(printf 'x%.0s' {1..255})
echo long > "$mnt/work/$long"
is "long" "$(host "cat \$work/$long")" long
refused "too long" touch "$mnt/work/x$long"
for name in 'grüße 日本語 🎁' 'a:b*c?"<>|\d' ' blanks ' '-n' '100%'; do
	printf '%s\n' "$name" > "$mnt/work/$name"
	is "its file" "$(name=$name; host "cat \"\$work/\"${name@Q}")" "$name"
	names "$mnt/work" | grep -qxF -e "$name" || fail "'$name' is not listed"
	rm "$mnt/work/$name"
done

step "symbolic links"
ln -s small "$mnt/work/link"
is "the host's view" "$(host 'readlink $work/link')" small
is "the guest's view" "$(readlink "$mnt/work/link") $(head -n 1 "$mnt/work/link")" "small from the guest"
host 'ln -s /etc/hostname $work/absolute'
is "absolute" "$(readlink "$mnt/work/absolute")" /etc/hostname
rm "$mnt/work/link" "$mnt/work/absolute"
host '[ ! -L $work/link ] && [ -e /etc/hostname ]'

step "a directory that becomes a link out of the share is no way out"
# The guest stands below it: its kernel would follow the link itself, within the mount.
host 'mkdir -p $outside/deep $work/inside/deep; echo secret > $outside/deep/file; echo open > $work/inside/deep/file'
cd "$mnt/work/inside/deep"
is "before" "$(cat file)" open
host 'mv $work/inside $work/before; ln -s ../outside $work/inside'
echo 2 > /proc/sys/vm/drop_caches
refused "Permission denied" cat file
! echo overwritten 2> /dev/null > file || fail "a file outside the share can be written"
cd /
is "outside" "$(host 'ls $outside/deep; cat $outside/deep/file' | xargs)" "file secret"

step "a read-only share is read and nothing else"
host 'echo "cannot be changed" > $frozen/note; mkdir $frozen/folder'
is "note" "$(cat "$mnt/frozen/note")" "cannot be changed"
refused "Permission denied" bash -c "echo x > $mnt/frozen/note"
refused "Permission denied" bash -c "echo x >> $mnt/frozen/note"
refused "Permission denied" touch "$mnt/frozen/new"
refused "Permission denied" mkdir "$mnt/frozen/new"
refused "Permission denied" rmdir "$mnt/frozen/folder"
refused "Permission denied" rm -f "$mnt/frozen/note"
# After the refusal the client asks for the target, and reports what it hears of that.
refused "No such file" mv "$mnt/frozen/note" "$mnt/frozen/other"
refused "Permission denied" truncate -s 1 "$mnt/frozen/note"
refused "Permission denied" chmod 600 "$mnt/frozen/note"
refused "Permission denied" ln -s note "$mnt/frozen/link"
is "frozen" "$(host 'ls $frozen; cat $frozen/note' | xargs)" "folder note cannot be changed"

# left_of DESCRIPTOR       how many bytes can be read of a file that the server has forgotten. The client makes an
#                          error of that, or an end of the file
left_of() { cat <&"$1" 2> /dev/null | wc -c || true; }
step "sharing is disabled, and enabled again: the mount lives through it"
exec {open}< "$mnt/work/large"
labctl hgfs disable
refused "" cat "$mnt/work/small" # the first failure closes the channel, and the client looks for another
refused "Transport endpoint is not connected" cat "$mnt/work/small"
refused "Transport endpoint is not connected" mkdir "$mnt/work/new"
! labctl ioports vmware-hgfsclient > /dev/null 2>&1 || fail "vmware-hgfsclient lists shares that are disabled"
is "sharing" "$(shown sharing)" disabled
labctl hgfs enable
is "small" "$(head -n 1 "$mnt/work/small")" "from the guest"
mkdir "$mnt/work/new"
is "bytes of the open file" "$(left_of "$open")" 0
exec {open}<&-
same large

step "the server is started anew: open files are gone, the client begins another session"
exec {open}< "$mnt/work/hosts"
labctl hgfs restart
is "bytes of the open file" "$(left_of "$open")" 0
exec {open}<&-
same hosts
is "sessions" "$(shown sessions)" 1

step "listings that nobody closes do not add up"
python3 -c 'import os, sys; [os.listdir(sys.argv[1]) for _ in range(300)]' "$mnt/frozen"
is "listed" "$(names "$mnt/frozen" | sort | xargs)" "folder note"
[ "$(shown searches)" -le 256 ] || fail "$(shown searches) searches are open"

# strikes RULE CMD…        CMD fails by the rule, once; what it says is in 'said'
said=''
strikes() {
	local before rule=$1
	shift
	before=$(hostile "$rule")
	! said=$("$@" 2>&1) || fail "nobody notices '$rule'"
	is "faults by '$rule'" $(($(hostile faithful) - before)) 1
}
step "a hostile host: statuses become errors, what is cut short or missing as well, and the next request works"
strikes 'hgfs.create_dir status 12' mkdir "$mnt/work/full"
[[ $said = *"No space left"* ]] || fail "no space is '$said'"
strikes 'hgfs.delete_dir status 17' rmdir "$mnt/work/new"
strikes 'hgfs.rename status 99' mv "$mnt/work/new" "$mnt/work/newer"
strikes 'hgfs.open cut 20' cat "$mnt/work/hosts"
mkdir "$mnt/work/full"
rmdir "$mnt/work/full" "$mnt/work/new"
same hosts

step "everything was counted"
for kind in create_session open read write close search_open search_read getattr setattr create_dir delete_file delete_dir rename create_symlink query_volume; do
	[ "$(asked $kind)" -gt 0 ] && labctl counters --json | grep -q "\"hgfs.$kind\"" || fail "no $kind was counted"
done
umount "$mnt"
