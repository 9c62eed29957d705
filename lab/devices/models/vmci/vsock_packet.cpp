// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Control packets as bytes; see the header.
#include "models/vmci/vsock_packet.hpp"

#include <array>
#include <cstring>
#include <type_traits>

namespace vmguest::lab::vmci::vsock {
namespace {

constexpr std::uint8_t wire_version = 1;

/// As the packet lies behind the datagram's header; guest and host are little-endian.
struct Layout {
    std::uint8_t version;
    std::uint8_t type;
    std::uint16_t proto;
    std::uint32_t from_port;
    std::uint32_t to_port;
    std::uint32_t reserved;
    std::uint64_t first;
    std::uint64_t second;
};
static_assert(sizeof(Layout) == packet_size && std::is_trivially_copyable_v<Layout>);

/// How many of the union's two words a type uses.
unsigned words_of(Type type) {
    switch (type) {
    case Type::invalid:
    case Type::wrote:
    case Type::read:
    case Type::rst:
        return 0;
    case Type::waiting_write:
    case Type::waiting_read:
        return 2;
    default:
        return 1;
    }
}

bool is_well_formed(const Layout& raw, const Packet& packet) {
    if (raw.version != wire_version || packet.from_port == any_port || packet.to_port == any_port)
        return false;
    if (packet.type < Type::request2 && (packet.proto != 0 || raw.reserved != 0))
        return false;
    switch (packet.type) {
    case Type::request:
    case Type::negotiate:
    case Type::request2:
    case Type::negotiate2:
        return packet.first != 0;
    case Type::offer:
    case Type::attach:
        return is_valid(packet.handle());
    default:
        return words_of(packet.type) != 0 || packet.first == 0;
    }
}

bool has_waste(const Layout& raw, Type type) {
    return raw.reserved != 0 || (words_of(type) < 2 && raw.second != 0) ||
           (words_of(type) < 1 && raw.first != 0);
}

} // namespace

std::string_view name_of(Type type) {
    static constexpr std::array<std::string_view, type_count> names = {
        "invalid", "request",  "negotiate",     "offer",        "attach",   "wrote",     "read",
        "rst",     "shutdown", "waiting_write", "waiting_read", "request2", "negotiate2"};
    return names.at(static_cast<std::size_t>(type));
}

Handle Packet::handle() const {
    return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(first >> 32)};
}

void Packet::set_handle(Handle handle) {
    first = std::uint64_t{handle.resource} << 32 | handle.context;
}

Decoded decode(std::span<const std::byte> payload) {
    Layout raw;
    if (payload.size() != sizeof raw)
        return {};
    std::memcpy(&raw, payload.data(), sizeof raw);
    Decoded found;
    found.packet = {Type::invalid, raw.proto, raw.from_port, raw.to_port, raw.first, raw.second};
    found.verdict = Verdict::unknown;
    if (raw.type >= type_count)
        return found;
    found.packet.type = static_cast<Type>(raw.type);
    found.verdict = is_well_formed(raw, found.packet) ? Verdict::good : Verdict::malformed;
    found.has_waste = has_waste(raw, found.packet.type);
    return found;
}

std::vector<std::byte> encode(const Packet& packet) {
    const Layout raw = {wire_version,   static_cast<std::uint8_t>(packet.type),
                        packet.proto,   packet.from_port,
                        packet.to_port, 0,
                        packet.first,   packet.second};
    std::vector<std::byte> bytes(sizeof raw);
    std::memcpy(bytes.data(), &raw, sizeof raw);
    return bytes;
}

} // namespace vmguest::lab::vmci::vsock
