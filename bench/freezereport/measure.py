# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Which guests are run, and how."""

from report import guests
from report.guests import REPO

from . import figures
from .figures import CONFIGS

FREEZEBENCH = REPO / "build/host/freezebench"
CPUS, MEMORY = 2, 1024
GUEST_SECONDS = 1800  # a busy machine takes its time to start fsfreeze two thousand times
FREEZES = "freezes"  # the only kind of guest
# On a busy machine sixteen times fsfreeze may take longer than the 30 s after which the kernel reports who waits.
WAITERS = "task freezebench:[0-9]+ blocked for more than"


def command(config, kernel, sizes):
    """The lab/vm line of one guest.  Google Benchmark shuffles the freezes of all ways."""
    argv = [REPO / "lab/vm", "--kernel", kernel, "--drivers", "ours", "--cpus", CPUS, "--memory", MEMORY]
    argv += ["--expect", WAITERS, "--timeout", GUEST_SECONDS, "--", FREEZEBENCH, "--benchmark_format=json"]
    argv += ["--benchmark_enable_random_interleaving=true", "--filesystems", config.filesystems]
    for name, value in sizes.items():
        argv += [f"--{name}", value]
    return [str(word) for word in argv]


def order(repetition, only=None):
    """Which guests a repetition runs, each time from another start."""
    configs = [config for config in CONFIGS if only in (None, config.name)]
    start = repetition % len(configs)
    return [(FREEZES, config) for config in configs[start:] + configs[:start]]


def run(kernel, repetitions, sizes, only):
    """Return (samples, failures); what failed does not stop the rest."""

    def run_one(_, config):
        return guests.run_guest(lambda _: command(config, kernel, sizes), figures.freezes)

    plan = [(repetition, *step) for repetition in range(repetitions) for step in order(repetition, only)]
    return guests.run_all(plan, repetitions, run_one)


def describe(label, samples, repetitions, sizes, load_before):
    """What has to be known to compare the run with another one."""
    settings = {"cpus": CPUS, "memory": MEMORY, "repetitions": repetitions, "sizes": sizes}
    about = guests.describe(label, samples, load_before, lambda context: context["driver"], **settings)
    about["drivers"] = {"ours": "vmsync", "fsfreeze, FIFREEZE": guests.first_line(["fsfreeze", "--version"])}
    return about
