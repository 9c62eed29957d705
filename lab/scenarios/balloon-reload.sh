#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the driver is removed and loaded twenty times with the balloon full; and never two drivers at a time
# vm: --memory 1024 --timeout 400
# check: 6.1/ours
. "$(dirname "$0")/balloon-lib.sh"

# account                  commands START, frames unlocked, size, what is granted
account() {
	labctl counters | awk '{ n[$1] = $2 } END { printf "%d %d ", n["balloon.start"], n["balloon.frames_unlocked"] }'
	labctl balloon | awk '{ v[$1] = $2 } END { print v["size"], v["granted"] }'
}
# remove                   with frames in the balloon. START(0) tells the host of it, once, and no frame is unlocked:
#                          the host has forgotten them when they are freed
remove() {
	local starts unlocked
	read -r starts unlocked _ <<< "$(account)"
	rmmod "$balloon_module"
	is "START, frames unlocked, size, granted at the end" "$(account)" "$((starts + 1)) $unlocked 0 0"
}

# loaded NUMBER OFFER MIB
loaded() {
	local i
	labctl balloon offer "$2"
	labctl balloon target "$3M"
	for ((i = 0; i < $1; i++)); do
		insmod "/run/$balloon_module.ko"
		wait_for 30 size_is "$3"
		remove
	done
	none_killed
	memory_back "$before"
}

modprobe "$balloon_module" # and by hand from now on: twenty look-ups in the index are not what is tested
file=$(modinfo -n "$balloon_module")
case $file in
*.xz) xz -dc "$file" > "/run/$balloon_module.ko" ;;
*) cp "$file" /run ;;
esac
rmmod "$balloon_module"
before=$(spare)

step "again and again with 100 MiB of 4 KiB frames"
loaded "$(rounds 10)" 0x26 100
if is_ours; then
	step "again and again with 400 MiB of 2 MiB frames"
	loaded "$(rounds 10)" 0x2e 400
else
	echo "  (left out: the kernel's own driver never ends when it is removed with 2 MiB frames in the balloon)"
fi
is_ours || exit 0

step "the kernel's own driver is refused while ours is there"
labctl balloon target 64M
balloon_load
wait_for 20 settled 64
first=$(starts)
! modprobe vmw_balloon 2> /run/refused || fail "both drivers are loaded: $(lsmod | grep -E 'vmmemctl|vmw_balloon')"
! grep -q '^vmw_balloon ' /proc/modules || fail "vmw_balloon is loaded"
is "commands START by the refused one" "$(starts)" "$first"
to 32
modprobe -r vmmemctl

step "ours is refused while the kernel's own is there, and says what to do"
labctl balloon target 16M
modprobe vmw_balloon
wait_for 20 size_is 16
first=$(starts)
! modprobe vmmemctl 2> /run/refused || fail "both drivers are loaded"
grep -qi 'busy' /run/refused || fail "modprobe says: $(cat /run/refused)"
dmesg | grep -q 'vmw_balloon.*modprobe -r vmw_balloon' || fail "the kernel's log does not say what to do"
is "commands START by the refused one" "$(starts)" "$first"
to 0
modprobe -r vmw_balloon
balloon_load
to 16
remove
