# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Options of bench/net, and the order of its steps."""

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict

from . import figures, measure, plot, table, targets

KERNELS = ("6.1", "6.12", "7.3")
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


class UsageError(Exception):
    pass


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(f"{message}: see bench/net --help")


def repetitions(text):
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 100")
    return int(text)


def parse(argv):
    parser = Parser(prog="bench/net", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--kernel", choices=KERNELS, default="6.1")
    parser.add_argument("--repeat", type=repetitions)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=CASES)
    return parser.parse_args(argv)


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
    for tool in ("gnuplot", "cmake", "qemu-system-x86_64"):
        if not shutil.which(tool):
            raise measure.MeasureError(f"{tool} is not installed: run 'scripts/setup bench' as root")
    repeat = args.repeat or (1 if args.quick else REPETITIONS)
    sizes = QUICK if args.quick else FULL
    measure.prepare(args.kernel)
    load = os.getloadavg()[0]
    samples, failures = measure.run(args.kernel, repeat, sizes, args.only)
    about = measure.describe(args.kernel, samples, repeat, sizes, load)
    whole = result(about, samples, args.only)
    folder = measure.REPO / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "net.json").write_text(json.dumps(whole, indent=1) + "\n")
    verdicts = [targets.Verdict(**it) for it in whole["targets"]]
    text = table.text(about, whole["figures"], verdicts, whole["warnings"])
    (folder / "net.txt").write_text(text)
    print(text, end="")
    plots = plot.draw(folder, whole["figures"], about)
    print(f"written: build/bench/net.json, net.txt{''.join(', ' + file.name for file in plots)}")
    for failure in failures:
        print(f"bench/net: not measured: {failure}", file=sys.stderr)
    return 1 if failures else 0


def main(argv):
    try:
        args = parse(argv)
    except UsageError as error:
        print(f"bench/net: {error}", file=sys.stderr)
        return 2
    if args.help:
        print(USAGE)
        return 0
    try:
        return run(args)
    except (measure.MeasureError, plot.PlotError) as error:
        print(f"bench/net: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
