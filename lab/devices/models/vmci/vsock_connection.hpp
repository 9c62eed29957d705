// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// One stream connection: handshake, packets, end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "host.hpp"
#include "models/vmci/host_end.hpp"
#include "models/vmci/vsock_bridge.hpp"
#include "models/vmci/vsock_faults.hpp"
#include "models/vmci/vsock_packet.hpp"
#include "models/vmci/vsock_socket.hpp"

namespace vmguest::lab::vmci::vsock {

/// Both ends of a connection.
struct Ports {
    std::uint32_t guest;
    std::uint32_t host;

    friend bool operator==(const Ports&, const Ports&) = default;
};

/// What all connections share.
struct Shared {
    Host& host;
    HostEnd& end;
    Service& service; ///< is told of pairs
    Faults& faults;
    std::function<bool(const Packet&)> send;   ///< to the guest; false if there was no room
    std::function<std::size_t()> room_to_keep; ///< bytes that a guest which leaves may leave here
    std::function<void()> bury;                ///< a connection is over
    std::function<void()> retry;               ///< a packet found no room
};

class Connection final : private Bridge::End {
public:
    /// Until the other end has answered. Guests wait for 2 s by default: who begins gives up first.
    static constexpr std::chrono::seconds patience{4};
    /// A guest that is told of a detachment before it has come to know that it is connected takes
    /// that for a refusal. So a program that ends at once keeps its connection for so long, unless
    /// the host has asked for it: then it was the guest that said when it is connected.
    static constexpr std::chrono::seconds settling{1};
    /// Sizes of a queue that this end takes part in, and the one it proposes.
    static constexpr std::uint64_t least_size = 128, most_size = 1U << 20, own_size = 262144;

    enum class State {
        requested, ///< by the guest, and not answered yet
        proposed,  ///< the guest's offer is due
        accepted,  ///< the guest's pair is attached, but it has not been told
        asking,    ///< the guest's negotiation is due
        offered,   ///< a pair of ours; the guest's attachment is due
        connected,
        left, ///< by the guest; a program has still to take what it has sent
        over,
    };

    Connection(Shared& shared, unsigned id, Ports ports, UnixSocket socket);

    /// The guest wants this connection; `request` is its packet.
    void accept(const Packet& request);
    /// The host wants it.
    void connect();

    void packet(const Packet& packet);
    bool owns(const HostPair& pair) const { return pair_ == &pair; }
    /// The guest detaches from the pair, which is gone afterwards.
    void detaching();
    /// The pair is gone, and so is what the guest knew.
    void device_reset();
    /// By the host's own will: the guest gets RST.
    void abort();
    /// Send what found no room.
    void retry();

    unsigned id() const { return id_; }
    Ports ports() const { return ports_; }
    State state() const { return state_; }
    bool is_pending() const { return state_ < State::connected; }
    /// Its ports are taken: packets between them are meant for it.
    bool is_alive() const { return state_ <= State::connected; }
    bool is_over() const { return state_ == State::over; }
    bool is_hosts() const { return is_hosts_; }
    bool was_connected() const { return was_connected_; }
    const std::string& why() const { return why_; }
    std::uint64_t size() const { return size_; }
    Notices notices() const { return notices_; }
    const Bridge& bridge() const { return bridge_; }

private:
    void tell(Type type, std::uint64_t mode) override;
    bool moved() override;
    void over(std::string_view why) override;

    bool send(Type type, std::uint64_t first = 0, std::uint16_t proto = 0);
    void propose();
    void take_offer(const Packet& offer);
    void attach();
    void take_negotiation(const Packet& packet);
    void offer();
    void take_attachment(const Packet& packet);
    void take_connected(const Packet& packet);
    void fall_back();
    void become_connected();
    bool withhold(Point point, void (Connection::*later)());
    void wait_until(std::chrono::nanoseconds wait, void (Connection::*act)());
    void refuse(std::string_view why);
    void finish(std::string_view why);
    void end();

    Shared& shared_;
    const unsigned id_;
    const Ports ports_;
    State state_ = State::requested;
    Notices notices_ = Notices::queue_state;
    std::uint64_t size_ = own_size;
    std::uint16_t proto_ = queue_state_bit; ///< in NEGOTIATE2
    HostPair* pair_ = nullptr;
    std::string why_;
    std::chrono::nanoseconds connected_at_{};
    bool is_hosts_ = false;
    bool was_connected_ = false;
    bool has_fallen_back_ = false;   ///< the guest knows no REQUEST2
    bool must_ignore_reset_ = false; ///< … and says so twice
    std::uint32_t owed_ = 0;         ///< packets that found no room, a bit for each Type
    std::uint64_t owed_mode_ = 0;    ///< of the SHUTDOWN among them
    void (Connection::*later_)() = nullptr;
    std::unique_ptr<Timer> deadline_, late_;
    Bridge bridge_;
};

std::string_view name_of(Connection::State state);

} // namespace vmguest::lab::vmci::vsock
