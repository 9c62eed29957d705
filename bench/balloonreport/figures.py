# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What is measured and how figures come out of raw samples.  Pure: no files, no processes.

A sample is {"config", "pass", "repetition", "document"}; the document is what Google Benchmark
printed in the guest.  A case moves the balloon up and down; each way is a row of the report.
"""

from dataclasses import dataclass

from report.stats import BadDocument, entries, summaries

COUNTS, SPEEDS = "counts", "speeds"  # the two kinds of guest: with the counting plugin, without
FRAMES_PER_GIB = 1 << 18  # of 4 KiB
ENTRIES = 512  # the most in a batch, and the 4 KiB frames in one of 2 MiB
WAYS = ("inflate", "deflate")


@dataclass(frozen=True)
class Config:
    """A driver, as lab/vm and modprobe know it."""

    name: str
    title: str
    drivers: str
    module: str


CONFIGS = (Config("ours", "ours", "ours", "vmmemctl"), Config("in-tree", "in-tree", "stock", "vmw_balloon"))


@dataclass(frozen=True)
class Case:
    """A benchmark of balloonbench."""

    name: str
    title: str
    is_large: bool = False  # frames of 2 MiB are granted
    is_move: bool = True  # up and down, counted and timed; else only timed


CASES = (
    Case("fresh_2m", "fresh guest, 2 MiB offered", is_large=True),
    Case("fresh_4k", "fresh guest, 4 KiB alone"),
    Case("aged_2m", "aged guest, 2 MiB offered", is_large=True),
    Case("aged_4k", "aged guest, 4 KiB alone"),
    Case("first_frame_doorbell", "first frame after a new target, doorbell", is_move=False),
    Case("first_frame_polled", "first frame after a new target, no doorbell", is_move=False),
    Case("squeeze", "a program's step of 64 KiB", is_move=False),
)
LATENCIES = ("first_frame_doorbell", "first_frame_polled")
MOMENTS = ("quiet", *WAYS)  # of the squeeze


def cases_of(kind, only=None):
    """The cases that a guest of this kind runs."""
    return [case for case in CASES if (case.is_move or kind == SPEEDS) and only in (None, case.name)]


def least_exits(case, frames):
    """What the protocol needs: to ask for the target, and batches of 512 entries."""
    per_batch = ENTRIES * (ENTRIES if case.is_large else 1)
    return 1 + -(-frames // per_batch)


def counts_of(case, way, entry):
    """Figures of a way, per GiB (exits) or per frame of 4 KiB."""
    value = {name: entry[f"{way}_{name}"] for name in ("frames", "large_frames", "exits")}
    if not value["frames"]:
        raise BadDocument(f"'{case.name}' moved no frame: {way}")
    frames = value["frames"]
    figures = {
        "exits": value["exits"] / frames * FRAMES_PER_GIB,
        "least_exits": least_exits(case, frames) / frames * FRAMES_PER_GIB,
        "large_share": 100 * value["large_frames"] / frames,
    }
    counted = ("driver_instructions", "all_instructions")
    return figures | {name: entry[f"{way}_{name}"] / frames for name in counted if f"{way}_{name}" in entry}


def speeds_of(way, entry):
    """GiB/s and milliseconds per GiB, with and without the host's share of the time."""
    gibibytes = entry[f"{way}_frames"] / FRAMES_PER_GIB
    wall, host = entry[f"{way}_wall_us"], entry[f"{way}_host_us"]
    return {
        "rate": gibibytes / wall * 1e6,
        "wall": wall / 1e3 / gibibytes,
        "guest": (wall - host) / 1e3 / gibibytes,
    }


def row_name(case_name, way):
    return f"{case_name} {way}"


def rows_of(case, kind, entry):
    """{row: {figure: value}} of a case."""
    if case.is_move:
        compute = counts_of if kind == COUNTS else lambda _, way, some: speeds_of(way, some)
        return {row_name(case.name, way): compute(case, way, entry) for way in WAYS}
    if case.name in LATENCIES:
        return {case.name: {name: entry[name] for name in ("p50_us", "max_us")}}
    found = {row_name(case.name, moment): {name: entry[f"{moment}_{name}"] for name in ("p99_us", "longest_us")} for moment in MOMENTS}
    found[row_name(case.name, "inflate")]["reached_share"] = 100 * entry["reached_mib"] / entry["wanted_mib"]
    return found


def check(document, kind, only):
    """Raises BadDocument if something that such a guest measures is not there."""
    wanted = cases_of(kind, only)
    found = entries(document, [case.name for case in wanted])
    try:
        return [(case, rows_of(case, kind, found[case.name])) for case in wanted]
    except KeyError as missing:
        raise BadDocument(f"a case has no {missing}") from None


def collect(samples, only=None):
    """{pass: {row: {figure: {config: summary}}}} of all samples."""
    return summaries(
        (sample["pass"], row, figure, sample["config"], value)
        for sample in samples
        for _, rows in check(sample["document"], sample["pass"], only)
        for row, figures in rows.items()
        for figure, value in figures.items()
    )
