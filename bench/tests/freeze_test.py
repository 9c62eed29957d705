#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The arithmetic, verdicts and output of vmsync's bench, on made-up and on recorded samples."""

import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))

import reports  # noqa: E402
from freezereport import cli, figures, measure, plot, table, targets  # noqa: E402
from freezereport.figures import POOLED, ROUNDS  # noqa: E402
from report.stats import BadDocument, find, quantile  # noqa: E402
from report.verdicts import Verdict  # noqa: E402

ENTRY = {
    "run_type": "iteration", "window_us": 100_000.0, "stall_us": 120_000.0, "until_frozen_us": 90_000.0,
    "thaw_begins_late_us": 4_000.0, "thaw_ends_late_us": 9_000.0,
}  # fmt: skip


def document(rounds=1, **changes):
    """A guest's document; changes go into the entries of ours."""
    return {
        "benchmarks": [
            {"name": f"{name}/iterations:1/repeats:{rounds}/manual_time", **ENTRY, **(changes if config == "ours" else {})}
            for name, _, config, _ in figures.benchmarks()
            for _ in range(rounds)
        ]
    }


def sample(filesystems=16, repetition=0, **changes):
    return {"config": str(filesystems), "pass": "freezes", "repetition": repetition, "document": document(**changes)}


def states(words, **changes):
    found = figures.collect([sample(config.filesystems, **changes) for config in figures.CONFIGS])
    return {it.state for it in targets.judge(found) if words in it.what}


class Figures(unittest.TestCase):
    def test_quantiles_are_samples(self):
        self.assertEqual([quantile([3, 1, 2], q) for q in (0.01, 0.5, 0.99)], [1, 2, 3])
        self.assertEqual(quantile(range(1, 101), 0.99), 99)
        self.assertEqual(quantile(range(1, 102), 0.99), 100)

    def test_medians_are_of_a_guest_and_the_rest_of_all_freezes(self):
        samples = [sample(repetition=i) for i in range(3)]
        for one, times in zip(samples, ((1, 2, 90), (3, 4, 80), (5, 6, 70))):
            entries = [entry for entry in one["document"]["benchmarks"] if not entry["name"].startswith("ours_held")]
            entries += [{"name": "ours_held/x", **ENTRY, "window_us": ms * 1000} for ms in times]
            one["document"]["benchmarks"] = entries
        found = figures.collect(samples)
        self.assertEqual(find(found, ROUNDS, "16 held", "window_p50", "ours")["values"], [2, 4, 6])
        self.assertEqual(find(found, POOLED, "16 held", "window_p99", "ours")["median"], 90)
        self.assertEqual(find(found, POOLED, "16 held", "window_max", "ours")["median"], 90)
        self.assertEqual(find(found, ROUNDS, "16 held", "window_p50", "fsfreeze")["values"], [100] * 3)
        self.assertIsNone(find(found, ROUNDS, "16 held", "window_p50", "undisturbed"))

    def test_what_google_benchmark_computed_is_no_freeze(self):
        mixed = document()
        mixed["benchmarks"] += [{**entry, "run_type": "aggregate", "window_us": 1.0} for entry in mixed["benchmarks"]]
        self.assertEqual({len(times) for *_, times in figures.freezes(mixed)}, {1})

    def test_incomplete_documents_are_refused(self):
        with self.assertRaisesRegex(BadDocument, "'fsfreeze_at_once' was not run"):
            figures.freezes({"benchmarks": document()["benchmarks"][1:]})
        with self.assertRaisesRegex(BadDocument, "'ours_at_once' failed: busy"):
            figures.freezes(document(error_occurred=True, error_message="busy"))
        short = document()
        del short["benchmarks"][-1]["thaw_ends_late_us"]
        with self.assertRaisesRegex(BadDocument, "'deadline' has no 'thaw_ends_late_us'"):
            figures.freezes(short)


class Targets(unittest.TestCase):
    def test_the_limit_itself_is_met(self):
        for value, state in ((40_000.0, "met"), (40_001.0, "short")):
            self.assertEqual(states("frozen window, median", window_us=value), {state})
        for value, state in ((250_000.0, "met"), (250_001.0, "short")):
            self.assertEqual(states("frozen window, 99th", window_us=value), {state})
        for value, state in ((10_000.0, "met"), (10_001.0, "short")):
            self.assertEqual(states("thaw begins", thaw_begins_late_us=value), {state})
            self.assertEqual(states("all are thawed", thaw_ends_late_us=value), {state})

    def test_every_load_has_its_verdicts_and_what_was_not_run_is_not_measured(self):
        judged = targets.judge(figures.collect([sample(4)]))
        self.assertEqual(len(judged), 2 + 2 * 3 + 2 * 3)
        self.assertEqual({it.state for it in judged if it.what.startswith("4 ")}, {"met"})
        self.assertEqual({it.state for it in judged if not it.what.startswith("4 ")}, {"not measured"})
        self.assertEqual({it.state for it in targets.judge(figures.collect([]))}, {"not measured"})


class Output(unittest.TestCase):
    def setUp(self):
        self.result = make_result()
        self.verdicts = [Verdict(**it) for it in self.result["targets"]]

    def test_the_json_is_the_golden_one(self):
        """The shape is a contract.  If it has to change, raise cli.SCHEMA and write the file anew:
        python3 bench/tests/freeze_test.py --golden"""
        self.assertEqual(json.loads(json.dumps(self.result)), reports.golden("freeze"))

    def test_the_table_shows_what_was_measured_and_what_falls_short(self):
        text = table.text(self.result["about"], self.result["figures"], self.verdicts)
        self.assertIn("\n4 filesystems, held 50 ms\n", text)
        self.assertNotIn("\n16 filesystems, held", text)
        for words in table.WORDS.values():
            self.assertIn(f"  {words}, median", text)
            self.assertIn(f"  {words}, 99th percentile", text)
        for it in self.verdicts:
            self.assertIn(it.what, text)
            if it.state == "short":
                self.assertIn(f"falls short: {it.what}: {it.value}", text)

    def test_there_is_a_plot_of_all_that_was_measured(self):
        drawn = plot.scripts(Path("/x"), figures.collect([sample(), sample(1)]), self.result["about"])
        self.assertEqual(len(drawn), 2 + len(plot.BARS))
        self.assertIn('"16 filesystems, held" 1.00000 1.00000', drawn[Path("/x/freeze-window-ratios.svg")])
        self.assertEqual(plot.scripts(Path("/x"), {}, self.result["about"]), {})

    def test_wrong_usage_is_one_sentence(self):
        for words in (["--bogus"], ["--kernel", "5.4"], ["--repeat", "0"], ["--only", "2"], ["extra"]):
            status, said = reports.refusal(cli, words)
            self.assertEqual(status, 2)
            self.assertRegex(said, r"^bench/freeze: [^\n]+\n$")

    def test_guests_take_turns_and_ways_are_shuffled_in_them(self):
        starts = [measure.order(repetition)[0][1].name for repetition in range(3)]
        self.assertEqual(sorted(starts), ["1", "16", "4"])
        self.assertEqual([config.name for _, config in measure.order(1, "4")], ["4"])
        argv = measure.command(figures.CONFIGS[2], "6.1", cli.FULL)
        self.assertIn("--benchmark_enable_random_interleaving=true", argv)
        self.assertEqual(argv[argv.index("--filesystems") + 1], "16")
        self.assertEqual(argv[argv.index("--hold-ms") + 1], "50")
        self.assertRegex("INFO: task freezebench:246 blocked for more than 31 seconds.", argv[argv.index("--expect") + 1])


def make_result():
    recorded = reports.recorded("freeze")
    return cli.result(recorded["about"], recorded["samples"])


if __name__ == "__main__":
    reports.main("freeze", make_result)
