#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: the model of the balloon moves its driver: up, down, reset, in frames of 4 KiB and 2 MiB, and refuses
# vm: --memory 1024 --timeout 300
# check: 6.1/ours
. "$(dirname "$0")/balloon-lib.sh"

step "the driver finds the machine and starts"
grep -q 'Hypervisor detected: VMware' <(dmesg) || fail "the kernel does not take this machine for VMware's"
balloon_load
[ "$(now guest)" = 1 ] || fail "it is no Linux, it says, but $(now guest)"
[ "$(now granted)" = 46 ] || fail "granted: $(now granted), not 46"

step "up to 200 MiB by frames of 2 MiB, down to 50, up to 100, and empty"
before=$(available)
to 200
[ "$(requests batched_2m_lock)" -gt 0 ] || fail "no frame of 2 MiB was locked"
[ $((before - $(available))) -gt $((150 * 1024)) ] || fail "the guest has only $((before - $(available))) kB less memory, not 200 MiB"
to 50
to 100
to 0
[ $((before - $(available))) -lt $((50 * 1024)) ] || fail "the guest did not get its memory back"

step "a reset: the guest takes everything back and starts anew"
to 64
before=$(starts)
labctl balloon reset
wait_for 20 is_restarted "$before"
wait_for 60 size_from 64 65
to 0

step "batches of 4 KiB frames"
offered 0x26
before=$(requests batched_lock) large=$(requests batched_2m_lock)
to 100
to 0
[ "$(requests batched_lock)" -ge $((before + 50)) ] || fail "only $(($(requests batched_lock) - before)) batches were locked"
[ "$(requests batched_2m_lock)" = "$large" ] || fail "a frame of 2 MiB was locked that was not offered"
step "one frame at a time, as the oldest hosts do"
before=$(requests lock)
offered 2
to 8
[ "$(requests lock)" -ge $((before + 2048)) ] || fail "frames were not locked one at a time"
to 0
before=$(starts)
labctl balloon legacy on
labctl balloon reset
wait_for 20 is_restarted "$before"
to 8
to 0
labctl balloon legacy off

step "refusals: the driver keeps refused frames out of the balloon, and goes on"
offered 0x2e
before=$(acts)
hostile refuse-entries pinned 3
labctl balloon target 64M
wait_for 20 has_acted $((before + 5))
hostile faithful
wait_for 60 size_from 64 65
for status in busy invalid absent; do
	before=$(acts)
	hostile refuse any $status 3
	wait_for 20 has_acted $((before + 3))
done
wait_for 60 size_from 64 65
to 0
