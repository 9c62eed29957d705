// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A guest that reaches Shared Folders through VMCI: it lays packets into its memory and sends
// datagrams that say where.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "folders_packets.hpp"
#include "vmci_guest.hpp"

namespace vmguest::lab::vmci {

class FoldersGuest {
public:
    static constexpr Handle server = {hypervisor_context, 13};
    static constexpr std::uint64_t buffer = 0x20'0010; ///< in the middle of a page
    static constexpr std::uint64_t data_area = 0x80'0000;
    static constexpr std::uint32_t self = 2000; ///< the resource that asks

    struct Piece {
        std::uint64_t address;
        std::uint32_t size;
    };

    explicit FoldersGuest(const std::string& options, std::size_t memory = std::size_t{16} << 20)
        : guest(options, memory) {}

    void lay(std::uint64_t address, std::string_view bytes) {
        std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(),
                    guest.host.memory.begin() + static_cast<std::ptrdiff_t>(address));
    }
    std::string look(std::uint64_t address, std::size_t size) const {
        return {reinterpret_cast<const char*>(guest.host.memory.data()) + address, size};
    }

    static std::string pieces(const std::vector<Piece>& all) {
        std::string bytes;
        for (const auto& one : all)
            bytes += packets::number(one.address, 8) + packets::number(one.size);
        return bytes;
    }
    /// A datagram's payload in either version.
    static std::string header(unsigned version, const std::vector<Piece>& all,
                              std::uint32_t type = 1, std::uint64_t id = 77) {
        using packets::number;
        const auto size = static_cast<std::uint32_t>(all.size());
        if (version == 1)
            return number(1) + number(type) + number(size) + pieces(all);
        return number(version) + number(type) + number(0) + number(id, 8) + number(1, 8) +
               number(0) + number(0, 8) + number(0, 8) + number(size) + pieces(all);
    }
    std::int32_t send(std::string_view payload) {
        const auto bytes = std::as_bytes(std::span(payload));
        return guest.send(server, {bytes.begin(), bytes.end()}, self);
    }

    /// A packet in the first piece, with room for `room` bytes; whatever it comes to is in
    /// `buffer`. Gives RESULT_LOW.
    std::int32_t post(std::string_view packet, std::uint32_t room = 1U << 20,
                      const std::vector<Piece>& data = {}) {
        using packets::number;
        lay(buffer, number(0) + number(8 + room) + std::string(packet));
        std::vector<Piece> all = {{buffer, static_cast<std::uint32_t>(8 + packet.size())}};
        all.insert(all.end(), data.begin(), data.end());
        return send(header(version, all));
    }
    std::uint32_t state() { return guest.peek<std::uint32_t>(buffer); }
    std::uint32_t size() { return guest.peek<std::uint32_t>(buffer + 4); }
    /// The reply, or "" if the state does not say that there is one.
    std::string reply() { return state() == 1 ? look(buffer + 8, size() - 8) : ""; }
    std::string ask(std::string_view packet, const std::vector<Piece>& data = {}) {
        return post(packet, 1U << 20, data) > 0 ? reply() : "";
    }
    std::uint64_t make_session() {
        const auto answer = ask(packets::session_packet());
        return packets::number_at(answer, 52, 8);
    }

    Guest guest;
    unsigned version = 2;
};

} // namespace vmguest::lab::vmci
