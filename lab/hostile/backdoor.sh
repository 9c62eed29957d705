#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# backdoor.sh boot WORD…   a kernel has started under one hostile act (lib.sh): now it has to keep the time.
# vm: --device backdoor,hostile=WORDS --timeout 600
. "$(dirname "$0")/lib.sh"

seconds=5 # of the host's
uptime_ms() { awk '{ print int($1 * 1000) }' /proc/uptime; }

make_right
before=$(uptime_ms)
labctl net run sleep $seconds
passed=$(($(uptime_ms) - before))
[ $passed -ge $((seconds * 800)) ] && [ $passed -le $((seconds * 2000)) ] ||
	verdict "keeps a wrong time: $passed ms are $seconds s of the host's"
verdict stands
