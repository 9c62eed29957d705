// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Pieces of text and bytes that the parts of the backdoor share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmguest::lab::backdoor {

/// Take what stands before the first `separator` off the front, and the separator with it.
std::string_view cut(std::string_view& text, char separator);
/// Decimal, or hexadecimal after "0x"; nothing if it is anything else or needs more than 32 bits.
std::optional<std::uint32_t> parse_number(std::string_view text);
/// Without blanks at both ends.
std::string_view trim(std::string_view text);
/// Printable on one line: other bytes become \xNN, and what is longer than `longest` is cut.
std::string printable(std::string_view text, std::size_t longest);

} // namespace vmguest::lab::backdoor
