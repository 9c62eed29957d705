# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The report as text.  Pure."""

from report.stats import find, ratio
from report.text import cell, heading, ratio_text, row, targets_table

from .figures import CASES, CONFIGS, COUNTED, COUNTS, SPEED, SPEEDS, VMXNET3

WORDS = {
    "driver_instructions": "driver instructions",
    "device_writes": "device register writes",
    "interrupts": "interrupts",
    "pages": "pages allocated (whole guest)",
    "all_instructions": "all instructions of the guest",
    "device_writes_per_tx": "device register writes per sent frame",
}


def counts_table(figures):
    widths = (32, 32, 9)
    lines = ["Counts, vmxnet3, per unit: median (min..max)", "", row("", ("ours", "in-tree", "ratio"), widths)]
    for case in CASES:
        by_figure = figures.get(COUNTS, {}).get(case.name)
        if not by_figure:
            continue
        lines.append(f"{case.title}, per {case.unit}")
        for figure in (*COUNTED, "device_writes_per_tx"):
            if figure == "device_writes_per_tx" and not case.name.startswith("tcp_tx"):
                continue
            ours, theirs = (find(figures, COUNTS, case.name, figure, config) for config in VMXNET3)
            if ours or theirs:
                lines.append(row(WORDS[figure], (cell(ours), cell(theirs), ratio_text(ratio(ours, theirs))), widths))
    return lines


def speeds_table(figures):
    widths = (28,) * len(CONFIGS)
    titles = [config.title for config in CONFIGS]
    lines = ["Speeds of this machine's emulation, without the counting plugin: median (min..max)", "", row("", titles, widths)]
    for case in CASES:
        if not figures.get(SPEEDS, {}).get(case.name):
            continue
        lines.append(case.title)
        for figure, words in (*SPEED[case.speed], ("interrupts", f"interrupts per {case.unit}")):
            cells = [cell(find(figures, SPEEDS, case.name, figure, config.name)) for config in CONFIGS]
            lines.append(row(words, cells, widths))
    return lines


def text(about, figures, verdicts, warnings):
    parts = [heading("network bench", about, "MTU 1500"), counts_table(figures), speeds_table(figures), targets_table(verdicts)]
    parts += [[f"WARNING: {sentence}" for sentence in warnings]] if warnings else []
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"
