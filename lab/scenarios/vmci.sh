#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the model of VMCI in port mode under the kernel's own drivers: probe, context, datagrams, interrupts, reload, refusals
# vm: --timeout 500
# drivers: stock
# check: 7.3/stock
. "$(dirname "$0")/lib.sh"

# The other scenarios of VMCI are this one on another machine.
sockets="/usr/bin/python3 $here/vmci.py"
# told NAME                what the model says of itself
told() { labctl vmci | grep -o "\"$1\": [^,}]*" | cut -d' ' -f2 | tr -d '"'; }
vectors() { grep -c 'vmw_vmci$' /proc/interrupts || true; }
# interrupts [N]           of the device's Nth vector, or of all
interrupts() {
	awk -v which="${1:-0}" -v cpus="$(nproc)" '/vmw_vmci$/ && (!which || ++n == which) { for (i = 2; i < 2 + cpus; i++) sum += $i }
		END { print sum + 0 }' /proc/interrupts
}
requests() { labctl counters | awk -v kind="vmci.$1" '$1 == kind { n = $2 } END { print n + 0 }'; }
is_cid() { [ "$($sockets cid)" = "$1" ]; }
is_bound() { [ -e /sys/bus/pci/drivers/vmw_vmci/0000:00:07.0 ]; }

mode=$(told mode) offered=$(told offered)
case $mode in
port) size=8K wanted=2 ;;
mmio) size=256K wanted=3 ;;
esac

step "$mode mode: the device looks as the real one does"
lspci -vv -s 00:07.0 > /run/lspci
grep -q "Memory at .* (64-bit, non-prefetchable) \[.*size=$size\]" /run/lspci || fail "BAR 1 has not $size: $(cat /run/lspci)"
has=$(sed -n 's/.*MSI-X: Enable- Count=\([0-9]*\).*/\1/p' /run/lspci)
[ "${has:-0}" = "$wanted" ] || wanted=1

# load                     both drivers, and all that has to be there then
load() {
	modprobe vmw_vmci
	modprobe vmw_vsock_vmci_transport
	is_bound || fail "vmw_vmci has not taken the device"
	dmesg | tail -n 20 | grep -q "Using capabilities 0x$(printf %x "$offered")" || fail "the driver uses other capabilities than $offered"
	is "capabilities in use" "$(told used)" "$offered"
	is "interrupts enabled" "$(told enabled)" true
	is "vectors" "$(vectors)" "$wanted"
	is_cid 16 || fail "the guest's context is $($sockets cid), not 16"
}
unload() { modprobe -r vmw_vsock_vmci_transport vmw_vmci; }

step "probe"
load
is "hypercalls of the probe" "$(requests resources_query) $(requests set_notify_bitmap)" "1 1"
[ "$mode" != mmio ] || dmesg | grep -q 'MMIO register access is available'

step "datagrams of all sizes there and back, one by one and in a row, and from the host"
labctl vmci echo 7777 on > /dev/null
before=$(interrupts 1)
$sockets echo 7777 0 1 23 4071 4072 4073 4096 4097 20000 69608
$sockets burst 7777 60 1000 # more would not fit into the socket
[ "$(interrupts 1)" -gt "$before" ] || fail "datagrams came without an interrupt"
$sockets from-host 5000 60
[ "$mode" = port ] || [ "$wanted" = 1 ] || [ "$(interrupts 3)" -gt 0 ] || fail "transfers ended without an interrupt"

step "what cannot be sent is refused as the socket layer expects"
$sockets refused 2 7778 'No route to host'
$sockets refused 17 7777 'Network is unreachable|No such device|Connection timed out|Invalid argument|Transport endpoint'
! $sockets echo 7777 69609 2> /dev/null || fail "a datagram that is too long was sent"
$sockets echo 7777 100

step "a datagram to the guest's own context comes back"
$sockets self 5001

step "another context, by an event"
labctl vmci context 99 > /dev/null
labctl vmci resumed > /dev/null
wait_for 10 is_cid 99
$sockets echo 7777 100
labctl vmci context 16 > /dev/null
wait_for 10 is_cid 16

step "events, interrupts and hypercalls that are wrong are survived"
for event in '99 8' '7 24' '4 0' '5 16'; do
	# shellcheck disable=SC2086  # two words
	labctl hostile vmci event $event > /dev/null
done
labctl hostile vmci detach-event 16:1024 > /dev/null
labctl hostile vmci interrupt 7 > /dev/null
$sockets echo 7777 100

step "unloaded and loaded again, three times"
for _ in 1 2 3; do
	unload
	is "interrupts enabled" "$(told enabled)" false
	is "the notification bitmap" "$(told bitmap)" null
	load
	$sockets echo 7777 1 5000
done

step "a probe that the host refuses fails, and the next one works"
# The module stays loaded without its device, or with none: that is the kernel's business.
for refusal in 'resources_query -1' 'set_notify_bitmap -20'; do
	unload
	# shellcheck disable=SC2086  # two words
	labctl hostile vmci refuse $refusal > /dev/null
	modprobe vmw_vmci
	! is_bound || fail "the driver has taken a device that refused '$refusal'"
	modprobe -r vmw_vmci
	load
	$sockets echo 7777 100
done
