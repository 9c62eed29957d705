# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Which lines of the pure code the suites ran, on the host and on user-mode Linux."""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

from .layers import REPO

# Suites, shim and kernel headers are not what is measured.
PURE = ("drivers/", "fs/", "net/", "uapi/")


def lines(directory):
    """{file: {line: times run}} from all data of a build directory, summed over its programs."""
    found = defaultdict(lambda: defaultdict(int))
    for data in sorted(directory.rglob("*.gcda")):
        done = subprocess.run(["gcov", "--json-format", "--stdout", data.name], cwd=data.parent,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)  # fmt: skip
        for document in done.stdout.splitlines():
            report = json.loads(document)
            for file in report["files"]:
                path = Path(report["current_working_directory"], file["file"]).resolve()
                if not path.is_relative_to(REPO):
                    continue
                name = str(path.relative_to(REPO))
                for line in file["lines"] if name.startswith(PURE) else ():
                    found[name][line["line_number"]] += line["count"]
    return found


def table(measured):
    """[(column, lines())] as text. Each column knows its own lines: the host's build keeps all, on
    user-mode Linux the optimizer merges some and drops what no suite calls."""
    known = defaultdict(set)
    for _, files in measured:
        for name, counts in files.items():
            known[name] |= set(counts)
    if not known:
        return ""
    rows = [f"\n{'coverage':44}{'lines':>7}" + "".join(f"{column:>9}" for column, _ in measured)]
    for name in sorted(known):
        row = f"{name:44}{len(known[name]):7}"
        for _, files in measured:
            counts = files.get(name, {}).values()
            ran = sum(count > 0 for count in counts)
            row += f"{100 * ran / len(counts):7.1f} %" if counts else f"{'-':>9}"
        rows.append(row)
    return "\n".join(rows) + "\n\n"
