# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The report as text.  Pure."""

from report.stats import find, ratio
from report.text import cell, heading, ratio_text, row, targets_table

from .figures import ACCESSES, CASES, CONFIGS, COUNTS, OPERATIONS, RIVALS, SPEEDS, STATES

WORDS = {
    "driver_instructions": "driver instructions",
    "all_instructions": "instructions of the guest",
    "time": "us",
}
WIDTHS = (24, 24, 30, 10, 10)


def section(figures, kind, title):
    titles = [config.title for config in CONFIGS] + [f"to {name}" for name in RIVALS]
    lines = [title, "", row("", titles, WIDTHS)]
    for case in CASES:
        found = figures.get(kind, {}).get(case.name)
        if not found:
            continue
        lines.append(f"{OPERATIONS[case.operation]}; {ACCESSES[case.access]}; {STATES[case.state]}")
        for figure in (name for name in WORDS if name in found):
            some = {config.name: find(figures, kind, case.name, figure, config.name) for config in CONFIGS}
            ratios = [ratio_text(ratio(some["ours"], some[rival])) for rival in RIVALS]
            lines.append(row(WORDS[figure], (*map(cell, some.values()), *ratios), WIDTHS))
    return lines


def text(about, figures, verdicts):
    parts = [
        heading("vmblock bench", about, f"{about['sizes']['blocked']} other names blocked in the second half"),
        section(figures, COUNTS, "Counts per call: median (min..max); the last columns are ours to theirs"),
        section(figures, SPEEDS, "Times of this machine's emulation per call, without the counting plugin: median (min..max)"),
        targets_table(verdicts),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"
