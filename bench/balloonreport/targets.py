# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the figures have to reach.  Pure."""

from report.stats import find, ratio
from report.verdicts import SHORT, Verdict, verdict

from .figures import CASES, COUNTS, SPEEDS, WAYS, row_name

EXITS, INSTRUCTIONS, TIME = 0.5, 0.6, 0.7  # to in-tree
FIRST_FRAME_US = 1000
TIME_TOLERANCE = 1.05  # medians of times: what is left to chance
FLOOR = "at the floor"  # not what was aimed at, but the protocol allows no less

MOVES = [(case, way) for case in CASES if case.is_move for way in WAYS]


def both(figures, kind, row, figure):
    return (find(figures, kind, row, figure, config) for config in ("ours", "in-tree"))


def exits(figures, case, way):
    """Where the in-tree driver is at the protocol's least, or near it, so is the best there can be."""
    row = row_name(case.name, way)
    ours, theirs = both(figures, COUNTS, row, "exits")
    value, least = ratio(ours, theirs), find(figures, COUNTS, row, "least_exits", "ours")
    text = "" if value is None else f"{value:.3f}x: {ours['median']:.1f}, at least {least['median']:.1f}"
    it = verdict(f"{case.title}: exits per GiB, {way}", f"at most {EXITS:.2f}x in-tree", value, EXITS, text)
    is_least = it.state == SHORT and ours["median"] <= least["median"]
    return Verdict(it.what, it.limit, it.value, FLOOR) if is_least else it


def at_most(figures, kind, case, way, figure, bound, words):
    value = ratio(*both(figures, kind, row_name(case.name, way), figure))
    text = "" if value is None else f"{value:.3f}x"
    return verdict(f"{case.title}: {words}, {way}", f"at most {bound:.2f}x in-tree", value, bound, text)


def first_frame(figures, figure, key, words):
    ours = find(figures, SPEEDS, "first_frame_doorbell", figure, "ours")
    value = ours and ours[key]
    text = "" if value is None else f"{value:.0f} us"
    return verdict(f"first frame, doorbell: {words}", f"at most {FIRST_FRAME_US} us", value, FIRST_FRAME_US, text)


def stall(figures, way, figure, words):
    ours, theirs = both(figures, SPEEDS, row_name("squeeze", way), figure)
    value = ratio(ours, theirs)
    text = "" if value is None else f"{ours['median']:.0f} us, in-tree {theirs['median']:.0f} us"
    what = f"a program's step while the balloon is to {way}: {words}"
    return verdict(what, f"at most {TIME_TOLERANCE:.2f}x in-tree", value, TIME_TOLERANCE, text)


def judge(figures):
    """All verdicts, in the order of the report."""
    return [
        *[exits(figures, *move) for move in MOVES],
        *[at_most(figures, COUNTS, *move, "driver_instructions", INSTRUCTIONS, "driver instructions per frame") for move in MOVES],
        *[at_most(figures, COUNTS, *move, "all_instructions", 1, "all instructions of the guest per frame") for move in MOVES],
        *[at_most(figures, SPEEDS, *move, "guest", TIME, "time of the guest") for move in MOVES],
        first_frame(figures, "p50_us", "median", "median"),
        first_frame(figures, "max_us", "max", "the longest of all"),
        *[stall(figures, way, *it) for way in WAYS for it in (("longest_us", "the longest"), ("p99_us", "99th percentile"))],
    ]
