#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""/dev/vmsync over filesystems that lie upon each other, and those that cannot be frozen."""

import ctypes
import errno
import os
import shutil
import subprocess

from vmsync_lib import (FREEZE, QUERY, REFUSE_NETWORK, REFUSE_UNFREEZABLE, SKIP_BUSY, SKIP_MISSING, THAW, Freeze, Modern, Query, Record, Thaw, attach, call,
                        expect_frozen, expect_thawed, fail, has, is_equal, is_writable, make, make_stack, run, run_parts, statistic, step, wait_for)

LOWER, UPPER, DM, OVER, BIND, BTRFS = "/mnt/lower", "/mnt/upper", "/mnt/dm", "/mnt/over", "/mnt/bind", "/mnt/btrfs"


def states(device):
    return [record.is_state() for record in device.records]


def errors(device):
    return [errno.errorcode.get(record.error, 0) for record in device.records]


def trace(is_on):
    with open("/sys/kernel/tracing/events/vmsync/enable", "w", encoding="ascii") as file:
        file.write(str(int(is_on)))
    if is_on:
        open("/sys/kernel/tracing/trace", "w", encoding="ascii").close()


def traced(action):
    """Devices in the order in which the action ended."""
    with open("/sys/kernel/tracing/trace", encoding="ascii") as file:
        lines = [line for line in file if "vmsync_end" in line and f"action={action} err=0" in line]
    return [line.split("dev=")[1].split()[0] for line in lines]


def number(path):
    device = os.stat(path).st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def stacked():
    step("a filesystem in a file of another, and one on dm on a file in that: frozen from the top, thawed from the bottom")
    device = Modern()
    trace(True)
    is_equal("FREEZE", device.freeze((LOWER, 0), (DM, 2), (UPPER, 1)), 0)
    is_equal("states", states(device), ["frozen"] * 3)
    is_equal("frozen", device.frozen, 3)
    writers = expect_frozen(LOWER, UPPER, DM)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    expect_thawed(writers)
    order = [number(path) for path in (DM, UPPER, LOWER)]
    is_equal("order of freezing", traced("freeze"), order)
    is_equal("order of thawing", traced("thaw"), order[::-1])
    trace(False)
    _, records = device.query(3)
    for record in records:
        is_equal("state", record.is_state(), "thawed")
        is_equal("type", record.type, b"ext4")
        if not 0 < record.frozen_us <= record.stall_us or not record.freeze_us <= record.stall_us:
            fail(f"frozen {record.frozen_us} us, stalled {record.stall_us} us, freezing {record.freeze_us} us")
        print(f"  sync {record.sync_us} us, freeze {record.freeze_us} us, frozen {record.frozen_us} us, stall {record.stall_us} us")
    device.close()


def wrong_order():
    step("the wrong order cannot succeed, and harms nobody: the deadline ends it")
    device = Modern()
    is_equal("FREEZE", device.freeze((LOWER, 9), (UPPER, 0), deadline_ms=1500), "ETIMEDOUT")
    is_equal("THAW", device.thaw()[:2], ("ETIMEDOUT", "expired"))
    for path in (LOWER, UPPER, DM):
        is_writable(path)
    wait_for("the late one", lambda: device.phase() == "over")
    is_equal("FREEZE in the right order", device.freeze((LOWER, 0), (UPPER, 1)), 0)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    device.close()


def unfreezable():
    step("tmpfs, proc and overlay are skipped and reported, or refused; what overlay writes to is what counts")
    device = Modern()
    is_equal("FREEZE", device.freeze(("/run", 0), (OVER, 1), ("/proc", 0), (LOWER, 0), (UPPER, 1)), 0)
    is_equal("states", states(device), ["skipped"] * 3 + ["frozen"] * 2)
    is_equal("errors", errors(device), ["ENOTSUP"] * 3 + [0] * 2)
    is_equal("types", [record.type for record in device.records[:3]], [b"tmpfs", b"overlay", b"proc"])
    # Overlay waits for its upper filesystem with the directory locked, so listing it would wait as well.
    writers = expect_frozen(OVER, reads=False)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    expect_thawed(writers)
    is_equal("FREEZE", device.freeze((LOWER, 0), ("/run", 0), flags=REFUSE_UNFREEZABLE), "ENOTSUP")
    is_writable(LOWER)
    is_equal("FREEZE of nothing", device.freeze(("/run", 0)), 0)
    is_equal("frozen", device.frozen, 0)
    is_equal("phase", device.phase(), "over")
    device.close()


def network():
    step("a network filesystem is skipped and reported, or refused")
    os.makedirs("/mnt/net", exist_ok=True)
    subprocess.run(["modprobe", "kafs"], check=False)
    if subprocess.run(["mount", "-t", "afs", "-o", "dyn", "none", "/mnt/net"], capture_output=True, check=False).returncode:
        print("  (left out: this kernel mounts no afs)")
        return
    device = Modern()
    is_equal("FREEZE", device.freeze(("/mnt/net", 0), (DM, 0)), 0)
    is_equal("errors", errors(device), ["EREMOTE", 0])
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    is_equal("FREEZE", device.freeze((DM, 0), ("/mnt/net", 0), flags=REFUSE_NETWORK), "EREMOTE")
    is_writable(DM)
    device.close()
    run("umount", "/mnt/net")


def by_superblock():
    step("a bind mount and a file are the same filesystem; by descriptor as well")
    device = Modern()
    fd = os.open(f"{LOWER}/there", os.O_PATH)
    is_equal("FREEZE", device.freeze((BIND, 0), (LOWER, 0), (fd, 0), (UPPER, 1)), 0)
    is_equal("errors", errors(device), [0, "EEXIST", "EEXIST", 0])
    is_equal("frozen", device.frozen, 2)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    is_equal("FREEZE by descriptor", device.freeze((fd, 0), (UPPER, 1)), 0)
    os.close(fd)
    writers = expect_frozen(LOWER)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    expect_thawed(writers)
    is_equal("FREEZE of no descriptor", device.freeze((4000, 0)), "EBADF")
    device.close()


def missing():
    step("what is not there is an error, or is skipped")
    device = Modern()
    is_equal("FREEZE", device.freeze((LOWER, 0), ("/nonexistent", 0)), "ENOENT")
    is_equal("states", states(device), ["new", "failed"])
    is_writable(LOWER)
    is_equal("FREEZE", device.freeze((UPPER, 0), ("/nonexistent", 0), flags=SKIP_MISSING), 0)
    is_equal("errors", errors(device), [0, "ENOENT"])
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    device.close()


def read_only():
    step("read-only: frozen, which costs nothing")
    run("mount", "-o", "remount,ro", DM)
    device = Modern()
    is_equal("FREEZE", device.freeze((DM, 0)), 0)
    is_equal("frozen", device.frozen, 1)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    run("mount", "-o", "remount,rw", DM)
    is_writable(DM)
    device.close()


def suspended_by_dm():
    step("what dm suspended, as LVM does, is left alone")
    device = Modern()
    run("dmsetup", "suspend", "--noudevsync", "stack")
    is_equal("FREEZE", device.freeze((LOWER, 0), (DM, 1)), "EBUSY")
    is_writable(LOWER)
    is_equal("FREEZE", device.freeze((LOWER, 0), (DM, 1), flags=SKIP_BUSY), 0)
    is_equal("errors", errors(device), [0, "EBUSY"])
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    writers = expect_frozen(DM)
    run("dmsetup", "resume", "--noudevsync", "stack")
    expect_thawed(writers)
    device.close()


def btrfs():
    if not has("btrfs"):
        return
    step("btrfs of two devices and a subvolume: one filesystem")
    loops = []
    for i in range(2):
        with open(f"/run/vmsync/btrfs-{i}.img", "wb") as file:
            file.truncate(128 << 20)
        loops.append(attach(f"/run/vmsync/btrfs-{i}.img"))
    run("mkfs.btrfs", "-q", "-m", "raid1", "-d", "raid0", *loops)
    run("btrfs", "device", "scan", *loops)
    os.makedirs(BTRFS, exist_ok=True)
    run("mount", loops[0], BTRFS)
    with open(f"{BTRFS}/there", "w", encoding="ascii") as file:
        file.write("there")
    run("btrfs", "subvolume", "create", f"{BTRFS}/sub")
    device = Modern()
    is_equal("FREEZE", device.freeze((BTRFS, 0), (f"{BTRFS}/sub", 0)), 0)
    is_equal("errors", errors(device), [0, "EEXIST"])
    is_equal("type", device.records[0].type, b"btrfs")
    writers = expect_frozen(BTRFS)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    expect_thawed(writers)
    device.close()


def structures():
    step("sizes and versions: shorter ones, longer ones, wrong ones")
    device = Modern()
    name = ctypes.create_string_buffer(LOWER.encode())
    record = (Record * 1)()
    record[0].path, record[0].fd = ctypes.addressof(name), -1

    def freeze(size=40, version=1, count=1, record_size=80, flags=0, deadline_ms=0):
        text = bytes(Freeze(size, version, ctypes.addressof(record), count, record_size, flags, deadline_ms, 0, 0))
        return call(device.fd, FREEZE, ctypes.create_string_buffer(text + bytes(64), 128))

    for wish, answer in (({"version": 2}, "EINVAL"), ({"size": 4}, "EINVAL"), ({"size": 5000}, "EINVAL"), ({"count": 0}, "EINVAL"),
                         ({"count": 257}, "E2BIG"), ({"record_size": 8}, "EINVAL"), ({"flags": 16}, "EINVAL"),
                         ({"deadline_ms": 900001}, "EINVAL"), ({"size": 36}, 0), ({"size": 104}, 0), ({"record_size": 20}, 0)):
        is_equal(f"FREEZE {wish}", freeze(**wish), answer)
        is_equal("THAW", device.thaw()[0], 0)
    too_new = ctypes.create_string_buffer(bytes(Freeze(48, 1, ctypes.addressof(record), 1, 80)) + b"\1" + bytes(7))
    is_equal("FREEZE with more than is known", call(device.fd, FREEZE, too_new), "E2BIG")
    is_equal("FREEZE of bad memory", call(device.fd, FREEZE, 8), "EFAULT")
    is_equal("THAW of bad memory", call(device.fd, THAW, 8), "EFAULT")
    is_equal("THAW with a wish that is reserved", call(device.fd, THAW, ctypes.byref(Thaw(24, 1, 0, 0, 0, 1))), "EINVAL")
    is_equal("QUERY of bad memory", call(device.fd, QUERY, ctypes.byref(Query(48, 1, 8, 1, 80))), "EFAULT")
    is_equal("an unknown number", call(device.fd, 0xF5FF), "ENOTTY")
    is_writable(LOWER)
    device.close()


def many():
    step("a hundred filesystems at once")
    paths = []
    for i in range(100):
        paths.append(f"/mnt/many/{i}")
        os.makedirs(paths[-1])
        run("mount", "-t", "ext2", "-o", "loop", shutil.copy("/run/vmsync/small.img", f"/run/vmsync/small-{i}.img"), paths[-1])
    device = Modern()
    is_equal("FREEZE", device.freeze(*[(path, 0) for path in paths]), 0)
    is_equal("frozen", device.frozen, 100)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    is_writable(paths[50])
    device.close()
    run("umount", *paths)


def prepare():
    make(LOWER, None, 120)
    make(UPPER, f"{LOWER}/upper.img", 60)
    make_stack(LOWER, UPPER, DM, OVER, BIND)
    with open("/run/vmsync/small.img", "wb") as file:
        file.truncate(256 << 10)
    run("mkfs.ext2", "-q", "/run/vmsync/small.img")


def no_thaw_failed():
    is_equal("thaws that failed", statistic("thaw_failures"), 0)


prepare()
run_parts(stacked, wrong_order, unfreezable, network, by_superblock, missing, read_only, suspended_by_dm, structures, btrfs, many,
          no_thaw_failed)
