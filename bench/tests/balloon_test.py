#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The balloon bench's arithmetic, verdicts and output, on made-up and on recorded samples."""

import contextlib
import io
import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))

from balloonreport import cli, figures, measure, plot, table, targets  # noqa: E402
from balloonreport.figures import COUNTS, SPEEDS  # noqa: E402
from report.stats import BadDocument, find  # noqa: E402

MIB_FRAMES = 256
WAY = {
    "frames": 128 * MIB_FRAMES, "large_frames": 0, "exits": 65, "batches": 64, "wall_us": 200_000.0, "host_us": 75_000.0,
    "driver_instructions": 3_276_800, "all_instructions": 32_768_000,
}  # fmt: skip
ENTRY = {
    "p50_us": 800.0, "max_us": 950.0, "changes": 10, "wanted_mib": 800, "reached_mib": 780,
    **{f"{way}_{name}": value for way in figures.WAYS for name, value in WAY.items()},
    **{f"{moment}_{name}": 500.0 for moment in figures.MOMENTS for name in ("p99_us", "longest_us")},
}  # fmt: skip


def document(kind=COUNTS, **changes):
    """A guest's document with every case it should have; changes go into every entry."""
    some = figures.cases_of(kind)
    return {"benchmarks": [{"name": f"{case.name}/iterations:1", **ENTRY, **changes} for case in some]}


def sample(config, kind=COUNTS, repetition=0, **changes):
    return {"config": config, "pass": kind, "repetition": repetition, "document": document(kind, **changes)}


def case(name):
    return next(some for some in figures.CASES if some.name == name)


def states(ours, theirs, words, kind=COUNTS):
    found = figures.collect([sample("ours", kind, **ours), sample("in-tree", kind, **theirs)])
    return {it.state for it in targets.judge(found) if words in it.what}


class Figures(unittest.TestCase):
    def test_exits_are_per_gib_and_instructions_per_frame(self):
        counts = figures.counts_of(case("fresh_4k"), "inflate", {**ENTRY, "inflate_large_frames": 32 * MIB_FRAMES})
        self.assertEqual((counts["exits"], counts["least_exits"], counts["large_share"]), (65 * 8, 65 * 8, 25))
        self.assertEqual((counts["driver_instructions"], counts["all_instructions"]), (100, 1000))

    def test_the_protocol_needs_a_question_and_full_batches(self):
        self.assertEqual(figures.least_exits(case("fresh_4k"), 512), 2)
        self.assertEqual(figures.least_exits(case("fresh_4k"), 513), 3)
        self.assertEqual(figures.least_exits(case("aged_2m"), 512 * 512), 2)
        self.assertEqual(figures.least_exits(case("aged_2m"), 512 * 512 + 1), 3)

    def test_the_hosts_share_of_the_time_is_told_apart(self):
        speeds = figures.speeds_of("deflate", ENTRY)
        self.assertAlmostEqual(speeds["rate"], 0.625)
        self.assertAlmostEqual(speeds["wall"], 1600)
        self.assertAlmostEqual(speeds["guest"], 1000)

    def test_incomplete_documents_are_refused(self):
        good = document(SPEEDS)
        figures.check(good, SPEEDS, None)
        with self.assertRaisesRegex(BadDocument, "'fresh_2m' was not run"):
            figures.check({"benchmarks": good["benchmarks"][1:]}, SPEEDS, None)
        with self.assertRaisesRegex(BadDocument, "'fresh_2m' failed: no driver"):
            figures.check(document(error_occurred=True, error_message="no driver"), COUNTS, None)
        with self.assertRaisesRegex(BadDocument, "moved no frame: deflate"):
            figures.check(document(deflate_frames=0), COUNTS, None)
        del good["benchmarks"][-1]["deflate_p99_us"]
        with self.assertRaisesRegex(BadDocument, "a case has no 'deflate_p99_us'"):
            figures.check(good, SPEEDS, None)

    def test_repetitions_meet_in_one_summary(self):
        found = figures.collect([sample("ours", SPEEDS, i, p50_us=value) for i, value in enumerate((9, 1, 4))])
        self.assertEqual(find(found, SPEEDS, "first_frame_polled", "p50_us", "ours")["median"], 4)


class Targets(unittest.TestCase):
    def test_the_limit_itself_is_met(self):
        for words, kind, name, value in (
            ("driver instructions", COUNTS, "driver_instructions", 3_276_800 * 6 // 10),
            ("all instructions", COUNTS, "all_instructions", 32_768_000),
        ):
            changed = {f"{way}_{name}": value for way in figures.WAYS}
            self.assertEqual(states(changed, {}, words, kind), {"met"})
            self.assertEqual(states({key: number + 1 for key, number in changed.items()}, {}, words, kind), {"short"})

    def test_only_the_guests_own_time_is_judged(self):
        for wall, state in ((162_500.0, "met"), (162_600.0, "short")):
            self.assertEqual(states({"inflate_wall_us": wall, "deflate_wall_us": wall}, {}, "time of the guest", SPEEDS), {state})

    def test_who_needs_no_more_exits_than_the_protocol_is_at_the_floor_and_not_met(self):
        words = "4 KiB alone: exits"
        self.assertEqual(states({}, {}, words), {"at the floor"})
        self.assertEqual(states({"inflate_exits": 66, "deflate_exits": 66}, {}, words), {"short"})
        self.assertEqual(states({}, {"inflate_exits": 130, "deflate_exits": 130}, words), {"met"})

    def test_the_first_frame_has_a_millisecond(self):
        self.assertEqual(states({}, {}, "first frame", SPEEDS), {"met"})
        self.assertEqual(states({"max_us": 1001.0}, {}, "first frame", SPEEDS), {"met", "short"})

    def test_a_program_must_not_wait_longer(self):
        words = "program's step"
        self.assertEqual(states({}, {}, words, SPEEDS), {"met"})
        slower = {f"{way}_{name}": 526.0 for way in figures.WAYS for name in ("p99_us", "longest_us")}
        self.assertEqual(states(slower, {}, words, SPEEDS), {"short"})

    def test_nothing_is_judged_without_ours(self):
        found = figures.collect([sample("in-tree"), sample("in-tree", SPEEDS)])
        self.assertEqual({it.state for it in targets.judge(found)}, {"not measured"})


class Output(unittest.TestCase):
    def setUp(self):
        recorded = json.loads((HERE / "balloon_samples.json").read_text())
        self.result = cli.result(recorded["about"], recorded["samples"], "aged_2m")
        self.verdicts = [targets.Verdict(**it) for it in self.result["targets"]]

    def test_the_json_is_the_golden_one(self):
        """The shape is a contract.  If it has to change, raise cli.SCHEMA and write the file anew:
        python3 bench/tests/balloon_test.py --golden"""
        self.assertEqual(json.loads(json.dumps(self.result)), json.loads((HERE / "balloon_golden.json").read_text()))

    def test_the_table_shows_what_was_measured_and_what_falls_short(self):
        text = table.text(self.result["about"], self.result["figures"], self.verdicts)
        for rows in self.result["figures"].values():
            for row in rows:
                self.assertIn(table.WORDS[next(iter(rows[row]))], text)
        for it in self.verdicts:
            self.assertIn(it.what, text)
            if it.state == "short":
                self.assertIn(f"falls short: {it.what}: {it.value}", text)

    def test_there_is_a_plot_of_all_that_was_measured(self):
        both = figures.collect([sample(config, kind) for config in ("ours", "in-tree") for kind in (COUNTS, SPEEDS)])
        drawn = plot.scripts(Path("/x"), both, self.result["about"])
        self.assertEqual(len(drawn), len(plot.RATIOS) + len(plot.BARS))
        self.assertIn('"fresh 2m inflate" 1.00000', drawn[Path("/x/balloon-counts.svg")])
        self.assertEqual(plot.scripts(Path("/x"), {}, self.result["about"]), {})

    def test_wrong_usage_is_one_sentence(self):
        for words in (["--bogus"], ["--kernel", "5.4"], ["--repeat", "0"], ["--only", "udp_tx"], ["--drivers", "none"], ["extra"]):
            errors = io.StringIO()
            with contextlib.redirect_stderr(errors):
                self.assertEqual(cli.main(words), 2)
            self.assertRegex(errors.getvalue(), r"^bench/balloon: [^\n]+\n$")

    def test_drivers_take_turns(self):
        first, third = measure.order(0, figures.CONFIGS), measure.order(2, figures.CONFIGS)
        self.assertEqual(len(first), 4)
        self.assertEqual(sorted(map(str, first)), sorted(map(str, third)))
        self.assertNotEqual(first[0], third[0])
        self.assertEqual({kind for kind, _ in measure.order(1, figures.CONFIGS)}, {SPEEDS})
        self.assertNotEqual(measure.order(1, figures.CONFIGS)[0], first[0])
        self.assertEqual({kind for kind, _ in measure.order(0, figures.CONFIGS, "squeeze")}, {SPEEDS})

    def test_only_counting_guests_have_the_plugin(self):
        for kind, wanted in ((COUNTS, True), (SPEEDS, False)):
            argv = measure.command(figures.CONFIGS[1], kind, "6.1", {"changes": 7}, "aged_2m", "/x")
            self.assertEqual(("--count" in argv, "--plugin" in argv), (wanted, wanted))
            self.assertIn("--benchmark_filter=^(aged_2m)/", argv)
            self.assertEqual(argv[argv.index("--module") + 1], "vmw_balloon")
            self.assertEqual(argv[-2:], ["--changes", "7"])


def write_golden():
    recorded = json.loads((HERE / "balloon_samples.json").read_text())
    text = json.dumps(cli.result(recorded["about"], recorded["samples"], "aged_2m"), indent=1)
    (HERE / "balloon_golden.json").write_text(text + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--golden"]:
        write_golden()
    else:
        unittest.main()
