# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Runs guests and gathers their documents."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .stats import BadDocument

REPO = Path(__file__).resolve().parents[2]
GUEST_SECONDS = 900


class MeasureError(Exception):
    """A guest could not be measured; one sentence, or what the guest said."""


def prepare(kernel, wants_modules=True):
    """Build the programs, the lab and our modules.  Raises MeasureError."""
    steps = [[REPO / "lab/kernels/get", kernel], [REPO / "scripts/build-host", "bench"]]
    steps += [[REPO / "scripts/kmod", "build", f"KERNEL={kernel}"]] if wants_modules else []
    for argv in steps:
        if subprocess.run(argv, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False).returncode:
            raise MeasureError(f"'{argv[0].relative_to(REPO)} {' '.join(argv[1:])}' failed (see above)")


def run_guest(make_command, check, **environment):
    """One guest's document.  `make_command` makes the line out of the name of a file for lab/vm's counts; `check` raises
    BadDocument.  Raises MeasureError."""
    environment = dict(os.environ, VMGUEST_PREBUILT="1", VMGUEST_COUNT="all", **environment)
    with tempfile.TemporaryDirectory(prefix="vmguest-bench-") as folder:
        argv = make_command(f"{folder}/count.json")
        done = subprocess.run(argv, cwd=REPO, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasureError(f"lab/vm ended with status {done.returncode}: {done.stderr.strip()[-2000:]}")
    try:
        document = json.loads(done.stdout)
        check(document)
    except (ValueError, BadDocument) as error:
        raise MeasureError(f"{error} {done.stderr.strip()[-2000:]}".strip()) from None
    return document


def run_all(plan, repetitions, run_one):
    """Return (samples, failures) of (repetition, pass, config) each; what failed does not stop the rest."""
    samples, failures = [], []
    for repetition, kind, config in plan:
        started = time.monotonic()
        name = f"repetition {repetition + 1} of {repetitions}: {kind}, {config.title}"
        try:
            document = run_one(kind, config)
        except MeasureError as error:
            failures.append(f"{name}: {error}")
            print(f"  {name}: FAILED: {error}", file=sys.stderr, flush=True)
            continue
        samples.append({"config": config.name, "pass": kind, "repetition": repetition, "document": document})
        print(f"  {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return samples, failures


def first_line(argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split("\n")[0]
    except FileNotFoundError:
        return "unknown"


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def describe(label, samples, load_before, name_driver, **settings):
    """What has to be known to compare the run with another one; `name_driver` reads a document's context."""
    contexts = {sample["config"]: sample["document"]["context"] for sample in samples}
    return {
        "label": label,
        "kernel": next(iter(contexts.values()))["kernel"] if contexts else "unknown",
        "qemu": first_line(["qemu-system-x86_64", "--version"]).removeprefix("QEMU emulator version "),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        **settings,
        "load_before": round(load_before, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "drivers": {name: name_driver(context) for name, context in contexts.items()},
    }
