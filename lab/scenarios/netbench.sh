#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: every case of the network bench runs, with little traffic and no judgement of speed
# vm: --nic vmxnet3 --timeout 300
# check: 6.1/ours
# kernels: 6.1 7.3
# drivers: ours
. "$(dirname "$0")/lib.sh"

bench=$(cd "$(dirname "$0")/../../bench" && pwd)
program=$bench/../build/host/netbench
[ -x "$program" ] || skip "netbench is not built: Google Benchmark is not installed"
peer_start netbench "$program" peer
wait_for 10 port_open 9000
"$program" run --benchmark_format=json --packets 640 --paced-packets 200 --mebibytes 4 \
	--small-mebibytes 2 --round-trips 100 > /run/netbench.json
step "every case has its figures"
cd "$bench"
/usr/bin/python3 -B - <<-'CHECK'
	import json
	from netreport import figures
	document = json.load(open("/run/netbench.json"))
	wanted = figures.cases_of("ours")
	found = figures.entries(document, wanted)
	for case in wanted:
	    counts, speeds = figures.counts_of(case, found[case.name]), figures.speeds_of(case, found[case.name])
	    print(f"  {case.name}: {counts['interrupts']:.3f} interrupts per {case.unit}, {len(speeds)} speeds")
	    assert all(value >= 0 for value in {**counts, **speeds}.values()), f"{case.name}: a figure is below 0"
CHECK
