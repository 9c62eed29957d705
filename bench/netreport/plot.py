# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Plots as SVG, drawn by gnuplot."""

import subprocess

from .figures import CASES, CONFIGS, COUNTS, SPEEDS, find, ratio

COLOURS = {"ours": "#1f6f8b", "in-tree": "#b0b7bf", "virtio-net": "#d9a441", "e1000": "#8c6bb1"}
COUNT_FIGURES = ("driver_instructions", "device_writes", "interrupts", "all_instructions")


class PlotError(Exception):
    """gnuplot is missing or refused; one sentence."""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def head(file, title, width, height):
    return [
        "set encoding utf8",
        f"set terminal svg size {width},{height} font 'Helvetica,12' background '#ffffff'",
        f"set output {quoted(str(file))}",
        f"set title {quoted(title)}",
        "set style fill solid 0.9 noborder",
        "set grid ytics lc rgb '#dddddd'",
        "set border 3",
        "set tics nomirror",
    ]


def ratios_script(file, figures, about):
    """Grouped bars: for each case, ours to in-tree in four counts; a line at 1."""
    cases = [case for case in CASES if figures.get(COUNTS, {}).get(case.name)]
    if not cases:
        return None
    lines = head(file, f"Counts per unit, our vmxnet3 to the in-tree one (kernel {about['kernel']})", 1200, 560)
    lines += ["set style data histograms", "set style histogram clustered gap 1", "set yrange [0:*]"]
    lines += ["set ylabel 'ours / in-tree'", "set xtics rotate by -25", "set key outside top horizontal", "$data << END"]
    for case in cases:
        row = [ratio(*(find(figures, COUNTS, case.name, figure, config) for config in ("ours", "in-tree"))) for figure in COUNT_FIGURES]
        lines.append(quoted(case.name.replace("_", " ")) + " " + " ".join("?" if value is None else f"{value:.5f}" for value in row))
    lines += ["END", "set datafile missing '?'"]
    plots = [
        f"$data using {column}:xtic(1) title {quoted(figure.replace('_', ' '))}"
        for column, figure in enumerate(COUNT_FIGURES, 2)
    ]
    lines.append("plot " + ", ".join([*plots, "1 with lines lc rgb '#aa0000' dt 2 title 'in-tree'"]))
    return "\n".join(lines) + "\n"


def speed_script(file, figures, about, case, figure, words):
    """Bars with the spread of the repetitions, one per driver."""
    found = [(config, find(figures, SPEEDS, case.name, figure, config.name)) for config in CONFIGS]
    found = [(config, some) for config, some in found if some]
    if not found:
        return None
    lines = head(file, f"{case.title} (kernel {about['kernel']}, emulated)", 560, 360)
    lines += ["set boxwidth 0.6", "set yrange [0:*]", "unset key", f"set ylabel {quoted(words)}", "$data << END"]
    for place, (config, some) in enumerate(found):
        colour = int(COLOURS[config.name][1:], 16)
        lines.append(f"{place} {some['median']:.6g} {some['min']:.6g} {some['max']:.6g} {colour} {quoted(config.title)}")
    lines += ["END", f"set xrange [-0.6:{len(found) - 0.4}]"]
    lines.append("plot $data using 1:2:5:xtic(6) with boxes lc rgb variable, $data using 1:2:3:4 with yerrorbars lc rgb '#333333' pt 0")
    return "\n".join(lines) + "\n"


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
    made = {folder / "net-counts.svg": ratios_script(folder / "net-counts.svg", figures, about)}
    for name, figure, words in PLOTTED_SPEEDS:
        case = next(case for case in CASES if case.name == name)
        file = folder / f"net-{name.replace('_', '-')}-{figure.replace('_', '-')}.svg"
        made[file] = speed_script(file, figures, about, case, figure, words)
    return {file: script for file, script in made.items() if script}


def draw(folder, figures, about):
    """Write the SVG files and return their paths.  Raises PlotError."""
    drawn = scripts(folder, figures, about)
    for file, script in drawn.items():
        try:
            done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise PlotError("gnuplot is not installed: run 'scripts/setup bench' as root") from None
        if done.returncode or not file.exists() or "</svg>" not in file.read_text():
            raise PlotError(f"gnuplot could not draw {file.name}: {done.stderr.strip() or 'it gave no reason'}")
    return list(drawn)
