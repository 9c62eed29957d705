// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The border between QEMU's C and our C++: no exception may pass it.
#pragma once

#include <cstdio>
#include <exception>

namespace vmguest::lab {

/// Run `body`; if it throws, say so on stderr and give back `otherwise`.
template <class Body, class Value>
Value guarded(const char* who, Value otherwise, Body&& body) noexcept {
    try {
        return body();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vmguest-lab: %s: %s\n", who, error.what());
    } catch (...) {
        std::fprintf(stderr, "vmguest-lab: %s: unknown exception\n", who);
    }
    return otherwise;
}

template <class Body>
void guarded(const char* who, Body&& body) noexcept {
    guarded(who, 0, [&] {
        body();
        return 0;
    });
}

} // namespace vmguest::lab
