// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Where datagrams go: hypercalls, services, back to the guest.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "models/vmci/broker.hpp"
#include "models/vmci/bus.hpp"
#include "models/vmci/doorbells.hpp"
#include "models/vmci/faults.hpp"
#include "models/vmci/guest_state.hpp"
#include "models/vmci/host_end.hpp"
#include "models/vmci/inbox.hpp"
#include "models/vmci/interrupts.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

class Router final : public HostEnd {
public:
    Router(Bus& bus, Interrupts& interrupts, const GuestState& guest, Faults& faults);

    /// A datagram of the guest's, whole. Gives the result: of a hypercall its own, else the number
    /// of bytes taken, or a Status.
    std::int32_t take(std::span<const std::byte> datagram);
    /// The guest gets an event with this payload behind its number; false if it lets too many lie.
    bool tell(Event event, std::span<const std::byte> details = {});
    bool tell_pair(Event event, Handle pair);
    /// The same with `size` bytes of payload, its number the first of them if there are so many.
    bool tell_raw(std::uint32_t event, std::size_t size);
    /// Pairs, doorbells and datagrams are gone, and the services know.
    void reset();

    Inbox& inbox() { return inbox_; }
    Doorbells& doorbells() { return doorbells_; }
    Broker& broker() { return broker_; }

    std::uint32_t guest_context() const override { return guest_.context; }
    void serve(Handle handle, Service& service) override;
    void unserve(Handle handle) override { services_.erase(handle); }
    bool is_served(Handle handle) const { return services_.contains(handle); }
    std::int32_t send(const Datagram& datagram) override;
    HostPair* create_pair(std::uint64_t produce, std::uint64_t consume, Service& service) override {
        return broker_.create(produce, consume, service);
    }
    HostPair* attach_pair(Handle handle, std::uint64_t produce, std::uint64_t consume,
                          Service& service, std::int32_t& why) override {
        return broker_.attach(handle, produce, consume, service, why);
    }
    void detach_pair(HostPair& pair) override { broker_.detach(pair); }
    bool ring(Handle doorbell) override;

private:
    using Payload = std::span<const std::byte>;

    std::int32_t route(const Header& header, Payload payload);
    std::int32_t hand_over(const Header& header, Payload payload);
    std::int32_t deliver(const Header& header, Payload payload, bool is_event);
    bool tell(const std::vector<std::byte>& payload);
    // In hypercalls.cpp.
    std::int32_t hypercall(const Header& header, Payload payload);
    std::int32_t carry_out(Hypercall call, Payload payload);
    std::int32_t query_resources(Payload payload) const;
    std::int32_t set_bitmap(Payload payload);
    std::int32_t notify(Handle doorbell);
    std::int32_t alloc_pair(Payload payload);

    Bus& bus_;
    Interrupts& interrupts_;
    const GuestState& guest_;
    Faults& faults_;
    Inbox inbox_;
    Doorbells doorbells_;
    Broker broker_;
    std::map<Handle, Service*> services_;
};

} // namespace vmguest::lab::vmci
