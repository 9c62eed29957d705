// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Carries a connection's bytes between the guest's queue pair and a unix socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "host.hpp"
#include "models/vmci/host_end.hpp"
#include "models/vmci/vsock_packet.hpp"
#include "models/vmci/vsock_socket.hpp"

namespace vmguest::lab::vmci::vsock {

/// How two ends tell each other that there are bytes, or room for them.
enum class Notices {
    queue_state, ///< whoever changes a queue sees by it whether the other waits
    packets,     ///< whoever waits says so
};

/// Both directions, each with backpressure: what one side does not take stays with the other. The
/// only buffer holds what was read from the guest's queue and not yet taken by the socket.
class Bridge {
public:
    /// What the bridge asks of its connection.
    class End {
    public:
        virtual ~End() = default;
        virtual void tell(Type type, std::uint64_t mode) = 0;
        /// A piece was moved. False: go no further, the connection has been ended by it.
        virtual bool moved() = 0;
        /// Nothing is left to carry, or can be: the pair and the socket are not used any more.
        virtual void over(std::string_view why) = 0;
    };

    Bridge(Host& host, UnixSocket socket, End& end);

    /// The guest is connected by this pair, both of whose queues have `size` bytes.
    void start(HostPair& pair, std::uint64_t size, Notices notices);
    /// Carry what can be carried: after anything that may have changed that.
    void pump();
    /// WROTE, READ or, of the older protocol, that the guest is about to wait.
    void guest_tells(Type what);
    /// The guest has shut these directions of its own.
    void guest_shut(std::uint64_t mode);
    /// The guest leaves, the pair with it: keep what it has sent, if that is no more than `most`.
    void guest_leaves(std::size_t most);
    /// Carry nothing any more.
    void stop();

    /// Bytes that the socket has still to take.
    std::size_t waiting() const { return end_of_bytes_ - begin_of_bytes_; }
    std::uint64_t from_guest() const { return from_guest_; }
    std::uint64_t to_guest() const { return to_guest_; }

private:
    static constexpr std::size_t piece = 65536;
    /// After so many bytes in one direction it is the rest of the machine's turn.
    static constexpr std::size_t most_at_once = 16 * piece;

    void carry_from_guest();
    void carry_to_guest();
    bool flush();
    void keep(std::size_t more);
    bool is_full_for_guest(std::int64_t just_read);
    bool is_news_for_guest(std::int64_t just_written);
    std::int64_t room_for_guest();
    void answer_waits();
    void socket_ended();
    void settle();
    void fail(std::int64_t status);

    UnixSocket socket_;
    End& end_;
    Host& host_;
    std::unique_ptr<Watch> watch_; ///< after socket_, whose descriptor it watches
    HostPair* pair_ = nullptr;
    Notices notices_ = Notices::queue_state;
    std::uint64_t capacity_ = 0; ///< of each queue
    std::vector<std::byte> bytes_;
    std::size_t begin_of_bytes_ = 0, end_of_bytes_ = 0;
    std::uint64_t from_guest_ = 0, to_guest_ = 0;
    bool is_running_ = false;
    bool has_more_ = false;         ///< the guest's queue may hold bytes that were not carried yet
    bool is_queue_full_ = false;    ///< the one to the guest: it will tell when it has room
    bool is_output_shut_ = false;   ///< the socket takes nothing any more
    bool is_output_broken_ = false; ///< … because the program has gone
    bool is_input_over_ = false;    ///< nothing comes from the socket, or may go to the guest
    bool has_guest_shut_send_ = false;
    bool has_told_input_ = false; ///< SHUTDOWN was sent for this direction
    bool has_told_output_ = false;
    bool guest_waits_to_read_ = false; ///< these four: Notices::packets
    bool guest_waits_to_write_ = false;
    bool has_said_reading_ = false;
    bool has_said_writing_ = false;
};

} // namespace vmguest::lab::vmci::vsock
