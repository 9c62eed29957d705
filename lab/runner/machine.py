# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""QEMU's command line, process and monitor."""

import json
import os
import socket
import subprocess
import time

from . import network, xen
from .plan import REPO, LabError

PORTS = ("control", "stdout", "stderr", "labctl")
FIRST_SLOT = 0x10  # NIC i sits in PCI slot 0x10 + i, so its address is known on both sides
PLUGIN = REPO / "build/host/libvmguest-lab.so"
CPU = "qemu64,+rdrand"
SERIAL = "VMware-56 4d 76 6d 67 75 65 73-74 00 00 00 00 00 00 01"
FAULT = "vmguest-lab: fault: "
SHARE_CARRIERS = ("backdoor", "vmci")  # models through which a guest reaches Shared Folders
PCI_MODELS = {"vmci": "0x7"}  # those of our device models that are PCI devices, and their slots
NIC_MODELS = {"vmxnet3": "vmxnet3", "e1000": "e1000", "virtio-net": "virtio-net-pci"}
CMDLINE = (
    # What follows 'quiet' costs seconds under emulation and tests nothing of ours.
    "console=ttyS0 panic=-1 quiet cryptomgr.notests mitigations=off tsc=reliable no_timer_check "
    "8250.nr_uarts=1 apparmor=0 random.trust_cpu=on net.ifnames=0"
)


def pci_address(index):
    return f"0000:00:{FIRST_SLOT + index:02x}.0"


def nic_arguments(plan):
    words = []
    for index, nic in enumerate(plan.nics):
        spec = nic.backend or f"tap,ifname={network.tap(index)},script=no,downscript=no,vnet_hdr=on"
        device = f"{NIC_MODELS[nic.model]},id={nic.name},netdev=net{index}"
        device += f",mac=52:54:00:12:34:{0x56 + index:02x},addr={FIRST_SLOT + index:#x}"
        if plan.count and nic.model == "virtio-net":
            device += ",ioeventfd=off"  # or its doorbells reach the device unseen
        words += ["-netdev", f"{spec},id=net{index}", "-device", device]
    return words


def port_arguments(run_dir):
    words = ["-device", "virtio-serial-pci,addr=0x4"]
    for name in PORTS:
        words += ["-chardev", f"socket,id={name},path={run_dir}/{name}.sock"]
        words += ["-device", f"virtserialport,chardev={name},name=vmguest.{name}"]
    return words


def identity_arguments(plan):
    """What makes a guest look for the backdoor: no hypervisor bit in CPUID, and the vendor's serial number."""
    if plan.xen:
        return ["-cpu", CPU + xen.processor(plan)]
    if "backdoor" not in plan.devices:
        return ["-cpu", CPU]
    return ["-cpu", f"{CPU},-hypervisor", "-smbios", f"type=1,serial={SERIAL}"]


def model_options(devices):
    """The plugin's options for our models of ports; a comma in one is doubled, as QEMU wants it."""
    words = [f"{name}:{options}" if options else name for name, options in devices.items() if name not in PCI_MODELS]
    return "".join(",port=" + word.replace(",", ",,") for word in words)


def with_shares(plan):
    """The device models and their options; each that can carry Shared Folders has them all."""
    words = [f"share{'-ro' if share.read_only else ''}={share.name}={share.folder}" for share in plan.shares]
    carriers = {name: ",".join([*filter(None, [plan.devices[name]]), *words]) for name in SHARE_CARRIERS if name in plan.devices}
    return plan.devices | carriers


def model_arguments(plan):
    """Our models of PCI devices; QEMU loads the plugin before it makes them."""
    words = []
    for name, options in with_shares(plan).items():
        if name in PCI_MODELS:
            text = options.replace(",", ",,")
            words += ["-device", f"{name},id={name},addr={PCI_MODELS[name]}" + (f",options={text}" if text else "")]
    return words


def count_mode():
    """VMGUEST_COUNT=all adds "all_instructions", those of the whole guest, and makes it slower."""
    return "all" if os.environ.get("VMGUEST_COUNT") == "all" else "on"


def emulation(plan):
    """One thread for all CPUs cannot meet the fault of is_stale_breakpoint() in console.py; it is slower."""
    return f"tcg,thread={'single' if plan.is_one_threaded else 'multi'}"


def memory(plan):
    """Of the machine, MiB."""
    return xen.memory(plan) if plan.xen else plan.memory


def boot_arguments(plan):
    """What is booted."""
    cmdline = CMDLINE + (" kmemleak=on" if plan.kernel["label"] == "debug" else "") + (f" {plan.append}" if plan.append else "")
    if plan.xen:
        return xen.boot_arguments(plan, cmdline)
    return ["-kernel", plan.kernel["vmlinux"], "-initrd", plan.initrd, "-append", cmdline]


def shape(plan):
    """The words that make the machine what it is for the guest."""
    run = plan.run_dir
    return [
        "qemu-system-x86_64", "-accel", emulation(plan), "-M", "pc,vmport=off", *identity_arguments(plan),
        "-smp", str(plan.cpus), "-m", str(memory(plan)), "-nodefaults", "-display", "none", "-no-reboot", *boot_arguments(plan),
        "-chardev", f"file,id=console,path={run}/console.log,append=on", "-serial", "chardev:console",
        "-qmp", f"unix:{run}/qmp.sock,server=on,wait=off",
        "-fsdev", "local,id=hostroot,path=/,security_model=none,readonly=on,multidevs=remap",
        "-device", "virtio-9p-pci,fsdev=hostroot,mount_tag=hostroot,addr=0x5",
        *xen.device_arguments(plan), *port_arguments(run), *nic_arguments(plan), *model_arguments(plan),
    ]  # fmt: skip


def arguments(plan, state=None):
    """QEMU's command line; with a state's descriptor it goes on from there instead of booting."""
    words = shape(plan)
    if PLUGIN.exists():
        count = f",count={count_mode()}" if plan.count else ""
        words += ["-plugin", f"{PLUGIN},control={plan.run_dir}/plugin.sock{count}{model_options(with_shares(plan))}"]
    if state is not None:
        # A NIC that arrives somewhere would announce itself there, which no booted one does.
        words += ["-global", "migration.announce-rounds=0", "-incoming", f"fd:{state}"]
    return words


class Monitor:
    """A connection to QEMU's monitor.  Every method raises LabError."""

    def __init__(self, path):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.settimeout(10)
        try:
            self.link.connect(path)
            self.stream = self.link.makefile("r")
            self.stream.readline()
        except OSError as error:
            self.link.close()
            raise LabError(f"QEMU's monitor does not answer: {error}") from None
        self.run("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.link.close()

    def run(self, command, descriptors=(), **arguments):
        """Run one command and return its result; descriptors go with it."""
        try:
            words = json.dumps({"execute": command, "arguments": arguments}) + "\n"
            socket.send_fds(self.link, [words.encode()], descriptors)
            reply = json.loads(self.stream.readline())
            while "event" in reply:
                reply = json.loads(self.stream.readline())
        except (OSError, ValueError) as error:
            raise LabError(f"QEMU's monitor does not answer: {error}") from None
        if "error" in reply:
            raise LabError(f"QEMU refused '{command}': {reply['error']['desc']}")
        return reply["return"]


class Machine:
    """One QEMU process."""

    def __init__(self, plan, snapshot=None):
        self.run_dir = plan.run_dir
        if (plan.count or plan.devices) and not PLUGIN.exists():
            raise LabError("the lab's device plugin is not built: run 'make build'")
        state = snapshot.descriptor if snapshot else None
        with open(self.console, "wb") as log:
            log.write(snapshot.console if snapshot else b"")
        with open(os.path.join(self.run_dir, "qemu.log"), "w") as log:
            try:
                self.process = subprocess.Popen(
                    arguments(plan, state), stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[state] if snapshot else []
                )
            except FileNotFoundError:
                raise LabError("QEMU is not installed: run 'scripts/setup demo' as root") from None

    @property
    def console(self):
        return os.path.join(self.run_dir, "console.log")

    def console_bytes(self):
        with open(self.console, "rb") as log:
            return log.read()

    def words(self):
        """What QEMU itself had to say, for an error message."""
        with open(os.path.join(self.run_dir, "qemu.log"), errors="replace") as log:
            return log.read().strip()

    def faults(self):
        """What models reported of the guest (Host::report in lab/devices/host.hpp), a line each."""
        return [line.removeprefix(FAULT) for line in self.words().splitlines() if line.startswith(FAULT)]

    def monitor(self, command, **arguments):
        """Run one QMP command and return its result.  Raises LabError."""
        with Monitor(os.path.join(self.run_dir, "qmp.sock")) as monitor:
            return monitor.run(command, **arguments)

    def save(self, descriptor, seconds):
        """Write the machine's state to a file; the machine goes on afterwards.  Raises LabError.

        QEMU stops the machine for the end of it; one that is stopped before would be restored so.
        """
        end = time.monotonic() + seconds
        with Monitor(os.path.join(self.run_dir, "qmp.sock")) as monitor:
            monitor.run("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
            monitor.run("getfd", [descriptor], fdname="state")
            monitor.run("migrate", uri="fd:state")
            while (status := monitor.run("query-migrate")["status"]) not in ("completed", "failed", "cancelled"):
                if time.monotonic() > end:
                    monitor.run("migrate_cancel")
                time.sleep(0.01)
            monitor.run("cont")
        if status != "completed":
            raise LabError(f"saving the machine ended as '{status}'")

    def plugin(self, line):
        """Ask the device plugin; the answer is a JSON value.  Raises LabError."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(30)
            try:
                link.connect(os.path.join(self.run_dir, "plugin.sock"))
                link.sendall(line.encode() + b"\n")
                reply = json.loads(link.makefile("r").readline())
            except (OSError, ValueError) as error:
                raise LabError(f"the device plugin does not answer: {error}") from None
        if isinstance(reply, dict) and "error" in reply:
            raise LabError(f"the device plugin refused: {reply['error']}")
        return reply

    def used_models(self, devices):
        """Those of our device models that the guest has changed something in: QEMU saves no such state."""
        used = [device["id"] for device in self.plugin("models")["devices"] if device["touched"]] if devices else []
        if "backdoor" in devices and self.plugin("model backdoor channels"):
            used.append("backdoor")
        if "balloon" in devices and self.plugin("model balloon show")["started"]:
            used.append("balloon")
        return used

    def stop(self):
        """End QEMU: politely, then by its pid."""
        if self.process.poll() is None:
            try:
                self.monitor("quit")
                self.process.wait(5)
            except (LabError, subprocess.TimeoutExpired):
                self.process.kill()
        self.process.wait()
