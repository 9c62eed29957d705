// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Who gets which packet; see the header.
#include "models/vmci/vsock_peer.hpp"

#include <algorithm>
#include <utility>

namespace vmguest::lab::vmci::vsock {
namespace {

constexpr Handle control_handle = {host_context, control_resource};
constexpr std::chrono::milliseconds retry_after{10};

} // namespace

Peer::Peer(Host& host, HostEnd& end)
    : host_(host), end_(end), shared_{host,
                                      end,
                                      *this,
                                      faults_,
                                      [this](const Packet& packet) { return send(packet); },
                                      [this] { return room_to_keep(); },
                                      [this] { burial_->arm(host_.now()); },
                                      [this] { retry_->arm(host_.now() + retry_after); }},
      burial_(host.make_timer([this] { bury(); })), retry_(host.make_timer([this] { retry(); })) {
    end_.serve(control_handle, *this);
}

Peer::~Peer() {
    end_.unserve(control_handle);
    for (const auto& endpoint : endpoints_)
        end_.unserve({host_context, endpoint.first});
    for (auto& connection : connections_)
        connection.device_reset();
}

/// Connections may end in a callback of their own socket, in which they cannot be destroyed.
void Peer::bury() {
    connections_.remove_if([this](const Connection& one) {
        if (one.is_over() && one.is_hosts())
            outcomes_[one.id()] = {one.was_connected(), one.why()};
        return one.is_over();
    });
    while (outcomes_.size() > most_outcomes)
        outcomes_.erase(outcomes_.begin());
}

void Peer::retry() {
    for (auto& connection : connections_)
        connection.retry();
}

Connection* Peer::find(Ports ports) {
    const auto found =
        std::find_if(connections_.begin(), connections_.end(),
                     [&](const Connection& one) { return one.is_alive() && one.ports() == ports; });
    return found == connections_.end() ? nullptr : &*found;
}

Connection* Peer::find(unsigned id) {
    const auto found = std::find_if(connections_.begin(), connections_.end(),
                                    [&](const Connection& one) { return one.id() == id; });
    return found == connections_.end() ? nullptr : &*found;
}

bool Peer::is_full() const {
    const auto count = [&](auto is) {
        return static_cast<std::size_t>(
            std::count_if(connections_.begin(), connections_.end(), is));
    };
    return count([](const Connection& one) { return !one.is_over(); }) >= most_connections ||
           count([](const Connection& one) { return one.is_pending(); }) >= most_pending;
}

std::size_t Peer::room_to_keep() const {
    std::size_t kept = 0;
    for (const auto& connection : connections_)
        kept += connection.bridge().waiting();
    return most_kept - std::min(kept, most_kept);
}

std::uint32_t Peer::free_port(std::uint32_t guest_port) {
    do { // there are fewer connections than ports
        if (next_port_ >= any_port)
            next_port_ = first_free_resource;
    } while (find(Ports{guest_port, next_port_++}) != nullptr);
    return next_port_ - 1;
}

bool Peer::send(const Packet& packet) {
    host_.count("vsock.sent." + std::string(name_of(packet.type)), 1);
    return end_.send({{end_.guest_context(), control_resource}, control_handle, encode(packet)}) >=
           0;
}

/// Unless nobody could take it.
void Peer::answer(const Packet& packet, Type with) {
    if (packet.from_port != any_port && packet.to_port != any_port)
        send(packet.answer(with));
}

void Peer::refuse(const Packet& packet) {
    if (packet.type != Type::rst)
        answer(packet, Type::rst);
}

std::int32_t Peer::datagram(const Datagram& datagram) {
    if (datagram.to != control_handle)
        return echo(datagram);
    if (datagram.from.resource != control_resource)
        return no_access;
    const auto [verdict, packet, has_waste] = decode(datagram.payload);
    if (has_waste)
        host_.count("vsock.waste", 1);
    switch (verdict) {
    case Verdict::runt:
        host_.count("vsock.runt", 1);
        return invalid_args;
    case Verdict::unknown:
        answer(packet, Type::invalid);
        break;
    case Verdict::malformed:
        host_.report("a vsock packet '" + std::string(name_of(packet.type)) + "' is malformed");
        refuse(packet);
        break;
    case Verdict::good:
        host_.count("vsock.received." + std::string(name_of(packet.type)), 1);
        control(packet);
        break;
    }
    return static_cast<std::int32_t>(sizeof(Header) + datagram.payload.size());
}

void Peer::control(const Packet& packet) {
    if (auto* connection = find(Ports{packet.from_port, packet.to_port}); connection != nullptr)
        return connection->packet(packet);
    if (packet.type == Type::request || packet.type == Type::request2)
        return request(packet);
    refuse(packet);
}

/// A program that does not answer refuses the guest just as a missing listener does.
void Peer::request(const Packet& packet) {
    const auto listener = listeners_.find(packet.to_port);
    const bool has_protocol = packet.type == Type::request || (packet.proto & queue_state_bit) != 0;
    if (listener == listeners_.end() || !has_protocol || is_full())
        return refuse(packet);
    auto socket = UnixSocket::connect(listener->second);
    if (!socket) {
        host_.log("vsock port " + std::to_string(packet.to_port) + ": " + socket.sentence());
        return refuse(packet);
    }
    connections_
        .emplace_back(shared_, next_id_++, Ports{packet.from_port, packet.to_port},
                      std::move(socket.value()))
        .accept(packet);
}

void Peer::detaching(HostPair& pair) {
    for (auto& connection : connections_)
        if (connection.owns(pair))
            return connection.detaching();
}

void Peer::reset() {
    for (auto& connection : connections_)
        connection.device_reset();
}

/// A datagram endpoint sends everything back to where it came from.
std::int32_t Peer::echo(const Datagram& datagram) {
    const auto endpoint = endpoints_.find(datagram.to.resource);
    if (datagram.to.context != host_context || endpoint == endpoints_.end())
        return invalid_resource;
    ++endpoint->second;
    host_.count("vsock.datagram", 1);
    end_.send({datagram.from, datagram.to, datagram.payload}); // may get lost, as datagrams do
    return static_cast<std::int32_t>(sizeof(Header) + datagram.payload.size());
}

} // namespace vmguest::lab::vmci::vsock
