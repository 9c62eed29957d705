// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The line protocol of the control socket, without the socket: cuts lines out of a byte stream
// within a bound and splits a request into its words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host.hpp"

namespace vmguest::lab {

/// Collects bytes and hands out whole lines.
class LineBuffer {
public:
    explicit LineBuffer(std::size_t longest) : longest_(longest) {}

    void append(std::string_view bytes) { bytes_.append(bytes); }
    /// The next line without its end, or nothing if none is complete.
    std::optional<std::string> next();
    /// More bytes without a line end than a line may have: the peer must be turned away.
    bool is_too_long() const { return bytes_.size() > longest_; }

private:
    std::size_t longest_;
    std::string bytes_;
};

/// The verb and what follows it.
struct Request {
    std::string_view verb;
    std::string_view rest;
};
Request split_request(std::string_view line);

/// Words separated by blanks, or, if the text begins with '[', a JSON list of strings.
Result<std::vector<std::string>> split_words(std::string_view text);

/// Decimal, or hexadecimal after "0x"; nothing if it is anything else or needs more than 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view word);

} // namespace vmguest::lab
