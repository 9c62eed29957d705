# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Mistakes that the HGFS server might have. A fuzzer whose corpus is blind to one of them is no proof."""

# What it is, where, what stands there, what is put in its place.
HGFS = [
    ("any name is as long as it says", "codec.cpp", "if (length > payload.size() - fixed_end)", "if (length > 0x7fffffff)"),
    ("a name has no byte after it", "codec.cpp", "if (length > payload.size() - fixed_end)", "if (length > payload.size() - fixed_end + 1)"),
    ("the second name follows without a byte", "codec.cpp", "found.end = fixed_end + length;", "found.end = fixed_end + length - 1;"),
    ("a write has as much data as it says", "codec.cpp", "if (request.count > data.size())", "if (request.count > data.size() + 1)"),
    ("a packet ends where it says", "codec.cpp", "size > packet.size() || ", ""),
    ("'..' is a name", "names.cpp", 'component == ".." || ', ""),
    ("an escape is not marked", "names.cpp", "name.append(marks + 1, literal_mark);", "name.append(marks, literal_mark);"),
    ("links lead out of a share", "beneath.cpp", "how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;", "how.resolve = 0;"),
    ("read-only shares can be written", "operations.cpp", "return share.policy.read_only ? Status::access_denied : Status::success;", "return share.policy.read_only && !share.alive ? Status::access_denied : Status::success;"),
    ("a read is as long as it wants", "operations_file.cpp", "overhead > call.room || request->count > call.room - overhead", "overhead > call.room"),
    ("handles are used again", "handles.cpp", "return counter_++;", "return counter_;"),
]  # fmt: skip
