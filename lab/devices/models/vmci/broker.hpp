// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Who may share which queue pair with whom.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_set>
#include <vector>

#include "models/vmci/bus.hpp"
#include "models/vmci/guest_state.hpp"
#include "models/vmci/host_end.hpp"
#include "models/vmci/queue_pair.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// A pair has two ends, the guest's and a service's. Either end may make it; when one leaves, the
/// other may only leave, too. A page that the guest puts into two pairs is a fault of its.
class Broker {
public:
    using Tell = std::function<void(Event, Handle)>;

    struct Entry {
        std::unique_ptr<QueuePair> pair;
        Service* service = nullptr; ///< null: the host's end is not there
        bool is_guest_in = false;
        bool is_host_gone = false;
    };

    /// `tell` gives the guest an event about a pair.
    Broker(Bus& bus, const GuestState& guest, Tell tell)
        : bus_(bus), guest_(guest), tell_(std::move(tell)) {}

    /// The guest's end. `page_numbers` is what follows the request. Give a Status.
    std::int32_t alloc(const PairRequest& request, std::span<const std::byte> page_numbers);
    std::int32_t detach(Handle handle);

    /// The host's end, as HostEnd says.
    HostPair* create(std::uint64_t produce, std::uint64_t consume, Service& service);
    HostPair* attach(Handle handle, std::uint64_t produce, std::uint64_t consume, Service& service,
                     std::int32_t& why);
    void detach(HostPair& pair);

    /// All pairs are gone; nothing is written any more. The services that had some.
    std::set<Service*> clear();

    const std::map<Handle, Entry>& pairs() const { return pairs_; }
    QueuePair* find(Handle handle);

private:
    std::int32_t check(const PairRequest& request, std::size_t size_of_numbers) const;
    std::int32_t create_by_guest(const PairRequest& request, std::span<const std::byte> numbers);
    std::int32_t attach_guest(Entry& entry, const PairRequest& request,
                              std::span<const std::byte> numbers);
    std::int32_t give_memory(QueuePair& pair, std::span<const std::byte> numbers);
    std::int32_t claim(std::uint64_t page);
    bool has_room(std::uint64_t bytes) const;
    void release(QueuePair& pair);
    std::optional<Handle> new_handle();

    Bus& bus_;
    const GuestState& guest_;
    Tell tell_;
    std::map<Handle, Entry> pairs_;
    std::unordered_set<std::uint64_t> pages_; ///< addresses of all that the guest shares
    std::uint64_t bytes_ = 0;                 ///< of all pairs
    std::uint32_t next_resource_ = first_free_resource;
};

} // namespace vmguest::lab::vmci
