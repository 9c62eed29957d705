// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The statistics that the host gives its guest: the two layouts that guests ask for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmguest::lab::backdoor {

/// The values and how they are laid out.
class Guestlib {
public:
    static constexpr std::size_t numbers = 38; ///< statistics of version 3, by their ids from 1 on
    static constexpr std::size_t v2_size = 669;

    /// With the values of a machine that was made up.
    Guestlib();

    /// A statistic by its name, `session`, or `pool` (text); without a value the host does not
    /// provide it. False if there is no such name or the value does not fit.
    bool set(std::string_view name, std::optional<std::string_view> value);
    /// The data of this version, 2 or 3.
    std::string data(unsigned version) const;

private:
    std::string version2() const;
    std::string version3() const;

    std::uint64_t session_ = 1;
    std::array<std::optional<std::uint64_t>, numbers> values_;
    std::optional<std::string> pool_;
};

} // namespace vmguest::lab::backdoor
