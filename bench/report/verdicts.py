# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""A target and whether it was reached.  Pure."""

from dataclasses import dataclass

MET, SHORT, UNMEASURED = "met", "short", "not measured"


@dataclass(frozen=True)
class Verdict:
    what: str
    limit: str
    value: str
    state: str


def verdict(what, limit, value, bound, text):
    """A value that may be at most `bound`; None is not measured."""
    if value is None:
        return Verdict(what, limit, "", UNMEASURED)
    return Verdict(what, limit, text, MET if value <= bound else SHORT)
