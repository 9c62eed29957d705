// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Small helpers for reading the kernel's text files.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmguest::labctl {

/// The whole file; empty if it cannot be read.
inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Entries of a directory in order of name; none if it cannot be read.
inline std::vector<std::filesystem::path> directories(const std::filesystem::path& path) {
    std::vector<std::filesystem::path> entries;
    std::error_code error;
    for (std::filesystem::directory_iterator it(path, error), end; !error && it != end;
         it.increment(error))
        entries.push_back(it->path());
    std::sort(entries.begin(), entries.end());
    return entries;
}

inline std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (std::size_t at = text.find_first_not_of(separators); at != std::string_view::npos;) {
        const auto end = std::min(text.find_first_of(separators, at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = text.find_first_not_of(separators, end);
    }
    return parts;
}

/// Lines that are not empty, and words of a line.
inline std::vector<std::string_view> lines(std::string_view text) {
    return split(text, "\n");
}
inline std::vector<std::string_view> words(std::string_view text) {
    return split(text, " \t\n");
}

inline std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || rest != end)
        return std::nullopt;
    return value;
}

/// "0xffffffffc0000000\n" or without 0x.
inline std::optional<std::uint64_t> parse_hex(std::string_view text) {
    if (text.ends_with('\n'))
        text.remove_suffix(1);
    if (text.starts_with("0x"))
        text.remove_prefix(2);
    return parse_number(text, 16);
}

} // namespace vmguest::labctl
