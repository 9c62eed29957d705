# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Kernel, modules and initial RAM disk for a run; each made once and kept in the cache."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .plan import REPO, LabError, Told

# Modules that stage 1 loads; the kernel may have any of them built in.
BOOT_MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")
DOMAIN_MODULES = ("xen_netfront", "9pnet_fd", "9p", "overlay")
# In-tree drivers for the devices that vmguest drives: what `--drivers none` hides.
RIVALS = ("vmxnet3", "vmw_vmci", "vmw_balloon", "vmw_vsock_vmci_transport")


def cache_dir():
    base = os.environ.get("VMGUEST_CACHE")
    if not base:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vmguest")
    return Path(base)


@contextlib.contextmanager
def locked(name):
    path = cache_dir() / "locks"
    path.mkdir(parents=True, exist_ok=True)
    with open(path / name, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def call(argv, what, capture=False):
    """Run a step of the preparation; its own words on stderr say what went wrong."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE if capture else 2, check=False, text=True)
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed: run 'scripts/setup check' as root") from None
    if done.returncode:
        raise LabError(f"{what} failed (see above)")
    return done.stdout


def kernel(label):
    """Where the kernel is; if it cannot be had, lab/kernels/get has said why in one sentence."""
    done = subprocess.run([str(REPO / "lab/kernels/get"), label], stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise Told
    return json.loads(done.stdout)


def build(label):
    """The lab's own programs, and our modules for the kernel where they are wanted."""
    if os.environ.get("VMGUEST_PREBUILT") == "1":  # a test run has built them and now runs many VMs
        return
    with locked("build-host"):
        call([str(REPO / "scripts/build-host"), "lab"], "building the lab's programs")
    if label:
        with locked(f"build-{label}"):
            call([str(REPO / "scripts/kmod"), "build", f"KERNEL={label}"], f"building the modules for {label}")


def our_modules(label):
    found = sorted((REPO / "build/kmod" / label).rglob("*.ko"))
    found = [path for path in found if "kunit" not in path.parts and not path.is_symlink()]
    if not found:
        raise LabError(f"no modules are built for {label}: run 'make modules KERNEL={label}'")
    return found


def keyed(parts):
    """A name for a cached result: the hash of what it is made of."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def publish(target, make):
    """Let make() fill a folder beside target, then give it target's name in one step."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        make(scratch)
        scratch.chmod(0o755)
        try:
            scratch.rename(target)
        except OSError:  # another run was faster; its result is as good
            if not target.exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def modules(kernel_info, drivers):
    """A module tree whose index finds ours, the kernel's own, or neither.

    Only the index and our modules are in it; the guest lays it over the kernel's own tree.
    """
    if drivers == "stock":
        return None
    release, stock = kernel_info["release"], Path(kernel_info["modules"])
    ours = our_modules(kernel_info["label"]) if drivers == "ours" else []
    stamp = (stock / "modules.dep").stat()
    key = keyed([release, stock, stamp.st_mtime_ns, drivers, *(path.read_bytes() for path in ours)])

    def make(scratch):
        tree = scratch / "full/lib/modules" / release
        tree.parent.mkdir(parents=True)
        shutil.copytree(stock, tree, copy_function=link, symlinks=True)
        for name in tree.glob("modules.*"):
            if name.name not in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
                name.unlink()
        if drivers == "none":
            for rival in RIVALS:
                for path in tree.rglob(f"{rival}.ko"):
                    path.unlink()
        (tree / "updates").mkdir(exist_ok=True)
        for path in ours:
            shutil.copy(path, tree / "updates")
        call(["depmod", "-b", str(scratch / "full"), release], "indexing the modules")
        for path in [*tree.glob("modules.*"), tree / "updates"]:
            path.rename(scratch / path.name)
        shutil.rmtree(scratch / "full")

    return str(publish(cache_dir() / "module-index" / key, make))


def link(source, target):
    """Hard links cost nothing; another file system or owner costs a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def initrd(kernel_info):
    """Stage 1: busybox, lab/guest/init and the modules it needs to reach the host's files."""
    return stage1_archive(kernel_info, REPO / "lab/guest/init", BOOT_MODULES)


def domain_initrd(kernel_info):
    """The same for a domain on Xen, which reaches them through dom0."""
    return stage1_archive(kernel_info, REPO / "lab/guest/init-domain", DOMAIN_MODULES)


def stage1_archive(kernel_info, script, modules_wanted):
    stage1 = script.read_bytes()
    tree = Path(kernel_info["modules"])
    base, release = tree.parents[2], kernel_info["release"]
    listing = subprocess.run(
        ["modprobe", "-d", base, "-S", release, "-a", "--show-depends", *modules_wanted],
        capture_output=True, text=True, check=False,
    )
    if listing.returncode:
        raise LabError(f"kernel {release} lacks a module the lab needs: {listing.stderr.strip()}")
    files = [line.split()[1] for line in listing.stdout.splitlines() if line.startswith("insmod ")]
    files = list(dict.fromkeys(files))
    key = keyed([stage1, release, *(f"{path} {os.stat(path).st_mtime_ns}" for path in files)])

    def make(scratch):
        root = scratch / "root"
        for name in ("bin", "dev", "proc", "sys", "modules", "host", "layer", "run", "rw", "new"):
            (root / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin/busybox")
        shutil.copy(script, root / "init")
        for number, path in enumerate(files):
            shutil.copy(path, root / "modules" / f"{number:02d}-{os.path.basename(path)}")
        pack = "find . | LC_ALL=C sort | cpio --quiet -o -H newc --owner 0:0 > ../initrd.cpio"
        call(["sh", "-c", f"cd '{root}' && {pack}"], "packing the initial RAM disk")
        shutil.rmtree(root)

    return str(publish(cache_dir() / "initrd" / key, make) / "initrd.cpio")
