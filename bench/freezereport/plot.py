# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The plots of vmsync's bench.  Pure."""

from report.stats import find, ratio
from report.svg import bars_script, ratios_script

from .figures import CONFIGS, HOWS, RIVALS, ROUNDS, WAYS, row_name
from .targets import HOW_WORDS, MOST

COLOURS = {"ours": "#1f6f8b", "fsfreeze": "#b0b7bf", "fifreeze": "#d9a441", "undisturbed": "#8c6bb1"}
BARS = (("window", "at_once", "frozen window"), ("stall", "at_once", "longest wait of a writer"), ("stall", "held", "longest wait of a writer"))


def ratios(file, figures, about, figure, words):
    """Grouped bars: for each number of filesystems, ours to both rivals."""
    found = {
        f"{config.title}, {HOW_WORDS[how]}": [
            ratio(*(find(figures, ROUNDS, row_name(config.name, how), f"{figure}_p50", way) for way in ("ours", rival))) for rival in RIVALS
        ]
        for config in CONFIGS
        for how in HOWS
    }
    if not any(value for values in found.values() for value in values):
        return None
    title = f"{words}, ours to others in sequence (kernel {about['kernel']}, emulated)"
    return ratios_script(file, title, [WAYS[rival] for rival in RIVALS], found, "theirs")


def bars(file, figures, about, figure, how, words):
    found = [(way, find(figures, ROUNDS, row_name(MOST.name, how), f"{figure}_p50", way)) for way in WAYS]
    drawn = [(WAYS[way], COLOURS[way], some) for way, some in found if some]
    title = f"{MOST.title}, {HOW_WORDS[how]}: {words} (kernel {about['kernel']}, emulated)"
    return bars_script(file, title, "ms", drawn) if drawn else None


def scripts(folder, figures, about):
    """SVG file -> gnuplot script, for everything that was measured."""
    made = {}
    for figure, words in (("window", "Frozen window"), ("stall", "Longest wait of a writer")):
        file = folder / f"freeze-{figure}-ratios.svg"
        made[file] = ratios(file, figures, about, figure, words)
    for figure, how, words in BARS:
        file = folder / f"freeze-{figure}-{how.replace('_', '-')}.svg"
        made[file] = bars(file, figures, about, figure, how, words)
    return {file: script for file, script in made.items() if script}
