# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Options of lab/vm, and the order of its steps."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import prepare, session, xen
from .machine import SHARE_CARRIERS
from .plan import EXIT_LAB, EXIT_USAGE, REPO, LabError, Nic, Plan, Share, Told

KERNELS = ("6.1", "6.12", "7.3", "debug")
NICS = ("vmxnet3", "e1000", "virtio-net")
# Device models that --device knows, and the settings of each (lab/devices/models says what they may be).
DEVICES = {"backdoor": ("channels", "message", "idle", "reply", "high", "product", "guestlib", "hz", "start", "hostile"),
           "balloon": ("target", "offer", "legacy", "hostile"),
           "vmci": ("mode", "vectors", "msi", "caps", "context", "hostile")}  # fmt: skip
USAGE = """lab/vm [OPTION]... -- COMMAND [ARG]...

Run COMMAND as root in a fresh guest; stdout, stderr and exit status are COMMAND's.
The guest sees this machine's files read-only under a writable overlay.

  --kernel 6.1|6.12|7.3|debug   stock Debian kernels; debug has KASAN, lockdep, kmemleak (6.1)
  --drivers ours|stock|none     whose modules modprobe finds (ours)
  --cpus N  --memory MIB        (2, 512)
  --nic MODEL[,backend=SPEC]    vmxnet3 | e1000 | virtio-net; repeatable; SPEC is a QEMU -netdev,
                                without one the peer is the host side: 10.0.2.1, guest 10.0.2.15
  --device NAME[,KEY=VALUE]...  settings of a VMware device model; all are on: backdoor, balloon, vmci; repeatable
  --device NAME=off             leave one out
  --xen dom0|pv|pvh             on real Xen: in its first domain, or in one that this starts
  --share NAME=DIR[,ro]         a Shared Folder, behind the backdoor and VMCI; repeatable
  --peer COMMAND                run COMMAND (a shell line) at the peer during the run
  --count FILE                  write instructions, exits, interrupts and host requests as JSON
  --keep-log FILE               write the whole console log
  --expect REGEX                kernel reports whose text matches are no fault; repeatable
  --timeout SECONDS             (120)

VMGUEST_APPEND in the environment: more words for the guest kernel's command line;
VMGUEST_TCG=single there: one thread emulates all CPUs, slower but free of one fault of QEMU's.

Exit status: COMMAND's; 124 time is over; 125 the kernel reported a fault; 126 the lab could not
run it; 2 wrong usage.  Documentation/lab.md has the rest."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise LabError(f"{message}: see lab/vm --help")


def whole(low, high, unit):
    def parse(text):
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number of {unit} from {low} to {high}")
        return int(text)

    return parse


def parse_nic(text):
    model, _, rest = text.partition(",")
    if model in ("vmxnet", "vlance"):
        raise argparse.ArgumentTypeError(f"'{model}' needs a device model that is not built yet")
    if model not in NICS:
        raise argparse.ArgumentTypeError(f"'{model}' is no NIC model (known: {', '.join(NICS)})")
    if rest and not rest.startswith("backend="):
        raise argparse.ArgumentTypeError(f"'{rest}' is no NIC setting (known: backend=SPEC)")
    return model, rest.removeprefix("backend=") or None


def parse_device(text):
    """(NAME, options as the plugin has them), or (NAME, None) for one that is left out."""
    word, _, rest = text.partition(",")
    name, equals, value = word.partition("=")
    if name not in DEVICES:
        raise argparse.ArgumentTypeError(f"'{name}' is no device model (known: {', '.join(DEVICES)})")
    if equals:
        if value != "off" or rest:
            raise argparse.ArgumentTypeError(f"'{text}' is no device model: write {name}[,KEY=VALUE]… or {name}=off")
        return name, None
    for setting in rest.split(",") if rest else ():
        key, equals, value = setting.partition("=")
        if key not in DEVICES[name] or not equals:
            raise argparse.ArgumentTypeError(f"'{setting}' is no setting of {name} (known: {', '.join(DEVICES[name])})")
        if not value.isprintable():
            raise argparse.ArgumentTypeError(f"{name}'s '{key}' has a control character or a line's end")
    return name, rest


def parse_share(text):
    name, equals, rest = text.partition("=")
    folder, comma, policy = rest.partition(",")
    fault = argparse.ArgumentTypeError
    if not equals or not folder:
        raise fault(f"{text!r} is no share: write NAME=DIR, or NAME=DIR,ro")
    if not name.isprintable() or "/" in name or "," in name or name in ("", ".", "..") or len(name.encode()) > 255:
        raise fault(f"{name!r} is no name for a share: take one without '/', commas and control characters, of at most 255 bytes")
    if comma and policy != "ro":
        raise fault(f"{policy!r} is no setting of a share (known: ro); a DIR with a comma needs another name")
    path = Path(folder).absolute()
    if not path.is_dir():
        raise fault(f"{folder!r} is no directory; make it first")
    if not str(path).isprintable() or "," in str(path):
        raise fault(f"{str(path)!r} has a comma or a control character; share it under another name")
    return Share(name, str(path), policy == "ro")


def check_shares(args):
    names = [share.name for share in args.share]
    for name in names:
        if names.count(name) > 1:
            raise LabError(f"--share: there are two shares '{name}'; give one another name")
    devices = dict(args.device)
    if names and all(devices.get(name, "") is None for name in SHARE_CARRIERS):
        raise LabError(f"--share: a guest reaches Shared Folders through {' or '.join(SHARE_CARRIERS)}; leave one of them on")


def expression(text):
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}") from None
    return text


def writable(text):
    path = Path(text).absolute()
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"'{text}' cannot be written; name a file in a folder you may write")
    return str(path)


def append_words():
    """VMGUEST_APPEND: what is added to the guest kernel's command line."""
    text = os.environ.get("VMGUEST_APPEND", "").strip(" ")
    if not text.isprintable():
        raise LabError("VMGUEST_APPEND has a control character or a line's end: give it words with blanks between them")
    return text


def wants_one_thread():
    """VMGUEST_TCG: how QEMU runs the guest's CPUs."""
    text = os.environ.get("VMGUEST_TCG", "") or "multi"
    if text not in ("single", "multi"):
        raise LabError(f"VMGUEST_TCG is {text!r}: make it 'single' (one thread for all CPUs) or 'multi', or leave it out")
    return text == "single"


def parse(argv):
    """Split at the first '--': options before it, COMMAND after it."""
    if "--" in argv:
        cut = argv.index("--")
        options, command = argv[:cut], argv[cut + 1 :]
    else:
        options, command = argv, []
    parser = Parser(prog="lab/vm", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--kernel", choices=KERNELS, default="6.1")
    parser.add_argument("--drivers", choices=("ours", "stock", "none"), default="ours")
    parser.add_argument("--cpus", type=whole(1, 64, "CPUs"), default=2)
    parser.add_argument("--memory", type=whole(128, 1 << 20, "MiB"), default=512)
    parser.add_argument("--nic", type=parse_nic, action="append", default=[])
    parser.add_argument("--device", type=parse_device, action="append", default=[])
    parser.add_argument("--xen", choices=xen.TYPES)
    parser.add_argument("--share", type=parse_share, action="append", default=[])
    parser.add_argument("--peer")
    parser.add_argument("--count", type=writable)
    parser.add_argument("--keep-log", type=writable)
    parser.add_argument("--expect", type=expression, action="append", default=[])
    parser.add_argument("--timeout", type=whole(1, 7 * 86400, "seconds"), default=120)
    args = parser.parse_args(options)
    args.append = "" if args.help else append_words()
    args.is_one_threaded = not args.help and wants_one_thread()
    check_shares(args)
    xen.check(args)
    if not args.help and not command:
        raise LabError("no COMMAND to run: write it after '--', as in lab/vm -- uname -r")
    return args, command


def name_nics(specs):
    """Ids are the model's name, then NAME.1, NAME.2 …: what --count's readers expect."""
    nics = []
    for model, backend in specs:
        seen = sum(nic.model == model for nic in nics)
        nics.append(Nic(model, backend, f"{model}.{seen}" if seen else model))
    return nics


def choose_devices(specs):
    """All device models but those that were left out: the last word on a device counts."""
    devices = dict.fromkeys(DEVICES, "") | dict(specs)
    return {name: options for name, options in devices.items() if options is not None}


def isolate(argv):
    """The command that runs argv in network, mount and process namespaces of its own.

    All of the run's processes, taps and addresses end with it, however it ends.
    """
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--", *argv]


def run_isolated(plan_file):
    process = subprocess.Popen(isolate([sys.executable, str(REPO / "lab/vm"), "--plan", plan_file]))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: process.kill())  # unshare blocks SIGTERM; its child dies with it
    while True:
        try:
            status = process.wait()
            return status if status >= 0 else 128 - status
        except KeyboardInterrupt:  # the terminal has told the child as well
            continue


def run(argv):
    args, command = parse(argv)
    if args.help:
        print(USAGE)
        return 0
    started = time.monotonic()
    kernel = prepare.kernel(args.kernel)
    prepare.build(args.kernel if args.drivers == "ours" else None)
    run_dir = tempfile.mkdtemp(prefix="vmguest-")
    try:
        plan = Plan(
            run_dir=run_dir,
            kernel=kernel,
            modules=prepare.modules(kernel, args.drivers),
            initrd=prepare.initrd(kernel),
            xen=xen.prepare(args.xen) if args.xen else None,
            domain_initrd=prepare.domain_initrd(kernel) if args.xen else "",
            command=command,
            directory=os.getcwd(),
            nics=name_nics(args.nic),
            devices={} if args.xen else choose_devices(args.device),
            shares=args.share,
            drivers=args.drivers,
            append=args.append,
            is_one_threaded=args.is_one_threaded,
            cpus=args.cpus,
            memory=args.memory,
            peer=args.peer,
            count=args.count,
            keep_log=args.keep_log,
            expect=args.expect,
            timeout=args.timeout,
        )
        plan_file = os.path.join(run_dir, "plan.json")
        plan.save(plan_file)
        if os.environ.get("VMGUEST_VERBOSE"):
            print(f"lab/vm: prepared in {time.monotonic() - started:.2f} s", file=sys.stderr)
        return run_isolated(plan_file)
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)


def main(argv):
    try:
        if argv[:1] == ["--plan"]:
            return session.run(Plan.load(argv[1]))
    except LabError as error:
        print(f"lab/vm: {error}", file=sys.stderr)
        return EXIT_LAB
    try:
        parse(argv)
    except LabError as error:
        print(f"lab/vm: {error}", file=sys.stderr)
        return EXIT_USAGE
    try:
        return run(argv)
    except Told:
        return EXIT_LAB
    except LabError as error:
        print(f"lab/vm: {error}", file=sys.stderr)
        return EXIT_LAB
    except OSError as error:
        cause = f"{error.strerror}: {error.filename2 or error.filename}"
        print(f"lab/vm: cannot prepare the run ({cause}); see that {prepare.cache_dir()}, or VMGUEST_CACHE, can be written and has room", file=sys.stderr)
        return EXIT_LAB
    except KeyboardInterrupt:
        return 130

