# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the tests of the benches' reports share."""

import contextlib
import io
import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


def recorded(name):
    """What a run left of its guests: {"about", "samples"}."""
    return json.loads((HERE / f"{name}_samples.json").read_text())


def golden(name):
    return json.loads((HERE / f"{name}_golden.json").read_text())


def refusal(cli, words):
    """(status, what it said) of a command line."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        status = cli.main(words)
    return status, errors.getvalue()


def main(name, make_result):
    """--golden writes the golden file anew, else the tests run."""
    if sys.argv[1:] != ["--golden"]:
        unittest.main()
    text = json.dumps(make_result(), indent=1)
    (HERE / f"{name}_golden.json").write_text(text + "\n")
