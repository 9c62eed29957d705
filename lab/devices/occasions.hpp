// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// When a rule of a hostile script applies.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vmguest::lab {

/// At the first occasion, unless words in front of the rule say otherwise: "+N" leaves N alone
/// first, "xN" makes it N of them, "x*" all.
class Occasions {
public:
    /// False if the word is none of these.
    bool take_modifier(std::string_view word);
    /// This is one: whether the rule applies.
    bool strike();

private:
    std::uint64_t skip_ = 0;
    std::optional<std::uint64_t> times_ = 1;
};

} // namespace vmguest::lab
