# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What is measured and how figures come out of raw samples.  Pure: no files, no processes.

A sample is {"config", "pass", "repetition", "document"}; the document is what Google Benchmark
printed in the guest.  Its counters are totals of a case; here they become figures per unit.
"""

from dataclasses import dataclass

from report.stats import BadDocument, find, ratio, summaries, summary
from report.stats import entries as entries_named

__all__ = ["BadDocument", "find", "ratio", "summary"]
COUNTS, SPEEDS = "counts", "speeds"  # the two kinds of guest: with the counting plugin, without
MEBIBYTE_BITS = 8 * (1 << 20)


@dataclass(frozen=True)
class Config:
    """A driver on a device, as lab/vm knows them."""

    name: str
    title: str
    nic: str
    drivers: str


CONFIGS = (
    Config("ours", "ours", "vmxnet3", "ours"),
    Config("in-tree", "in-tree", "vmxnet3", "stock"),
    Config("virtio-net", "virtio-net", "virtio-net", "stock"),
    Config("e1000", "e1000", "e1000", "stock"),
)
VMXNET3 = ("ours", "in-tree")
COUNTED = ("driver_instructions", "device_writes", "interrupts", "pages", "all_instructions")


@dataclass(frozen=True)
class Case:
    """A benchmark of netbench; its counts are divided by `per`."""

    name: str
    title: str
    unit: str
    per: str  # a counter, or "iterations"
    speed: str  # a key of SPEED
    vmxnet3_only: bool = False
    is_steady: bool = False  # all instructions of the guest repeat; elsewhere chance is in them
    is_spinning: bool = False  # the guest asks until something comes: all its instructions are time


CASES = (
    Case("udp_tx", "UDP tx, 64-byte frames", "packet", "tx_packets", "packets", is_steady=True),
    Case("pktgen_burst", "pktgen tx, 64-byte frames in bursts of 32", "frame", "tx_packets", "packets", is_steady=True),
    Case("udp_rx_flood", "UDP rx, 64-byte frames, more than fits", "packet", "rx_packets", "packets"),
    Case("udp_rx_paced", "UDP rx, 64-byte frames, 5000 a second", "packet", "rx_packets", "paced"),
    Case("udp_rtt", "UDP round trip, 64-byte frames", "round trip", "iterations", "rtt"),
    Case("udp_rtt_late", "UDP round trip, answered after 300 us", "round trip", "iterations", "rtt"),
    Case("udp_rtt_awake", "UDP round trip, guest never halts", "round trip", "iterations", "rtt", is_spinning=True),
    Case("tcp_tx", "TCP tx, TSO on", "MiB", "iterations", "bits"),
    Case("tcp_tx_no_tso", "TCP tx, TSO off", "MiB", "iterations", "bits"),
    Case("tcp_rx", "TCP rx, defaults", "MiB", "iterations", "bits"),
    Case("tcp_rx_no_lro", "TCP rx, LRO off", "MiB", "iterations", "bits", True),
    Case("tcp_rx_longest_ring", "TCP rx, longest ring", "MiB", "iterations", "bits", True),
    Case("tcp_rx_no_lro_longest_ring", "TCP rx, LRO off, longest ring", "MiB", "iterations", "bits", True),
)
SPEED = {
    "packets": (("rate", "packets/s that arrived"),),
    "bits": (("rate", "Mbit/s"), ("retransmits", "retransmitted segments per MiB")),
    "rtt": (("p50_us", "p50, us"), ("p99_us", "p99, us")),
    "paced": (("lost", "lost, per packet"),),
}


def cases_of(config, only=None):
    """The cases that a guest with this configuration runs."""
    return [case for case in CASES if (config in VMXNET3 or not case.vmxnet3_only) and only in (None, case.name)]


def entries(document, wanted):
    """Case name -> entry, of cases that moved something.  Raises BadDocument."""
    found = entries_named(document, [case.name for case in wanted])
    for case in wanted:
        if not found[case.name].get(case.per):
            raise BadDocument(f"'{case.name}' moved nothing: its '{case.per}' is 0")
    return found


def counts_of(case, entry):
    """Figures per unit that exist in any guest, and with the plugin its counts."""
    units = entry[case.per]
    figures = {name: entry[name] / units for name in COUNTED if name in entry}
    if case.is_spinning:
        figures.pop("all_instructions", None)
    if "device_writes" in entry and entry.get("tx_packets"):
        figures["device_writes_per_tx"] = entry["device_writes"] / entry["tx_packets"]
    return figures


def speeds_of(case, entry):
    seconds = entry["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[entry["time_unit"]]
    figures = {"interrupts": entry["interrupts"] / entry[case.per]}
    if case.speed == "packets":
        figures["rate"] = (1 - entry.get("lost", 0) / entry["iterations"]) / seconds
    elif case.speed == "paced":
        figures["lost"] = entry["lost"] / entry["iterations"]
    elif case.speed == "bits":
        figures["rate"] = MEBIBYTE_BITS / seconds / 1e6
        figures["retransmits"] = entry["retransmits"] / entry["iterations"]
    elif case.speed == "rtt":
        figures |= {name: entry[name] for name in ("p50_us", "p99_us")}
    return figures


def values(samples, only=None):
    """(pass, case, figure, config, value) of all samples."""
    for sample in samples:
        wanted = cases_of(sample["config"], only)
        found = entries(sample["document"], wanted)
        compute = counts_of if sample["pass"] == COUNTS else speeds_of
        for case in wanted:
            for figure, value in compute(case, found[case.name]).items():
                yield sample["pass"], case.name, figure, sample["config"], value


def collect(samples, only=None):
    """{pass: {case: {figure: {config: summary}}}} of all samples."""
    return summaries(values(samples, only))
