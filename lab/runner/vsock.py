# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Programs of the host side at the ends of vsock connections: 'labctl vsock'."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time

from .plan import LabError

USAGE = (
    "labctl vsock [show], vsock listen PORT -- CMD…, vsock close PORT, vsock connect PORT [-- CMD…], "
    "vsock reset ID, vsock dgram PORT echo|close, vsock send FROM TO TEXT…"
)
SECONDS = 600  # for a connection that the host has made
CONNECT_SECONDS = 10  # for a unix socket that the model connects to
END_SECONDS = 10  # until the model has carried what a program sent last
MOST_OUTPUT = 16 << 20
BACKLOG = 1000
PASSED_ON = {"reset": 1, "dgram": 2}  # verbs that the model serves as they are, and their arguments


class Usage(Exception):
    """The request is none of ours."""


class Vsock:
    """The host's listeners and connections of one run; 'ask' asks the model and raises LabError."""

    def __init__(self, ask, folder, scratch):
        self.ask = ask
        self.folder = folder
        self.scratch = scratch  # the programs' working directory
        self.listeners = {}
        self.made = 0  # connections
        self.lock = threading.Lock()

    def answer(self, argv):
        """(status, stdout, stderr) of 'labctl vsock ARGV'.  Raises LabError and Usage."""
        verb, words = (argv[0], argv[1:]) if argv else ("show", [])
        if verb == "show" and not words:
            return 0, show(self.ask("show")), ""
        if verb == "listen" and len(words) > 2 and words[1] == "--":
            self.listen(words[0], words[2:])
        elif verb == "close" and len(words) == 1:
            self.close(words[0])
        elif verb == "connect" and len(words) == 1:
            return self.print_what_comes(words[0])
        elif verb == "connect" and len(words) > 2 and words[1] == "--":
            return self.run_at(words[0], words[2:])
        elif len(words) == PASSED_ON.get(verb) or (verb == "send" and len(words) > 2):
            self.ask(verb, *words)
        else:
            raise Usage(USAGE)
        return 0, "", ""

    def listen(self, port, command):
        """From now on each connection of the guest's to this port gets a program of its own."""
        listener, path = self.bind(f"vsock-{port}", BACKLOG)
        try:
            self.ask("listen", port, "unix", path)
        except LabError:
            listener.close()
            raise
        self.listeners[port] = listener
        threading.Thread(target=self.serve, args=(listener, command), daemon=True).start()

    def close(self, port):
        self.ask("unlisten", port)
        listener = self.listeners.pop(port)
        listener.shutdown(socket.SHUT_RDWR)  # ends the thread's wait
        listener.close()

    def bind(self, name, backlog):
        """A unix socket that listens, and its path."""
        path = os.path.join(self.folder, f"{name.replace('/', '_')}.sock")
        listener = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        try:
            listener.bind(path)
        except OSError as error:
            listener.close()
            raise LabError(f"no unix socket for '{name}': {error}") from None
        listener.listen(backlog)
        return listener, path

    def serve(self, listener, command):
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                try:
                    process = self.start(command, link)
                except OSError as error:
                    print(f"lab/vm: '{command[0]}' cannot be run for a vsock connection: {error}", file=sys.stderr)
                    continue
            threading.Thread(target=process.wait, daemon=True).start()

    def start(self, command, link, **more):
        return subprocess.Popen(command, cwd=self.scratch, stdin=link, stdout=link, **more)

    def connect(self, port):
        """A socket whose other end is the guest's port, and the connection's id.  Raises LabError."""
        with self.lock:
            self.made += 1
            name = f"vsock-to-{self.made}"
        listener, path = self.bind(name, 1)
        try:
            number = self.ask("connect", port, "unix", path)["id"]
            listener.settimeout(CONNECT_SECONDS)  # it is there already, if the model is right
            link, _ = listener.accept()
        finally:
            listener.close()
            os.unlink(path)
        while (result := self.ask("result", str(number)))["state"] == "connecting":
            time.sleep(0.02)
        if result["state"] == "failed":
            link.close()
            raise LabError(f"no connection to the guest's port {port}: {result['why']}")
        return link, number

    def run_at(self, port, command):
        """Run a program at a connection to the guest's port; its status."""
        link, number = self.connect(port)
        with link:
            process = self.start(command, link, stderr=subprocess.PIPE)
        try:
            _, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            _, err = process.communicate()
        end = time.monotonic() + END_SECONDS
        while self.ask("result", str(number))["state"] != "ended" and time.monotonic() < end:
            time.sleep(0.02)
        status = process.returncode
        return status if status >= 0 else 128 - status, "", err.decode(errors="replace")

    def print_what_comes(self, port):
        """What the guest's port sends to somebody who has nothing to say."""
        link, _ = self.connect(port)
        text = b""
        with link:
            link.settimeout(SECONDS)
            link.shutdown(socket.SHUT_WR)
            while len(text) < MOST_OUTPUT and (some := link.recv(1 << 16)):
                text += some
        return 0, text.decode(errors="replace"), ""


def show(state):
    lines = [f"listener {one['port']}" for one in state["listeners"]]
    lines += [f"datagrams {one['port']} received {one['received']}" for one in state["datagrams"]]
    lines += [
        f"connection {one['id']} guest {one['guest_port']} host {one['host_port']} {one['state']} "
        f"from_guest {one['from_guest']} to_guest {one['to_guest']}"
        for one in state["connections"]
    ]
    return "".join(f"{line}\n" for line in lines)
