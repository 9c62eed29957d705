// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "guestinfo.hpp"

#include <algorithm>

namespace vmguest::lab::backdoor {

bool GuestInfo::is_key(std::string_view key) {
    constexpr std::string_view prefix = "guestinfo.";
    return key.starts_with(prefix) && key.size() > prefix.size() && key.size() <= longest_key &&
           std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool GuestInfo::set(std::string_view key, std::string_view value) {
    if (!is_key(key))
        return false;
    const auto found = values_.find(key);
    const bool is_new = found == values_.end();
    const auto before = is_new ? 0 : key.size() + found->second.size();
    if (bytes_ - before + key.size() + value.size() > most_bytes ||
        (is_new && values_.size() >= most_keys))
        return false;
    bytes_ = bytes_ - before + key.size() + value.size();
    values_.insert_or_assign(std::string(key), std::string(value));
    return true;
}

const std::string* GuestInfo::get(std::string_view key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
}

} // namespace vmguest::lab::backdoor
