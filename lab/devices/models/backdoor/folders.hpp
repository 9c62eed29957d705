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
    /// The server is started anew: it knows no session and no open file any more.
    virtual void restart() = 0;
    /// `model backdoor hgfs WORD…` of the control socket.
    virtual Reply command(std::span<const std::string_view> words) = 0;
    /// What requests are called, in rules of the hostile mode and in counters.
    virtual std::span<const std::string_view> kinds() const = 0;
};

} // namespace vmguest::lab::backdoor
