#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The manager's side, for scenarios that run in a domain; this runs in dom0.

    ovmapi_manager.py DOMAIN prepare                 make the folders of messages, which the domain may write
    ovmapi_manager.py DOMAIN send NAME VALUE [FIRST] a message to the guest; FIRST begins the numbers anew
    ovmapi_manager.py DOMAIN last                    the number of the guest's last message
    ovmapi_manager.py DOMAIN query NUMBER            take one of the guest's messages: NAME=VALUE
    ovmapi_manager.py DOMAIN whole NAME VALUE        take all of them, which have to be that; how many there were
"""

import sys

from ovmapi_lib import Manager
from xenstore import Refused, Store


def main(domain, verb, *words):
    manager = Manager(Store(), domain)
    if verb == "prepare":
        manager.prepare(domain)
    elif verb == "send":
        try:
            manager.number = 0 if words[2:] else int(manager.store.read(f"{manager.root}/to-guest/last-write"))
        except Refused:
            manager.number = 0
        manager.send(words[0], words[1])
    elif verb == "last":
        print(manager.last())
    elif verb == "query":
        name, value = manager.query(int(words[0]))
        print(f"{name.decode()}={value.decode()}")
    elif verb == "whole":
        last = manager.last()
        for number in range(1, last + 1):
            found = manager.query(number)
            if found != (words[0].encode(), words[1].encode()):
                raise SystemExit(f"message {number} of {last}: {found[0]!r}, {len(found[1])} characters")
        print(last)
    else:
        raise SystemExit(f"no verb '{verb}'\n{__doc__}")


main(*sys.argv[1:])
