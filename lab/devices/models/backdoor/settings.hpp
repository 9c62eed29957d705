// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the user may choose about the backdoor: the text behind `port=backdoor:`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../../host.hpp"
#include "../folders/share.hpp"

namespace vmguest::lab::backdoor {

/// The defaults are those of the platform as far as they are known.
struct Settings {
    unsigned channels = 128;        ///< that may be open at a time
    std::chrono::seconds idle{80};  ///< without a step, after which a channel is closed
    std::chrono::seconds reply{15}; ///< that the guest has for a TCLO request
    bool high_send = true;          ///< the high-bandwidth port is offered for messages to the host
    bool high_receive = true;       ///< and for those to the guest
    std::uint32_t product = 2;      ///< as GETVERSION says: 2 ESX, 4 Workstation
    unsigned guestlib = 3;          ///< highest version of the statistics; 0: they are disabled
    bool has_hz = true;             ///< GETHZ and GETMHZ are answered
    bool has_start = true;          ///< a new TCLO channel gets the usual first requests
    std::string hostile;            ///< a script for Faults, in force from the start
    std::vector<folders::Share> shares;
    std::optional<std::uint32_t> message; ///< longest of the guest's, in bytes; see below

    /// If nobody has said it: longer where there are Shared Folders.
    std::uint32_t longest_message() const;
    /// An HGFS packet that it has room for.
    std::uint32_t longest_packet() const;
};

/// Read `key=value[,key=value]…`; empty text gives the defaults. Fails with a sentence.
Result<Settings> parse_settings(std::string_view text);

} // namespace vmguest::lab::backdoor
