# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The report as text.  Pure."""

from .figures import CASES, CONFIGS, COUNTED, COUNTS, SPEED, SPEEDS, VMXNET3, find, ratio
from .targets import MET, SHORT

WORDS = {
    "driver_instructions": "driver instructions",
    "device_writes": "device register writes",
    "interrupts": "interrupts",
    "pages": "pages allocated (whole guest)",
    "all_instructions": "all instructions of the guest",
    "device_writes_per_tx": "device register writes per sent frame",
}


def number(value):
    """Three or so digits that matter, no exponent."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.1f}"
    if value >= 10:
        return f"{value:.2f}"
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}"


def cell(some):
    if some is None:
        return "-"
    if some["min"] == some["max"]:
        return number(some["median"])
    return f"{number(some['median'])} ({number(some['min'])}..{number(some['max'])})"


def row(first, cells, widths):
    return (f"  {first:38}" + "".join(f"{text:>{width}}" for text, width in zip(cells, widths))).rstrip()


def ratio_text(value):
    return "-" if value is None else f"{value:.3f}"


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


def targets_table(verdicts):
    lines = ["Targets"]
    what, value = (max((len(getattr(it, key)) for it in verdicts), default=0) for key in ("what", "value"))
    for it in verdicts:
        lines.append(f"  {it.state:12}  {it.what:{what}}  {it.value:>{value}}  {it.limit}".rstrip())
    short = [it for it in verdicts if it.state == SHORT]
    met = sum(it.state == MET for it in verdicts)
    lines += ["", f"{met} met, {len(short)} short, {len(verdicts) - met - len(short)} not measured"]
    lines += [f"falls short: {it.what}: {it.value} ({it.limit})" for it in short]
    return lines


def heading(about):
    return [
        f"vmguest network bench, kernel {about['kernel']} ({about['label']}), QEMU {about['qemu']}, emulated on "
        f"{about['cores']} x {about['cpu']}",
        f"guest: {about['cpus']} CPU, {about['memory']} MiB, MTU 1500; {about['repetitions']} "
        f"repetition{'s' * (about['repetitions'] > 1)}, interleaved; "
        f"load of the machine {about['load_before']:.1f} before, {about['load_after']:.1f} after",
        *[f"{name}: {text}" for name, text in about["drivers"].items()],
    ]


def text(about, figures, verdicts, warnings):
    parts = [heading(about), counts_table(figures), speeds_table(figures), targets_table(verdicts)]
    parts += [[f"WARNING: {sentence}" for sentence in warnings]] if warnings else []
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"
