# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Kinds of filesystems: how a copy of one's disk is judged, and mounted.

A copy that was taken while frozen has to be whole as it lies there: no journal is replayed before it is checked.

ext4    e2fsck finds nothing, and no journal that wants to be replayed
xfs     xfs_repair finds nothing but the superblock's sums of free blocks and inodes; those are in the log, in which
        the kernel leaves a record on purpose, so that a machine that crashes while frozen looks for files that
        were removed while open; the first mount counts anew
btrfs   check finds nothing, and there is no log tree
vfat    fsck.vfat finds nothing but the mark of a mounted one, which the kernel sets from the mount on
"""

import os
import re
import subprocess
from collections import namedtuple

from vmsync_lib import run

DIRTY_AT = 0x25  # of FAT16: the mark of a mounted one, which stands in no file


def complaints(*words):
    """What a checking program says if it finds fault."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return f"{words[0]}, status {done.returncode}: {done.stdout[-300:]}" if done.returncode else "", done.stdout


def judge_ext4(image):
    bad, text = complaints("e2fsck", "-f", "-n", image)
    return bad or ("the journal is to be replayed" if "skipping journal recovery" in text else "")


# What xfs_repair -n says of a sound one with a log, line by line.
SOUND_XFS = re.compile(r"Phase |\s+- |No modify flag|Cannot get host|Repair may fail if|the image and the host|ALERT: .* metadata changes in a log"
                       r"|ignored because|which may be resolved|sb_(fdblocks|icount|ifree) \d+, counted \d+$|$")


def judge_xfs(image):
    bad, text = complaints("xfs_repair", "-f", "-n", image)
    return bad and "; ".join(line for line in text.splitlines() if not SOUND_XFS.match(line))


def judge_btrfs(image):
    log = re.search(r"^log_root\s+(\d+)$", run("btrfs", "inspect-internal", "dump-super", image), re.MULTILINE)
    return complaints("btrfs", "check", "--readonly", image)[0] or ("there is a log tree" if log[1] != "0" else "")


def judge_vfat(image):
    with open(image, "r+b") as file:
        file.seek(DIRTY_AT)
        mark = file.read(1)[0]
        file.seek(DIRTY_AT)
        file.write(bytes([mark & ~1]))
    return complaints("fsck.vfat", "-n", image)[0]


def rename_btrfs(image):
    """The kernel takes two disks with one name for one filesystem."""
    run("btrfstune", "-f", "-m", image)


Kind = namedtuple("Kind", "name mebibytes judge as_it_lies after_a_crash prepare")
EXT4 = Kind("ext4", 24, judge_ext4, "ro,noload", "rw", None)
XFS = Kind("xfs", 64, judge_xfs, "ro,norecovery,nouuid", "rw,nouuid", None)
BTRFS = Kind("btrfs", 128, judge_btrfs, "ro,rescue=nologreplay", "rw", rename_btrfs)
VFAT = Kind("vfat", 24, judge_vfat, "ro", "rw", None)


def copy(source, target):
    """What a host's copy of the disk has: the file behind the loop device, not the kernel's idea of the disk."""
    with open(source, "rb") as there, open(target, "wb") as here:
        size, at = os.fstat(there.fileno()).st_size, 0
        here.truncate(size)
        while at < size:
            try:
                at = os.lseek(there.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                break
            end = os.lseek(there.fileno(), at, os.SEEK_HOLE)
            here.seek(at)
            while at < end:
                at += os.sendfile(here.fileno(), there.fileno(), at, end - at)


def mount_copy(kind, image, where, options):
    if kind.prepare:
        kind.prepare(image)
    os.makedirs(where, exist_ok=True)
    run("mount", "-t", kind.name, "-o", f"loop,{options}", image, where)
