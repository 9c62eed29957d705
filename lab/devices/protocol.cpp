// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The line protocol; see the header.
#include "protocol.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

namespace vmguest::lab {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view without_leading_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

} // namespace

std::optional<std::string> LineBuffer::next() {
    const auto end = bytes_.find('\n');
    if (end == std::string::npos)
        return std::nullopt;
    auto line = bytes_.substr(0, end);
    bytes_.erase(0, end + 1);
    if (!line.empty() && line.back() == '\r')
        line.pop_back();
    return line;
}

Request split_request(std::string_view line) {
    line = without_leading_blanks(line);
    const auto end = line.find_first_of(blanks);
    if (end == std::string_view::npos)
        return {line, {}};
    return {line.substr(0, end), without_leading_blanks(line.substr(end))};
}

Result<std::vector<std::string>> split_words(std::string_view text) {
    std::vector<std::string> words;
    if (text.starts_with('[')) {
        const auto list = nlohmann::json::parse(text, nullptr, false);
        if (!list.is_array())
            return Failure{"the words are no JSON list: check its syntax"};
        for (const auto& word : list) {
            if (!word.is_string())
                return Failure{"the list of words holds something that is no string"};
            words.push_back(word.get<std::string>());
        }
        return words;
    }
    for (auto request = split_request(text); !request.verb.empty();
         request = split_request(request.rest))
        words.emplace_back(request.verb);
    return words;
}

std::optional<std::uint64_t> parse_number(std::string_view word) {
    std::uint64_t value = 0;
    const bool is_hex = word.starts_with("0x");
    if (is_hex)
        word.remove_prefix(2);
    const char* end = word.data() + word.size();
    const auto result = std::from_chars(word.data(), end, value, is_hex ? 16 : 10);
    if (result.ec != std::errc{} || result.ptr != end)
        return std::nullopt;
    return value;
}

} // namespace vmguest::lab
