# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Finds the kernel's reports of its own faults in a console log."""

import re

# One expression per kind of report; the name is what lab/vm prints.
REPORTS = (
    ("BUG", r"\bkernel BUG at |\bBUG: "),
    ("WARN", r"\bWARNING: "),
    ("Oops", r"\bOops\b|general protection fault|Unable to handle kernel"),
    ("panic", r"Kernel panic - not syncing"),
    ("lockdep", r"possible (circular|recursive|irq lock inversion)|inconsistent lock state|suspicious RCU usage"
                r"|held lock freed|lock(s)? held when returning|bad unlock balance"),
    ("KASAN", r"\bKASAN: "),
    ("kmemleak", r"\bunreferenced object 0x|kmemleak: \d+ new suspected"),
    ("UBSAN", r"\bUBSAN: "),
    ("refcount", r"refcount_t: "),
    ("hang", r"INFO: task .* blocked for more than|soft lockup|hard LOCKUP|detected stalls|self-detected stall"),
    ("DMA-API", r"DMA-API: .*(device driver|exceeded|not freed)"),
    ("list corruption", r"list_(add|del) corruption"),
    ("ODEBUG", r"ODEBUG: "),
)  # fmt: skip
PATTERN = re.compile("|".join(f"(?P<r{i}>{expression})" for i, (_, expression) in enumerate(REPORTS)))
END = re.compile(r"---\[ end |^=+$")
STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
LONGEST = 70  # lines shown of one report


def find_reports(text):
    """Return a list of (kind, excerpt) for every report in a console log, in order."""
    lines = [STAMP.sub("", line) for line in text.replace("\r", "").split("\n")]
    reports, index = [], 0
    while index < len(lines):
        match = PATTERN.search(lines[index])
        if not match:
            index += 1
            continue
        kind = REPORTS[int(match.lastgroup[1:])][0]
        last = index + 1
        while last < len(lines) and last - index < LONGEST and not END.search(lines[last]):
            last += 1
        reports.append((kind, "\n".join(lines[index : last + 1])))
        index = last + 1
    return reports
