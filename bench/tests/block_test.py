#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The arithmetic, verdicts and output of vmblock's bench, on made-up and on recorded samples."""

import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))

import reports  # noqa: E402
from blockreport import cli, figures, measure, plot, table, targets  # noqa: E402
from blockreport.figures import COUNTS, SPEEDS  # noqa: E402
from report.stats import BadDocument  # noqa: E402
from report.verdicts import Verdict  # noqa: E402

ENTRY = {
    "iterations": 100, "real_time": 2000.0, "time_unit": "ns", "driver_instructions": 10_000, "all_instructions": 400_000,
}  # fmt: skip


def document(**changes):
    """A guest's document with every case it should have; changes go into every entry."""
    return {"benchmarks": [{"name": f"{case.name}/iterations:100/real_time", **ENTRY, **changes} for case in figures.CASES]}


def sample(config, kind=COUNTS, **changes):
    return {"config": config, "pass": kind, "repetition": 0, "document": document(**changes)}


def states(words, **entries):
    """States of the verdicts with these words; `entries`: changes by config, in both kinds of guest."""
    found = figures.collect([sample(config, kind, **entries.get(config, {})) for config in ("plain", "ours", "fuse") for kind in (COUNTS, SPEEDS)])
    return {it.state for it in targets.judge(found) if words in it.limit}


class Figures(unittest.TestCase):
    def test_all_is_per_call(self):
        self.assertEqual(figures.figures_of(COUNTS, ENTRY), {"driver_instructions": 100, "all_instructions": 4000})
        self.assertEqual(figures.figures_of(SPEEDS, ENTRY), {"time": 2})
        self.assertEqual(figures.figures_of(SPEEDS, {**ENTRY, "time_unit": "ms"}), {"time": 2e6})

    def test_incomplete_documents_are_refused(self):
        with self.assertRaisesRegex(BadDocument, "'lstat_again_free' was not run"):
            figures.check({"benchmarks": document()["benchmarks"][1:]}, COUNTS, None)
        with self.assertRaisesRegex(BadDocument, "'lstat_again_free' failed: no link"):
            figures.check(document(error_occurred=True, error_message="no link"), COUNTS, None)
        uncounted = document()
        for entry in uncounted["benchmarks"]:
            del entry["all_instructions"]
        figures.check(uncounted, SPEEDS, None)
        with self.assertRaisesRegex(BadDocument, "'open_again_free' has no counts"):
            figures.check(uncounted, COUNTS, "open")

    def test_one_operation_is_four_cases(self):
        self.assertEqual({case.operation for case in figures.cases_of("open")}, {"open"})
        self.assertEqual((len(figures.cases_of("open")), len(figures.cases_of())), (4, 12))


class Targets(unittest.TestCase):
    def test_the_limit_itself_is_met(self):
        for factor, state in ((1.3, "met"), (1.301, "short")):
            ours = {"all_instructions": 400_000 * factor, "real_time": 2000 * factor}
            self.assertEqual(states("plain", ours=ours), {state})

    def test_the_daemon_takes_five_times_as_long(self):
        for factor, state in ((5, "met"), (4.99, "short")):
            fuse = {"all_instructions": 400_000 * factor, "real_time": 2000 * factor}
            self.assertEqual(states("fuse", fuse=fuse), {state})

    def test_plain_links_are_no_measure_of_new_names_or_blocked_ones(self):
        found = figures.collect([sample(config, kind) for config in ("plain", "ours") for kind in (COUNTS, SPEEDS)])
        judged = [it.what for it in targets.judge(found) if "plain" in it.limit]
        self.assertEqual(len(judged), 6)
        self.assertTrue(all("known names, nothing blocked" in what for what in judged))

    def test_nothing_is_judged_without_ours(self):
        found = figures.collect([sample("plain"), sample("fuse")])
        self.assertEqual({it.state for it in targets.judge(found)}, {"not measured"})


class Output(unittest.TestCase):
    def setUp(self):
        self.result = make_result()
        self.verdicts = [Verdict(**it) for it in self.result["targets"]]

    def test_the_json_is_the_golden_one(self):
        """The shape is a contract.  If it has to change, raise cli.SCHEMA and write the file anew:
        python3 bench/tests/block_test.py --golden"""
        self.assertEqual(json.loads(json.dumps(self.result)), reports.golden("block"))

    def test_the_table_shows_what_was_measured_and_what_falls_short(self):
        text = table.text(self.result["about"], self.result["figures"], self.verdicts)
        for case in figures.cases_of("readlink"):
            title = f"{figures.OPERATIONS['readlink']}; {figures.ACCESSES[case.access]}; {figures.STATES[case.state]}"
            self.assertEqual(text.count(f"{title}\n"), 2)
        self.assertNotIn("lstat; ", text)
        for it in self.verdicts:
            self.assertIn(it.what, text)
            if it.state == "short":
                self.assertIn(f"falls short: {it.what}: {it.value}", text)

    def test_there_is_a_plot_of_all_that_was_measured(self):
        whole = figures.collect([sample(config, kind) for config in ("plain", "ours", "fuse") for kind in (COUNTS, SPEEDS)])
        drawn = plot.scripts(Path("/x"), whole, self.result["about"])
        self.assertEqual(len(drawn), len(figures.RIVALS) + len(figures.OPERATIONS))
        self.assertIn('"lstat again free" 1.00000', drawn[Path("/x/block-to-fuse.svg")])
        self.assertIn("ours / plain links", drawn[Path("/x/block-to-plain.svg")])
        self.assertEqual(plot.scripts(Path("/x"), {}, self.result["about"]), {})

    def test_wrong_usage_is_one_sentence(self):
        for words in (["--bogus"], ["--kernel", "5.4"], ["--repeat", "0"], ["--only", "udp_tx"], ["extra"]):
            status, said = reports.refusal(cli, words)
            self.assertEqual(status, 2)
            self.assertRegex(said, r"^bench/block: [^\n]+\n$")

    def test_rivals_take_turns(self):
        orders = [measure.order(repetition) for repetition in range(3)]
        for order in orders:
            self.assertEqual(len({str(step) for step in order}), 6)
        self.assertEqual({order[0][1].name for order in orders}, {"plain", "ours", "fuse"})
        self.assertEqual({order[0][0] for order in orders}, {COUNTS, SPEEDS})

    def test_only_counting_guests_have_the_plugin(self):
        for kind, wanted in ((COUNTS, True), (SPEEDS, False)):
            argv = measure.command(figures.CONFIGS[2], kind, "6.1", cli.FULL, "open", "/x")
            self.assertEqual(("--count" in argv, "--plugin" in argv), (wanted, wanted))
            self.assertEqual(argv[argv.index("--iterations") + 1], "500")
            self.assertEqual(argv[argv.index("--blocked") + 1], "10000")
            self.assertIn("--benchmark_filter=^(open_again_free|open_again_crowded|open_first_free|open_first_crowded)/", argv)


def make_result():
    recorded = reports.recorded("block")
    return cli.result(recorded["about"], recorded["samples"], "readlink")


if __name__ == "__main__":
    reports.main("block", make_result)
