# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Finds the kernel's reports of its own faults in a console log."""

import re

# One expression per kind of report, the more telling kinds first; the name is what lab/vm prints.
REPORTS = tuple((kind, re.compile(expression)) for kind, expression in (
    ("KASAN", r"\bKASAN: "),
    ("lockdep", r"possible (circular|recursive|irq lock inversion)|inconsistent lock state|suspicious RCU usage"
                r"|held lock freed|lock(s)? held when returning|bad unlock balance"),
    ("kmemleak", r"\bunreferenced object 0x|kmemleak: \d+ new suspected"),
    ("UBSAN", r"\bUBSAN: "),
    ("refcount", r"refcount_t: "),
    ("hang", r"INFO: task .* blocked for more than|soft lockup|hard LOCKUP|detected stalls|self-detected stall"),
    ("transmit timeout", r"NETDEV WATCHDOG: "),
    ("DMA-API", r"DMA-API: .*(device driver|exceeded|not freed)"),
    ("list corruption", r"list_(add|del) corruption"),
    ("ODEBUG", r"ODEBUG: "),
    ("BUG", r"\bkernel BUG at |\bBUG: "),
    ("WARN", r"\bWARNING: "),
    ("Oops", r"\bOops\b|general protection fault|Unable to handle kernel"),
    ("panic", r"Kernel panic - not syncing"),
))  # fmt: skip
END = re.compile(r"---\[ end |^=+$")
STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
LONGEST = 70  # lines shown of one report
FIRST_BREAKPOINT = re.compile(r"\bint3: [0-9a-f]{4} \[#1\].*?\nCode: [^\n]*?\b([0-9a-f]{2}) <", re.DOTALL)
BREAKPOINT = "cc"  # the int3 instruction


def kind_of(line):
    """The kind of report that a line begins, or None."""
    return next((kind for kind, expression in REPORTS if expression.search(line)), None)


def find_reports(text, expect=()):
    """Return a list of (kind, excerpt) for every report in a console log that no expression expects."""
    lines = [STAMP.sub("", line) for line in text.replace("\r", "").split("\n")]
    reports, index = [], 0
    while index < len(lines):
        kind = kind_of(lines[index])
        if kind is None:
            index += 1
            continue
        last = index + 1
        while last < len(lines) and last - index < LONGEST and not END.search(lines[last]):
            last += 1
        if expect and not END.search("".join(lines[last : last + 1])):
            last = index  # what has no end may hold another report, so only its first line is expected
        excerpt = "\n".join(lines[index : last + 1])
        if not any(re.search(expression, excerpt) for expression in expect):
            reports.append((kind, excerpt))
        index = last + 1
    return reports


def is_stale_breakpoint(text):
    """Whether the kernel's first Oops is of a breakpoint that memory no longer holds.

    Before version 8.1 QEMU can miss a write to code that another of its CPUs is just translating; that CPU
    then runs into the breakpoint which the kernel plants for a moment while it patches a branch
    (Documentation/lab.md, "Limits").  The Oops shows what memory holds: a real breakpoint would still be there.
    """
    lines = "\n".join(STAMP.sub("", line) for line in text.replace("\r", "").split("\n"))
    found = FIRST_BREAKPOINT.search(lines)
    return found is not None and found[1] != BREAKPOINT
