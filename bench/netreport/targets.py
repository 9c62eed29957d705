# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the figures have to reach.  Pure."""

from report.stats import find, ratio
from report.verdicts import Verdict, verdict

from .figures import CASES, COUNTS, SPEEDS

__all__ = ["Verdict"]
TIME_TOLERANCE = 1.05  # medians of times: what is left to chance

# What the in-tree driver of 6.1 counts on QEMU 7.2's vmxnet3; these repeat to 0.1 %. If they do
# not come out, it is the counting that is to be looked at, not the drivers.
REFERENCE_KERNEL = "6.1"
REFERENCE_TOLERANCE = 0.01
REFERENCE = (
    ("udp_tx", "driver_instructions", 507.0),
    ("udp_tx", "device_writes", 2.0),
    ("udp_tx", "interrupts", 1.0),
    ("udp_rx_flood", "driver_instructions", 298.8),
)


def title(name):
    return next(case.title for case in CASES if case.name == name)


def at_most_ratio(figures, case, figure, bound, words):
    value = ratio(find(figures, COUNTS, case, figure, "ours"), find(figures, COUNTS, case, figure, "in-tree"))
    text = "" if value is None else f"{value:.3f}x"
    return verdict(f"{title(case)}: {words}", f"at most {bound:.2f}x in-tree", value, bound, text)


def at_most_value(figures, case, figure, bound, words):
    ours = find(figures, COUNTS, case, figure, "ours")
    value = ours and ours["median"]
    text = "" if value is None else f"{value:.3f}"
    return verdict(f"{title(case)}: {words}", f"at most {bound:g}", value, bound, text)


def no_worse_time(figures, case, figure, words):
    """Medians of one run, whose guests took turns."""
    ours, theirs = (find(figures, SPEEDS, case, figure, config) for config in ("ours", "in-tree"))
    value = ours and ours["median"]
    bound = theirs["median"] * TIME_TOLERANCE if theirs else None
    text = "" if not (ours and theirs) else f"{value:.0f} us, in-tree {theirs['median']:.0f} us"
    what = f"{title(case)}: {words}"
    return verdict(what, f"at most {TIME_TOLERANCE:.2f}x in-tree", value if theirs else None, bound, text)


def round_trips(figures):
    return [
        no_worse_time(figures, case.name, figure, words)
        for case in CASES
        if case.speed == "rtt"
        for figure, words in (("p50_us", "median"), ("p99_us", "99th percentile"))
    ]


def retransmits(figures):
    """Our defaults against whatever serves the in-tree driver best."""
    ways = ("tcp_rx", "tcp_rx_no_lro", "tcp_rx_longest_ring", "tcp_rx_no_lro_longest_ring")
    ours = find(figures, SPEEDS, "tcp_rx", "retransmits", "ours")
    theirs = [find(figures, SPEEDS, way, "retransmits", "in-tree") for way in ways]
    best = min(some["median"] for some in theirs) if all(theirs) else None
    value = ours["median"] if ours and best is not None else None
    text = "" if value is None else f"{value:.2f}, in-tree {best:.2f}"
    what = f"{title('tcp_rx')}: segments retransmitted per MiB"
    return verdict(what, "no more than in-tree's best setting", value, best, text)


def whole_guest(figures):
    """Where timer ticks of a waiting guest, dropped packets or ACKs come in, the spread decides."""
    verdicts = []
    for case in CASES:
        ours, theirs = (find(figures, COUNTS, case.name, "all_instructions", config) for config in ("ours", "in-tree"))
        if not ours:
            continue
        value = ratio(ours, theirs)
        bound = theirs["max"] / theirs["median"] if theirs and not case.is_steady else 1.0
        limit = "at most 1.00x in-tree" + ("" if case.is_steady else ", within its spread")
        text = "" if value is None else f"{value:.3f}x"
        verdicts.append(verdict(f"{case.title}: all instructions of the guest per {case.unit}", limit, value, bound, text))
    return verdicts


def judge(figures):
    """All verdicts, in the order of the report."""
    return [
        at_most_ratio(figures, "udp_tx", "driver_instructions", 0.7, "driver instructions per packet"),
        at_most_ratio(figures, "udp_tx", "device_writes", 0.55, "device writes per packet"),
        at_most_ratio(figures, "udp_tx", "interrupts", 0.2, "interrupts per packet"),
        at_most_value(figures, "tcp_tx_no_tso", "device_writes_per_tx", 0.1, "device writes per frame"),
        at_most_value(figures, "pktgen_burst", "device_writes", 0.1, "device writes per frame"),
        at_most_ratio(figures, "udp_rx_flood", "driver_instructions", 0.8, "driver instructions per packet"),
        at_most_ratio(figures, "tcp_tx", "driver_instructions", 0.9, "driver instructions per MiB"),
        at_most_ratio(figures, "tcp_rx", "driver_instructions", 0.9, "driver instructions per MiB"),
        at_most_value(figures, "udp_rx_flood", "pages", 0.05, "pages allocated per packet"),
        *whole_guest(figures),
        *round_trips(figures),
        retransmits(figures),
    ]


def compare_reference(figures, label):
    """Sentences about in-tree counts that differ from the reference; none on other kernels."""
    if label != REFERENCE_KERNEL:
        return []
    sentences = []
    for case, figure, wanted in REFERENCE:
        found = find(figures, COUNTS, case, figure, "in-tree")
        if found and abs(found["median"] / wanted - 1) > REFERENCE_TOLERANCE:
            sentences.append(
                f"in-tree, {title(case)}: {figure} is {found['median']:.2f}, on the reference {wanted:.2f}; "
                "find out why before trusting the counts"
            )
    return sentences
