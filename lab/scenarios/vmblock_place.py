# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What a mount notices of changes to its directory, and when; names that are not there take no memory."""

import ctypes
import os
import time

from vmblock_user import LIBC, ROOT, check, error_of, fail

MOUNT = "/proc/fs/vmblock/mountPoint"
NAME, MISSING = f"{MOUNT}/old", 20000
LATEST = 5  # seconds
MOMENT, TRIES, TOO_SLOW = 0.1, 20, 3
NOBODY, CLONE_NEWNS, MS_PRIVATE_ALL = 65534, 0x20000, 0x44000


def seen(path):
    """The name of the error that lstat() gives, or 'there'; of an open mount, for its name 'old'."""
    found = error_of(os.lstat, path) if isinstance(path, str) else error_of(os.lstat, "old", dir_fd=path)
    return found if isinstance(found, str) else "there"


def must(status):
    if status:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def make(directory):
    os.mkdir(directory)
    os.chmod(directory, 0o1777)


def mount_over():
    must(LIBC.mount(b"none", ROOT.encode(), b"tmpfs", 0, b"mode=1777"))


def in_child(change, what, want):
    """What lstat() gives to a child that becomes another, before the moment has passed."""
    mount = os.open(MOUNT, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(TRIES):
        status = of_child(lambda: judge(mount, change, what, want))
        if status != TOO_SLOW:
            break
    os.close(mount)
    check(f"{what}: the status of the child", status, 0)


def judge(mount, change, what, want):
    began = time.monotonic()
    # A process that was forked has credentials of its own: for them the place is remembered now.
    check(what, seen(mount), "there")
    change()
    now = seen(mount)
    if time.monotonic() - began >= MOMENT:
        return TOO_SLOW
    return now != want


def of_child(run):
    child = os.fork()
    if not child:
        try:
            os._exit(run())
        except BaseException as error:
            print(error, flush=True)
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def another_namespace():
    """Somebody else's, where the directory is covered; to join it takes no time."""
    is_made, says = os.pipe()
    ends, never = os.pipe()
    owner = os.fork()
    if not owner:
        os.close(never)
        must(LIBC.unshare(CLONE_NEWNS))
        must(LIBC.mount(b"none", b"/", None, MS_PRIVATE_ALL, None))
        mount_over()
        os.write(says, b"!")
        os.read(ends, 1)
        os._exit(0)
    os.close(says)
    check("the other namespace", os.read(is_made, 1), b"!")
    namespace = os.open(f"/proc/{owner}/ns/mnt", os.O_RDONLY)
    in_child(lambda: must(LIBC.setns(namespace, CLONE_NEWNS)), "another namespace", "ENOENT")
    for it in (namespace, is_made, ends, never):
        os.close(it)
    os.waitpid(owner, 0)


def another_root():
    in_child(lambda: os.chroot("/run"), "another root", "ENOENT")


def moved_away():
    check("before", seen(NAME), "there")
    os.mkdir("/tmp/elsewhere")
    for away in (f"{ROOT}.away", "/tmp/elsewhere/VMwareDnD"):  # another name, another directory
        os.rename(ROOT, away)
        make(ROOT)
        check("the directory is another", seen(NAME), "ENOENT")
        os.rmdir(ROOT)
        os.rename(away, ROOT)
        check("it is back", seen(NAME), "there")
    os.rmdir("/tmp/elsewhere")


def no_rights():
    """Who may not search above it is not told by what another was told."""
    os.chmod("/tmp", 0o700)
    in_child(lambda: os.setresuid(NOBODY, NOBODY, NOBODY), "no rights", "EACCES")
    os.chmod("/tmp", 0o1777)


def owner_changed():
    check("before", seen(NAME), "there")
    os.chown(ROOT, NOBODY, NOBODY)
    check("it is a user's", seen(NAME), "EPERM")
    os.chown(ROOT, 0, 0)
    check("it is root's again", seen(NAME), "there")


def covered():
    """Noticed when the moment has passed, and then it can be unmounted."""
    check("before", seen(NAME), "there")
    mount_over()
    deadline = time.monotonic() + LATEST
    while seen(NAME) == "there" and time.monotonic() < deadline:
        time.sleep(0.05)
    check("it is covered", seen(NAME), "ENOENT")
    while LIBC.umount2(ROOT.encode(), 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    check("mounts", open("/proc/mounts").read().count(f" {ROOT} "), 0)


def inodes():
    line = next(line for line in open("/proc/slabinfo") if line.startswith("inode_cache "))
    return int(line.split()[1])


def names_that_are_not_there():
    before = inodes()
    for number in range(MISSING):
        check("a missing name", seen(f"{MOUNT}/missing-{number}"), "ENOENT")
    deadline = time.monotonic() + LATEST  # they are freed when no processor looks at them any more
    while inodes() - before > MISSING // 10 and time.monotonic() < deadline:
        time.sleep(0.1)
    if inodes() - before > MISSING // 10:
        fail(f"{inodes() - before} inodes are kept of {MISSING} names that were never there")


def a_name_that_is_there():
    """Its link is kept, as its time shows, which is when it was made."""
    before = os.lstat(NAME).st_ctime_ns
    time.sleep(0.05)
    check("the same link", os.lstat(NAME).st_ctime_ns, before)


open(f"{ROOT}/old", "w").close()
a_name_that_is_there()
moved_away()
no_rights()
another_namespace()
another_root()
owner_changed()
covered()
names_that_are_not_there()
os.unlink(f"{ROOT}/old")
