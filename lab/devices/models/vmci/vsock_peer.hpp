// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The host as a peer of the guest's vsock: listeners and connections that end in unix sockets,
// datagram endpoints. Documentation/devices.md says what is known of real ones.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "host.hpp"
#include "models/vmci/host_end.hpp"
#include "models/vmci/vsock_connection.hpp"
#include "models/vmci/vsock_faults.hpp"
#include "models/vmci/vsock_packet.hpp"

namespace vmguest::lab::vmci::vsock {

/// Listeners, endpoints and rules outlast a reset of the device, connections do not.
class Peer final : public Service {
public:
    static constexpr std::size_t most_connections = 512, most_pending = 128;
    static constexpr std::size_t most_listeners = 256, most_endpoints = 256, most_outcomes = 256;
    /// What guests have sent that programs have not read, of all connections whose pair is gone.
    static constexpr std::size_t most_kept = 128U << 20;

    Peer(Host& host, HostEnd& end);
    ~Peer() override;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    std::int32_t datagram(const Datagram& datagram) override;
    void attached(HostPair&) override {} // the guest's ATTACH follows
    void detaching(HostPair& pair) override;
    void reset() override;

    /// `model ID vsock WORD…` of the control socket, in vsock_commands.cpp.
    Reply command(std::span<const std::string_view> words);

private:
    /// How a connection that the host wanted has ended.
    struct Outcome {
        bool was_connected;
        std::string why;
    };
    using Words = std::span<const std::string_view>;

    void control(const Packet& packet);
    void request(const Packet& packet);
    bool send(const Packet& packet);
    void answer(const Packet& packet, Type with);
    void refuse(const Packet& packet);
    Connection* find(Ports ports);
    Connection* find(unsigned id);
    bool is_full() const;
    std::size_t room_to_keep() const;
    void bury();
    void retry();
    std::uint32_t free_port(std::uint32_t guest_port);
    std::int32_t echo(const Datagram& datagram);

    Reply listen(Words words);
    Reply unlisten(Words words);
    Reply connect(Words words);
    Reply result(Words words);
    Reply reset_one(Words words);
    Reply endpoint(Words words);
    Reply send_datagram(Words words);
    Reply hostile(Words words);
    Reply show(Words words);

    Host& host_;
    HostEnd& end_;
    Faults faults_;
    Shared shared_;
    std::unique_ptr<Timer> burial_, retry_;
    std::list<Connection> connections_;              ///< some may be over; burial_ takes them away
    std::map<std::uint32_t, std::string> listeners_; ///< paths by port
    std::map<std::uint32_t, std::uint64_t> endpoints_; ///< datagrams received by port
    std::map<unsigned, Outcome> outcomes_;
    unsigned next_id_ = 1;
    std::uint32_t next_port_ = first_free_resource;
};

} // namespace vmguest::lab::vmci::vsock
