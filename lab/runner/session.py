# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The run itself: start the machine, carry the streams, keep the deadline, judge the end."""

import contextlib
import json
import os
import selectors
import shlex
import shutil
import socket
import sys
import threading
import time

from . import console, network, snapshots, xen
from .labctl import LabControl
from .machine import PORTS, Machine
from .plan import BROKEN_BY_QEMU, EXIT_LAB, EXIT_REPORT, EXIT_TIMEOUT, REPO, LabError

BOOTS = 3
RESTORE_SECONDS = 30  # a restored guest takes its job at once; one that has not by then never will
DRAIN_SECONDS = 0.2  # for bytes on their way when the guest has said goodbye


def write_job(plan):
    """What stage 2 runs in the guest, as shell assignments."""
    nics = sum(nic.backend is None for nic in plan.nics)
    lines = [
        f"directory={shlex.quote(plan.directory)}",
        f"command=({' '.join(shlex.quote(word) for word in plan.command)})",
        f"modules={shlex.quote(plan.kernel['modules'])}",
        f"index={shlex.quote(plan.modules or '')}",
        f"nics={nics}",
        f"vmlinux={shlex.quote(plan.kernel['vmlinux'])}",
        f"initrd={shlex.quote(str(plan.initrd))}",
        f"count={'yes' if plan.count else ''}",
        f"labctl={shlex.quote(str(REPO / 'build/host/labctl'))}",
    ]
    lines += [f"{name}={shlex.quote(value)}" for name, value in xen.job(plan).items()]
    with open(os.path.join(plan.run_dir, "job"), "w") as job:
        job.write("\n".join(lines) + "\n")


class Session:
    def __init__(self, plan, deadline, snapshot=None):
        self.plan = plan
        self.deadline = deadline
        self.snapshot = snapshot  # what the guest starts from; None: it boots
        self.lost_after = time.monotonic() + RESTORE_SECONDS
        self.selector = selectors.DefaultSelector()
        self.links = {}
        self.control_text = b""
        self.request_text = b""
        self.status = None  # COMMAND's, once the guest has told it
        self.has_job = False  # stage 1 has read it
        self.is_started = False  # COMMAND has begun
        self.counts = None
        self.machine = None
        self.control = None

    def open_ports(self):
        """Listen before QEMU starts, so that no port can find the door closed."""
        listeners = {}
        for name in PORTS:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(os.path.join(self.plan.run_dir, f"{name}.sock"))
            listener.listen(1)
            listener.settimeout(10)
            listeners[name] = listener
        return listeners

    def connect(self, listeners):
        for name, listener in listeners.items():
            try:
                link, _ = listener.accept()
            except TimeoutError:
                raise LabError(f"QEMU did not start: {self.machine.words() or 'it says nothing'}") from None
            finally:
                listener.close()
            self.links[name] = link
            self.selector.register(link, selectors.EVENT_READ, name)

    def run(self):
        """Return the exit status, or None if COMMAND could not begin and another boot may help."""
        listeners = self.open_ports()
        network.set_up(self.plan.nics)
        peer = network.start_peer(self.plan.peer)
        self.machine = Machine(self.plan, self.snapshot)
        self.control = LabControl(self.plan, self.machine)
        try:
            self.connect(listeners)
            if self.snapshot:
                self.send_job()  # the guest has been ready since before it was saved
            self.loop()
        finally:
            self.machine.stop()
            if peer and peer.poll() is None:
                peer.terminate()
        return None if self.is_lost() or self.died_of_emulation() else self.judge()

    def send_job(self):
        """Tell stage 1 where its job is, what time it is, what to make its random numbers of, and of a tree over the host's."""
        layer = xen.TREE if self.plan.xen else "-"
        words = f"{self.plan.run_dir}/job", f"{REPO}/lab/guest/session", f"{time.time():.0f}", os.urandom(64).hex(), layer
        with contextlib.suppress(OSError):  # if QEMU has gone, the loop finds out
            self.links["control"].sendall(f"{' '.join(words)}\n".encode())

    def is_lost(self):
        """Whether a restored guest never took its job: nothing has happened yet, so it may as well boot."""
        return self.snapshot is not None and not self.has_job and self.status != EXIT_TIMEOUT

    def loop(self):
        """Carry bytes until the guest has said its last word, died, or run out of time."""
        end = self.deadline
        while (left := end - time.monotonic()) > 0:
            for key, _ in self.selector.select(min(left, 1.0)):
                self.receive(key.fileobj, key.data)
            if self.status is not None:
                end = min(end, self.drained_by())
            elif not self.selector.get_map() or self.machine.process.poll() is not None:
                return
            elif self.snapshot and not self.has_job and time.monotonic() > self.lost_after:
                return
        if self.status is None:
            self.status = EXIT_TIMEOUT

    def drained_by(self):
        if not hasattr(self, "drain_end"):
            self.drain_end = time.monotonic() + DRAIN_SECONDS
        return self.drain_end

    def receive(self, link, name):
        try:
            data = link.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            self.selector.unregister(link)
        elif name in ("stdout", "stderr"):
            write_all(1 if name == "stdout" else 2, data)
        elif name == "control":
            self.control_text = self.split(self.control_text + data, self.control_line)
        else:
            self.request_text = self.split(self.request_text + data, self.request_line)

    @staticmethod
    def split(text, handle):
        *lines, rest = text.split(b"\n")
        for line in lines:
            handle(line.decode(errors="replace"))
        return rest

    def control_line(self, line):
        word, _, rest = line.partition(" ")
        if word == "ready":
            snapshots.save(self.plan, self.machine, self.deadline - time.monotonic())
            self.send_job()
        elif word == "taken":
            self.has_job = True
            if self.snapshot:
                snapshots.tell(f"restored the snapshot {self.snapshot.folder.name}")
        elif word == "started":
            self.is_started = True
        elif word == "exit" and rest.isdecimal():
            self.status = int(rest)
        elif word == "counts":
            self.counts = json.loads(rest)

    def request_line(self, line):
        """Requests may take long (a peer's program): answer from a thread, keep carrying bytes."""

        def work():
            answer = self.control.handle(line)
            try:
                self.links["labctl"].sendall(answer.encode() + b"\n")
            except OSError:
                pass  # the guest has gone; nobody waits for this answer

        threading.Thread(target=work, daemon=True).start()

    def died_of_emulation(self):
        """Whether the guest hit QEMU's own fault before COMMAND could do anything."""
        return not self.is_started and console.is_stale_breakpoint(self.console_text())

    def console_text(self):
        return self.machine.console_bytes().decode(errors="replace")

    def judge(self):
        """The exit status of the run: a kernel report outweighs whatever COMMAND returned."""
        text = self.console_text()
        if self.plan.keep_log:
            shutil.copyfile(self.machine.console, self.plan.keep_log)
        reports = console.find_reports(text, self.plan.expect)
        if reports:
            kinds = ", ".join(dict.fromkeys(kind for kind, _ in reports))
            print(f"lab/vm: the guest's kernel reported: {kinds}", file=sys.stderr)
            for _, excerpt in reports[:3]:
                print(f"{excerpt}\n", file=sys.stderr)
            if console.is_stale_breakpoint(text):
                print(f"lab/vm: {BROKEN_BY_QEMU}; run it again", file=sys.stderr)
            return EXIT_REPORT
        faults = self.machine.faults()
        if faults:
            print("lab/vm: a device found its driver at fault:", *faults[:10], sep="\n  ", file=sys.stderr)
            return EXIT_REPORT
        if self.status is None:
            words = self.machine.words()
            if not text:  # the machine has not run at all
                print(f"lab/vm: QEMU did not start: {words or 'it says nothing'}", file=sys.stderr)
                return EXIT_LAB
            tail = "\n".join(text.splitlines()[-5:])
            print(f"lab/vm: the guest ended before COMMAND did; its last words:\n{tail}\n{words}", file=sys.stderr)
            return EXIT_LAB
        if self.status == EXIT_TIMEOUT and time.monotonic() >= self.deadline:
            print(f"lab/vm: time is over after {self.plan.timeout} s; --timeout gives more", file=sys.stderr)
        elif self.plan.count:
            self.save_counts()
        return self.status

    def save_counts(self):
        if self.counts is None:
            raise LabError("the counters could not be read at the end of the run; the console log may say why")
        with open(self.plan.count, "w") as file:
            json.dump(self.counts, file, indent=2, sort_keys=True)
            file.write("\n")


def write_all(descriptor, data):
    """Whole writes; a reader that has gone away is no reason to stop the run."""
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except BrokenPipeError:
        pass


def run(plan):
    """Run the plan in this process's namespaces; a boot that the emulator broke is tried again."""
    write_job(plan)
    deadline = time.monotonic() + plan.timeout
    snapshot = snapshots.find(plan)
    if snapshot:
        status = run_restored(plan, deadline, snapshot)
        if status is not None:
            return status
        clean_up(plan)
    for attempt in range(BOOTS):
        status = Session(plan, deadline).run()
        if status is not None:
            return status
        print(f"lab/vm: QEMU broke boot {attempt + 1} of the guest (a stale breakpoint); booting again", file=sys.stderr)
        clean_up(plan)
        deadline = time.monotonic() + plan.timeout
    raise LabError(f"QEMU broke {BOOTS} boots of the guest; try --cpus 1")


def run_restored(plan, deadline, snapshot):
    """Run from a snapshot; None if it did not bring a guest that COMMAND could begin in."""
    session = Session(plan, deadline, snapshot)
    try:
        status = session.run()
    except LabError:
        if session.has_job:
            raise
        status = None
    finally:
        os.close(snapshot.descriptor)
    if status is None:
        snapshots.discard(snapshot.folder, "did not bring the guest back")
    return status


def clean_up(plan):
    """Make way for another guest: the sockets, the taps, the peer's folder."""
    for name in PORTS:
        os.unlink(os.path.join(plan.run_dir, f"{name}.sock"))
    network.tear_down(plan.nics)
    shutil.rmtree(os.path.join(plan.run_dir, "peer"), ignore_errors=True)
