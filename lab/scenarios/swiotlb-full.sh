#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: no bounce buffer is left: packets are dropped with a reason, rings wait for their buffers, all flows again afterwards
# vm: --nic vmxnet3 --timeout 240
# append: swiotlb=force
# drivers: ours
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

device=0000:00:10.0
used() { cat /sys/kernel/debug/swiotlb/io_tlb_used; }
is_used() { [ "$(used)" = "$1" ]; }
leave() { echo "$1" > /sys/module/bounce_hog/parameters/leave; }
grown() { [ "$(both "$1")" -gt "$2" ]; }

[ -e /sys/kernel/debug/swiotlb/io_tlb_used ] || skip "this kernel does not count bounce buffers"
modprobe bounce_hog device=$device || fail "run scripts/kmod build KERNEL=$(release) TESTS=1, and once more"
modprobe -r vmxnet3
before=$(used)
modprobe vmxnet3
bring_up
iperf_server
traffic_start four $peer
traffic_flows

step "what is sent in large pieces finds no room"
leave 4
iperf3 -c $peer -t 20 -i 0 > /dev/null &
sender=$!
wait_for 15 grown txN_drop_map 10
traffic_flows 20 0
leave -1
wait $sender || fail "the stream broke"
traffic_flows

step "a ring whose buffers are held by a socket gets no others"
/usr/bin/python3 - <<-'END' &
	import socket, time
	server = socket.create_server(("", 7100))
	server.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
	held, _ = server.accept()
	while not __import__("os").path.exists("/run/read-it"):
	    time.sleep(0.1)
	whole = 0
	while piece := held.recv(1 << 20):
	    whole += len(piece)
	raise SystemExit(whole != 4 << 20)
END
reader=$!
listens() { ss -Hlnt | grep -q ':7100 '; }
wait_for 20 listens
failed=$(both rxN_refill_failed)
leave 4
peer_start sender /usr/bin/python3 -c "import socket; socket.create_connection(('$guest', 7100)).sendall(bytes(4 << 20))"
wait_for 20 grown rxN_refill_failed "$failed"
leave -1
touch /run/read-it
wait_for 40 sh -c "! kill -0 $reader"
wait $reader || fail "the stream is not whole"
peer_stop sender > /dev/null
traffic_flows
failed=$(both rxN_refill_failed)
iperf3 -c $peer -n 8M -i 0 > /dev/null
[ "$(both rxN_refill_failed)" = "$failed" ] || fail "refills fail though there is room"
[ "$(counter resets)" = 0 ] || fail "there were resets"
traffic_stop

step "no slot is lost"
modprobe -r vmxnet3
modprobe -r bounce_hog
(wait_for 20 is_used "$before") || fail "$(used) bounce buffers stay in use, $before before the driver came"
