// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header. A backslash takes the meaning from a comma, a colon or a backslash.
#include "overlay.hpp"

#include <filesystem>

namespace vmguest {
namespace {

/// Parts between `separator`s, escapes left in them.
std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == separator) {
            parts.push_back(text.substr(begin, i - begin));
            begin = i + 1;
        }
    }
    parts.push_back(text.substr(begin));
    return parts;
}

/// As paths of mount points are written: no escapes, no "..", no slash at the end.
std::string plain(std::string_view text) {
    std::string path;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size())
            ++i;
        path += text[i];
    }
    path = std::filesystem::path(path).lexically_normal().string();
    if (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    return path;
}

} // namespace

std::vector<std::string> overlay_layers(std::string_view super_options) {
    std::vector<std::string> layers;
    for (const auto option : split(super_options, ',')) {
        const auto equals = option.find('=');
        const auto name = option.substr(0, equals);
        // Linux 6.5 and later write one "lowerdir+=" for each folder.
        if (equals == option.npos ||
            (name != "upperdir" && name != "lowerdir" && name != "lowerdir+" && name != "datadir+"))
            continue;
        for (const auto folder : split(option.substr(equals + 1), ':'))
            if (folder.starts_with('/'))
                layers.push_back(plain(folder));
    }
    return layers;
}

std::string overlay_upper(std::string_view super_options) {
    for (const auto option : split(super_options, ','))
        if (option.starts_with("upperdir=/"))
            return plain(option.substr(9));
    return {};
}

} // namespace vmguest
