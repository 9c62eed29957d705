#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: vmblock's nodes, mount, control by write, ioctl and poll, rights, sleep of the machine, unloading
# drivers: ours
# vm: --timeout 600
# check: 7.3/ours
. "$(dirname "$0")/vmblock-lib.sh"

step "loading makes the control node and the place to mount, unloading takes them"
[ ! -e /proc/fs/vmblock ] || fail "/proc/fs/vmblock is there before the module is"
modprobe vmblock
is "directory, node, mount point" "$(stat -c '%A %u %g' /proc/fs/vmblock $control $mount_point | paste -sd' ')" \
	"dr-xr-xr-x 0 0 --w------- 0 0 dr-xr-xr-x 0 0"
modprobe -r vmblock
[ ! -e /proc/fs/vmblock ] || fail "/proc/fs/vmblock outlives the module"
[ ! -e /sys/fs/vmblock ] || fail "/sys/fs/vmblock outlives the module"

step "what cannot be shown is not mounted"
mount_now() { /usr/bin/python3 -c 'import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"none", sys.argv[1].encode(), b"vmblock", 0, None): sys.exit(__import__("errno").errorcode[ctypes.get_errno()])' $mount_point; }
modprobe vmblock
rm -rf $root
refused EINVAL mount_now
: > $root
refused EINVAL mount_now
rm $root
mkdir -m 0755 $root
refused EPERM mount_now
chmod 1777 $root
chown 65534 $root
refused EPERM mount_now
dmesg | grep -q "vmblock: .*install -d -m 1777 $root" || fail "the kernel's log does not say what to do"
echo relative > /sys/module/vmblock/parameters/root
refused EINVAL mount_now
echo $root > /sys/module/vmblock/parameters/root
staging
is "mode of the parameter" "$(stat -c %a /sys/module/vmblock/parameters/root)" 600

step "mounted: magic, name length, a root directory that nobody can change"
mount -t vmblock -o never,heard=of none $mount_point
is "type, name length" "$(stat -f -c '%t %l' $mount_point)" "abababab 255"
is "root directory" "$(stat -c '%A %u %i' $mount_point)" "dr-xr-xr-x 0 1"
refused "Operation not permitted" chmod 777 $mount_point
refused "vmblock" modprobe -r vmblock
grep -q "^none $mount_point vmblock " /proc/mounts || fail "not in the list of mounts"
mkdir -p /run/second
mount -t vmblock none /run/second
: > $root/seen
is "a second mount" "$(readlink /run/second/seen)" $root/seen
umount /run/second

step "users' namespaces cannot mount it"
if unshare -Ur true 2> /dev/null; then
	refused "permission denied" unshare -Urm mount -t vmblock none /run/second
fi

step "a directory that moves, changes hands or is mounted over; names that were never there"
user vmblock_place

step "the control node"
user vmblock_control

step "the directory goes, comes again, is taken by a user"
rm -rf $root
refused "No such file" ls $mount_point/
refused "No such file" stat $mount_point/seen
staging
echo again > $root/seen
is "text" "$(cat $mount_point/seen)" again
chown 65534 $root
refused "not permitted" cat $mount_point/seen
refused "not permitted" stat $mount_point/seen
refused "not permitted" ls $mount_point/
staging
echo again > $root/seen

step "a directory that leads back to the mount is no way into the ground"
refused "Invalid argument" unshare -m sh -c "mount --bind $mount_point $root && ls $root/"
refused "Invalid argument" unshare -m sh -c "mount --bind $mount_point $root && cat $root/seen"
refused "symbolic links" unshare -m sh -c "cd / && mount --bind $mount_point /tmp && cat /tmp/seen"
refused "symbolic links" unshare -m sh -c "cd / && mount --bind $mount_point /tmp && stat /tmp/seen"
refused "symbolic links" unshare -m sh -c "cd / && mount --bind $mount_point /tmp && ls /tmp/"

step "nor is one that lists the mount in turn"
install -d -m 1777 /run/under
refused "symbolic links" timeout 30 unshare -m sh -c "mount -t overlay -o lowerdir=/run/under:$mount_point none $root && ls $mount_point/"

step "the machine can sleep while somebody waits"
exec {agent}> $control
/usr/bin/python3 -B -c "import sys; sys.path.insert(0, '$here'); import vmblock_user as u; u.Module.send($agent, u.ADD, '$root/seen')"
cat $mount_point/seen > /run/seen {agent}>&- &
reader=$!
wait_for 20 counts_are waiters 1
frozen
is "waiters" "$(counts waiters)" 1
refused "in use" rmmod vmblock

step "an open control node holds the module as a mount does"
umount $mount_point 2> /dev/null && fail "unmounted under a waiter"
exec {agent}>&-
wait $reader
is "text" "$(cat /run/seen)" again
umount $mount_point
exec {agent}> $control
refused "in use" rmmod vmblock
exec {agent}>&-
rmmod vmblock
[ ! -e /proc/fs/vmblock ] || fail "/proc/fs/vmblock outlives the module"
