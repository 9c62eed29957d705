// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the device itself does for the guest: datagrams to its own resources in context 0.
#include <string>

#include "models/vmci/names.hpp"
#include "models/vmci/router.hpp"

namespace vmguest::lab::vmci {

std::int32_t Router::hypercall(const Header& header, Payload payload) {
    const Hypercall call{header.to.resource};
    bus_.host().count("vmci." + std::string(name_of(call)));
    if (const auto status = faults_.refuse(call))
        return *status;
    return carry_out(call, payload);
}

std::int32_t Router::carry_out(Hypercall call, Payload payload) {
    switch (call) {
    case Hypercall::resources_query:
        return query_resources(payload);
    case Hypercall::get_context_id:
        return static_cast<std::int32_t>(guest_.context);
    case Hypercall::set_notify_bitmap:
        return set_bitmap(payload);
    case Hypercall::doorbell_link:
        return payload.size() == 16
                   ? doorbells_.link(load<Handle>(payload), load<std::uint64_t>(payload, 8))
                   : invalid_args;
    case Hypercall::doorbell_unlink:
        return payload.size() == 8 ? doorbells_.unlink(load<Handle>(payload)) : invalid_args;
    case Hypercall::doorbell_notify:
        return payload.size() == 8 ? notify(load<Handle>(payload)) : invalid_args;
    case Hypercall::event_subscribe:
    case Hypercall::event_unsubscribe:
        return success; // all events are told anyway
    case Hypercall::queuepair_alloc:
        return alloc_pair(payload);
    case Hypercall::queuepair_detach:
        return payload.size() == 8 ? broker_.detach(load<Handle>(payload)) : invalid_args;
    case Hypercall::request_map:
    case Hypercall::remove_map:
        break;
    }
    return obsolete;
}

/// Bit i of the answer: resource i of the list is served.
std::int32_t Router::query_resources(Payload payload) const {
    if (payload.size() < 8)
        return invalid_args;
    const auto count = load<std::uint32_t>(payload);
    if (count == 0 || count > most_queried || payload.size() != 8 + std::size_t{count} * 4)
        return invalid_args;
    std::int32_t served = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Handle handle = {hypervisor_context, load<std::uint32_t>(payload, 8 + i * 4)};
        const Hypercall call{handle.resource};
        const bool is_obsolete = call == Hypercall::request_map || call == Hypercall::remove_map;
        if (is_served(handle) || (!name_of(call).empty() && !is_obsolete))
            served |= std::int32_t{1} << i;
    }
    return served;
}

std::int32_t Router::set_bitmap(Payload payload) {
    if (payload.size() != 8)
        return invalid_args;
    if (!guest_.uses(can_notify))
        return unavailable;
    return doorbells_.set_bitmap(guest_.uses(can_wide_pages) ? load<std::uint64_t>(payload)
                                                             : load<std::uint32_t>(payload));
}

std::int32_t Router::notify(Handle doorbell) {
    if (!is_valid(doorbell))
        return invalid_args;
    bus_.host().count("vmci.doorbell_from_guest");
    if (doorbell.context == guest_.context)
        return ring(doorbell) ? success : not_found;
    if (is_vm(doorbell.context))
        return dst_unreachable;
    return doorbell.context == host_context && doorbells_.ring_host(doorbell.resource) ? success
                                                                                       : not_found;
}

std::int32_t Router::alloc_pair(Payload payload) {
    if (payload.size() < sizeof(PairRequest))
        return invalid_args;
    return broker_.alloc(load<PairRequest>(payload), payload.subspan(sizeof(PairRequest)));
}

} // namespace vmguest::lab::vmci
