#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""vmware-user-suid-wrapper, started by a user in many ways; its agent tells what it was started with.

usage: vmblock_handover.py none|plain|tricks|withheld|users_fuse|fuse|vmtoolsd…
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from vmblock_user import Fuse, LIBC, Module, ROOT, Sleeper, check, fail, number, put, read_all, step, wait_for

WRAPPER = "/usr/local/bin/vmware-user-suid-wrapper"
THIEF = "/usr/local/bin/handover-thief"
AGENT = "/usr/local/libexec/vmguest-agent"
FOLDER = Path("/run/handover")
USER, GROUP, OTHER_GROUP = 65534, 65533, 4242
PATH = "PATH=/usr/local/bin:/usr/bin:/bin"
HANDED, NOT_HANDED = [AGENT, "-n", "vmusr", "--blockFd", "3"], [AGENT, "-n", "vmusr"]
IGNORED = 1 << signal.SIGUSR1 - 1 | 1 << signal.SIGUSR2 - 1
SECONDS = 60


class Report:
    """What an agent has told, key by key."""

    def __init__(self, text):
        self.lines = [line for line in text.splitlines() if line]

    def all(self, key):
        return [line[len(key) + 1 :] for line in self.lines if line.startswith(f"{key} ")]

    def status(self, key):
        """A field of /proc/PID/status."""
        return next(line.split(":", 1)[1].split() for line in self.lines if line.startswith(f"{key}:"))

    def number(self, key):
        return int(self.all(key)[0])


class Start:
    """The wrapper as a user starts it.  TRICK runs in the process before it, as root; LATE after it became the user."""

    def __init__(self, words=("vmware-user",), variables=(), trick=None, late=None, path=WRAPPER):
        for name in ("report", "commands"):
            FOLDER.joinpath(name).unlink(missing_ok=True)
            os.mkfifo(FOLDER / name)
            os.chmod(FOLDER / name, 0o666)
        self.errors = os.open(FOLDER / "errors", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.input = os.open(FOLDER / "report", os.O_RDONLY | os.O_NONBLOCK)
        self.commands = os.open(FOLDER / "commands", os.O_RDWR)
        self.text = ""
        self.pid = os.fork()
        if self.pid == 0:
            self.become(words, variables, trick, late, path)
        self.status = None

    def become(self, words, variables, trick, late, path):
        try:
            os.dup2(self.errors, 2)
            if trick:
                trick()
            os.setgroups([OTHER_GROUP])
            os.setresgid(GROUP, GROUP, GROUP)
            os.setresuid(USER, USER, USER)
            if late:
                late()
            # The C library's, for it lets words be none.
            LIBC.execve(path.encode(), strings(words), strings(variables))
        finally:
            os._exit(111)

    def ends(self):
        """The exit status of what was started, not of the agent."""
        wait_for("the wrapper ends", self.has_ended, SECONDS)
        return os.waitstatus_to_exitcode(self.status)

    def has_ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def has_told(self, what):
        try:
            self.text += os.read(self.input, 1 << 16).decode()
        except BlockingIOError:
            pass
        return what in self.text

    def report(self):
        wait_for("the agent reports", lambda: self.has_told("\nend\n"), SECONDS)
        text, self.text = self.text.split("\nend\n")
        return Report(text)

    def does(self, command, path):
        """What the agent's write to the node gives."""
        os.write(self.commands, f"{command} {path}\n".encode())
        wait_for("the agent answers", lambda: self.has_told("\n"), SECONDS)
        answer, self.text = int(self.text), ""
        return answer

    def said(self):
        return os.pread(self.errors, 1 << 16, 0).decode()

    def over(self, report):
        os.kill(report.number("pid"), signal.SIGKILL)
        wait_for("the agent has gone", lambda: not Path(f"/proc/{report.number('pid')}").exists(), SECONDS)
        for file in (self.errors, self.input, self.commands):
            os.close(file)


def strings(texts):
    """For execve."""
    return (ctypes.c_char_p * (len(texts) + 1))(*[os.fsencode(text) for text in texts], None)


def judge(report, arguments=HANDED, variables=(), mask="022", files=None, node=Module.control):
    """The agent is the user, and nothing that a user might do has come through but what is named."""
    check("words", report.all("argument"), arguments)
    check("variables", report.all("variable"), [PATH, *variables])
    check("user ids", report.status("Uid"), [str(USER)] * 4)
    check("group ids", report.status("Gid"), [str(GROUP)] * 4)
    check("supplementary groups", report.status("Groups"), [str(OTHER_GROUP)])
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        check(name, int(report.status(name)[0], 16), 0)
    for name in ("SigBlk", "SigPnd", "ShdPnd"):
        check(name, int(report.status(name)[0], 16), 0)
    check("ignored signals", int(report.status("SigIgn")[0], 16), IGNORED)
    check("timer", report.number("timer"), 0)
    check("mask of new files", report.all("umask"), [mask])
    check("directory", report.all("directory"), ["/"])
    check("core files", report.all("core"), ["0 0"])
    if files:
        check("limit of open files", report.all("files"), [files])
    opened = [line.split(" ", 1) for line in report.all("file")]
    check("open files", [number for number, _ in opened], ["0", "1", "2", *(["3"] if arguments == HANDED else [])])
    if arguments == HANDED:
        check("the last one", opened[3][1], node)
        check("dumpable", report.number("dumpable") == 1, False)
        check("no new privileges", report.status("NoNewPrivs"), ["0"])
    return dict(opened)


def start(what, said="", nulls=(), kept=(), arguments=HANDED, mask="022", files=None, **how):
    """Start it so, judge the agent and what was said, end it.  NULLS: files that were closed."""
    one = Start(**how)
    check(f"{what}: status", one.ends(), 0)
    report = one.report()
    opened = judge(report, arguments, kept, mask, files)
    # libc has been there before, in a program that is setuid: /dev/full is its choice for standard input.
    check(f"{what}: files", {opened[str(file)] for file in nulls} - {"/dev/null", "/dev/full"}, set())
    if said not in one.said() or bool(said) != bool(one.said()):
        fail(f"{what}: it says {one.said()!r}, not {said!r}")
    one.over(report)
    print(f"  {what}", flush=True)


def none():
    step("neither flavour is there: the agent starts")
    check("no module", Path("/proc/fs/vmblock").exists(), False)
    start("not there", arguments=NOT_HANDED, said="not mounted")
    subprocess.run(["modprobe", "vmblock"], check=True)
    start("loaded, not mounted", arguments=NOT_HANDED, said="not mounted")
    subprocess.run(["mount", "-t", "vmblock", "none", Module.mount], check=True)


def plain():
    step("what the agent is, gets and can do")
    one = Start()
    one.ends()
    report = one.report()
    judge(report)
    check("it says", one.said(), "")
    agent = report.number("pid")
    check("agents", number("agents"), 1)
    check("root sees the node", os.readlink(f"/proc/{agent}/fd/3"), Module.control)
    thief = Sleeper(lambda: os.execv(THIEF, ["thief", "take", str(agent)]), as_user)
    thief.ends_with("a thief gets nothing", 1)
    blocks(one, Module)
    check("add once more", one.does("add", f"{ROOT}/file"), 0)
    sleeper = Sleeper(lambda: read_all(f"{Module.mount}/file"), as_user).sleeps()
    one.over(report)
    sleeper.ends_well("the sleeper wakes when the agent is killed")
    check("agents", number("agents"), 0)
    check("blocks", number("blocks"), 0)


def blocks(one, flavour):
    """The agent blocks and unblocks by the descriptor."""
    path = put("file")
    check("add", one.does("add", path), 0)
    check("add again", one.does("add", path), -17)
    sleeper = Sleeper(lambda: read_all(f"{flavour.entries}/file"), as_user).sleeps()
    check("delete", one.does("delete", path), 0)
    sleeper.ends_well("the sleeper wakes")
    check("delete again", one.does("delete", path), -2)
    print("  blocked, waited for, unblocked", flush=True)


def as_user():
    os.setgroups([OTHER_GROUP])
    os.setresgid(GROUP, GROUP, GROUP)
    os.setresuid(USER, USER, USER)


EVIL = [f"{name}=/tmp/evil" for name in (
    "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_DEBUG_OUTPUT", "LD_PROFILE", "GCONV_PATH", "LOCPATH", "NLSPATH",
    "MALLOC_TRACE", "PATH", "IFS", "ENV", "BASH_ENV", "TMPDIR", "TZ", "GTK_MODULES", "GIO_EXTRA_MODULES", "QT_PLUGIN_PATH",
    "LANG", "LC_ALL", "LANGUAGE",
)] + [
    "LD_DEBUG=all", "LD_BIND_NOW=1", "GLIBC_TUNABLES=glibc.malloc.check=3", "MALLOC_CHECK_=3", "HOME=.", "XDG_RUNTIME_DIR=run",
    "DBUS_SESSION_BUS_ADDRESS=unixexec:path=/tmp/evil", "XDG_DATA_DIRS=/usr/share::", "no variable", "", "=", "DISPLAY",
]  # fmt: skip
GOOD = ["DISPLAY=:0", "LC_TIME=de_DE.UTF-8", "XDG_SESSION_TYPE=wayland", "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/7/bus"]


def closed(*files):
    def close():
        for file in files:
            os.close(file)

    return close


def opens_many():
    for file in range(10, 40):
        os.dup2(1, file)
    os.dup2(1, 900)


def signals_wrong():
    for one in range(1, 65):
        if one not in (9, 19, 32, 33):
            signal.signal(one, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, set(range(1, 32)) | set(range(34, 65)))
    os.kill(os.getpid(), signal.SIGTERM)  # ignored; and one that waits until it is let through:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def limits(*pairs):
    def put_limits():
        for name, value in pairs:
            resource.setrlimit(name, (value[0], value[1]))

    return put_limits


def in_no_directory():
    os.chdir("/tmp")
    os.mkdir("/tmp/vanishes")
    os.chdir("/tmp/vanishes")
    os.rmdir("/tmp/vanishes")


def capable():
    """Inheritable capabilities, as a login may give; the ambient ones go with an exec of a setuid program anyway."""
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(0, 0, 0xFFFFFFFF, 0, 0, 0x1FF)
    LIBC.capget(header, sets)
    sets[2], sets[5] = sets[1], sets[4]
    check("capset", LIBC.capset(header, sets), 0)


def tricks():
    step("what a user might start the program with")
    start("no words at all", words=())
    start("words", words=["-evil", "--blockFd", "0", "-c", "/tmp/evil", "--help", "--version", *["x" * 100] * 500])
    os.symlink(WRAPPER, "/usr/local/bin/vmware-user")
    start("a link, by another name", words=["../../evil"], path="/usr/local/bin/vmware-user")
    start("variables of the loader, libc, shells, toolkits", variables=EVIL)
    start("variables that are needed", variables=[*GOOD, *EVIL, "DISPLAY=:1"], kept=GOOD)
    big = [f"EVIL{i}={'x' * 500}" for i in range(1000)]
    start("many variables and large ones", variables=[*big, "HOME=/" + "h" * 100000, "DISPLAY=:0"], kept=["DISPLAY=:0"])
    for files in ((0,), (1,), (2,), (0, 1, 2)):
        start(f"without the files {files}", late=closed(*files), nulls=files)
    start("with many open files", late=opens_many)
    start("signals ignored and held back", late=signals_wrong)
    start("an alarm", late=lambda: signal.alarm(300))
    start("no files allowed", trick=limits((resource.RLIMIT_NOFILE, (0, 8))), files="0 8")
    start("no file allowed to grow, no core", trick=limits((resource.RLIMIT_FSIZE, (0, 0)), (resource.RLIMIT_CORE, (-1, -1))))
    start("no processes allowed", late=limits((resource.RLIMIT_NPROC, (0, 0))))
    start("a small stack", late=limits((resource.RLIMIT_STACK, (1 << 16, 1 << 16))))
    start("no mask of new files", late=lambda: os.umask(0))
    start("a private one", late=lambda: os.umask(0o077), mask="077")
    start("a directory that is gone", trick=in_no_directory)
    start("inheritable capabilities", trick=capable)


def withheld():
    step("who must not have the descriptor does not get it, and the agent starts")
    start("no new privileges", late=lambda: LIBC.prctl(38, 1, 0, 0, 0), arguments=NOT_HANDED, said="not setuid root")
    os.chmod(WRAPPER, 0o755)
    start("not setuid", arguments=NOT_HANDED, said="not setuid root")
    start("not setuid, without files", late=closed(0, 1, 2), nulls=(0, 1, 2), arguments=NOT_HANDED)
    os.chmod(WRAPPER, 0o4755)
    start("traced", words=["thief", "trace", WRAPPER], path=THIEF, arguments=NOT_HANDED, said="not setuid root")
    for mode in (0o755, 0o751, 0o715):
        os.chmod(AGENT, mode)
        if mode == 0o751:  # the group may read it, and this user is in another
            start("readable for others", arguments=HANDED)
        else:
            start("an agent that can be looked into", arguments=NOT_HANDED, said=f"chmod 0711 {AGENT}")
    os.chmod(AGENT, 0o711)
    setting = Path("/proc/sys/fs/suid_dumpable")
    before = setting.read_text()
    setting.write_text("1")
    start("fs.suid_dumpable is 1", arguments=NOT_HANDED, said="fs.suid_dumpable")
    setting.write_text("2")
    start("fs.suid_dumpable is 2", arguments=HANDED)
    setting.write_text(before)
    os.rename(AGENT, f"{AGENT}.away")
    one = Start()
    check("status without an agent", one.ends(), 1)
    check("it says", f"no {AGENT}" in one.said(), True)
    os.rename(f"{AGENT}.away", AGENT)
    start("once more", arguments=HANDED)
    check("agents", number("agents"), 0)


def users_fuse():
    """Of a user's, at the right place: nobody answers there, so who opens a file waits for ever."""
    step("a FUSE flavour that root has not mounted is not touched")
    os.makedirs("/run/vmblock-fuse", exist_ok=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={USER},group_id={GROUP},allow_other"
    check("mount", LIBC.mount(b"x", b"/run/vmblock-fuse", b"fuse.vmware-vmblock", 0, options.encode()), 0)
    start("a user's", arguments=HANDED)
    check("umount", LIBC.umount2(b"/run/vmblock-fuse", 2), 0)
    os.close(device)


def fuse():
    step("the FUSE flavour comes first, if root has mounted it")
    options = "subtype=vmware-vmblock,default_permissions,allow_other"
    subprocess.run(["vmware-vmblock-fuse", "-o", options, Fuse.mount], check=True)
    wait_for("it is mounted", lambda: f" {Fuse.mount} fuse.vmware-vmblock " in Path("/proc/mounts").read_text(), SECONDS)
    one = Start()
    one.ends()
    report = one.report()
    judge(report, node=Fuse.control)
    check("it says", one.said(), "")
    blocks(one, Fuse)
    one.over(report)
    subprocess.run(["umount", Fuse.mount], check=True)


VMTOOLSD = ["/usr/bin/vmtoolsd", "-n", "vmusr", "--blockFd", "3"]


def running(words):
    """The process with this command line, or None."""
    wanted = "\0".join(words).encode() + b"\0"
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cmdline").read_bytes() == wanted:
                return int(entry.name)
        except OSError:
            pass  # it has just ended
    return None


def closes_at_exec(pid, file):
    flags = next(line.split()[1] for line in Path(f"/proc/{pid}/fdinfo/{file}").read_text().splitlines() if line.startswith("flags:"))
    return bool(int(flags, 8) & os.O_CLOEXEC)


def vmtoolsd():
    """As it is; and the wrapper that is made for it."""
    step("open-vm-tools' own agent takes the node and nobody takes it from there")
    if "Function not implemented" in subprocess.run(["labctl", "ioports", "true"], capture_output=True, text=True, check=False).stderr:
        print("  (left out: this kernel gives no ports to programs)", flush=True)
        return
    setpriv = ["setpriv", f"--reuid={USER}", f"--regid={GROUP}", f"--groups={OTHER_GROUP}"]
    subprocess.run(["labctl", "ioports", *setpriv, "env", "HOME=/run/handover", "/usr/local/bin/vmware-user-installed"], check=True)
    wait_for("vmtoolsd runs", lambda: running(VMTOOLSD), SECONDS)
    pid = running(VMTOOLSD)
    check("the node", os.readlink(f"/proc/{pid}/fd/3"), Module.control)
    wait_for("it marks the node as its own", lambda: closes_at_exec(pid, 3), SECONDS)
    report = Report(Path(f"/proc/{pid}/status").read_text())
    check("user ids", report.status("Uid"), [str(USER)] * 4)
    check("group ids", report.status("Gid"), [str(GROUP)] * 4)
    check("capabilities", [int(report.status(name)[0], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")], [0] * 4)
    Sleeper(lambda: os.execv(THIEF, ["thief", "take", str(pid)]), as_user).ends_with("a thief gets nothing", 1)
    check("agents", number("agents"), 1)
    os.kill(pid, signal.SIGKILL)
    wait_for("the node is closed", lambda: number("agents") == 0, SECONDS)


def main():
    verbs = (none, plain, tricks, withheld, users_fuse, fuse, vmtoolsd)
    for word in sys.argv[1:]:
        {verb.__name__: verb for verb in verbs}[word]()


if __name__ == "__main__":
    main()
