# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The report as text.  Pure."""

from report.stats import find, ratio
from report.text import cell, heading, ratio_text, row, targets_table

from .figures import CONFIGS, DEADLINE, FROZEN, HOWS, LATE, POOLED, RIVALS, ROUNDS, WAYS, row_name
from .targets import HOW_WORDS

WORDS = {
    "window": "frozen window",
    "stall": "a writer's wait",
    "until_frozen": "until all are frozen",
    "thaw_begins_late": "thaw begins late by",
    "thaw_ends_late": "all thawed late by",
}
STATISTICS = ((ROUNDS, "p50", "median"), (POOLED, "p99", "99th percentile"), (POOLED, "max", "the longest"))
WIDTHS = (28, 28, 28, 28, 12, 12)


def lines_of(figures, name, figure):
    """A line for each statistic that was measured."""
    lines = []
    for kind, key, words in STATISTICS:
        some = {way: find(figures, kind, name, f"{figure}_{key}", way) for way in WAYS}
        if not any(some.values()):
            continue
        ratios = [ratio_text(ratio(some["ours"], some[rival])) for rival in RIVALS]
        lines.append(row(f"{WORDS[figure]}, {words}", (*map(cell, some.values()), *ratios), WIDTHS))
    return lines


def freezes(figures, sizes):
    titles = [*WAYS.values(), *[f"to {WAYS[rival]}" for rival in RIVALS]]
    lines = ["Freezes, ms: median of the guests' medians (min..max), else of all freezes; the last columns are ours to theirs", "", row("", titles, WIDTHS)]
    for config in CONFIGS:
        for how in HOWS:
            name = row_name(config.name, how)
            found = [line for figure in FROZEN for line in lines_of(figures, name, figure)]
            held = f" {sizes['hold-ms']} ms" if how == "held" else ""
            lines += [f"{config.title}, {HOW_WORDS[how]}{held}", *found] if found else []
    return lines


def deadlines(figures, sizes):
    lines = [f"A freeze that nobody thaws, with a deadline of {sizes['deadline-ms']} ms, ms: as above", "", row("", ("ours",), WIDTHS[:1])]
    for config in CONFIGS:
        name, found = row_name(config.name, DEADLINE), []
        for figure in LATE:
            for kind, key, words in STATISTICS:
                some = find(figures, kind, name, f"{figure}_{key}", "ours")
                found += [row(f"{WORDS[figure]}, {words}", (cell(some),), WIDTHS)] if some else []
        lines += [config.title, *found] if found else []
    return lines


def text(about, figures, verdicts):
    sizes = about["sizes"]
    parts = [
        heading("vmsync bench", about, f"ext4 on RAM disks with a writer each; {sizes['rounds']} freezes of each kind in a guest"),
        freezes(figures, sizes),
        deadlines(figures, sizes),
        targets_table(verdicts),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"
