#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The kernel's vsock_test: this guest is one half, a program at the host side the other.

    vsock_suite.py PROGRAM client|server all    what vsock-test.table says passes, in one run
    vsock_suite.py PROGRAM client|server each   every test alone, and whether the table is right

A test counts as passed if both halves say "ok" and nothing else: vsock_test says "ok" as well to what
it has skipped by itself, with a remark.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "vsock-test.table"
SHIM = HERE.parents[1] / "build/host/vsock-on-unix.so"
GUEST, PEER, CONTROL_PORT = "10.0.2.15", "10.0.2.1", "4999"
GUEST_CONTEXT, HOST_CONTEXT = "16", "2"
SECONDS = 300  # for a run; a half gives up when the other one is silent for 10 s
END_SECONDS = 30  # for a half after the other's end
VERDICT = re.compile(r"^(\d+) - (.*?)\.\.\.(.*?)(ok|skipped)$", re.MULTILINE | re.DOTALL)
END = "All tests have been executed. Waiting other peer...ok"


class Fault(Exception):
    """One sentence."""


def read_table(role):
    """What the table says of each test, by name, for a guest in this role."""
    rows = (line.split(None, 2) for line in TABLE.read_text().splitlines() if line and not line.startswith("#"))
    return {name: client if role == "client" else server for client, server, name in rows}


def list_tests(program):
    """Their names in the order of their numbers."""
    text = subprocess.run([program, "--list"], stdout=subprocess.PIPE, text=True, check=False).stdout
    return [line.split("\t")[1] for line in text.splitlines()[1:]]


def at_host(script, *arguments):
    """Run a shell's line at the host side; its status and output."""
    done = subprocess.run(["labctl", "net", "run", "sh", "-c", script, "sh", *arguments], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def is_listening(is_at_host):
    line = f"ss -Hlnt | grep -q ':{CONTROL_PORT} '"
    return (at_host(line)[0] if is_at_host else subprocess.run(["sh", "-c", line], check=False).returncode) == 0


def wait_until(is_so, what, seconds=END_SECONDS):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise Fault(f"waited in vain for {what}")
        time.sleep(0.1)


def start_here(argv):
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")


def start_at_host(argv):
    """Its output goes to a file, with a last line that says that it has ended."""
    at_host("rm -f vsock-test.out")
    environment = [f"LD_PRELOAD={SHIM}", "VSOCK_CONTROL=../plugin.sock", f"VSOCK_GUEST={GUEST_CONTEXT}"]
    script = 'env "$@" > vsock-test.out 2>&1; echo "status $?" >> vsock-test.out'
    subprocess.run(["labctl", "net", "start", "vsock-test", "sh", "-c", script, "sh", *environment, *argv], check=True)


def finish_at_host():
    """What it has printed, once it has ended."""
    try:
        wait_until(lambda: at_host("grep -q '^status ' vsock-test.out")[0] == 0, "the end of the host's half")
    except Fault as fault:
        return f"{at_host('cat vsock-test.out')[1]}\n{fault}"
    finally:
        subprocess.run(["labctl", "net", "stop", "vsock-test"], stdout=subprocess.DEVNULL, check=False)
    return at_host("cat vsock-test.out")[1]


def run(program, role, skipped):
    """One run of both halves: (the guest's output, the host's)."""
    common = [program, f"--control-port={CONTROL_PORT}", *(f"--skip={number}" for number in skipped)]
    client, server = "--mode=client", "--mode=server"
    if role == "client":
        start_at_host([*common, server, f"--peer-cid={GUEST_CONTEXT}"])
        wait_until(lambda: is_listening(True), "the host's half to listen")
        half = start_here([*common, client, f"--peer-cid={HOST_CONTEXT}", f"--control-host={PEER}"])
    else:
        half = start_here([*common, server, f"--peer-cid={HOST_CONTEXT}"])
        wait_until(lambda: is_listening(False), "the guest's half to listen")
        start_at_host([*common, client, f"--peer-cid={GUEST_CONTEXT}", f"--control-host={GUEST}"])
    try:
        here, _ = half.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        half.kill()
        here, _ = half.communicate()
    return here, finish_at_host()


def verdicts(output):
    """By number: "ok", "skipped", or the remark that came with an ok; of what has failed there is none."""
    found = {}
    for number, _, remark, verdict in VERDICT.findall(output):
        found[int(number)] = remark.strip() or verdict
    return found


def run_all(program, role, names, table):
    skipped = [number for number, name in enumerate(names) if table[name] != "pass"]
    outputs = run(program, role, skipped)
    want = {number: "skipped" if number in skipped else "ok" for number in range(len(names))}
    for half, output in zip(("guest", "host"), outputs):
        if verdicts(output) != want or END not in output:
            raise Fault(f"the {half}'s half has not passed all of its tests; the guest's half said\n{outputs[0]}\nand the host's\n{outputs[1]}")
    print(f"{len(names) - len(skipped)} passed, {len(skipped)} skipped:")
    for number in skipped:
        print(f"    {number} {names[number]} ({table[names[number]]})", flush=True)


def run_each(program, role, names, table):
    wrong = 0
    for number, name in enumerate(names):
        outputs = run(program, role, [other for other in range(len(names)) if other != number])
        found = [verdicts(output).get(number, "failed") for output in outputs]
        has_passed = found == ["ok", "ok"] and all(END in output for output in outputs)
        is_right = has_passed == (table[name] == "pass") or table[name] in ("host", "either")
        wrong += not is_right
        print(f"{'' if is_right else 'WRONG '}{number} {name}: guest {found[0]}, host {found[1]} ({table[name]})", flush=True)
        if found != ["ok", "ok"]:
            print("".join(f"    | {line}\n" for output in outputs for line in output.splitlines() if "skipped" not in line), flush=True)
    if wrong:
        raise Fault(f"the table is wrong of {wrong} tests")


def main(program, role, what):
    names, table = list_tests(program), read_table(role)
    unknown = [name for name in names if name not in table]
    if not names or unknown:
        raise Fault(f"vsock_test has tests that {TABLE.name} does not have: {unknown}")
    {"all": run_all, "each": run_each}[what](program, role, names, table)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (TypeError, KeyError):
        sys.exit(__doc__)
    except (Fault, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"vsock_suite.py: {error}")
