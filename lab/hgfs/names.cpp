// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "names.hpp"

#include <algorithm>
#include <cstdint>

namespace vmguest::hgfs {
namespace {

using std::string_view;

/// The part of an escape that replaces '/', the mark of a literal one, and its end.
constexpr char substitute = '!';
constexpr char literal_mark = ']';
constexpr char escape_end = '%';

/// The number of ']' in what looks like an escape at `at` ("!%", "!]%", "!]]%", …), or npos.
std::size_t marks_at(string_view text, std::size_t at) {
    if (text[at] != substitute)
        return string_view::npos;
    const std::size_t end = text.find_first_not_of(literal_mark, at + 1);
    if (end == string_view::npos || text[end] != escape_end)
        return string_view::npos;
    return end - at - 1;
}

struct Sequence {
    std::size_t length = 0; ///< 0: this is no UTF-8
    std::uint32_t lowest = 0;
    std::uint32_t value = 0;
};

Sequence lead_byte(std::uint8_t byte) {
    if (byte < 0x80)
        return {.length = 1, .lowest = 1, .value = byte};
    if ((byte & 0xe0U) == 0xc0)
        return {.length = 2, .lowest = 0x80, .value = byte & 0x1fU};
    if ((byte & 0xf0U) == 0xe0)
        return {.length = 3, .lowest = 0x800, .value = byte & 0x0fU};
    if ((byte & 0xf8U) == 0xf0)
        return {.length = 4, .lowest = 0x1'0000, .value = byte & 0x07U};
    return {};
}

/// The length of the character at the beginning of `text`, 0 if there is none.
std::size_t character_length(string_view text) {
    Sequence found = lead_byte(static_cast<std::uint8_t>(text[0]));
    if (found.length == 0 || found.length > text.size())
        return 0;
    for (const char c : text.substr(1, found.length - 1)) {
        const auto byte = static_cast<std::uint8_t>(c);
        if ((byte & 0xc0U) != 0x80)
            return 0;
        found.value = found.value << 6 | (byte & 0x3fU);
    }
    const bool is_surrogate = found.value >= 0xd800 && found.value <= 0xdfff;
    return found.value < found.lowest || found.value > 0x10'ffff || is_surrogate ? 0 : found.length;
}

char fold(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Status check_component(string_view component) {
    if (component == "." || component == ".." || !is_utf8(component))
        return Status::invalid_name;
    return component.size() > max_component ? Status::name_too_long : Status::success;
}

} // namespace

bool is_utf8(string_view text) {
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string escape(string_view component) {
    std::string name;
    name.reserve(component.size());
    for (std::size_t at = 0; at < component.size(); ++at) {
        if (component[at] == '/') {
            name += {substitute, escape_end};
            continue;
        }
        const std::size_t marks = marks_at(component, at);
        name += component[at];
        if (marks != string_view::npos) {
            name.append(marks + 1, literal_mark);
            at += marks;
        }
    }
    return name;
}

std::string unescape(string_view host_name) {
    std::string component;
    component.reserve(host_name.size());
    for (std::size_t at = 0; at < host_name.size(); ++at) {
        const std::size_t marks = marks_at(host_name, at);
        if (marks == string_view::npos) {
            component += host_name[at];
        } else if (marks == 0) {
            component += '/';
            ++at;
        } else {
            component += substitute;
            component.append(marks - 1, literal_mark);
            at += marks;
        }
    }
    return component;
}

Outcome<Location> parse_name(string_view wire) {
    Location location;
    if (wire.empty())
        return location;
    if (wire.front() == '\0' || wire.back() == '\0')
        return Status::invalid_name;
    if (wire.size() > max_name)
        return Status::name_too_long;
    while (!wire.empty()) {
        const string_view component = wire.substr(0, wire.find('\0'));
        wire.remove_prefix(std::min(component.size() + 1, wire.size()));
        if (component.empty())
            continue; // NULs in a row count as one
        if (const Status status = check_component(component); status != Status::success)
            return status;
        if (location.share.empty())
            location.share = component;
        else
            location.path.push_back(escape(component));
    }
    return location;
}

std::string wire_name(const Location& location) {
    std::string name = location.share;
    for (const std::string& component : location.path) {
        name += '\0';
        name += unescape(component);
    }
    return name;
}

std::string swap_link(string_view target) {
    std::string swapped(target);
    for (char& c : swapped) {
        if (c == '/')
            c = '\0';
        else if (c == '\0')
            c = '/';
    }
    return swapped;
}

bool equal_caseless(string_view a, string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return fold(x) == fold(y); });
}

std::size_t names_bytes(const Components& names) {
    std::size_t bytes = 0;
    for (const std::string& name : names)
        bytes += name.size() + sizeof(std::string);
    return bytes;
}

bool begins_with(const Components& path, const Components& above) {
    return above.size() <= path.size() && std::equal(above.begin(), above.end(), path.begin());
}

std::string host_path(const Components& path) {
    std::string joined;
    for (const std::string& component : path) {
        if (!joined.empty())
            joined += '/';
        joined += component;
    }
    return joined.empty() ? "." : joined;
}

} // namespace vmguest::hgfs
