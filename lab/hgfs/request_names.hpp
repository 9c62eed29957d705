// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What requests are called, for counters and people.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vmguest::hgfs {

/// By opcode: the same for all versions of a request ("getattr"), and "unknown" where there is no
/// layout.
std::span<const std::string_view> request_names();

/// The name for any number that a client takes for an opcode.
std::string_view request_name(std::uint32_t op);

} // namespace vmguest::hgfs
