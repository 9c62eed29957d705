// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "environment.hpp"

#include <algorithm>
#include <cstring>

namespace vmguest::handover {
namespace {

constexpr const char* fixed_path = "PATH=/usr/local/bin:/usr/bin:/bin";

constexpr bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Whether each of the parts between separators fits.
template <class Fits>
bool all_parts(std::string_view value, char separator, Fits fits) {
    for (;;) {
        const auto end = value.find(separator);
        if (!fits(value.substr(0, end)))
            return false;
        if (end == std::string_view::npos)
            return true;
        value.remove_prefix(end + 1);
    }
}

/// Printable ASCII without spaces.
bool is_word(std::string_view value) {
    return !value.empty() && std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7f; });
}

/// From the root on: what the agent would find must not depend on where it runs.
bool is_path(std::string_view value) {
    return value.starts_with('/') && std::ranges::none_of(value, is_control);
}

bool is_path_list(std::string_view value) {
    return all_parts(value, ':', is_path);
}

bool is_path_or_word(std::string_view value) {
    return is_path(value) || (is_word(value) && value.find('/') == std::string_view::npos);
}

/// No slash: libc would take such a locale for a file to be loaded.
bool is_locale(std::string_view value) {
    return !value.empty() && std::ranges::all_of(value, [](char c) {
        return is_alphanumeric(c) || std::string_view("_.@-:").find(c) != std::string_view::npos;
    });
}

/// Sockets alone: other transports of D-Bus run programs ("unixexec:", "autolaunch:").
bool is_bus(std::string_view value) {
    return is_word(value) && all_parts(value, ';', [](std::string_view address) {
               return address.starts_with("unix:");
           });
}

struct Rule {
    std::string_view name;
    bool (*fits)(std::string_view value);
};

constexpr std::array<Rule, allowed_names> rules = {{
    {"DBUS_SESSION_BUS_ADDRESS", is_bus},
    {"DESKTOP_SESSION", is_word},
    {"DISPLAY", is_word},
    {"GDMSESSION", is_word},
    {"GNOME_DESKTOP_SESSION_ID", is_word},
    {"HOME", is_path},
    {"KDE_FULL_SESSION", is_word},
    {"KDE_SESSION_VERSION", is_word},
    {"LANG", is_locale},
    {"LANGUAGE", is_locale},
    {"LC_ADDRESS", is_locale},
    {"LC_ALL", is_locale},
    {"LC_COLLATE", is_locale},
    {"LC_CTYPE", is_locale},
    {"LC_IDENTIFICATION", is_locale},
    {"LC_MEASUREMENT", is_locale},
    {"LC_MESSAGES", is_locale},
    {"LC_MONETARY", is_locale},
    {"LC_NAME", is_locale},
    {"LC_NUMERIC", is_locale},
    {"LC_PAPER", is_locale},
    {"LC_TELEPHONE", is_locale},
    {"LC_TIME", is_locale},
    {"LOGNAME", is_word},
    {"USER", is_word},
    {"WAYLAND_DISPLAY", is_path_or_word},
    {"XAUTHORITY", is_path},
    {"XDG_CACHE_HOME", is_path},
    {"XDG_CONFIG_DIRS", is_path_list},
    {"XDG_CONFIG_HOME", is_path},
    {"XDG_CURRENT_DESKTOP", is_word},
    {"XDG_DATA_DIRS", is_path_list},
    {"XDG_DATA_HOME", is_path},
    {"XDG_RUNTIME_DIR", is_path},
    {"XDG_SEAT", is_word},
    {"XDG_SESSION_ID", is_word},
    {"XDG_SESSION_TYPE", is_word},
    {"XDG_STATE_HOME", is_path},
}};

/// An index into the table, or its size.
std::size_t rule_of(std::string_view name) {
    const auto rule = std::ranges::find(rules, name, &Rule::name);
    return static_cast<std::size_t>(rule - rules.begin());
}

} // namespace

bool may_pass(std::string_view name, std::string_view value) {
    const auto index = rule_of(name);
    return index < rules.size() && value.size() <= longest_value && rules[index].fits(value);
}

Environment::Environment(const char* const* given) {
    std::array<bool, allowed_names> has_come = {};
    std::size_t count = 0;
    entries_[count++] = fixed_path;
    for (; *given; ++given) {
        const std::string_view entry(*given);
        const auto name = entry.substr(0, entry.find('='));
        const auto index = rule_of(name);
        if (name.size() == entry.size() || index == rules.size() || has_come[index])
            continue;
        has_come[index] = true;
        if (may_pass(name, entry.substr(name.size() + 1)))
            entries_[count++] = *given;
    }
}

} // namespace vmguest::handover
