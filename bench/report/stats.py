# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""From documents that Google Benchmark printed to medians and ratios.  Pure."""

import math
import statistics

NEGLIGIBLE = 0.01  # per unit: a handful of events in a whole case, whose ratio is chance


class BadDocument(Exception):
    """A guest's document lacks what was asked for; the sentence says what."""


def entries(document, names):
    """Benchmark name without Google Benchmark's suffixes -> entry.  Raises BadDocument."""
    found = {entry["name"].split("/")[0]: entry for entry in document.get("benchmarks", [])}
    for name in names:
        entry = found.get(name)
        if entry is None:
            raise BadDocument(f"'{name}' was not run")
        if entry.get("error_occurred"):
            raise BadDocument(f"'{name}' failed: {entry.get('error_message', 'no reason given')}")
    return found


def quantile(values, q):
    """By the nearest-rank method, as bench/common/quantile.hpp."""
    return sorted(values)[max(math.ceil(q * len(values)), 1) - 1]


def summary(values):
    """Median and spread of the repetitions, and the raw values."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "values": list(values)}


def summaries(samples):
    """{pass: {case: {figure: {config: summary}}}} of (pass, case, figure, config, value)."""
    values = {}
    for kind, case, figure, config, value in samples:
        by_config = values.setdefault(kind, {}).setdefault(case, {}).setdefault(figure, {})
        by_config.setdefault(config, []).append(value)
    return {
        kind: {
            case: {figure: {config: summary(some) for config, some in by.items()} for figure, by in figures.items()}
            for case, figures in cases.items()
        }
        for kind, cases in values.items()
    }


def find(figures, kind, case, figure, config):
    """A summary, or None where it was not measured."""
    return figures.get(kind, {}).get(case, {}).get(figure, {}).get(config)


def ratio(ours, theirs):
    """Ours to theirs; None if either is missing, or there is nothing worth comparing."""
    if ours is None or theirs is None or theirs["median"] == 0:
        return None
    if max(ours["median"], theirs["median"]) < NEGLIGIBLE:
        return None
    return ours["median"] / theirs["median"]


def ratios_to(figures, rivals):
    """{pass: {case: {figure: {rival: ratio of ours to it}}}}"""
    return {
        kind: {
            case: {figure: {rival: ratio(by.get("ours"), by.get(rival)) for rival in rivals} for figure, by in some.items()}
            for case, some in cases.items()
        }
        for kind, cases in figures.items()
    }
