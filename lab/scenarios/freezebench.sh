#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: every case of vmsync's bench runs on two filesystems, with no judgement of speed
# vm: --memory 1024 --timeout 300
# check: 7.3/ours
# kernels: 6.1 7.3
# drivers: ours
. "$(dirname "$0")/lib.sh"

bench=$(cd "$(dirname "$0")/../../bench" && pwd)
program=$bench/../build/host/freezebench
[ -x "$program" ] || skip "freezebench is not built: Google Benchmark is not installed"
"$program" --benchmark_format=json --benchmark_enable_random_interleaving=true --filesystems 2 --rounds 1 \
	--hold-ms 50 --deadline-ms 300 > /run/freezebench.json
step "every case has its figures, a window is as long as it was held, and who writes waits as long as that"
cd "$bench"
/usr/bin/python3 -B - <<-'CHECK'
	import json
	from freezereport import figures
	found = {}
	for row, config, figure, times in figures.freezes(json.load(open("/run/freezebench.json"))):
	    print(f"  {config} {row}: {figure} {times[0]:.1f} ms")
	    assert len(times) == 1, f"{config} {row}: {len(times)} freezes, not 1"
	    found[row, config, figure] = times[0]
	for way in ("fsfreeze", "fifreeze", "ours"):
	    assert found["held", way, "window"] > 50, f"{way}: the window is shorter than it was held"
	    assert found["held", way, "stall"] > 30, f"{way}: no writer has waited"
	# The deadline counts from a moment before the kernel's freeze_super() begins.
	assert found["deadline", "ours", "thaw_begins_late"] > -100, "thawed before the deadline"
CHECK
[ "$(cat /sys/class/misc/vmsync/frozen)" = 0 ] || fail "something is frozen"
