# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Plots as SVG, drawn by gnuplot."""

import subprocess


class PlotError(Exception):
    """gnuplot is missing or refused; one sentence."""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def head(file, title, width, height):
    return [
        "set encoding utf8",
        f"set terminal svg noenhanced size {width},{height} font 'Helvetica,12' background '#ffffff'",
        f"set output {quoted(str(file))}",
        f"set title {quoted(title)}",
        "set style fill solid 0.9 noborder",
        "set grid ytics lc rgb '#dddddd'",
        "set border 3",
        "set tics nomirror",
    ]


def ratios_script(file, title, columns, rows, baseline="in-tree"):
    """Grouped bars, ours to the baseline, and a line at 1.  `rows`: name -> a ratio or None per column."""
    lines = head(file, title, 1200, 560)
    lines += ["set style data histograms", "set style histogram clustered gap 1", "set yrange [0:*]"]
    lines += [f"set ylabel {quoted(f'ours / {baseline}')}", "set xtics rotate by -25", "set key outside top horizontal", "$data << END"]
    for name, values in rows.items():
        lines.append(quoted(name) + " " + " ".join("?" if value is None else f"{value:.5f}" for value in values))
    lines += ["END", "set datafile missing '?'"]
    plots = [f"$data using {place}:xtic(1) title {quoted(column)}" for place, column in enumerate(columns, 2)]
    lines.append("plot " + ", ".join([*plots, f"1 with lines lc rgb '#aa0000' dt 2 title {quoted(baseline)}"]))
    return "\n".join(lines) + "\n"


def bars_script(file, title, label, bars):
    """Bars with the spread of the repetitions.  `bars`: (name, colour, summary) each."""
    lines = head(file, title, 560, 360)
    lines += ["set boxwidth 0.6", "set yrange [0:*]", "unset key", f"set ylabel {quoted(label)}", "$data << END"]
    for place, (name, colour, some) in enumerate(bars):
        lines.append(f"{place} {some['median']:.6g} {some['min']:.6g} {some['max']:.6g} {int(colour[1:], 16)} {quoted(name)}")
    lines += ["END", f"set xrange [-0.6:{len(bars) - 0.4}]"]
    lines.append("plot $data using 1:2:5:xtic(6) with boxes lc rgb variable, $data using 1:2:3:4 with yerrorbars lc rgb '#333333' pt 0")
    return "\n".join(lines) + "\n"


def draw(scripts):
    """Draw {SVG file: gnuplot script} and return the files.  Raises PlotError."""
    for file, script in scripts.items():
        try:
            done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise PlotError("gnuplot is not installed: run 'scripts/setup bench' as root") from None
        if done.returncode or not file.exists() or "</svg>" not in file.read_text():
            raise PlotError(f"gnuplot could not draw {file.name}: {done.stderr.strip() or 'it gave no reason'}")
    return list(scripts)
