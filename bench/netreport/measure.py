# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Runs guests and gathers their documents."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import figures
from .figures import COUNTS, SPEEDS

REPO = Path(__file__).resolve().parents[2]
NETBENCH = REPO / "build/host/netbench"
CPUS, MEMORY = 1, 512  # one CPU: with two, four busy threads share what is often two cores
GUEST_SECONDS = 900
# A guest that finds VMware's backdoor takes its clock's speed from there: the figures are of a NIC, and stay
# comparable with those of before, when the lab had no such models.
WITHOUT = [word for name in ("backdoor", "balloon", "vmci") for word in ("--device", f"{name}=off")]


class MeasureError(Exception):
    """A guest could not be measured; one sentence, or what the guest said."""


def prepare(kernel):
    """Build the program, the lab and our modules.  Raises MeasureError."""
    for argv in (
        [REPO / "lab/kernels/get", kernel],
        [REPO / "scripts/build-host", "bench"],
        [REPO / "scripts/kmod", "build", f"KERNEL={kernel}"],
    ):
        if subprocess.run(argv, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False).returncode:
            raise MeasureError(f"'{argv[0].relative_to(REPO)} {' '.join(argv[1:])}' failed (see above)")


def command(config, kind, kernel, sizes, only, count_file):
    """The lab/vm line of one guest."""
    argv = [REPO / "lab/vm", "--kernel", kernel, "--drivers", config.drivers, "--nic", config.nic, *WITHOUT]
    argv += ["--cpus", CPUS, "--memory", MEMORY, "--timeout", GUEST_SECONDS, "--peer", f"exec {NETBENCH} peer"]
    argv += ["--count", count_file] if kind == COUNTS else []
    argv += ["--", NETBENCH, "run", "--benchmark_format=json"]
    argv += ["--plugin"] if kind == COUNTS else []
    argv += [f"--benchmark_filter=^{only}/"] if only else []
    for name, value in sizes.items():
        argv += [f"--{name}", value]
    return [str(word) for word in argv]


def run_guest(config, kind, kernel, sizes, only):
    """One guest's document, checked for completeness.  Raises MeasureError."""
    environment = dict(os.environ, VMGUEST_PREBUILT="1", VMGUEST_COUNT="all")
    with tempfile.TemporaryDirectory(prefix="vmguest-bench-") as folder:
        argv = command(config, kind, kernel, sizes, only, f"{folder}/count.json")
        done = subprocess.run(argv, cwd=REPO, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasureError(f"lab/vm ended with status {done.returncode}: {done.stderr.strip()[-2000:]}")
    try:
        document = json.loads(done.stdout)
        figures.entries(document, figures.cases_of(config.name, only))
    except (ValueError, figures.BadDocument) as error:
        raise MeasureError(f"{error} {done.stderr.strip()[-2000:]}".strip()) from None
    return document


def order(repetition):
    """Which guests a repetition runs: speeds and counts, each time from another start."""
    plan = [(SPEEDS, config) for config in figures.CONFIGS]
    plan += [(COUNTS, config) for config in figures.CONFIGS if config.name in figures.VMXNET3]
    start = repetition % len(plan)
    return plan[start:] + plan[:start]


def run(kernel, repetitions, sizes, only):
    """Return (samples, failures); what failed does not stop the rest."""
    samples, failures = [], []
    for repetition in range(repetitions):
        for kind, config in order(repetition):
            if not figures.cases_of(config.name, only):
                continue
            started = time.monotonic()
            name = f"repetition {repetition + 1} of {repetitions}: {kind}, {config.title}"
            try:
                document = run_guest(config, kind, kernel, sizes, only)
            except MeasureError as error:
                failures.append(f"{name}: {error}")
                print(f"  {name}: FAILED: {error}", file=sys.stderr, flush=True)
                continue
            samples.append({"config": config.name, "pass": kind, "repetition": repetition, "document": document})
            print(f"  {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return samples, failures


def first_line(argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split("\n")[0]
    except FileNotFoundError:
        return "unknown"


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def describe(label, samples, repetitions, sizes, load_before):
    """What has to be known to compare the run with another one."""
    contexts = {sample["config"]: sample["document"]["context"] for sample in samples}
    drivers = {
        name: f"{context['driver']} {context['driver_version']}, receive ring {context['rx_ring']}, LRO {context['lro']}"
        for name, context in contexts.items()
    }
    return {
        "label": label,
        "kernel": next(iter(contexts.values()))["kernel"] if contexts else "unknown",
        "qemu": first_line(["qemu-system-x86_64", "--version"]).removeprefix("QEMU emulator version "),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "cpus": CPUS,
        "memory": MEMORY,
        "repetitions": repetitions,
        "sizes": sizes,
        "load_before": round(load_before, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "drivers": drivers,
    }
