#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# vmci.sh STAGE WORD…      one hostile act against the drivers of VMCI and of vsock over it, in the guest (lib.sh).
# vm: --device vmci --timeout 600
# vm mmio: --device vmci,mode=mmio --timeout 600
# vm one: --device vmci,vectors=1 --timeout 600
. "$(dirname "$0")/lib.sh"

slot=0000:00:07.0
driver=/sys/bus/pci/drivers/vmw_vmci
datagrams="/usr/bin/python3 $here/vmci.py"
vsock="/usr/bin/python3 $here/vsock.py"
pause=25 # looks for what may fail while the host is hostile

# told NAME                what the model says of itself, one of its lists as JSON
told() { labctl vmci | grep -oP "\"$1\": \K(\[.*?\]|[^,}]*)"; }
pair() { told pairs | grep -oP '"handle": "\K[^"]*' | head -n 1; }
load() { bounded modprobe vmw_vsock_vmci_transport || verdict "cannot be loaded: modprobe does not end"; }
has_heard() { [ "$(told waiting)" = 0 ]; }
is_bound() { [ -e $driver/$slot ]; }
is_off() { [ "$(told enabled) $(told bitmap) $(told pairs)" = "false null []" ]; }
take_away() {
	unload vmw_vsock_vmci_transport vmw_vmci
	is_off || verdict "leaves the device at work when it is unloaded"
}
# attempt CMD…             what the host may well make fail
attempt() { patience=$pause bounded "$@" 2>&1 || [ $? != 125 ] || verdict "hangs: a program cannot be ended that waits for the driver"; }
# at_work WORD…            a program that says WORD when it is ready, in the background
at_work() {
	local word=$1
	shift
	: > /run/said
	"$@" > /run/said &
	worker=$!
	within grep -q "$word" /run/said || verdict "not ready: no $word before the act"
}
# shellcheck disable=SC2086  # several words
{
	datagrams_pass() { bounded $datagrams echo 7777 1 100 5000 && bounded $datagrams from-host 5000 60; }
	streams_pass() { bounded $vsock 5000 sequence 1; }
	open_stream() { at_work open "$(dirname "$0")/stream.py" 5000 /run/go; }
	labctl vmci echo 7777 on > /dev/null
	labctl vsock listen 5000 -- $vsock - echo
}
# go                       the stream's program goes on, and has to come to its end
go() {
	: > /run/go
	within is_over "$worker" || verdict "does not recover: a program with a stream does not end"
}

[ "$stage" != load ] || act
load
[ "$stage" = load ] || is_bound || verdict "not ready: the driver has not taken the device"

# shellcheck disable=SC2086  # several words
case $stage in
load)
	attempt $datagrams echo 7777 1 100 5000
	attempt $vsock 5000 sequence 1
	;;
traffic)
	act
	attempt $datagrams echo 7777 1 100 5000
	attempt $datagrams from-host 5000 60
	;;
arrival)
	retry datagrams_pass || verdict "not ready: no datagrams before the act"
	act
	attempt $datagrams from-host 5000 60
	;;
connect)
	act
	attempt $vsock 5000 sequence 1
	;;
accept)
	at_work listening $vsock listen:6001 echo
	act
	attempt labctl vsock connect 6001
	kill "$worker" || true
	;;
stream)
	open_stream
	words=("${words[@]/PAIR/$(pair)}")
	act
	go
	;;
rest)
	act
	;;
removal)
	open_stream
	act
	bounded sh -c "echo $slot > $driver/unbind" || verdict "cannot be unbound: the unbinding does not end"
	go
	;;
unload)
	act
	take_away
	;;
esac

nap 2
make_right
if ! is_bound; then # it has refused the device, or has lost it
	[ "$stage" = unload ] || take_away
	load
	is_bound || verdict "does not recover: the driver does not take the device once the host is right again"
fi
within has_heard || verdict "does not recover: the driver leaves datagrams lying"
retry datagrams_pass || verdict "does not recover: datagrams get lost once the host is right again"
retry streams_pass || verdict "does not recover: no stream can be opened once the host is right again"
take_away
verdict stands
