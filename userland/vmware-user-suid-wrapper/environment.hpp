// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The environment that the agent starts with: a fixed PATH, and of what the user has, what a
// desktop's program needs and whose value looks as it should. Nothing else is passed on, so
// whatever steers the dynamic loader, libc, toolkits or shells is not either. Nothing is allocated.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace vmguest::handover {

/// Names that may be passed on; see the table in environment.cpp.
inline constexpr std::size_t allowed_names = 38;

/// Bytes of a value that may be passed on, at most.
inline constexpr std::size_t longest_value = 4096;

/// Whether this variable may be passed on with this value.
bool may_pass(std::string_view name, std::string_view value);

/// What the agent gets. Of several entries with one name the first counts, as for getenv(3).
class Environment {
public:
    /// GIVEN ends with a null pointer, and has to stay as it is: its entries are pointed to.
    /// Entries without '=' and such that are too long are left out.
    explicit Environment(const char* const* given);

    /// For execve(2).
    char* const* entries() const { return const_cast<char* const*>(entries_.data()); }

private:
    std::array<const char*, allowed_names + 2> entries_ = {};
};

} // namespace vmguest::handover
