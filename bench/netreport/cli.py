# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Options of bench/net, and the order of its steps."""

import os
from dataclasses import asdict

from report import guests, options

from . import figures, measure, plot, table, targets

CASES = [case.name for case in figures.CASES]
FULL = {"packets": 50_000, "paced-packets": 10_000, "mebibytes": 128, "small-mebibytes": 32, "round-trips": 5_000}
QUICK = {"packets": 20_000, "paced-packets": 4_000, "mebibytes": 64, "small-mebibytes": 16, "round-trips": 1_000}
REPETITIONS = 5
SCHEMA = 1
USAGE = f"""bench/net [OPTION]...

Measure our vmxnet3 beside the in-tree one, virtio-net and e1000; print a table and what falls
short of the targets, write JSON and SVG plots to build/bench/.

  --kernel 6.1|6.12|7.3   (6.1)
  --repeat N              repetitions of everything ({REPETITIONS})
  --quick                 one repetition with less traffic
  --only NAME             one case: {' '.join(CASES[:5])}
                          {' '.join(CASES[5:10])}
                          {' '.join(CASES[10:])}

Exit status: 0 measured, whether the targets are met or not; 1 something could not be measured;
2 wrong usage.  Documentation/bench.md tells how to read the report."""


def parse(argv):
    return options.Parser("bench/net", CASES).parse_args(argv)


def result(about, samples, only=None):
    """The run as one JSON value: figures, verdicts and the raw samples."""
    found = figures.collect(samples, only)
    verdicts = targets.judge(found)
    return {
        "schema": SCHEMA,
        "about": about,
        "figures": found,
        "ratios": {
            case: {figure: figures.ratio(by.get("ours"), by.get("in-tree")) for figure, by in some.items()}
            for case, some in found.get(figures.COUNTS, {}).items()
        },
        "targets": [asdict(it) for it in verdicts],
        "warnings": targets.compare_reference(found, about["label"]),
        "samples": samples,
    }


def run(args):
    options.need_tools()
    repeat = args.repeat or (1 if args.quick else REPETITIONS)
    sizes = QUICK if args.quick else FULL
    guests.prepare(args.kernel)
    load = os.getloadavg()[0]
    samples, failures = measure.run(args.kernel, repeat, sizes, args.only)
    about = measure.describe(args.kernel, samples, repeat, sizes, load)
    whole = result(about, samples, args.only)
    verdicts = [targets.Verdict(**it) for it in whole["targets"]]
    text = table.text(about, whole["figures"], verdicts, whole["warnings"])
    return options.publish("net", whole, text, lambda folder: plot.scripts(folder, whole["figures"], about), failures)


def main(argv):
    return options.main("net", USAGE, parse, run, argv)
