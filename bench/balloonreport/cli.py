# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Options of bench/balloon, and the order of its steps."""

import os
from dataclasses import asdict

from report import guests, options
from report.stats import ratio

from . import figures, measure, plot, table, targets

CASES = [case.name for case in figures.CASES]
FULL = {"mebibytes": 512, "small-mebibytes": 256, "changes": 10}
QUICK = {"mebibytes": 256, "small-mebibytes": 128, "changes": 4}
REPETITIONS = 3
SCHEMA = 1
USAGE = f"""bench/balloon [OPTION]...

Measure our vmmemctl beside the in-tree vmw_balloon; print a table and what falls short of the
targets, write JSON and SVG plots to build/bench/.

  --kernel 6.1|6.12|7.3      (6.1)
  --drivers both|ours|stock  (both)
  --repeat N                 repetitions of everything ({REPETITIONS}); counts are taken in every second
  --quick                    one repetition with smaller balloons
  --zeroing                  let the kernel zero the pages that it allocates, as Debian's do
  --only NAME                one case: {' '.join(CASES[:4])}
                             {' '.join(CASES[4:])}

Exit status: 0 measured, whether the targets are met or not; 1 something could not be measured;
2 wrong usage.  Documentation/bench.md tells how to read the report."""


def parse(argv):
    parser = options.Parser("bench/balloon", CASES)
    parser.add_argument("--drivers", choices=("both", "ours", "stock"), default="both")
    parser.add_argument("--zeroing", action="store_true")
    return parser.parse_args(argv)


def result(about, samples, only=None):
    """The run as one JSON value: figures, verdicts and the raw samples."""
    found = figures.collect(samples, only)
    return {
        "schema": SCHEMA,
        "about": about,
        "figures": found,
        "ratios": {
            kind: {row: {figure: ratio(by.get("ours"), by.get("in-tree")) for figure, by in some.items()} for row, some in rows.items()}
            for kind, rows in found.items()
        },
        "targets": [asdict(it) for it in targets.judge(found)],
        "samples": samples,
    }


def run(args):
    options.need_tools()
    configs = [config for config in figures.CONFIGS if args.drivers in ("both", config.drivers)]
    repeat = args.repeat or (1 if args.quick else REPETITIONS)
    sizes = QUICK if args.quick else FULL
    guests.prepare(args.kernel, wants_modules=args.drivers != "stock")
    load = os.getloadavg()[0]
    samples, failures = measure.run(args.kernel, repeat, sizes, args.only, configs, args.zeroing)
    about = measure.describe(args.kernel, samples, repeat, sizes, load, args.zeroing)
    whole = result(about, samples, args.only)
    text = table.text(about, whole["figures"], targets.judge(whole["figures"]))
    return options.publish("balloon", whole, text, lambda folder: plot.scripts(folder, whole["figures"], about), failures)


def main(argv):
    return options.main("balloon", USAGE, parse, run, argv)
