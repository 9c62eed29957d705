# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The plots of the balloon bench.  Pure."""

from report.stats import find, ratio
from report.svg import bars_script, ratios_script

from .figures import CONFIGS, COUNTS, SPEEDS
from .targets import MOVES, row_name

COLOURS = {"ours": "#1f6f8b", "in-tree": "#b0b7bf"}
RATIOS = (
    ("counts", COUNTS, ("exits", "driver_instructions", "all_instructions"), "Counts"),
    ("times", SPEEDS, ("guest", "wall"), "Times per GiB"),
)
BARS = (
    ("first-frame-p50", "first_frame_doorbell", "p50_us", "First frame, doorbell, median"),
    ("squeeze-inflate", "squeeze inflate", "longest_us", "Longest step, inflating"),
    ("squeeze-deflate", "squeeze deflate", "longest_us", "Longest step, deflating"),
)


def ratios(file, figures, about, kind, names, title):
    """Grouped bars: for each case and way, ours to in-tree."""
    found = {
        row: [ratio(*(find(figures, kind, row, name, config.name) for config in CONFIGS)) for name in names]
        for row in (row_name(case.name, way) for case, way in MOVES)
        if row in figures.get(kind, {})
    }
    if not any(value for values in found.values() for value in values):
        return None
    names = [name.replace("_", " ") for name in names]
    rows = {row.replace("_", " "): values for row, values in found.items()}
    return ratios_script(file, f"{title}, our vmmemctl to vmw_balloon (kernel {about['kernel']})", names, rows)


def bars(file, figures, about, row, figure, title):
    found = [(config, find(figures, SPEEDS, row, figure, config.name)) for config in CONFIGS]
    drawn = [(config.title, COLOURS[config.name], some) for config, some in found if some]
    return bars_script(file, f"{title} (kernel {about['kernel']}, emulated)", "us", drawn) if drawn else None


def scripts(folder, figures, about):
    """SVG file -> gnuplot script, for everything that was measured."""
    made = {}
    for name, *rest in RATIOS:
        file = folder / f"balloon-{name}.svg"
        made[file] = ratios(file, figures, about, *rest)
    for name, *rest in BARS:
        file = folder / f"balloon-{name}.svg"
        made[file] = bars(file, figures, about, *rest)
    return {file: script for file, script in made.items() if script}
