#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The headers of uapi/: licence, C99 and C++20 without help or warning, one layout in C and C++, 32 and 64 bits.

usage: headers_test.py CC CXX [unittest's arguments]
"""

import re
import subprocess
import sys
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent
UAPI = TESTS.parent
HEADERS = sorted(path for path in UAPI.rglob("*.h") if TESTS not in path.parents)
SPDX = "/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */"
ROW = re.compile(r"^(SIZE|MEMBER)\((\w+), (?:(\w+), (\d+), )?(\d+)\)$", re.MULTILINE)
COMPILERS = {}
# The 32-bit ABI needs no C library: what layout.c includes comes from the kernel and the compiler.
ABIS = {"64 bits": [], "32 bits": ["-m32", "-isystem", "/usr/include/x86_64-linux-gnu"]}


def members(header, name):
    """Names of a structure's members, in order."""
    body = re.search(rf"^struct {name} {{\n(.*?)^}}", header.read_text(), re.MULTILINE | re.DOTALL)
    code = re.sub(r"/\*.*?\*/", "", body[1], flags=re.DOTALL)
    return re.findall(r"(\w+)(?:\[\w*\])*;", code)


class Headers(unittest.TestCase):
    def compile(self, language, *words):
        argv = [*COMPILERS[language], "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{UAPI}", *words]
        done = subprocess.run(argv, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{' '.join(argv)}\n{done.stderr}")

    def test_there_are_headers(self):
        self.assertTrue(HEADERS)

    def test_first_line_is_the_licence_with_the_syscall_note(self):
        for header in HEADERS:
            with self.subTest(header.name):
                self.assertEqual(header.read_text().splitlines()[0], SPDX)

    def test_compiles_alone_and_twice(self):
        for header in HEADERS:
            for language, standard in (("c", "-std=c99"), ("c++", "-std=c++20")):
                with self.subTest(header.name, language=language):
                    self.compile(language, standard, "-x", language, str(header))
                    self.compile(language, standard, "-include", str(header), "-x", language, str(header))

    def test_has_one_layout(self):
        for abi, words in ABIS.items():
            with self.subTest(language="c", abi=abi):
                self.compile("c", "-std=c11", *words, str(TESTS / "layout.c"))
        with self.subTest(language="c++"):
            self.compile("c++", "-std=c++20", str(TESTS / "layout.cpp"))

    def test_layout_names_every_structure_and_member_without_a_gap(self):
        rows = ROW.findall((TESTS / "layout.def").read_text())
        sizes = {name: int(size) for kind, name, _, _, size in rows if kind == "SIZE"}
        for header in HEADERS:
            self.assertIn(f"#include <{header.relative_to(UAPI)}>", (TESTS / "layout.c").read_text())
            self.assertIn(f"#include <{header.relative_to(UAPI)}>", (TESTS / "layout.cpp").read_text())
            for name in re.findall(r"^struct (\w+) {", header.read_text(), re.MULTILINE):
                with self.subTest(name):
                    self.assertIn(name, sizes)
                    own = [(member, int(offset), int(size)) for kind, of, member, offset, size in rows
                           if kind == "MEMBER" and of == name]
                    self.assertEqual([member for member, _, _ in own], members(header, name))
                    end = 0
                    for member, offset, size in own:
                        self.assertEqual(offset, end, f"padding before {member}")
                        end = offset + size
                    self.assertEqual(sizes[name], end, "padding at the end")


if __name__ == "__main__":
    COMPILERS.update({"c": [sys.argv[1]], "c++": [sys.argv[2]]})
    machine = subprocess.run([sys.argv[1], "-dumpmachine"], capture_output=True, text=True, check=True).stdout
    if not machine.startswith("x86_64-"):
        del ABIS["32 bits"]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
