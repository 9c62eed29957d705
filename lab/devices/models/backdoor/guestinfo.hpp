// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The guestinfo variables: names and values that guest and host both read and write.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace vmguest::lab::backdoor {

/// The store; nothing in it is trusted or interpreted.
class GuestInfo {
public:
    using Values = std::map<std::string, std::string, std::less<>>;
    static constexpr std::size_t longest_key = 256;
    static constexpr std::size_t most_keys = 4096;
    static constexpr std::size_t most_bytes = 1U << 20; ///< of all keys and values together

    /// Keys have the form guestinfo.NAME, printable and without blanks.
    static bool is_key(std::string_view key);
    /// False if this is no key, or a limit would be exceeded: then nothing changes.
    bool set(std::string_view key, std::string_view value);
    /// Null if there is no such variable.
    const std::string* get(std::string_view key) const;
    /// All of them, by name.
    const Values& values() const { return values_; }

private:
    Values values_;
    std::size_t bytes_ = 0;
};

} // namespace vmguest::lab::backdoor
