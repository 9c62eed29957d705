// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The balloon's own account of every frame that the guest has given away. A frame in it carries a
// stamp, so that a guest which writes to one is found out when it takes the frame back.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "host.hpp"
#include "models/balloon/wire.hpp"

namespace vmguest::lab::balloon {

class Ledger {
public:
    explicit Ledger(Host& host) : host_(host) {}

    /// Take `count` frames from `frame` on (1 or 512, aligned to that), all or none of them. What a
    /// right driver never does is also reported as a fault of the guest: a frame that is no
    /// memory, or is in the balloon already.
    Status lock(std::uint64_t frame, std::uint64_t count);
    /// Give them back; a frame that was not in the balloon, or that the guest has written to since
    /// it was, is a fault.
    Status unlock(std::uint64_t frame, std::uint64_t count);
    /// The guest has started anew: all frames are its own again.
    void forget() { frames_.clear(); }

    std::uint64_t size() const { return frames_.size(); } ///< in frames of 4 KiB
    bool holds(std::uint64_t frame) const { return frames_.contains(frame); }

private:
    Status fault(Status status, std::uint64_t frame, const std::string& what);
    bool put_stamp(std::uint64_t frame);
    bool has_stamp(std::uint64_t frame);
    void wipe(std::uint64_t frame);

    Host& host_;
    std::unordered_set<std::uint64_t> frames_;
};

} // namespace vmguest::lab::balloon
