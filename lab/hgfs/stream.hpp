// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Packets in a stream of bytes: each one follows its length, 32 bits little-endian. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "wire.hpp"

namespace vmguest::hgfs {

/// Cuts a stream into packets.
class FrameReader {
public:
    /// No packet may be longer than `max_packet` bytes.
    explicit FrameReader(std::size_t max_packet) : max_packet_(max_packet) {}

    /// Take what has arrived.
    void feed(Bytes bytes);

    /// The next whole packet, if it has arrived.
    std::optional<Packet> next();

    /// A length beyond the limit was announced: nothing after it can be understood.
    bool is_broken() const;

private:
    std::optional<std::uint32_t> length() const;

    std::size_t max_packet_;
    Packet pending_;
    std::size_t taken_ = 0; ///< bytes of `pending_` that next() has returned already
};

/// Append a packet and its length to what is to be sent.
void append_frame(Packet& stream, Bytes packet);

} // namespace vmguest::hgfs
