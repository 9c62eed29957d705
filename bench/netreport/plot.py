# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The plots of the network bench.  Pure."""

from report.stats import find, ratio
from report.svg import bars_script, quoted, ratios_script

from .figures import CASES, CONFIGS, COUNTS, SPEEDS, VMXNET3

__all__ = ["quoted"]
COLOURS = {"ours": "#1f6f8b", "in-tree": "#b0b7bf", "virtio-net": "#d9a441", "e1000": "#8c6bb1"}
COUNT_FIGURES = ("driver_instructions", "device_writes", "interrupts", "all_instructions")


def counts_script(file, figures, about):
    """Grouped bars: for each case, ours to in-tree in four counts; a line at 1."""
    cases = [case for case in CASES if figures.get(COUNTS, {}).get(case.name)]
    if not cases:
        return None
    rows = {
        case.name.replace("_", " "): [
            ratio(*(find(figures, COUNTS, case.name, figure, config) for config in VMXNET3)) for figure in COUNT_FIGURES
        ]
        for case in cases
    }
    title = f"Counts per unit, our vmxnet3 to the in-tree one (kernel {about['kernel']})"
    return ratios_script(file, title, [figure.replace("_", " ") for figure in COUNT_FIGURES], rows)


def speed_script(file, figures, about, case, figure, words):
    """Bars with the spread of the repetitions, one per driver."""
    found = [(config, find(figures, SPEEDS, case.name, figure, config.name)) for config in CONFIGS]
    bars = [(config.title, COLOURS[config.name], some) for config, some in found if some]
    return bars_script(file, f"{case.title} (kernel {about['kernel']}, emulated)", words, bars) if bars else None


PLOTTED_SPEEDS = (
    ("udp_tx", "rate", "packets/s"),
    ("udp_rx_flood", "rate", "packets/s"),
    ("tcp_tx", "rate", "Mbit/s"),
    ("tcp_tx_no_tso", "rate", "Mbit/s"),
    ("tcp_rx", "rate", "Mbit/s"),
    ("udp_rtt", "p50_us", "round trip p50, us"),
    ("udp_rtt", "p99_us", "round trip p99, us"),
)


def scripts(folder, figures, about):
    """SVG file -> gnuplot script, for everything that was measured."""
    made = {folder / "net-counts.svg": counts_script(folder / "net-counts.svg", figures, about)}
    for name, figure, words in PLOTTED_SPEEDS:
        case = next(case for case in CASES if case.name == name)
        file = folder / f"net-{name.replace('_', '-')}-{figure.replace('_', '-')}.svg"
        made[file] = speed_script(file, figures, about, case, figure, words)
    return {file: script for file, script in made.items() if script}
