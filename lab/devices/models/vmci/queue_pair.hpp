// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The two rings of a pair, seen from the host.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "models/vmci/bus.hpp"
#include "models/vmci/host_end.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// Memory is the guest's pages. Where the host reads and writes next it knows by itself; what the
/// guest may write to is only looked at, once for each use.
class QueuePair final : public HostPair {
public:
    enum class Index { tail, head };

    /// Sizes are the guest's.
    QueuePair(Bus& bus, Handle handle, std::uint64_t produce, std::uint64_t consume)
        : bus_(bus), handle_(handle), from_guest_{.size = produce}, to_guest_{.size = consume} {}

    /// Addresses in the guest's order: what it produces, header and data, then what it consumes.
    /// Writes both headers; false if that cannot be done.
    bool give_memory(std::vector<std::uint64_t> pages, std::uint64_t page_size);
    void take_memory();
    const std::vector<std::uint64_t>& pages() const { return pages_; }
    /// How many pages it takes.
    static std::uint64_t page_count(std::uint64_t produce, std::uint64_t consume,
                                    std::uint64_t page_size);

    std::uint64_t guest_produce() const { return from_guest_.size; }
    std::uint64_t guest_consume() const { return to_guest_.size; }
    std::uint64_t bytes() const { return from_guest_.size + to_guest_.size; }

    /// What a wrong host writes into the header that is its own.
    bool corrupt(Index which, std::uint64_t value);

    Handle handle() const override { return handle_; }
    bool is_attached() const override { return !pages_.empty(); }
    std::int64_t readable() override;
    std::int64_t writable() override;
    std::int64_t read(std::span<std::byte> to) override;
    std::int64_t write(std::span<const std::byte> from) override;

private:
    struct Ring {
        std::uint64_t size;       ///< of the data, in bytes
        std::uint64_t header = 0; ///< address
        std::size_t data = 0;     ///< its first page in pages_
        std::uint64_t at = 0;     ///< where the host reads or writes next
    };

    std::optional<std::uint64_t> fetch(std::size_t offset);
    bool publish(std::size_t offset, std::uint64_t value);
    template <class Byte, class Move>
    bool move(Ring& ring, std::span<Byte> bytes, Move&& move_some);

    Bus& bus_;
    Handle handle_;
    Ring from_guest_;
    Ring to_guest_;
    std::vector<std::uint64_t> pages_; ///< addresses
    std::uint64_t page_size_ = port_page;
};

} // namespace vmguest::lab::vmci
