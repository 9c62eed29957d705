# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# What scenarios of the balloon share: the host's account of it (labctl balloon), the guest's own (our vmmemctl
# shows it in sysfs, the kernel's vmw_balloon in debugfs), and ways to wait until they agree.
# shellcheck shell=bash
# shellcheck source=lab/scenarios/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mib=$((1 << 20))
sysfs=/sys/devices/platform/vmmemctl
export sysfs

# balloon_module           whose driver the scenario is about
balloon_module() {
	case $(drivers) in
	ours) echo vmmemctl ;;
	*) echo vmw_balloon ;;
	esac
}
balloon_module=$(balloon_module)
is_ours() { [ "$balloon_module" = vmmemctl ]; }

# now NAME                 a line of the host's account; sizes are in bytes
now() { labctl balloon | awk -v name="$1" '$1 == name { print $2 }'; }
is_started() { [ "$(now started)" = True ]; }
has_doorbell() { [ "$(now doorbell)" = True ]; }
# requests KIND            how many commands of that kind the host was given; frames_locked and frames_unlocked in 4 KiB
requests() { labctl counters | awk -v kind="balloon.$1" '$1 == kind { n = $2 } END { print n + 0 }'; }
starts() { requests start; }
is_restarted() { [ "$(starts)" -gt "$1" ]; }
# hostile WORD…            the host breaks a promise; acts: how often it has so far
hostile() { labctl hostile balloon "$@" > /dev/null; }
acts() { labctl hostile balloon skip-entries 0; }
has_acted() { [ "$(acts)" -ge "$1" ]; }

# size_from LOW HIGH       in MiB
size_from() {
	local size
	size=$(now size)
	[ "$size" -ge $(($1 * mib)) ] && [ "$size" -le $(($2 * mib)) ]
}
# size_is MIB              a last frame of 2 MiB may be larger than what is missing, and a surplus below it may stay
size_is() { size_from "$1" $(($1 ? $1 + 1 : 0)); }
# to MIB [SECONDS]         the balloon gets there
to() {
	labctl balloon target "$1M"
	wait_for "${2:-60}" size_is "$1"
}
# settled MIB              the balloon is that large, and the driver says so too
settled() { size_is "$1" && sizes_agree; }

# own_size                 the balloon's size in bytes as its driver has it
own_size() {
	if is_ours; then
		cat $sysfs/size
	else
		awk '$1 == "current" { print $3 * 4096 }' /sys/kernel/debug/vmmemctl
	fi
}
sizes_agree() { [ "$(own_size)" = "$(now size)" ]; }
# statistic NAME           one of our driver's own counts
statistic() { cat "$sysfs/statistics/$1"; }

# adds_up SIZE             of our driver's counts, while it rests: what was allocated was locked, refused, not wanted
#                          any more, or taken apart; what was locked was unlocked or was forgotten, for the balloon is empty
adds_up() {
	local split=0
	wait_for 10 grep -qx idle $sysfs/state
	[ "$1" = small ] || split=$(statistic large_split)
	is "$1 frames allocated" "$(statistic "$1_allocated")" \
		$(($(statistic "$1_locked") + $(statistic "$1_refused") + $(statistic "$1_unwanted") + split))
	is "$1 frames locked" "$(statistic "$1_locked")" $(($(statistic "$1_unlocked") + $(statistic "$1_dropped")))
	echo "  $1 frames: $(statistic "$1_allocated") allocated, $(statistic "$1_locked") locked, $(statistic "$1_refused") refused"
}


# balloon_load [PARAMETER…]   the driver, until it has started
balloon_load() {
	modprobe "$balloon_module" "$@"
	wait_for 20 is_started
}
# offered MASK             a host that offers this and no more
offered() {
	labctl balloon offer "$1"
	labctl balloon reset
	wait_for 20 is_started # which a reset ends
}

memory() { awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo; }
available() { memory MemAvailable; }
vmstat() { awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' /proc/vmstat; }
# none_killed              the kernel had to kill no program for lack of memory
none_killed() { [ "$(vmstat oom_kill)" = 0 ] || fail "the kernel killed $(vmstat oom_kill) programs for lack of memory"; }
# in_lists                 kB that lie free in the lists of the CPUs, where MemAvailable does not see them: on newer kernels a
#                          tenth of a small guest
in_lists() { awk '$1 == "pagesets" { inside = 1 } inside && $1 == "count:" { n += $2 } END { print n * 4 }' /proc/zoneinfo; }
# spare                    kB that programs could get
spare() { echo $(($(available) + $(in_lists))); }
# memory_back KB [SLACK]   there is as much to spare as was at that time, but for 32 MiB
has_memory_back() { [ $(($1 - $(spare))) -lt "${2:-32768}" ]; }
memory_back() {
	if ! (wait_for 20 has_memory_back "$@") 2> /dev/null; then
		fail "$(($1 - $(spare))) kB of $1 kB are not there any more"
	fi
}

# interrupts               of VMCI's notifications, its second vector; the kernel's vmw_vmci has it with both drivers
interrupts() {
	awk -v cpus="$(nproc)" '/vmw_vmci$/ && ++n == 2 { for (i = 2; i < 2 + cpus; i++) sum += $i } END { print sum + 0 }' /proc/interrupts
}
has_rung() { [ "$(interrupts)" -gt "$1" ]; }
