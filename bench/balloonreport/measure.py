# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Which guests are run, and how."""

import os

from report import guests
from report.guests import GUEST_SECONDS, REPO

from . import figures
from .figures import COUNTS, SPEEDS

BALLOONBENCH = REPO / "build/host/balloonbench"
CPUS, MEMORY = 1, 1024  # half of it goes into the balloon, and later nearly all
# Debian's kernels write zeros to every page they allocate. A processor does that at memory's speed; the emulation
# takes an instruction for eight bytes, and what a driver does with frames of 2 MiB vanishes beside it.
NO_ZEROING = "init_on_alloc=0"


def command(config, kind, kernel, sizes, only, count_file):
    """The lab/vm line of one guest."""
    argv = [REPO / "lab/vm", "--kernel", kernel, "--drivers", config.drivers, "--cpus", CPUS, "--memory", MEMORY]
    argv += ["--timeout", GUEST_SECONDS]
    argv += ["--count", count_file] if kind == COUNTS else []
    argv += ["--", BALLOONBENCH, "--benchmark_format=json", "--module", config.module]
    argv += ["--plugin"] if kind == COUNTS else []
    names = "|".join(case.name for case in figures.cases_of(kind, only))
    argv += [f"--benchmark_filter=^({names})/"]
    for name, value in sizes.items():
        argv += [f"--{name}", value]
    return [str(word) for word in argv]


def order(repetition, configs, only=None):
    """Which guests a repetition runs: speeds and counts, each time from another start.  Counts, which hardly change,
    come every second time."""
    kinds = (SPEEDS,) if repetition % 2 else (SPEEDS, COUNTS)
    plan = [(kind, config) for kind in kinds if figures.cases_of(kind, only) for config in configs]
    start = (repetition // 2 + repetition) % len(plan) if plan else 0
    return plan[start:] + plan[:start]


def run(kernel, repetitions, sizes, only, configs, has_zeroing):
    """Return (samples, failures); what failed does not stop the rest."""
    given = os.environ.get("VMGUEST_APPEND", "")
    append = given if has_zeroing else f"{given} {NO_ZEROING}".strip()

    def run_one(kind, config):
        return guests.run_guest(
            lambda file: command(config, kind, kernel, sizes, only, file),
            lambda document: figures.check(document, kind, only),
            VMGUEST_APPEND=append,
        )

    plan = [(repetition, *step) for repetition in range(repetitions) for step in order(repetition, configs, only)]
    return guests.run_all(plan, repetitions, run_one)


def describe(label, samples, repetitions, sizes, load_before, has_zeroing):
    """What has to be known to compare the run with another one."""
    return guests.describe(
        label,
        samples,
        load_before,
        lambda context: context["driver"],
        cpus=CPUS,
        memory=MEMORY,
        repetitions=repetitions,
        sizes=sizes,
        zeroing=has_zeroing,
    )
