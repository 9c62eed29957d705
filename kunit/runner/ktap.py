# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Reads KTAP as KUnit and our shim print it, from a console that carries other lines too."""

import re
from dataclasses import dataclass, field

TIMESTAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")
RESULT = re.compile(r"^( *)(ok|not ok) (\d+) (?:- )?(\S+)(?: # (SKIP)\b ?(.*))?")
SUBTEST = re.compile(r"^( *)# Subtest: (\S+)")
PLAN = re.compile(r"^( *)1\.\.(\d+)\s*$")
DEPTH = 4  # KUnit's indent per level: suites at 0, cases at 4, parameters at 8


@dataclass
class Case:
    """One case of a suite: passed, failed or skipped, and what was said about it."""

    name: str
    status: str
    detail: list[str] = field(default_factory=list)


@dataclass
class Suite:
    """One suite as it reported itself; finished once its own result line was seen."""

    name: str
    planned: int = -1
    cases: list[Case] = field(default_factory=list)
    finished: bool = False

    def count(self, status):
        return sum(case.status == status for case in self.cases)

    def fail(self, name, why):
        self.cases.append(Case(name, "failed", [why]))


def _status(verdict, skip):
    if verdict == "not ok":
        return "failed"
    return "skipped" if skip else "passed"


class _Reader:
    def __init__(self):
        self.suites = []
        self.current = None
        self.said = []

    def line(self, line):
        if (match := SUBTEST.match(line)) and len(match[1]) == DEPTH:
            self.close("the suite did not finish")
            self.current = Suite(match[2])
            self.said = []
        elif (match := RESULT.match(line)) and len(match[1]) < 2 * DEPTH:
            self.result(len(match[1]), *match.group(2, 3, 4, 5))
        elif (match := PLAN.match(line)) and len(match[1]) == DEPTH and self.current:
            self.current.planned = int(match[2])
        elif self.current:
            self.said.append(line)

    def result(self, indent, verdict, number, name, skip):
        status = _status(verdict, skip)
        if indent:
            if self.current:
                detail = self.said if status == "failed" else []
                self.current.cases.append(Case(name, status, detail))
                self.said = []
        elif self.current and self.current.name == name:
            self.finish(status)
        elif verdict == "not ok":  # a suite that could not start, or a module that did not load
            self.suites.append(Suite(name, finished=True))
            self.suites[-1].fail(f"result {number}", "failed before its first case")

    def finish(self, status):
        suite, self.current = self.current, None
        suite.finished = True
        if suite.planned != len(suite.cases):
            suite.fail("plan", f"{suite.planned} cases were planned, {len(suite.cases)} reported")
        elif status == "failed" and not suite.count("failed"):
            suite.fail("suite", "the suite failed although no case did")
        self.suites.append(suite)

    def close(self, why):
        if self.current:
            self.current.fail("end", why)
            self.current.cases[-1].detail += self.said[-20:]
            self.suites.append(self.current)
            self.current = None


def parse(text):
    """The suites of a log, in order. What breaks off, or does not add up, is a failed case."""
    reader = _Reader()
    for line in text.splitlines():
        reader.line(TIMESTAMP.sub("", line.rstrip()))
    reader.close("the suite did not finish")
    return reader.suites
