# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Where suites run. A layer builds them and returns the log of a run and what its checkers saw."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
KUNIT = REPO / "kunit"
BUILD = REPO / "build" / "kunit"
KMOD = REPO / "build" / "kmod"
STOCK = ("6.1", "6.12", "7.3")

# What a kernel says when one of its checkers has found something.
REPORT = re.compile(
    r"BUG: |WARNING: |KASAN|UBSAN|unreferenced object|possible circular locking|"
    r"possible recursive locking|possible irq lock inversion|inconsistent lock state|"
    r"suspicious RCU usage|invalid wait context|ODEBUG: |refcount_t: |general protection|"
    r"detected stalls|self-detected stall|soft lockup|blocked for more than|"
    r"Oops|Kernel panic|kunit: lockdep is off|kunit: kmemleak is off"
)


class LayerError(Exception):
    """A layer could not be built or started; says why in a sentence."""


def suites():
    """The names that kunit/Kbuild lists."""
    return re.findall(r"^suites \+= (\S+)$", (KUNIT / "Kbuild").read_text(), re.MULTILINE)


def command(argv, what, **options):
    """Run a build step quietly; on failure its output and one sentence."""
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", check=False, **options,
    )  # fmt: skip
    if done.returncode:
        raise LayerError(f"{done.stdout.rstrip()}\n{what} failed (see below)")
    return done.stdout


def output_of(argv, what):
    """Standard output of a step whose messages are for the user."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise LayerError(f"{what} failed (see above)")
    return done.stdout


def run(argv, timeout, **options):
    """Output and exit status; a run that takes too long is ended with status None."""
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True, **options,
    ) as process:  # fmt: skip
        try:
            return process.communicate(timeout=timeout)[0], process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            return process.communicate()[0], None


def checker_reports(text):
    """Each report with the lines below it, or nothing."""
    lines = text.splitlines()
    found = [i for i, line in enumerate(lines) if REPORT.search(line)]
    return lines[found[0] : found[0] + 40] if found else []


def forget_coverage(directory):
    """Programs add to what they find, and a removed suite's data would stay."""
    for data in directory.rglob("*.gcda"):
        data.unlink()


class Host:
    """The suites as host programs under ASan and UBSan, from one compiler."""

    def __init__(self, compiler, selftest=False):
        self.name = f"host {compiler}"
        self.compiler = compiler
        self.selftest = selftest
        self.dir = BUILD / (f"host-{compiler}" + ("-selftest" if selftest else ""))

    def build(self):
        if not shutil.which("cmake") or not shutil.which(self.compiler):
            raise LayerError(f"cmake or {self.compiler} is not installed: run 'scripts/setup check' as root")
        if not (self.dir / "CMakeCache.txt").exists():
            flags = [f"-DKUNIT_COVERAGE={'ON' if self.compiler == 'gcc' else 'OFF'}",
                     f"-DKUNIT_SELFTEST={'ON' if self.selftest else 'OFF'}"]  # fmt: skip
            command(["cmake", "-S", KUNIT, "-B", self.dir, f"-DCMAKE_C_COMPILER={self.compiler}", *flags],
                    "configuring the host suites")  # fmt: skip
        command(["cmake", "--build", self.dir, "-j", str(os.cpu_count())], f"compiling the suites with {self.compiler}")

    def run(self, names):
        forget_coverage(self.dir)
        log, reports = "", []
        for name in names:
            text, status = run([self.dir / f"{name}_test"], 60)
            log += text
            if status is None:
                reports.append(f"{name}: did not end within a minute")
            elif status and not re.search(rf"^not ok \d+ {name}$", text, re.MULTILINE):
                start = text.find("====")
                reports += [f"{name}: ended with status {status}", *text[max(start, 0) :].splitlines()[:30]]
        return log, reports


class Uml:
    """User-mode Linux with every checker; its root is the host's, so nothing has to be packed."""

    name = "um"
    dir = BUILD / "um"

    def __init__(self):
        self.leaks = True
        self.kernel = None

    def build(self):
        self.kernel = json.loads(output_of([REPO / "lab/kernels/build-um"], "preparing user-mode Linux"))
        self.link_sources()
        compat = REPO / "drivers/compat"
        flags = self.dir / "drivers/compat/compat_flags.h"
        command([compat / "generate", compat / "probes", self.kernel["kdir"], flags, ""], "probing user-mode Linux")
        command(["make", "-C", self.kernel["kdir"], "ARCH=um", "CC=gcc-12", f"M={self.dir}",
                 f"-j{os.cpu_count()}", "modules"], "building the suites for user-mode Linux")  # fmt: skip

    def link_sources(self):
        """A mirror of links: suites, and below drivers, fs, net whatever they may include."""
        wanted = {Path("Kbuild"): KUNIT / "runner/um.Kbuild"}
        for root in ("kunit", "drivers", "fs", "net", "uapi"):
            for pattern in ("*.[ch]", "Kbuild"):
                wanted |= {path.relative_to(REPO): path for path in (REPO / root).rglob(pattern)}
        for link in [path for path in self.dir.rglob("*") if path.is_symlink()]:
            if not link.exists():
                link.unlink()
        for where, path in wanted.items():
            link = self.dir / where
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(path)

    def modules(self, names):
        return [next(self.dir.glob(f"kunit/**/{name}_test.ko")) for name in names]

    def run(self, names):
        forget_coverage(self.dir)
        with tempfile.TemporaryDirectory(prefix="vmguest-um.") as job:
            (Path(job) / "modules").write_text("".join(f"{module}\n" for module in self.modules(names)))
            if self.leaks:
                (Path(job) / "leaks").touch()
            text, status = run(
                [self.kernel["linux"], "mem=256M", "root=none", "rootfstype=hostfs", "rootflags=/", "ro", "quiet",
                 "con0=fd:0,fd:1", "con=null", "ssl=null", f"uml_dir={job}/",
                 f"init={KUNIT}/guest/um-init", "--", job], 120)  # fmt: skip
            for data in Path(job).glob("*.gcda"):
                shutil.copy(data, self.object_dir(data.stem) / data.name)
        begun = text.partition("kunit: begin")[2]
        log, _, ended = begun.partition("kunit: end")
        reports = checker_reports(log)
        if not ended or status is None:
            reports += ["user-mode Linux did not reach its end", *text.splitlines()[-20:]]
        return log, reports

    def object_dir(self, stem):
        return next(self.dir.rglob(f"{stem}.gcno")).parent


class Guest:
    """A stock or debug kernel in the lab; one machine loads all suites."""

    def __init__(self, kernel):
        self.name = kernel
        self.kernel = kernel
        self.dir = KMOD / kernel

    def build(self):
        command([REPO / "scripts/kmod", "build", f"KERNEL={self.kernel}", "KUNIT=1"], f"building the suites for {self.kernel}")

    def run(self, names):
        modules = [next(self.dir.glob(f"kunit/**/{name}_test.ko")) for name in names]
        text, status = run([REPO / "lab/vm", "--kernel", self.kernel, "--drivers", "none",
                            "--", KUNIT / "guest/load", *modules], 300)  # fmt: skip
        reports = checker_reports(text) if status != 0 else []
        if status != 0 and not reports:
            end = "was ended after 300 seconds" if status is None else f"ended with status {status}"
            reports = [f"lab/vm {end}", *text.splitlines()[-20:]]
        return text, reports
