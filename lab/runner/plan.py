# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What one run needs, handed from the preparing process to the one in its own namespaces."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

# Exit statuses of lab/vm beside COMMAND's own (Documentation/lab.md).
EXIT_USAGE = 2
EXIT_TIMEOUT = 124
EXIT_REPORT = 125
EXIT_LAB = 126

# lab/vm's words for a guest that ended by QEMU's own fault; lab/scenario looks for them.
BROKEN_BY_QEMU = "QEMU broke this guest (a stale breakpoint)"


class LabError(Exception):
    """A run that cannot start or go on: one sentence with the cause and the next step."""


class Told(LabError):
    """The same where the sentence stands on stderr already."""


@dataclass
class Nic:
    model: str
    backend: str | None  # None: a tap whose other end is the peer
    name: str  # id in QEMU, key in --count's file


@dataclass
class Share:
    name: str
    folder: str
    read_only: bool


@dataclass
class Plan:
    run_dir: str
    kernel: dict  # what lab/kernels/get printed
    modules: str | None  # module index of this run, over the kernel's own tree
    initrd: str
    command: list[str]
    directory: str
    nics: list[Nic] = field(default_factory=list)
    devices: dict[str, str] = field(default_factory=dict)  # our device models, and their options as the plugin has them
    shares: list[Share] = field(default_factory=list)
    drivers: str = "ours"
    xen: dict | None = None  # what lab/xen/get printed, and "type": dom0, pv or pvh
    domain_initrd: str = ""  # of the domain that COMMAND runs in
    append: str = ""  # more words of the kernel's command line
    is_one_threaded: bool = False  # QEMU runs all CPUs in turn
    cpus: int = 2
    memory: int = 512
    peer: str | None = None
    count: str | None = None
    keep_log: str | None = None
    expect: list[str] = field(default_factory=list)  # kernel reports that are no fault
    timeout: float = 120.0

    def save(self, path):
        Path(path).write_text(json.dumps(asdict(self)))

    @staticmethod
    def load(path):
        data = json.loads(Path(path).read_text())
        data["nics"] = [Nic(**nic) for nic in data["nics"]]
        data["shares"] = [Share(**share) for share in data["shares"]]
        return Plan(**data)
