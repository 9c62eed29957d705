#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The network bench's arithmetic, verdicts and output, on made-up and on recorded samples."""

import contextlib
import io
import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))

from netreport import cli, figures, measure, plot, table, targets  # noqa: E402
from netreport.figures import COUNTS, SPEEDS  # noqa: E402

ABOUT = {
    "label": "6.1", "kernel": "6.1.0-56-amd64", "qemu": "7.2", "cpu": "a CPU", "cores": 2, "cpus": 1, "memory": 512,
    "repetitions": 1, "sizes": {}, "load_before": 0.0, "load_after": 0.0, "date": "2026-11-24T00:00:00Z", "drivers": {},
}  # fmt: skip
ENTRY = {
    "iterations": 100, "real_time": 20_000.0, "time_unit": "ns", "tx_packets": 200, "rx_packets": 400, "interrupts": 50,
    "pages": 10, "lost": 0, "retransmits": 5, "p50_us": 100.0, "p99_us": 900.0, "offered": 999,
}  # fmt: skip
PLUGIN = {"driver_instructions": 80_000, "device_writes": 40, "device_reads": 0, "all_instructions": 1_000_000}


def document(config, **changes):
    """A guest's document with every case it should have; changes go into every entry."""
    some = figures.cases_of(config)
    return {"benchmarks": [{"name": f"{case.name}/iterations:100/real_time", **ENTRY, **PLUGIN, **changes} for case in some]}


def sample(config, kind=COUNTS, repetition=0, **changes):
    return {"config": config, "pass": kind, "repetition": repetition, "document": document(config, **changes)}


def case(name):
    return next(some for some in figures.CASES if some.name == name)


def states(found, words):
    return [it.state for it in targets.judge(found) if words in it.what]


class Figures(unittest.TestCase):
    def test_counts_are_divided_by_what_the_case_names(self):
        entry = {**ENTRY, **PLUGIN}
        self.assertEqual(figures.counts_of(case("udp_tx"), entry)["driver_instructions"], 400)
        self.assertEqual(figures.counts_of(case("udp_rx_flood"), entry)["driver_instructions"], 200)
        self.assertEqual(figures.counts_of(case("tcp_rx"), entry)["driver_instructions"], 800)
        self.assertEqual(figures.counts_of(case("tcp_tx_no_tso"), entry)["device_writes_per_tx"], 0.2)

    def test_rate_counts_only_what_arrived(self):
        self.assertAlmostEqual(figures.speeds_of(case("udp_tx"), ENTRY)["rate"], 50_000)
        self.assertAlmostEqual(figures.speeds_of(case("udp_tx"), {**ENTRY, "lost": 25})["rate"], 37_500)
        self.assertEqual(figures.speeds_of(case("udp_rx_paced"), {**ENTRY, "lost": 25})["lost"], 0.25)

    def test_mebibytes_become_megabits(self):
        speeds = figures.speeds_of(case("tcp_tx"), {**ENTRY, "real_time": 8.388608, "time_unit": "ms"})
        self.assertAlmostEqual(speeds["rate"], 1000)
        self.assertEqual(speeds["retransmits"], 0.05)

    def test_summary_is_the_median_with_its_spread(self):
        self.assertEqual(figures.summary([9, 1, 4]), {"median": 4, "min": 1, "max": 9, "values": [9, 1, 4]})

    def test_repetitions_meet_in_one_summary(self):
        runs = [sample("ours", repetition=i, driver_instructions=value) for i, value in enumerate((200, 600, 1000))]
        found = figures.find(figures.collect(runs), COUNTS, "udp_tx", "driver_instructions", "ours")
        self.assertEqual((found["median"], found["min"], found["max"]), (3, 1, 5))

    def test_ratio_of_nothing_is_none(self):
        one, zero = {"median": 1}, {"median": 0}
        self.assertEqual(figures.ratio(one, {"median": 4}), 0.25)
        self.assertIsNone(figures.ratio(zero, zero))
        self.assertIsNone(figures.ratio({"median": 0.009}, {"median": 0.001}))
        self.assertEqual(figures.ratio({"median": 0.01}, {"median": 0.001}), 10)
        self.assertIsNone(figures.ratio(one, zero))
        self.assertIsNone(figures.ratio(None, one))
        self.assertIsNone(figures.ratio(one, None))

    def test_incomplete_documents_are_refused(self):
        good, wanted = document("e1000"), figures.cases_of("e1000")
        figures.entries(good, wanted)
        with self.assertRaisesRegex(figures.BadDocument, "'udp_tx' was not run"):
            figures.entries({"benchmarks": good["benchmarks"][1:]}, wanted)
        with self.assertRaisesRegex(figures.BadDocument, "'udp_tx' failed: no peer"):
            figures.entries(document("e1000", error_occurred=True, error_message="no peer"), wanted)
        with self.assertRaisesRegex(figures.BadDocument, "'tx_packets' is 0"):
            figures.entries(document("e1000", tx_packets=0), wanted)

    def test_other_nics_are_not_asked_for_what_only_vmxnet3_has(self):
        self.assertIn("tcp_rx_no_lro", [some.name for some in figures.cases_of("in-tree")])
        self.assertNotIn("tcp_rx_no_lro", [some.name for some in figures.cases_of("e1000")])
        self.assertEqual([some.name for some in figures.cases_of("ours", "tcp_rx")], ["tcp_rx"])


class Targets(unittest.TestCase):
    def found(self, ours=None, theirs=None, kind=COUNTS):
        return figures.collect([sample("ours", kind, **(ours or {})), sample("in-tree", kind, **(theirs or {}))])

    def test_the_limit_itself_is_met(self):
        theirs = {"driver_instructions": 100_000}
        words = "UDP tx, 64-byte frames: driver"
        self.assertEqual(states(self.found({"driver_instructions": 70_000}, theirs), words), ["met"])
        self.assertEqual(states(self.found({"driver_instructions": 70_001}, theirs), words), ["short"])
        self.assertEqual(states({}, words), ["not measured"])

    def test_writes_per_frame_are_absolute(self):
        self.assertEqual(states(self.found({"device_writes": 20}), "TCP tx, TSO off: device"), ["met"])
        self.assertEqual(states(self.found({"device_writes": 21}), "TCP tx, TSO off: device"), ["short"])

    def test_the_whole_guest_is_judged_in_every_case(self):
        worse = self.found({"all_instructions": 1_000_001})
        judged = [case for case in figures.CASES if not case.is_spinning]
        self.assertEqual(states(worse, "all instructions"), ["short"] * len(judged))

    def test_the_whole_guest_is_judged_within_the_spread_where_chance_comes_in(self):
        theirs = [sample("in-tree", repetition=i, all_instructions=value) for i, value in enumerate((90, 100, 110))]
        for ours, state in ((110, "met"), (111, "short")):
            found = figures.collect([*theirs, sample("ours", all_instructions=ours)])
            for words in ("round trip, 64-byte frames: all", "more than fits: all", "TSO off: all"):
                self.assertEqual(states(found, words), [state])
            self.assertEqual(states(found, "UDP tx, 64-byte frames: all"), ["short"])

    def test_times_are_judged_by_their_medians(self):
        theirs = [sample("in-tree", SPEEDS, i, p50_us=value) for i, value in enumerate((90.0, 100.0, 120.0))]
        for ours, state in ((105.0, "met"), (106.0, "short")):
            found = figures.collect([*theirs, sample("ours", SPEEDS, p50_us=ours)])
            for words in ("round trip, 64-byte frames: median", "after 300 us: median", "never halts: median"):
                self.assertEqual(states(found, words), [state])

    def test_retransmits_are_compared_with_the_best_setting(self):
        found = self.found({"retransmits": 1}, {"retransmits": 1}, SPEEDS)
        words = "retransmitted"
        self.assertEqual(states(found, words), ["met"])
        found[SPEEDS]["tcp_rx_longest_ring"]["retransmits"]["in-tree"]["median"] = 0
        self.assertEqual(states(found, words), ["short"])
        del found[SPEEDS]["tcp_rx_no_lro"]["retransmits"]["in-tree"]
        self.assertEqual(states(found, words), ["not measured"])

    def test_counts_that_leave_the_reference_are_told(self):
        fits = {"driver_instructions": 507 * 200, "device_writes": 400, "interrupts": 200}
        told = targets.compare_reference(self.found(theirs=fits), "6.1")
        self.assertEqual([text.split(":")[0] for text in told], ["in-tree, UDP rx, 64-byte frames, more than fits"])
        told = targets.compare_reference(self.found(theirs={**fits, "driver_instructions": 513 * 200}), "6.1")
        self.assertEqual(len(told), 2)
        self.assertEqual(targets.compare_reference(self.found(), "7.3"), [])


class Output(unittest.TestCase):
    def setUp(self):
        recorded = json.loads((HERE / "samples.json").read_text())
        self.result = cli.result(recorded["about"], recorded["samples"], "udp_tx")

    def test_the_json_is_the_golden_one(self):
        """The shape is a contract.  If it has to change, raise cli.SCHEMA and write the file anew:
        python3 bench/tests/net_test.py --golden"""
        self.assertEqual(json.loads(json.dumps(self.result)), json.loads((HERE / "golden.json").read_text()))

    def test_the_table_says_what_falls_short(self):
        verdicts = [targets.Verdict(**it) for it in self.result["targets"]]
        text = table.text(self.result["about"], self.result["figures"], verdicts, ["look here"])
        short = [it for it in verdicts if it.state == "short"]
        self.assertTrue(short)
        for it in short:
            self.assertIn(f"falls short: {it.what}: {it.value}", text)
        self.assertIn("WARNING: look here", text)
        self.assertRegex(text, r"driver instructions +414\.0 +507\.0 +0\.81")

    def test_plots_hold_what_was_measured_and_nothing_else(self):
        scripts = plot.scripts(Path("/x"), self.result["figures"], self.result["about"])
        self.assertEqual({file.name for file in scripts}, {"net-counts.svg", "net-udp-tx-rate.svg"})
        self.assertIn('"udp tx" 0.816', scripts[Path("/x/net-counts.svg")])

    def test_text_cannot_leave_its_quotes(self):
        self.assertEqual(plot.quoted('a"b\\'), '"a\\"b\\\\"')

    def test_wrong_usage_is_one_sentence(self):
        for words in (["--bogus"], ["--kernel", "5.4"], ["--repeat", "0"], ["--repeat", "x"], ["--only", "icmp"], ["extra"]):
            errors = io.StringIO()
            with contextlib.redirect_stderr(errors):
                self.assertEqual(cli.main(words), 2)
            self.assertRegex(errors.getvalue(), r"^bench/net: [^\n]+\n$")

    def test_every_guest_of_a_repetition_runs_once_and_another_one_begins(self):
        first, second = measure.order(0), measure.order(1)
        self.assertEqual(len(first), 6)
        self.assertEqual(sorted(map(str, first)), sorted(map(str, second)))
        self.assertNotEqual(first[0], second[0])

    def test_only_counting_guests_have_the_plugin(self):
        for kind, wanted in ((COUNTS, True), (SPEEDS, False)):
            argv = measure.command(figures.CONFIGS[1], kind, "6.1", {"packets": 7}, "udp_tx", "/x")
            self.assertEqual(("--count" in argv, "--plugin" in argv), (wanted, wanted))
            self.assertIn("--benchmark_filter=^udp_tx/", argv)
            self.assertEqual([word for word in argv if word.endswith("=off")], ["backdoor=off", "balloon=off", "vmci=off"])
            self.assertEqual(argv[-2:], ["--packets", "7"])


def write_golden():
    recorded = json.loads((HERE / "samples.json").read_text())
    text = json.dumps(cli.result(recorded["about"], recorded["samples"], "udp_tx"), indent=1)
    (HERE / "golden.json").write_text(text + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--golden"]:
        write_golden()
    else:
        unittest.main()
