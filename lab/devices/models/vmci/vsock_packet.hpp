// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Control packets of vsock over VMCI: the 32 bytes behind a datagram's header. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci::vsock {

/// Control packets go to and come from this resource of a context.
constexpr std::uint32_t control_resource = 1;
constexpr std::uint32_t any_port = 0xffff'ffff; ///< stands for no port

enum class Type : std::uint8_t {
    invalid, ///< the answer to a type that is not known
    request,
    negotiate,
    offer,
    attach,
    wrote,
    read,
    rst,
    shutdown,
    waiting_write,
    waiting_read,
    request2,
    negotiate2,
};
constexpr std::size_t type_count = 13;
std::string_view name_of(Type type);

/// The one bit of a protocol that is assigned: both ends look at the queue to know when to tell.
constexpr std::uint16_t queue_state_bit = 1;

/// Bits of SHUTDOWN's mode: what the sender does no more.
constexpr std::uint64_t shut_receive = 1, shut_send = 2, shut_both = 3;

/// A packet as its sender sees it.
struct Packet {
    Type type = Type::invalid;
    std::uint16_t proto = 0;
    std::uint32_t from_port = 0;
    std::uint32_t to_port = 0;
    std::uint64_t first = 0;  ///< size, mode, handle or generation
    std::uint64_t second = 0; ///< offset

    Handle handle() const;
    void set_handle(Handle handle);
    /// What goes back to its sender.
    Packet answer(Type with) const { return {with, 0, to_port, from_port, 0, 0}; }
    friend bool operator==(const Packet&, const Packet&) = default;
};

/// What the strict receivers among the known ones make of some bytes.
enum class Verdict {
    good,
    runt,      ///< no packet, there is nobody to answer
    unknown,   ///< of no known type, to be answered by INVALID
    malformed, ///< to be answered by RST
};

struct Decoded {
    Verdict verdict = Verdict::runt;
    Packet packet;          ///< its ports are right unless it is a runt
    bool has_waste = false; ///< bytes that mean nothing are not zero
};

constexpr std::size_t packet_size = 32;
Decoded decode(std::span<const std::byte> payload);
std::vector<std::byte> encode(const Packet& packet);

} // namespace vmguest::lab::vmci::vsock
