# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What is measured and how figures come out of raw samples.  Pure: no files, no processes.

A sample is one guest: {"config", "pass", "repetition", "document"}; config is how many filesystems it had, and
the document what Google Benchmark printed there: an entry for each freeze, of all ways in turn.
"""

from dataclasses import dataclass

from report.stats import BadDocument, quantile, summaries, summary

ROUNDS, POOLED = "rounds", "pooled"  # figures of each guest, and of all their freezes together
MICROSECONDS_PER_MS = 1e3
PERCENT = 0.99


@dataclass(frozen=True)
class Config:
    """A guest."""

    filesystems: int

    @property
    def name(self):
        return str(self.filesystems)

    @property
    def title(self):
        return f"{self.filesystems} filesystem{'s' * (self.filesystems > 1)}"


CONFIGS = (Config(1), Config(4), Config(16))
WAYS = {"fsfreeze": "fsfreeze", "fifreeze": "FIFREEZE", "ours": "ours", "undisturbed": "undisturbed"}
RIVALS = ("fsfreeze", "fifreeze")
HOWS = ("at_once", "held")
DEADLINE = "deadline"
FROZEN = ("window", "stall", "until_frozen")  # of a freeze
UNDISTURBED = ("stall",)
LATE = ("thaw_begins_late", "thaw_ends_late")


def measured(way, how):
    """The figures of a benchmark; empty if there is no such benchmark."""
    if way == "undisturbed":
        return UNDISTURBED if how == "held" else ()
    return FROZEN


def benchmarks():
    """(benchmark, row, config, figures) of a guest: `config` is what is compared in a row."""
    for how in HOWS:
        for way in WAYS:
            if measured(way, how):
                yield f"{way}_{how}", how, way, measured(way, how)
    yield DEADLINE, DEADLINE, "ours", LATE


def entries(document):
    """Benchmark name -> its freezes."""
    found = {}
    for entry in document.get("benchmarks", []):
        if entry.get("run_type", "iteration") == "iteration":
            found.setdefault(entry["name"].split("/")[0], []).append(entry)
    return found


def freezes(document):
    """[(row, config, figure, [ms of each freeze])].  Raises BadDocument."""
    found, rows = entries(document), []
    for name, row, config, figures in benchmarks():
        some = found.get(name)
        if not some:
            raise BadDocument(f"'{name}' was not run")
        failed = [entry for entry in some if entry.get("error_occurred")]
        if failed:
            raise BadDocument(f"'{name}' failed: {failed[0].get('error_message', 'no reason given')}")
        try:
            rows += [(row, config, figure, [entry[f"{figure}_us"] / MICROSECONDS_PER_MS for entry in some]) for figure in figures]
        except KeyError as missing:
            raise BadDocument(f"'{name}' has no {missing}") from None
    return rows


def row_name(guest, row):
    """`guest` is the config of a sample: how many filesystems."""
    return f"{guest} {row}"


def rounds_of(samples):
    """(pass, row, figure, config, value) of each guest: the median of its freezes."""
    for sample in samples:
        for row, config, figure, times in freezes(sample["document"]):
            yield ROUNDS, row_name(sample["config"], row), f"{figure}_p50", config, quantile(times, 0.5)


def pooled(samples):
    """{row: {figure: {config: summary}}} of the freezes of all guests: 99th percentile and longest, one number each."""
    together = {}
    for sample in samples:
        for row, config, figure, times in freezes(sample["document"]):
            together.setdefault((row_name(sample["config"], row), figure, config), []).extend(times)
    found = {}
    for (row, figure, config), times in together.items():
        by_figure = found.setdefault(row, {})
        by_figure.setdefault(f"{figure}_p99", {})[config] = summary([quantile(times, PERCENT)])
        by_figure.setdefault(f"{figure}_max", {})[config] = summary([max(times)])
    return found


def collect(samples):
    """{pass: {row: {figure: {config: summary}}}} of all samples."""
    found = summaries(rounds_of(samples))
    return found | ({POOLED: pooled(samples)} if samples else {})
