// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the user may choose about the VMCI device; see the header.
#include "models/vmci/settings.hpp"

#include <algorithm>

#include "models/vmci/names.hpp"

namespace vmguest::lab::vmci {
namespace {

/// The text up to the next `end`, which is taken away from `text` with it.
std::string_view cut(std::string_view& text, char end) {
    const auto at = std::min(text.find(end), text.size());
    const auto part = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return part;
}

bool apply(Settings& settings, std::string_view key, std::string_view value) {
    const auto number = parse_word(value);
    if (key == "mode" && (value == "port" || value == "mmio"))
        settings.is_mmio = value == "mmio";
    else if (key == "vectors" && number && *number < 2)
        settings.some_vectors = *number;
    else if (key == "msi" && (value == "on" || value == "off"))
        settings.has_msi = value == "on";
    else if (key == "caps" && number)
        settings.some_capabilities = *number;
    else if (key == "context" && number && is_vm(*number))
        settings.context = *number;
    else if (key == "share" || key == "share-ro")
        return folders::add_share(value, key == "share-ro", settings.shares);
    else if (key == "hostile")
        while (!value.empty())
            settings.hostile.emplace_back(cut(value, ';'));
    else
        return false;
    return true;
}

} // namespace

Result<Settings> parse_settings(std::string_view text) {
    Settings settings;
    while (!text.empty()) {
        const auto setting = cut(text, ',');
        auto value = setting;
        const auto key = cut(value, '=');
        if (!apply(settings, key, value))
            return Failure{"'" + std::string(setting) +
                           "' is no setting of vmci: it knows mode=port|mmio, vectors=0|1, "
                           "msi=on|off, caps=MASK, context=NUMBER (from 3 on), share=NAME=FOLDER, "
                           "share-ro=NAME=FOLDER and hostile=RULES"};
    }
    return settings;
}

} // namespace vmguest::lab::vmci
