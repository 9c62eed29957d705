# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Which guests are run, and how."""

from report import guests
from report.guests import GUEST_SECONDS, REPO

from . import figures
from .figures import COUNTS, SPEEDS

NETBENCH = REPO / "build/host/netbench"
CPUS, MEMORY = 1, 512  # one CPU: with two, four busy threads share what is often two cores
# A guest that finds VMware's backdoor takes its clock's speed from there: the figures are of a NIC, and stay
# comparable with those of before, when the lab had no such models.
WITHOUT = [word for name in ("backdoor", "balloon", "vmci") for word in ("--device", f"{name}=off")]


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


def order(repetition):
    """Which guests a repetition runs: speeds and counts, each time from another start."""
    plan = [(SPEEDS, config) for config in figures.CONFIGS]
    plan += [(COUNTS, config) for config in figures.CONFIGS if config.name in figures.VMXNET3]
    start = repetition % len(plan)
    return plan[start:] + plan[:start]


def run(kernel, repetitions, sizes, only):
    """Return (samples, failures); what failed does not stop the rest."""

    def run_one(kind, config):
        return guests.run_guest(
            lambda file: command(config, kind, kernel, sizes, only, file),
            lambda document: figures.entries(document, figures.cases_of(config.name, only)),
        )

    plan = [
        (repetition, kind, config)
        for repetition in range(repetitions)
        for kind, config in order(repetition)
        if figures.cases_of(config.name, only)
    ]
    return guests.run_all(plan, repetitions, run_one)


def describe(label, samples, repetitions, sizes, load_before):
    """What has to be known to compare the run with another one."""
    return guests.describe(
        label,
        samples,
        load_before,
        lambda it: f"{it['driver']} {it['driver_version']}, receive ring {it['rx_ring']}, LRO {it['lro']}",
        cpus=CPUS,
        memory=MEMORY,
        repetitions=repetitions,
        sizes=sizes,
    )
