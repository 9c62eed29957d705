// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// When a rule of a hostile script applies; see the header.
#include "occasions.hpp"

#include "protocol.hpp"

namespace vmguest::lab {

bool Occasions::take_modifier(std::string_view word) {
    if (word == "x*") {
        times_ = std::nullopt;
        return true;
    }
    const auto number = word.empty() ? std::nullopt : parse_number(word.substr(1));
    if (number && word.front() == 'x')
        times_ = *number;
    else if (number && word.front() == '+')
        skip_ = *number;
    else
        return false;
    return true;
}

bool Occasions::strike() {
    if (times_ && *times_ == 0)
        return false;
    if (skip_ > 0) {
        --skip_;
        return false;
    }
    if (times_)
        --*times_;
    return true;
}

} // namespace vmguest::lab
