#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
# scenario: open-vm-tools' programs talk to the backdoor: detection, calls, statistics, vmtoolsd, a hostile host
# vm: --device backdoor,reply=8 --nic vmxnet3 --timeout 500
# drivers: stock
# check: 6.1/stock
. "$(dirname "$0")/lib.sh"

have_tools
rpc() { tool vmware-rpctool "$@"; }
# refused TEXT CMD…        CMD fails and says TEXT
refused() {
	local want=$1 words
	shift
	! words=$("$@" 2>&1) || fail "'$*' succeeds"
	[[ $words = *"$want"* ]] || fail "'$*' says '$words', not '$want'"
}
polls() { labctl rpc channels | grep -o '"polls": [0-9]*' | cut -d' ' -f2; }
hostile() { labctl hostile backdoor "$*"; }

step "the kernel finds the platform and asks for frequencies"
dmesg | grep 'Hypervisor detected: VMware'
dmesg | grep -iE 'vmware: .*(tsc|mhz|hypercall)' || true

step "without leave to use the ports there is no backdoor"
! vmware-checkvm > /dev/null 2>&1 || fail "vmware-checkvm works without the ports"

step "vmware-checkvm"
is "its words" "$(tool vmware-checkvm)" "VMware software version 6 (good)"
is "product" "$(tool vmware-checkvm -p)" "ESX Server"

step "vmware-rpctool: variables in both directions"
rpc 'info-set guestinfo.scenario one two'
is "the host's view" "$(labctl guestinfo guestinfo.scenario)" "one two"
labctl guestinfo guestinfo.scenario "from the host"
is "the guest's view" "$(rpc 'info-get guestinfo.scenario')" "from the host"
refused "No value found" rpc 'info-get guestinfo.nothing'
refused "Unknown command" rpc nonsense
# Of a long value only few steps go through registers: the rest is the high-bandwidth port's.
steps() { labctl counters --json | sed 's/.*"backdoor.message": *\([0-9]*\).*/\1/'; }
before=$(steps)
long=$(head -c 30000 /dev/zero | tr '\0' x)
rpc "info-set guestinfo.long $long"
is "a long value" "$(rpc 'info-get guestinfo.long')" "$long"
[ $(($(steps) - before)) -lt 100 ] || fail "a long value took $(($(steps) - before)) steps by registers"
rpc 'log hello from the scenario'
said '^rpci [0-9]+ > log hello from the scenario' || fail "the host has not seen the log line"

step "vmware-toolbox-cmd: statistics, time synchronisation, devices"
[[ $(tool vmware-toolbox-cmd -v) =~ ^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+ ]] || fail "its version is '$(tool vmware-toolbox-cmd -v)'"
[[ $(tool vmware-toolbox-cmd stat speed) =~ ^[0-9]+\ MHz$ ]] || fail "speed is '$(tool vmware-toolbox-cmd stat speed)'"
is "session" "$(tool vmware-toolbox-cmd stat sessionid)" 0x1
is "balloon" "$(tool vmware-toolbox-cmd stat balloon)" "0 MB"
is "memory limit" "$(tool vmware-toolbox-cmd stat memlimit)" "512 MB"
is "CPU limit" "$(tool vmware-toolbox-cmd stat cpulimit)" "2000 MHz"
host=$(date -d "$(tool vmware-toolbox-cmd stat hosttime)" +%s)
[ $((host - $(date +%s))) -ge -30 ] && [ $((host - $(date +%s))) -le 30 ] || fail "the host's time is $host, ours $(date +%s)"
is "time" "$(tool vmware-toolbox-cmd timesync status || [ $? = 69 ])" Disabled
is "time" "$(tool vmware-toolbox-cmd timesync enable)" Enabled
is "time" "$(tool vmware-toolbox-cmd timesync status)" Enabled
is "time" "$(tool vmware-toolbox-cmd timesync disable)" Disabled
is "devices" "$(tool vmware-toolbox-cmd device list)" "$(printf 'ide1:0: Enabled\nfloppy0: Disabled')"
tool vmware-toolbox-cmd device enable floppy0
is "devices" "$(tool vmware-toolbox-cmd device status floppy0)" Enabled

step "vmware-hgfsclient: Shared Folders are disabled, and it says so"
! tool vmware-hgfsclient > /run/shares 2>&1 || fail "vmware-hgfsclient found shares: $(cat /run/shares)"
said '^rpci [0-9]+ > f ' || fail "it has not asked"

answers() { [ "$(labctl rpc send ping)" = "OK " ]; }
resets() { [ "$(labctl rpc | grep -c '> OK ATR toolbox')" -ge "$1" ]; }
beats() { [ "$(polls)" -gt "$1" ]; }

step "vmtoolsd: the host's first requests, capabilities, variables, heartbeat"
daemon_start
wait_for 60 said '^tclo [0-9]+ > OK ATR toolbox'
wait_for 60 said '^rpci [0-9]+ > vmx.capability.unified_loop toolbox'
wait_for 60 said '^rpci [0-9]+ > tools.capability.statechange'
wait_for 60 said '^rpci [0-9]+ > tools.set.versiontype [0-9]+ 4'
wait_for 60 said '^rpci [0-9]+ > SetGuestInfo  '
address_is_told() { [ "$(labctl guestinfo guestinfo.ip)" = "$guest" ]; }
wait_for 60 address_is_told
wait_for 20 beats $(($(polls) + 10))

step "vmtoolsd: requests by hand"
is "ping" "$(labctl rpc send ping)" "OK "
refused "ERROR Unknown Command" labctl rpc send Nonsense
is "power-on" "$(labctl rpc send OS_PowerOn)" "OK "
wait_for 60 said '^rpci [0-9]+ > tools.os.statechange.status [01] 3'

step "vmtoolsd: after a checkpoint, after all channels are gone, after the host closed its channel"
labctl rpc clear
labctl rpc checkpoint > /dev/null
wait_for 60 resets 1
labctl rpc restart > /dev/null
wait_for 60 resets 2
hostile 'tclo send-size status closed' > /dev/null
wait_for 60 resets 3
wait_for 60 answers

step "vmtoolsd: a request that gets lost, one that comes late, one that is nonsense"
hostile 'request lose; request late 300; request text nonsense' > /dev/null
! labctl rpc send ping > /dev/null 2>&1 || fail "a lost request was answered"
is "late" "$(labctl rpc send ping)" "OK "
refused "ERROR Unknown Command" labctl rpc send ping
daemon_stop

step "a hostile host: what has to be begun anew is, and nobody notices"
before=$(hostile 'rpci send-data status checkpoint; rpci recv-data status checkpoint; rpci recv-status status checkpoint')
is "the variable" "$(rpc 'info-get guestinfo.scenario')" "from the host"
is "faults" $(($(hostile faithful) - before)) 3

# once RULE                 a call fails by the rule, and the next works; what the first said is in 'error'
error=''
once() {
	hostile "$1" > /dev/null
	! error=$(rpc 'info-get guestinfo.scenario' 2>&1) || fail "'$1' was not noticed: $error"
	is "the variable after '$1'" "$(rpc 'info-get guestinfo.scenario')" "from the host"
}
step "a hostile host: every other status, and every step, is an error, and the next call works"
once "rpci x2 open status none" # without a cookie it is tried again
for point in send-size send-data recv-size recv-data recv-status; do
	once "rpci $point status none"
done
for status in closed unsent poweroff timeout; do
	once "rpci recv-data status $status"
done

step "a hostile host: cookies, lengths, types, refusals, silence, answers that come late or never"
for script in 'open cookie' 'send-data cookie' 'recv-data cookie' 'recv-size type 2' 'recv-size length 0xffffffff' \
	'x2 open silent' 'send-size silent' 'recv-data silent' 'reply lose' 'reply late 300' 'reply text nonsense' 'reply refuse not today'; do
	once "rpci $script"
done
is "the refusal" "$error" "not today"
