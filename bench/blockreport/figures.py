# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What is measured and how figures come out of raw samples.  Pure: no files, no processes.

A sample is {"config", "pass", "repetition", "document"}; the document is what Google Benchmark
printed in the guest.  One iteration is one system call; counters are totals of a case.
"""

from dataclasses import dataclass

from report.stats import BadDocument, entries, summaries

COUNTS, SPEEDS = "counts", "speeds"  # the two kinds of guest: with the counting plugin, without
MICROSECONDS = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}


@dataclass(frozen=True)
class Config:
    """What shows links, as blockbench and lab/vm know it."""

    name: str
    title: str
    flavour: str
    drivers: str
    share: int = 1  # of the iterations that it is given: one in so many


CONFIGS = (
    Config("plain", "plain links", "plain", "stock"),
    Config("ours", "ours", "module", "ours"),
    Config("fuse", "vmblock-fuse", "fuse", "stock", share=20),
)
RIVALS = ("plain", "fuse")


@dataclass(frozen=True)
class Case:
    """A benchmark of blockbench."""

    operation: str
    access: str  # first: a name that is new to the kernel; again: one that is known to it
    state: str  # free: nothing is blocked; crowded: many other names are

    @property
    def name(self):
        return f"{self.operation}_{self.access}_{self.state}"


OPERATIONS = {"lstat": "lstat", "readlink": "readlink", "open": "open through the link, and close"}
STATES = {"free": "nothing blocked", "crowded": "other names blocked"}
ACCESSES = {"again": "known names", "first": "new names"}
CASES = tuple(Case(operation, access, state) for operation in OPERATIONS for access in ACCESSES for state in STATES)


def cases_of(only=None):
    return [case for case in CASES if only in (None, case.operation)]


def figures_of(kind, entry):
    """Figures of one system call."""
    calls = entry["iterations"]
    if kind == SPEEDS:
        return {"time": entry["real_time"] * MICROSECONDS[entry["time_unit"]]}
    counted = ("driver_instructions", "all_instructions")
    return {name: entry[name] / calls for name in counted if name in entry}


def check(document, kind, only):
    """[(case, figures)].  Raises BadDocument if something that such a guest measures is not there."""
    wanted = cases_of(only)
    found = entries(document, [case.name for case in wanted])
    rows = [(case, figures_of(kind, found[case.name])) for case in wanted]
    for case, figures in rows:
        if ("time" if kind == SPEEDS else "all_instructions") not in figures:
            raise BadDocument(f"'{case.name}' has no counts")
    return rows


def collect(samples, only=None):
    """{pass: {case: {figure: {config: summary}}}} of all samples."""
    return summaries(
        (sample["pass"], case.name, figure, sample["config"], value)
        for sample in samples
        for case, figures in check(sample["document"], sample["pass"], only)
        for figure, value in figures.items()
    )
