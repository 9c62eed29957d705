# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Proves that failures are seen: runs suites that must fail, and feeds the parser broken logs."""

from . import ktap
from .layers import Guest, Host, Uml

# What each suite is made to do, where, and the words that its report must contain.
EXPECT = ("selftest_expect", {"passed": 1, "failed": 3, "skipped": 1}, "")
LAYERS = ("host", "um", "6.1")
PLAN = [
    (lambda: Host("gcc", selftest=True), [EXPECT, ("selftest_uaf", None, "heap-use-after-free"),
                                         ("selftest_leak", None, "LeakSanitizer")]),
    (Uml, [EXPECT, ("selftest_uaf", None, "KASAN: use-after-free"),
           ("selftest_abba", None, "possible circular locking"),
           ("selftest_leak", None, "unreferenced object")]),
    (lambda: Guest("6.1"), [EXPECT]),
]  # fmt: skip

HEAD = "    KTAP version 1\n    # Subtest: s\n    1..2\n"
# Logs and the number of cases that must be passed and failed in them.
LOGS = [
    ("a whole log", HEAD + "    ok 1 a\n    ok 2 b\nok 1 s\n", (2, 0)),
    ("kernel 6.1's dashes", HEAD + "    ok 1 - a\n    ok 2 - b\nok 1 - s\n", (2, 0)),
    ("time stamps", "".join(f"[    1.234567] {line}\n" for line in (HEAD + "    ok 1 a\n    ok 2 b\nok 1 s").split("\n")), (2, 0)),
    ("a failed case", HEAD + "    ok 1 a\n    not ok 2 b\nnot ok 1 s\n", (1, 1)),
    ("a failed parameter", HEAD + "    ok 1 a\n        # Subtest: b\n        not ok 1 p\n    not ok 2 b\nnot ok 1 s\n", (1, 1)),
    ("a log that breaks off", HEAD + "    ok 1 a\n", (1, 1)),
    ("a case too few", HEAD + "    ok 1 a\nok 1 s\n", (1, 1)),
    ("a failure of the suite alone", HEAD + "    ok 1 a\n    ok 2 b\nnot ok 1 s\n", (2, 1)),
    ("a suite that did not start", "not ok 1 s\n", (0, 1)),
    ("two suites, the first unfinished", HEAD + HEAD + "    ok 1 a\n    ok 2 b\nok 2 s\n", (2, 1)),
]  # fmt: skip


def check_parser():
    """Name and verdict of every log."""
    for name, log, wanted in LOGS:
        suites = ktap.parse(log)
        got = tuple(sum(suite.count(status) for suite in suites) for status in ("passed", "failed"))
        yield f"parser: {name}", got == wanted, f"{got} instead of {wanted} passed and failed"


def check_suite(layer, name, counts, words):
    """One run for one bug: the first report switches some checkers off."""
    layer.leaks = "leak" in name  # the scan takes five seconds
    log, reports = layer.run([name])
    suites = {suite.name: suite for suite in ktap.parse(log)}
    if words:
        good = any(words in line for line in reports)
        return good, f"no report with '{words}' but: {reports[:3]}"
    if name not in suites or reports:
        return False, f"reported {reports[:3]} and the suites {sorted(suites)}"
    got = {status: suites[name].count(status) for status in counts}
    ended_early = "went on after an assertion" not in log and "went on after an expectation" in log
    return got == counts and ended_early, f"{got} instead of {counts}, or an assertion did not end its case"


def run(layers):
    """Yield name, verdict and explanation of every proof, for the named kinds of layer."""
    yield from check_parser()
    for make, suites in PLAN:
        layer = make()
        if layer.name.split()[0] not in layers:
            continue
        layer.build()
        for name, counts, words in suites:
            good, why = check_suite(layer, name, counts, words)
            yield f"{layer.name}: {name} is seen to fail", good, why
