# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Machines saved while stage 1 waited for its job, so that the next run of the same machine need not boot.

    KEY/state      what QEMU writes when it migrates a machine
    KEY/console    the console log until then
    KEY/about      sizes and checksum of both, as JSON

No COMMAND has touched such a machine, no driver of a NIC is loaded, the host's files are not
mounted yet (QEMU cannot save a mounted 9p). Whatever goes wrong here costs a boot, never a run.
"""

import contextlib
import fcntl
import json
import mmap
import os
import shutil
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from . import console, machine, prepare
from .plan import LabError

LARGEST_MEMORY = 2048  # MiB; a larger machine is rare, and its state would crowd out the others
LARGEST_CACHE = 4 << 30  # bytes of all snapshots; the longest unused ones go first
SPARE_DISK = 2 << 30  # bytes that stay free
READY = b"lab/guest/init: ready"  # stage 1's last line on the console before it waits
SAVE_SECONDS = 5
# Devices that QEMU saves whole. It says nothing of one that it does not: with any other, boot.
SAVED_DEVICES = {"virtio-serial-pci", "virtserialport", "virtio-9p-pci", *machine.NIC_MODELS.values(), *machine.PCI_MODELS}


@dataclass
class Snapshot:
    folder: Path
    descriptor: int  # of the state, open: another run may delete the file at any time
    console: bytes


def tell(sentence):
    if os.environ.get("VMGUEST_VERBOSE"):
        print(f"lab/vm: {sentence}", file=sys.stderr)


def are_wanted(plan):
    if os.environ.get("VMGUEST_SNAPSHOTS") == "off" or machine.memory(plan) > LARGEST_MEMORY:
        return False
    words = machine.shape(plan)
    devices = {word.partition(",")[0] for option, word in zip(words, words[1:]) if option == "-device"}
    return devices <= SAVED_DEVICES


def root():
    """The folder of all snapshots: only an absolute path moves it, so that 'on' or '1' make no folder."""
    wish = os.environ.get("VMGUEST_SNAPSHOTS", "")
    return Path(wish) if os.path.isabs(wish) else prepare.cache_dir() / "snapshots"


@contextlib.contextmanager
def locked_if_free(folder):
    """Whether the lock on a folder is ours; does not wait."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def folder_of(plan):
    """Where this machine's snapshot is or would be: the name is made of all that shapes it.

    The kernel's command line, and so VMGUEST_APPEND, is among QEMU's words.
    Of the device plugin only the models and their options are part of that, and its file, for the
    kernel has asked the backdoor what it would answer again: that it counts, a guest cannot see.
    Shared Folders the kernel does not ask for, so these play no part either.
    """
    words = [word.replace(plan.run_dir, "RUN") for word in machine.shape(plan)]
    files = [shutil.which(words[0]) or "", plan.kernel["vmlinux"], plan.initrd]
    files += [machine.PLUGIN] if plan.devices else []
    files += [plan.xen["hypervisor"]] if plan.xen else []
    return root() / prepare.keyed([*words, machine.model_options(plan.devices), *map(stamp, files)])


def stamp(path):
    try:
        status = os.stat(path)
    except OSError:
        return path  # whoever starts it says what is missing
    return f"{os.path.realpath(path)} {status.st_size} {status.st_mtime_ns}"


def checksum(descriptor, text):
    """One of the state and the console log together."""
    with mmap.mmap(descriptor, 0, prot=mmap.PROT_READ) as state:
        return zlib.crc32(text, zlib.crc32(state))


def find(plan):
    """The snapshot of this machine, or None; one that is not as it was written is discarded."""
    if not are_wanted(plan):
        return None
    folder = folder_of(plan)
    with contextlib.ExitStack() as undo:
        try:
            descriptor = os.open(folder / "state", os.O_RDONLY)
            undo.callback(os.close, descriptor)
            text = (folder / "console").read_bytes()
            about = json.loads((folder / "about").read_text())
            is_sound = about == description(descriptor, text)
            with contextlib.suppress(PermissionError):  # somebody else's cache, which we may read
                os.utime(folder)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            is_sound = False
        if is_sound:
            undo.pop_all()
            return Snapshot(folder, descriptor, text)
    discard(folder, "is not as it was written")
    return None


def description(descriptor, text):
    return {"state": os.fstat(descriptor).st_size, "console": len(text), "crc32": checksum(descriptor, text)}


def discard(folder, why):
    tell(f"the snapshot {folder.name} {why}; it is discarded, and the guest boots")
    shutil.rmtree(folder, ignore_errors=True)


def save(plan, running, seconds_left):
    """Save the machine, whose stage 1 has just become ready, for later runs."""
    folder = folder_of(plan)
    if not are_wanted(plan) or seconds_left < 2 * SAVE_SECONDS or folder.exists():
        return
    started = time.monotonic()
    try:
        root().mkdir(parents=True, exist_ok=True)
        with locked_if_free(root()) as is_ours:
            if not is_ours:
                raise LabError("another run is saving one")  # the next run of this machine will do it
            make_room()
            prepare.publish(folder, lambda scratch: write(scratch, running, plan.devices))
            tell(f"saved the snapshot {folder.name} in {time.monotonic() - started:.2f} s, {size_of(folder) >> 20} MiB")
    except (LabError, OSError) as error:
        tell(f"no snapshot was made: {error}")


def write(scratch, running, devices):
    if used := running.used_models(devices):
        raise LabError(f"the guest has used {' and '.join(used)}, whose state would be lost")
    text = boot_log(running)
    with open(scratch / "state", "w+b") as state:
        running.save(state.fileno(), SAVE_SECONDS)
        (scratch / "console").write_bytes(text)
        (scratch / "about").write_text(json.dumps(description(state.fileno(), text)))


def boot_log(running):
    """The console log up to the line that stage 1 ends it with.  A boot with a report is not kept."""
    end = time.monotonic() + 1
    while READY not in (text := running.console_bytes()):
        if time.monotonic() > end:
            raise LabError("the guest's console did not come to rest")
        time.sleep(0.01)
    if console.find_reports(text.decode(errors="replace")):
        raise LabError("the kernel reported a fault while it booted")
    return text


def size_of(folder):
    return sum(path.stat().st_blocks * 512 for path in folder.iterdir())


def make_room():
    """Delete what killed runs left behind, and the longest unused snapshots.  Raises LabError."""
    for path in root().glob(".*"):  # half-made ones; who makes one holds the lock, and that is us
        shutil.rmtree(path, ignore_errors=True)
    kept = 0
    for path in sorted(root().iterdir(), key=lambda path: path.stat().st_mtime, reverse=True):
        kept += size_of(path)
        if kept > LARGEST_CACHE:
            shutil.rmtree(path, ignore_errors=True)
    if shutil.disk_usage(root()).free < SPARE_DISK:
        raise LabError(f"less than {SPARE_DISK >> 30} GiB are free in {root()}")
