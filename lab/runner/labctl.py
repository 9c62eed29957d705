# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the guest may ask of the host side: the far end of labctl."""

import json
import os
import re
import subprocess
import time
from collections import Counter

from . import machine as machines
from .plan import LabError
from .vsock import Usage, Vsock

USAGE = "known: counters [--reset], link ethN up|down, net run|start|stop, hostile DEVICE SCRIPT, rpc, guestinfo, hgfs, balloon, vmci, vsock"
NET_SECONDS = 600
SIZE = re.compile(r"(\d{1,15})([KMG]?)")
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
FRAME = 4096
LARGE_FRAME = 512  # in frames
AFTERMATH = 0.2  # seconds in which a driver has put away the pages of which the host's last answer was
# Where a model's doorbells for sending are: memory region, first and last offset.
TX_DOORBELLS = {"vmxnet3": ("vmxnet3-b0", 0x600, 0x7FF)}


def reply(status=0, stdout="", stderr=""):
    return {"status": status, "stdout": stdout, "stderr": stderr}


def shared_folders(answers):
    """The lines of 'labctl hgfs'.  Each device has a server of its own for the same shares: sums, and what each was asked."""
    each = list(answers.values())
    requests = Counter()
    for one in each:
        requests.update(one["requests"])
    lines = [f"sharing {'enabled' if each[0]['enabled'] else 'disabled'}"]
    lines += [f"share {one['name']} {'ro' if one['read_only'] else 'rw'} {one['folder']}" for one in each[0]["shares"]]
    lines += [f"{name} {sum(one[name] for one in each)}" for name in ("sessions", "files", "searches")]
    lines += [f"{name} {max(one[name] for one in each)}" for name in ("longest_request", "longest_reply")]
    lines += [f"over {name} {sum(one['requests'].values())}" for name, one in answers.items()]
    return lines + [f"request {kind} {number}" for kind, number in sorted(requests.items())]


class LabControl:
    """Answers the requests of one run."""

    def __init__(self, plan, machine):
        self.plan = plan
        self.machine = machine
        self.interrupts_before = {}
        self.started = {}
        self.scratch = f"{plan.run_dir}/peer"  # the working directory of the peer's programs
        os.mkdir(self.scratch)
        self.vsock_ends = Vsock(lambda *words: self.ask_vmci("vsock", *words), plan.run_dir, self.scratch)

    def answer(self, line):
        """One request line in, one reply out; a bad request is the guest's error, never ours."""
        try:
            request = json.loads(line)
            argv = [str(word) for word in request["argv"]]
            handlers = {"counters": self.counters, "link": self.link, "net": self.net, "hostile": self.hostile,
                        "rpc": self.rpc, "guestinfo": self.guestinfo, "hgfs": self.hgfs, "balloon": self.balloon,
                        "vmci": self.vmci, "vsock": self.vsock}  # fmt: skip
            handler = handlers.get(argv[0] if argv else "")
            if handler is None:
                return reply(2, stderr=f"labctl: '{' '.join(argv)}' is not a request of this lab ({USAGE})\n")
            return handler(argv[1:], request)
        except (ValueError, KeyError, TypeError) as error:
            return reply(2, stderr=f"labctl: the request cannot be read: {error!r}\n")
        except LabError as error:
            return reply(126, stderr=f"labctl: {error}\n")

    def counters(self, argv, request):
        """Counts since the last reset, as --count's file has them."""
        interrupts = self.name_interrupts(request.get("interrupts", {}))
        if "--reset" in argv:
            self.interrupts_before = interrupts
            self.machine.plugin("counters-reset")
            return reply()
        counted = self.machine.plugin("counters " + json.dumps({"modules": request.get("modules", {})}))
        counted["interrupts"] = {
            name: max(0, number - self.interrupts_before.get(name, 0)) for name, number in interrupts.items()
        }
        return reply(stdout=json.dumps(counted))

    def name_interrupts(self, by_address):
        """Interrupts per PCI address, as /proc/interrupts has them, under the lab's device names."""
        names = {machines.pci_address(index): nic.name for index, nic in enumerate(self.plan.nics)}
        return {name: int(by_address.get(address, 0)) for address, name in names.items()}

    def link(self, argv, _request):
        known = {f"eth{index}": nic.name for index, nic in enumerate(self.plan.nics)}
        if len(argv) != 2 or argv[0] not in known or argv[1] not in ("up", "down"):
            return reply(2, stderr=f"labctl: usage: labctl link {'|'.join(known) or 'ethN'} up|down\n")
        self.machine.monitor("set_link", name=known[argv[0]], up=argv[1] == "up")
        return reply()

    def hostile(self, argv, _request):
        """Make a device break its promises, or keep them again; prints how often it has broken one."""
        models = {nic.name: nic.model for nic in self.plan.nics}
        device, script = (argv[0], argv[1:]) if argv else ("", [])
        if device == "backdoor" and script:
            return reply(stdout=f"{self.backdoor('hostile', ' '.join(script))['committed']}\n")
        if device == "balloon" and script:
            return reply(stdout=f"{self.ask_balloon('hostile', *script)['done']}\n")
        if device == "vmci" and script:
            return reply(stdout=f"{self.ask_vmci('hostile', *script)['done']}\n")
        if device == "vsock" and script:
            return reply(stdout=f"{self.ask_vmci('vsock', 'hostile', ' '.join(script))['committed']}\n")
        doorbells = TX_DOORBELLS.get(models.get(device))
        if doorbells is None:
            return reply(2, stderr=f"labctl: '{device}' is no device that can be made hostile\n")
        if len(script) == 2 and script[0] == "drop-doorbells" and script[1].isdecimal():
            words = ["drop-writes", *doorbells, script[1]]
        elif script in (["faithful"], ["vanish"]):
            words = script
        else:
            return reply(2, stderr="labctl: usage: labctl hostile DEVICE drop-doorbells COUNT|vanish|faithful\n")
        answer = self.machine.plugin(" ".join(str(word) for word in ["hostile", device, *words]))
        return reply(stdout=f"{answer['dropped']}\n")

    def backdoor(self, *words):
        """Ask the model of the backdoor.  Raises LabError."""
        if "backdoor" not in self.plan.devices:
            raise LabError("this machine has no backdoor: start lab/vm without --device backdoor=off")
        return self.machine.plugin("model " + json.dumps(["backdoor", *words]))

    def rpc(self, argv, _request):
        """What was said over the channels, and what the host can do to them."""
        verb, words = (argv[0], argv[1:]) if argv else ("", [])
        if not argv:
            return reply(stdout="".join(f"{line}\n" for line in self.backdoor("traffic")["lines"]))
        if verb == "send" and words:
            return self.send_request(" ".join(words))
        if words or verb not in ("clear", "channels", "checkpoint", "restart"):
            return reply(2, stderr="labctl: usage: labctl rpc [clear|channels|checkpoint|restart], rpc send REQUEST\n")
        answer = self.backdoor("traffic", "clear") if verb == "clear" else self.backdoor(verb)
        return reply() if verb == "clear" else reply(stdout=json.dumps(answer) + "\n")

    def send_request(self, text):
        """A TCLO request: wait for the guest's answer, which is printed; 1 if it is a refusal, 3 if none comes in time."""
        number = str(self.backdoor("send", text)["id"])
        while not (result := self.backdoor("result", number))["over"]:
            time.sleep(0.02)
        if result["state"] == "lost":
            return reply(3, stderr="labctl: the guest has not answered\n")
        return reply(0 if result["state"] == "answered" else 1, stdout=f"{result['reply']}\n")

    def guestinfo(self, argv, _request):
        """The guestinfo variables as the host has them."""
        if len(argv) > 1:
            self.backdoor("guestinfo-set", *argv)
            return reply()
        values = self.backdoor("guestinfo")
        if not argv:
            return reply(stdout="".join(f"{key}={value}\n" for key, value in values.items()))
        return reply(stdout=f"{values[argv[0]]}\n") if argv[0] in values else reply(1, stderr="labctl: there is no such variable\n")

    def hgfs(self, argv, _request):
        """Shared Folders: what there is and was, a line each; switch them off and on; forget all sessions."""
        if len(argv) > 1 or not {*argv} <= {"disable", "enable", "restart"}:
            return reply(2, stderr="labctl: usage: labctl hgfs [disable|enable|restart]\n")
        carriers = [name for name in machines.SHARE_CARRIERS if name in self.plan.devices]
        if not carriers:
            raise LabError("nothing of this machine carries Shared Folders: start lab/vm with --share, --device backdoor or --device vmci")
        answers = {name: self.machine.plugin("model " + json.dumps([name, "hgfs", *argv])) for name in carriers}
        return reply() if argv else reply(stdout="".join(f"{line}\n" for line in shared_folders(answers)))

    def ask_balloon(self, *words):
        """Ask the model of the balloon.  Raises LabError."""
        if "balloon" not in self.plan.devices:
            raise LabError("this machine has no balloon: start lab/vm without --device balloon=off")
        return self.machine.plugin("model " + json.dumps(["balloon", *words]))

    def balloon(self, argv, request):
        """The balloon's target and size, or another target; sizes are bytes, or with K, M or G behind the number."""
        if argv == ["reset"]:
            self.ask_balloon("reset")
            return reply()
        if len(argv) == 2 and argv[0] in ("offer", "legacy"):
            self.ask_balloon(*argv)
            return reply()
        if (len(argv), *argv[:1]) in ((2, "target"), (3, "move")):
            size = SIZE.fullmatch(argv[1])
            if not size:
                return reply(2, stderr=f"labctl: '{argv[1]}' is no size: write bytes, or a number with K, M or G behind it\n")
            frames = int(size[1]) * UNITS[size[2]] // FRAME
            if argv[0] == "move" and argv[2].isdecimal():
                return self.move_balloon(frames, int(argv[2]), request)
            if argv[0] == "target":
                self.ask_balloon("target", str(frames))
                return reply()
        if argv:
            return reply(2, stderr="labctl: usage: labctl balloon [target SIZE|move SIZE SECONDS|offer MASK|legacy on|off|reset]\n")
        now = self.ask_balloon("show")
        now |= {"target": now["target"] * FRAME, "size": now["size"] * FRAME}
        return reply(stdout="".join(f"{name} {value}\n" for name, value in sorted(now.items())))

    def move_balloon(self, frames, seconds, request):
        """Set the target and wait until the guest has done what it asks for, which may stand still meanwhile: JSON with what was
        counted from the one to the other.  Status 3 once nothing has moved for so long."""
        self.counters(["--reset"], request)
        self.ask_balloon("target", str(frames))
        status = 0 if self.balloon_settles(seconds) else 3
        counted = json.loads(self.counters([], request)["stdout"])
        time.sleep(AFTERMATH)
        later = json.loads(self.counters([], request)["stdout"])
        counted |= {key: later[key] for key in ("instructions", "all_instructions") if key in later}
        return reply(status, json.dumps({"balloon": self.ask_balloon("show"), "counters": counted}) + "\n")

    def balloon_settles(self, seconds):
        """Wait until the guest has done what the target asks for; False once nothing has moved for so long."""
        before, deadline = None, 0
        while True:
            now = self.ask_balloon("show")
            surplus = now["size"] - now["target"]
            # A last frame of 2 MiB may be too large by less than itself.
            if surplus == 0 or now["target"] and 0 < surplus < LARGE_FRAME:
                return True
            if now["size"] != before:
                before, deadline = now["size"], time.monotonic() + seconds
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)

    def ask_vmci(self, *words):
        """Ask the model of VMCI.  Raises LabError."""
        if "vmci" not in self.plan.devices:
            raise LabError("this machine has no VMCI device: start lab/vm without --device vmci=off")
        return self.machine.plugin("model " + json.dumps(["vmci", *words]))

    def vmci(self, argv, _request):
        """What the guest has set up, or what the model's own words say; answers are JSON."""
        return reply(stdout=json.dumps(self.ask_vmci(*(argv or ["show"]))) + "\n")

    def vsock(self, argv, _request):
        """Programs at the ends of the guest's vsock connections."""
        try:
            return reply(*self.vsock_ends.answer(argv))
        except Usage as usage:
            return reply(2, stderr=f"labctl: usage: {usage}\n")

    def net(self, argv, _request):
        """Run programs at the NIC's peer: wait for one, or start it and stop it later."""
        verb, words = (argv[0], argv[1:]) if argv else ("", [])
        if verb == "run" and words:
            done = subprocess.run(
                words, cwd=self.scratch, stdin=subprocess.DEVNULL, capture_output=True, timeout=NET_SECONDS, check=False
            )
            return reply(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        if verb == "start" and len(words) > 1:
            return self.start(words[0], words[1:])
        if verb == "stop" and len(words) == 1 and words[0] in self.started:
            return self.finish(words[0])
        return reply(2, stderr="labctl: usage: labctl net run CMD…, net start NAME CMD…, net stop NAME\n")

    def start(self, name, words):
        if name in self.started:
            return reply(2, stderr=f"labctl: '{name}' runs already; stop it first\n")
        output = open(f"{self.plan.run_dir}/net-{len(self.started)}.out", "w+b")
        process = subprocess.Popen(words, cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.started[name] = process, output
        return reply()

    def finish(self, name):
        """Ask it to end, wait, and hand over its whole output and status."""
        process, output = self.started.pop(name)
        if process.poll() is None:
            process.terminate()
        try:
            status = process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        with output:
            output.seek(0)
            return reply(max(status, 0), output.read().decode(errors="replace"))

    def handle(self, line):
        try:
            return json.dumps(self.answer(line))
        except (OSError, subprocess.SubprocessError) as error:
            return json.dumps(reply(126, stderr=f"labctl: {error}\n"))
