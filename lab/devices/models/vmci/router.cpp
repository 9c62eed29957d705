// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Where datagrams go; see the header. Hypercalls are in hypercalls.cpp.
#include "models/vmci/router.hpp"

#include <utility>

#include "models/vmci/names.hpp"

namespace vmguest::lab::vmci {

Router::Router(Bus& bus, Interrupts& interrupts, const GuestState& guest, Faults& faults)
    : bus_(bus), interrupts_(interrupts), guest_(guest), faults_(faults),
      doorbells_(bus, interrupts, guest),
      broker_(bus, guest, [this](Event event, Handle pair) { tell_pair(event, pair); }) {}

std::int32_t Router::take(std::span<const std::byte> datagram) {
    const auto header = load<Header>(datagram);
    if (header.payload != datagram.size() - sizeof header)
        return invalid_args;
    if (datagram.size() > longest_to(header.to))
        return payload_too_large;
    return route(header, datagram.subspan(sizeof header));
}

std::int32_t Router::route(const Header& header, Payload payload) {
    const bool is_to_hypervisor = header.to.context == hypervisor_context;
    if (header.from.context != guest_.context && !(is_to_hypervisor && header.from == anonymous))
        return no_access;
    if (!is_valid(header.to))
        return invalid_args;
    if (is_to_hypervisor && !name_of(Hypercall{header.to.resource}).empty())
        return hypercall(header, payload);
    bus_.host().count("vmci.datagram_from_guest");
    if (const auto status = faults_.refuse(std::nullopt))
        return *status;
    if (header.to.context == guest_.context)
        return deliver(header, payload, false);
    if (!is_to_hypervisor && header.to.context != host_context)
        return dst_unreachable;
    return hand_over(header, payload);
}

std::int32_t Router::hand_over(const Header& header, Payload payload) {
    const auto service = services_.find(header.to);
    if (service == services_.end())
        return invalid_resource;
    return service->second->datagram(
        {header.to, header.from, std::vector(payload.begin(), payload.end())});
}

std::int32_t Router::deliver(const Header& header, Payload payload, bool is_event) {
    Header announced = header;
    if (const auto size = faults_.payload())
        announced.payload = *size;
    std::vector<std::byte> bytes;
    bytes.reserve(sizeof header + payload.size());
    append(bytes, announced);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    const auto size = static_cast<std::int32_t>(bytes.size());
    if (!inbox_.push(std::move(bytes), is_event)) {
        bus_.host().count("vmci.datagram_lost");
        return no_resources;
    }
    bus_.host().count(is_event ? "vmci.event" : "vmci.datagram_to_guest");
    interrupts_.raise(cause_datagram);
    return size;
}

void Router::serve(Handle handle, Service& service) {
    services_[handle] = &service;
}

std::int32_t Router::send(const Datagram& datagram) {
    if (datagram.to.context != guest_.context)
        return dst_unreachable;
    if (!is_valid(datagram.to))
        return invalid_args;
    if (datagram.payload.size() > longest_datagram - sizeof(Header))
        return payload_too_large;
    return deliver({datagram.to, datagram.from, datagram.payload.size()}, datagram.payload, false);
}

bool Router::tell(Event event, std::span<const std::byte> details) {
    std::vector<std::byte> payload;
    append(payload, std::uint64_t{static_cast<std::uint32_t>(event)}); // and 32 bits of padding
    payload.insert(payload.end(), details.begin(), details.end());
    return tell(payload);
}

bool Router::tell_raw(std::uint32_t event, std::size_t size) {
    std::vector<std::byte> payload;
    append(payload, event);
    payload.resize(size);
    return tell(payload);
}

bool Router::tell(const std::vector<std::byte>& payload) {
    const Header header = {{guest_.context, 0}, {hypervisor_context, 0}, payload.size()};
    return deliver(header, payload, true) >= 0;
}

bool Router::tell_pair(Event event, Handle pair) {
    std::vector<std::byte> details;
    append(details, pair);
    append(details, std::uint64_t{host_context});
    return tell(event, details);
}

bool Router::ring(Handle doorbell) {
    if (!doorbells_.ring_guest(doorbell))
        return false;
    bus_.host().count("vmci.doorbell_to_guest");
    return true;
}

/// Services are told last: they find everything gone, and may begin anew.
void Router::reset() {
    doorbells_.reset();
    inbox_.clear();
    auto concerned = broker_.clear();
    for (const auto& [handle, service] : services_)
        concerned.insert(service);
    for (auto* service : concerned)
        service->reset();
}

} // namespace vmguest::lab::vmci
