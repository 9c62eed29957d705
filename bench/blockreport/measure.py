# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Which guests are run, and how."""

from report import guests
from report.guests import GUEST_SECONDS, REPO

from . import figures
from .figures import CONFIGS, COUNTS, SPEEDS

BLOCKBENCH = REPO / "build/host/blockbench"
CPUS, MEMORY = 1, 512


def command(config, kind, kernel, sizes, only, count_file):
    """The lab/vm line of one guest."""
    argv = [REPO / "lab/vm", "--kernel", kernel, "--drivers", config.drivers, "--cpus", CPUS, "--memory", MEMORY]
    argv += ["--timeout", GUEST_SECONDS]
    argv += ["--count", count_file] if kind == COUNTS else []
    argv += ["--", BLOCKBENCH, "--benchmark_format=json", "--flavour", config.flavour]
    argv += ["--plugin"] if kind == COUNTS else []
    names = "|".join(case.name for case in figures.cases_of(only))
    argv += [f"--benchmark_filter=^({names})/"]
    argv += ["--blocked", sizes["blocked"]]
    for name in ("iterations", "names"):
        argv += [f"--{name}", sizes[name] // config.share]
    return [str(word) for word in argv]


def order(repetition):
    """Which guests a repetition runs: who begins changes each time, and so does the kind of guest that comes first."""
    kinds = (SPEEDS, COUNTS) if repetition % 2 == 0 else (COUNTS, SPEEDS)
    start = repetition % len(CONFIGS)
    return [(kind, config) for kind in kinds for config in CONFIGS[start:] + CONFIGS[:start]]


def run(kernel, repetitions, sizes, only):
    """Return (samples, failures); what failed does not stop the rest."""

    def run_one(kind, config):
        return guests.run_guest(
            lambda file: command(config, kind, kernel, sizes, only, file),
            lambda document: figures.check(document, kind, only),
        )

    plan = [(repetition, *step) for repetition in range(repetitions) for step in order(repetition)]
    return guests.run_all(plan, repetitions, run_one)


def describe(label, samples, repetitions, sizes, load_before):
    """What has to be known to compare the run with another one."""
    settings = {"cpus": CPUS, "memory": MEMORY, "repetitions": repetitions, "sizes": sizes}
    return guests.describe(label, samples, load_before, lambda context: context["driver"], **settings)
