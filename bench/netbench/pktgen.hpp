// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The kernel's packet generator, which hands a driver packets in bursts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vmguest::netbench {

/// Drives pktgen's first thread; undoes its settings at the end.
class Pktgen {
public:
    /// Load the module if need be; whether it is there.
    static bool is_available();

    Pktgen(const std::string& interface, const std::string& peer);
    ~Pktgen();
    Pktgen(const Pktgen&) = delete;
    Pktgen& operator=(const Pktgen&) = delete;

    /// Frames of 60 bytes, one skb for all frames of a burst.
    void configure(std::uint64_t frames, unsigned burst) const;
    /// Returns when all frames have been handed over.
    void run() const;
    /// Frames that the driver took in the last run.
    std::uint64_t sent() const;
    /// How long the last run took, without pktgen's own preparations.
    double seconds() const;

private:
    std::uint64_t number_after(std::string_view key) const;

    std::string interface_;
    std::string peer_;
    std::string peer_mac_;
};

} // namespace vmguest::netbench
