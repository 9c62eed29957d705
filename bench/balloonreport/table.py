# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The report as text.  Pure."""

from report.stats import find, ratio
from report.text import cell, heading, ratio_text, row, targets_table

from .figures import CASES, CONFIGS, COUNTS, LATENCIES, MOMENTS, SPEEDS, WAYS, row_name

WORDS = {
    "exits": "exits per GiB",
    "least_exits": "  the protocol's least",
    "large_share": "frames moved by 2 MiB, %",
    "driver_instructions": "driver instructions per frame",
    "all_instructions": "instructions of the guest per frame",
    "rate": "GiB/s",
    "wall": "ms per GiB",
    "guest": "ms per GiB without the host's work",
    "p50_us": "median, us",
    "max_us": "the longest, us",
    "p99_us": "99th percentile, us",
    "longest_us": "the longest, us",
    "reached_share": "of the target reached, %",
}
WIDTHS = (32, 32, 9)
NO_RATIO = ("least_exits", "large_share", "reached_share")


def rows(case):
    """(row, what it says) of a case."""
    if case.name in LATENCIES:
        return [(case.name, case.title)]
    ways = WAYS if case.is_move else MOMENTS
    return [(row_name(case.name, way), f"{case.title}, {way}") for way in ways]


def section(figures, kind, title):
    lines = [title, "", row("", (*[config.title for config in CONFIGS], "ratio"), WIDTHS)]
    for case in CASES:
        for name, words in rows(case):
            found = figures.get(kind, {}).get(name, {})
            lines += [words] if found else []
            for figure in found:
                both = [find(figures, kind, name, figure, config.name) for config in CONFIGS]
                value = None if figure in NO_RATIO else ratio(*both)
                lines.append(row(WORDS[figure], (*map(cell, both), ratio_text(value)), WIDTHS))
    return lines


def text(about, figures, verdicts):
    zeroing = "pages are zeroed when allocated" if about["zeroing"] else "init_on_alloc=0"
    parts = [
        heading("balloon bench", about, zeroing),
        section(figures, COUNTS, "Counts, frames of 4 KiB: median (min..max)"),
        section(figures, SPEEDS, "Times of this machine's emulation, without the counting plugin: median (min..max)"),
        targets_table(verdicts),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"
