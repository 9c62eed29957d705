// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders as the backdoor sees them: a packet in, a packet out. What is in a packet is known
// behind this interface only.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "faults.hpp"

namespace vmguest::lab::backdoor {

/// The host's server of one machine, whichever channels the packets come over.
class SharedFolders {
public:
    virtual ~SharedFolders() = default;

    /// The reply to a packet, empty if it gets none; nothing at all while sharing is disabled.
    /// Faults at Point::folders are the server's to commit.
    virtual std::optional<std::string> process(std::string_view packet, Faults& faults) = 0;
    virtual bool are_enabled() const = 0;
    /// Disabling ends all open files.
    virtual void enable(bool on) = 0;
    /// The server is started anew: it knows no session and no open file any more.
    virtual void restart() = 0;
    /// For people: what is shared, what is open, what was asked.
    virtual nlohmann::json show() const = 0;
    /// What requests are called, in rules of the hostile mode and in counters.
    virtual std::span<const std::string_view> kinds() const = 0;
};

} // namespace vmguest::lab::backdoor
