# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Pieces of a report as text.  Pure."""

from .verdicts import MET, SHORT, UNMEASURED


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


def targets_table(verdicts):
    lines = ["Targets"]
    what, value = (max((len(getattr(it, key)) for it in verdicts), default=0) for key in ("what", "value"))
    for it in verdicts:
        lines.append(f"  {it.state:12}  {it.what:{what}}  {it.value:>{value}}  {it.limit}".rstrip())
    states = [it.state for it in verdicts]
    known = dict.fromkeys((MET, SHORT, *sorted({*states} - {MET, SHORT, UNMEASURED}), UNMEASURED))
    lines += ["", ", ".join(f"{states.count(state)} {state}" for state in known)]
    lines += [f"falls short: {it.what}: {it.value} ({it.limit})" for it in verdicts if it.state == SHORT]
    return lines


def heading(title, about, guest):
    """`guest` is what the guests had beside their CPUs and memory."""
    return [
        f"vmguest {title}, kernel {about['kernel']} ({about['label']}), QEMU {about['qemu']}, emulated on "
        f"{about['cores']} x {about['cpu']}",
        f"guest: {about['cpus']} CPU, {about['memory']} MiB, {guest}; {about['repetitions']} "
        f"repetition{'s' * (about['repetitions'] > 1)}, interleaved; "
        f"load of the machine {about['load_before']:.1f} before, {about['load_after']:.1f} after",
        *[f"{name}: {text}" for name, text in about["drivers"].items()],
    ]
