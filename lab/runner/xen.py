# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Runs on Xen: what of QEMU's command line is different there, and what dom0 has to know.

    dom0       COMMAND runs in the first domain, which has the machine's devices and starts all others
    pv, pvh    COMMAND runs in a domain that dom0 starts; lab/guest/xen says how its bytes get out
"""

import json
import subprocess

from .plan import REPO, LabError, Told

DOM0 = "dom0"
TYPES = (DOM0, "pv", "pvh")
DOM0_MEMORY = 512  # MiB, where COMMAND runs in another domain: and twice that domain's, which may be saved in it
HYPERVISOR_MEMORY = 192  # MiB: Xen's own, and what it keeps for a domain beside its memory
TREE = "xentools"  # mount tag of Xen's programs
# A PVH domain needs hardware's help, which the emulator has for AMD's processors.
NESTED = ",+svm,+npt,+nrip-save"


def prepare(kind):
    """Where Xen is; if it cannot be had, lab/xen/get has said why in one sentence."""
    done = subprocess.run([str(REPO / "lab/xen/get")], stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise Told
    found = json.loads(done.stdout)
    if " " in found["hypervisor"]:
        raise LabError(f"--xen: QEMU gives Xen no file whose name has a blank ({found['hypervisor']}); set VMGUEST_CACHE to another folder")
    return {"type": kind, **found}


def check(args):
    """What a run on Xen cannot have, said before anything is done."""
    if args.xen is None:
        return
    if args.kernel == "debug":
        raise LabError("--xen: the debug kernel knows no Xen; take one of Debian's")
    for option, value in (("--device", args.device), ("--share", args.share), ("--count", args.count)):
        if value:
            raise LabError(f"{option}: a domain of Xen's has none of that; leave it out, or --xen")
    if args.nic and args.xen != DOM0:
        raise LabError("--nic: only dom0 has the machine's devices; leave it out, or take --xen dom0")


def is_domain(plan):
    """Whether COMMAND runs in a domain that dom0 has to start."""
    return plan.xen is not None and plan.xen["type"] != DOM0


def dom0_memory(plan):
    return DOM0_MEMORY + 2 * plan.memory if is_domain(plan) else plan.memory


def memory(plan):
    """Of the whole machine."""
    return dom0_memory(plan) + HYPERVISOR_MEMORY + (plan.memory if is_domain(plan) else 0)


def processor(plan):
    return NESTED if plan.xen["type"] == "pvh" else ""


def boot_arguments(plan, cmdline):
    """Xen is what QEMU boots; the kernel with its words and the initial RAM disk are Xen's modules."""
    words = cmdline.replace("console=ttyS0", "console=hvc0", 1)
    first = dom0_memory(plan)
    hypervisor = f"console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=warning dom0_mem={first}M,max:{first}M"
    if is_domain(plan):
        hypervisor += " dom0_max_vcpus=1"  # it only serves
    modules = ",".join(word.replace(",", ",,") for word in (f"{plan.kernel['vmlinux']} {words}", plan.initrd))
    return ["-kernel", plan.xen["hypervisor"], "-append", hypervisor, "-initrd", modules]


def device_arguments(plan):
    """Xen's programs, as a file system that the guest lays over its root."""
    if plan.xen is None:
        return []
    folder = plan.xen["root"].replace(",", ",,")
    return ["-fsdev", f"local,id={TREE},path={folder},security_model=none,readonly=on", "-device", f"virtio-9p-pci,fsdev={TREE},mount_tag={TREE},addr=0x6"]


def job(plan):
    """What lab/guest/xen has to know, as NAME: VALUE."""
    if plan.xen is None:
        return {"xen": ""}
    return {
        "xen": plan.xen["type"],
        "domain_kernel": plan.kernel["vmlinux"],
        "domain_initrd": plan.domain_initrd,
        "domain_memory": str(plan.memory),
        "domain_cpus": str(plan.cpus),
        "domain_append": plan.append.replace("\\", "\\\\").replace('"', '\\"'),  # inside quotes of xl's
    }
