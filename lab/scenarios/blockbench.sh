#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: every case of vmblock's bench runs, with few calls and no judgement of speed
# vm: --timeout 300
# check: 7.3/ours
# kernels: 6.1 7.3
# drivers: ours
. "$(dirname "$0")/lib.sh"

bench=$(cd "$(dirname "$0")/../../bench" && pwd)
program=$bench/../build/host/blockbench
[ -x "$program" ] || skip "blockbench is not built: Google Benchmark is not installed"
"$program" --benchmark_format=json --iterations 100 --names 20 --blocked 100 > /run/blockbench.json
[ "$(cat /sys/fs/vmblock/statistics/adds)" = 100 ] || fail "a hundred names were to be blocked"
step "every case has its figures"
cd "$bench"
/usr/bin/python3 -B - <<-'CHECK'
	import json
	from blockreport import figures
	for case, some in figures.check(json.load(open("/run/blockbench.json")), figures.SPEEDS, None):
	    print(f"  {case.name}: {some['time']:.1f} us")
	    assert some["time"] > 0, f"{case.name}: it took no time"
CHECK
