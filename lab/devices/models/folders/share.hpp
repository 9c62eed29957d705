// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the user says is shared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vmguest::lab::folders {

/// A folder of the host's that the guest may use.
struct Share {
    std::string name, folder;
    bool is_read_only = false;
};

/// Add what a model's option says, NAME=FOLDER. False if it is not of that form.
inline bool add_share(std::string_view text, bool is_read_only, std::vector<Share>& shares) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos || equals + 1 == text.size())
        return false;
    shares.push_back(
        {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)), is_read_only});
    return true;
}

} // namespace vmguest::lab::folders
