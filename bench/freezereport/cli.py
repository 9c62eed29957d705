# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Options of bench/freeze, and the order of its steps."""

import os
from dataclasses import asdict

from report import guests, options
from report.stats import ratios_to

from . import figures, measure, plot, table, targets

FULL = {"rounds": 35, "hold-ms": 50, "deadline-ms": 300}
QUICK = {**FULL, "rounds": 8}
REPETITIONS = 3
SCHEMA = 1
USAGE = f"""bench/freeze [OPTION]...

Measure how long filesystems are frozen, and their writers wait: fsfreeze one after the other,
FIFREEZE one after the other, our vmsync; and how late its deadline is. Print a table and what falls
short of the targets, write JSON and SVG plots to build/bench/.

  --kernel 6.1|6.12|7.3      (6.1)
  --repeat N                 repetitions of everything ({REPETITIONS})
  --quick                    one repetition with fewer freezes
  --only N                   one number of filesystems: {' '.join(config.name for config in figures.CONFIGS)}

Exit status: 0 measured, whether the targets are met or not; 1 something could not be measured;
2 wrong usage.  Documentation/bench.md tells how to read the report."""


def parse(argv):
    return options.Parser("bench/freeze", [config.name for config in figures.CONFIGS]).parse_args(argv)


def result(about, samples):
    """The run as one JSON value: figures, verdicts and the raw samples."""
    found = figures.collect(samples)
    return {
        "schema": SCHEMA,
        "about": about,
        "figures": found,
        "ratios": ratios_to(found, figures.RIVALS),
        "targets": [asdict(it) for it in targets.judge(found)],
        "samples": samples,
    }


def run(args):
    options.need_tools("fsfreeze", "mkfs.ext4")
    repeat = args.repeat or (1 if args.quick else REPETITIONS)
    sizes = QUICK if args.quick else FULL
    guests.prepare(args.kernel)
    load = os.getloadavg()[0]
    samples, failures = measure.run(args.kernel, repeat, sizes, args.only)
    about = measure.describe(args.kernel, samples, repeat, sizes, load)
    whole = result(about, samples)
    text = table.text(about, whole["figures"], targets.judge(whole["figures"]))
    return options.publish("freeze", whole, text, lambda folder: plot.scripts(folder, whole["figures"], about), failures)


def main(argv):
    return options.main("freeze", USAGE, parse, run, argv)
