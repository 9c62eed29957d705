// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The way to the host side: one line out, one line back, one caller at a time.
#pragma once

#include <stdexcept>
#include <string>

namespace vmguest::labctl {

/// The host side cannot be reached; what() is one sentence with cause and next step.
class Unreachable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Send one line (without its newline) over the port or unix socket at `path` and return the
/// answer's line. Waits for as long as the host side takes. Throws Unreachable.
std::string exchange(const std::string& path, const std::string& line);

} // namespace vmguest::labctl
