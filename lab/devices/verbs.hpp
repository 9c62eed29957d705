// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The verbs of the control socket.
#pragma once

#include <string>
#include <string_view>

namespace vmguest::lab {

/// Answer one request line with one line of JSON.
std::string answer(std::string_view line);

} // namespace vmguest::lab
