# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the figures have to reach.  Pure."""

from report.stats import find, ratio
from report.verdicts import verdict

from .figures import CONFIGS, DEADLINE, HOWS, POOLED, ROUNDS, row_name

WINDOW = 0.4  # to fsfreeze, one after the other
WINDOW_MS, LATE_MS = 250, 10
MOST = CONFIGS[-1]
HOW_WORDS = {"at_once": "thawed at once", "held": "held"}


def window(figures, how):
    some = (find(figures, ROUNDS, row_name(MOST.name, how), "window_p50", way) for way in ("ours", "fsfreeze"))
    value = ratio(*some)
    text = "" if value is None else f"{value:.3f}x"
    what = f"{MOST.title}, {HOW_WORDS[how]}: frozen window, median"
    return verdict(what, f"at most {WINDOW:.2f}x fsfreeze in sequence", value, WINDOW, text)


def at_most(figures, row, figure, words, bound):
    some = find(figures, POOLED, row, figure, "ours")
    value = some and some["median"]
    return verdict(words, f"at most {bound} ms", value, bound, "" if value is None else f"{value:.1f} ms")


def judge(figures):
    """All verdicts, in the order of the report."""
    percentile = "99th percentile"
    return [
        *[window(figures, how) for how in HOWS],
        *[
            at_most(figures, row_name(it.name, how), "window_p99", f"{it.title}, {HOW_WORDS[how]}: frozen window, {percentile}", WINDOW_MS)
            for it in CONFIGS
            for how in HOWS
        ],
        *[
            at_most(figures, row_name(it.name, DEADLINE), f"thaw_{end}_late_p99", f"{it.title}: {words} after the deadline, {percentile}", LATE_MS)
            for it in CONFIGS
            for end, words in (("begins", "thaw begins"), ("ends", "all are thawed"))
        ],
    ]
