// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A root directory of the bench's own, so that only what is measured is in a path. The lab's root
// is an overlay upon 9p, which is asked anew at each step of a path; no guest of a customer's is.
#pragma once

#include <string>

namespace vmguest::blockbench {

/// Where dropped files are, as both flavours of vmblock know it; a link's text begins with it.
inline constexpr const char* staging = "/tmp/VMwareDnD";

/// Make the directory tree on a tmpfs, and show its /tmp as /tmp to this program and its children.
void make_world();
/// A path in it, as long as it has not been entered.
std::string in_world(const std::string& path);
/// From here on its root is ours, and `directory` of it the working directory.
void enter_world(const std::string& directory);

} // namespace vmguest::blockbench
