# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the figures have to reach.  Pure."""

from report.stats import find, ratio
from report.verdicts import verdict

from .figures import ACCESSES, COUNTS, OPERATIONS, SPEEDS, STATES, Case

PLAIN, FUSE = 1.3, 0.2  # to a directory of plain links; to vmblock-fuse: five times as fast
FIGURES = ((COUNTS, "all_instructions", "instructions of the guest"), (SPEEDS, "time", "time"))


def at_most(figures, case, kind, figure, words, rival, bound):
    ours, theirs = (find(figures, kind, case.name, figure, config) for config in ("ours", rival))
    value = ratio(ours, theirs)
    what = f"{case.operation}, {ACCESSES[case.access]}, {STATES[case.state]}: {words}"
    title = {"plain": "plain links", "fuse": "vmblock-fuse"}[rival]
    return verdict(what, f"at most {bound:.1f}x {title}", value, bound, "" if value is None else f"{value:.3f}x")


def judge(figures):
    """All verdicts, in the order of the report.  A name that is new to the kernel has to be made one there; tmpfs, which
    has all of its names in memory, is no measure of that."""
    plain = [Case(operation, "again", "free") for operation in OPERATIONS]
    fuse = [Case(operation, access, state) for operation in OPERATIONS for access in ACCESSES for state in STATES]
    return [
        *[at_most(figures, case, *it, "plain", PLAIN) for case in plain for it in FIGURES],
        *[at_most(figures, case, *it, "fuse", FUSE) for case in fuse for it in FIGURES],
    ]
