// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Gives a program the ports of the backdoor, which the real platform lets every program use.
#pragma once

#include <string>
#include <vector>

namespace vmguest::labctl {

/// Become the program `words`, found by PATH, with leave to use the backdoor's ports; its children
/// inherit it. Returns only if that fails: the sentence that says why.
std::string run_with_ports(const std::vector<std::string>& words);

} // namespace vmguest::labctl
