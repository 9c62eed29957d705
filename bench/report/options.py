# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Options that all benches have, and what a run leaves behind."""

import argparse
import json
import shutil
import sys

from .guests import REPO, MeasureError
from .svg import PlotError, draw

KERNELS = ("6.1", "6.12", "7.3")


class UsageError(Exception):
    pass


class Parser(argparse.ArgumentParser):
    """--help, --kernel, --repeat, --quick and --only."""

    def __init__(self, prog, cases):
        super().__init__(prog=prog, add_help=False, allow_abbrev=False)
        self.add_argument("-h", "--help", action="store_true")
        self.add_argument("--kernel", choices=KERNELS, default="6.1")
        self.add_argument("--repeat", type=repetitions)
        self.add_argument("--quick", action="store_true")
        self.add_argument("--only", choices=cases)

    def error(self, message):
        raise UsageError(f"{message}: see {self.prog} --help")


def repetitions(text):
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 100")
    return int(text)


def need_tools(*more):
    for tool in ("gnuplot", "cmake", "qemu-system-x86_64", *more):
        if not shutil.which(tool):
            raise MeasureError(f"{tool} is not installed: run 'scripts/setup bench' as root")


def publish(name, result, text, make_scripts, failures):
    """Write build/bench/NAME.json, .txt and plots, print the report; the exit status."""
    folder = REPO / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / f"{name}.txt").write_text(text)
    print(text, end="")
    plots = draw(make_scripts(folder))
    print(f"written: build/bench/{name}.json, {name}.txt{''.join(', ' + file.name for file in plots)}")
    for failure in failures:
        print(f"bench/{name}: not measured: {failure}", file=sys.stderr)
    return 1 if failures else 0


def main(name, usage, parse, run, argv):
    """0 measured, 1 not, 2 wrong usage, which is one sentence."""
    try:
        args = parse(argv)
    except UsageError as error:
        print(f"bench/{name}: {error}", file=sys.stderr)
        return 2
    if args.help:
        print(usage)
        return 0
    try:
        return run(args)
    except (MeasureError, PlotError) as error:
        print(f"bench/{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
