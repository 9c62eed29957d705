#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the driver works with MSI-X, with one MSI and with a shared INTx line
# vm: --nic vmxnet3
# drivers: ours
# check: 6.1/ours
. "$(dirname "$0")/lib.sh"

iperf_server
for mode in msix msi intx; do
	modprobe -r vmxnet3
	modprobe vmxnet3 irq_mode=$mode
	ip address add $guest/24 dev eth0
	ip link set eth0 up
	wait_for 5 grep -q 1 /sys/class/net/eth0/carrier
	pings -i 0.02 -c 50 $peer
	iperf3 -c $peer -n 16M -i 0 > /dev/null
	iperf3 -c $peer -n 16M -i 0 -R > /dev/null
	vectors=$(find /sys/bus/pci/devices/0000:00:10.0/ -path '*/msi_irqs/*' | wc -l)
	step "$mode: $vectors message vectors"
	case $mode in
	msix) [ "$vectors" -ge 2 ] ;;
	msi) [ "$vectors" = 1 ] ;;
	intx) [ "$vectors" = 0 ] ;;
	esac || fail "$mode took $vectors vectors"
done
