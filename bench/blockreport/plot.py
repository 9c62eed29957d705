# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The plots of vmblock's bench.  Pure."""

from report.stats import find, ratio
from report.svg import bars_script, ratios_script

from .figures import CASES, CONFIGS, COUNTS, OPERATIONS, RIVALS, SPEEDS

COLOURS = {"ours": "#1f6f8b", "plain": "#b0b7bf", "fuse": "#d9a441"}
TITLES = {config.name: config.title for config in CONFIGS}
FIGURES = ((COUNTS, "all_instructions"), (SPEEDS, "time"))


def ratios(file, figures, about, rival):
    """Grouped bars: for each case, ours to the rival."""
    found = {
        case.name.replace("_", " "): [
            ratio(*(find(figures, kind, case.name, figure, config) for config in ("ours", rival))) for kind, figure in FIGURES
        ]
        for case in CASES
    }
    if not any(value for values in found.values() for value in values):
        return None
    title = f"A call, our vmblock to {TITLES[rival]} (kernel {about['kernel']})"
    return ratios_script(file, title, ["instructions of the guest", "time"], found, TITLES[rival])


def bars(file, figures, about, operation):
    """Known names with nothing blocked, what users do."""
    found = [(config, find(figures, SPEEDS, f"{operation}_again_free", "time", config.name)) for config in CONFIGS]
    drawn = [(config.title, COLOURS[config.name], some) for config, some in found if some]
    return bars_script(file, f"{operation} (kernel {about['kernel']}, emulated)", "us", drawn) if drawn else None


def scripts(folder, figures, about):
    """SVG file -> gnuplot script, for everything that was measured."""
    made = {}
    for rival in RIVALS:
        file = folder / f"block-to-{rival}.svg"
        made[file] = ratios(file, figures, about, rival)
    for operation in OPERATIONS:
        file = folder / f"block-{operation}.svg"
        made[file] = bars(file, figures, about, operation)
    return {file: script for file, script in made.items() if script}
