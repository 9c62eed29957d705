// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The server as one client sees it: a packet in, a packet out, whatever carries them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "codec.hpp"
#include "handles.hpp"
#include "notify.hpp"
#include "shares.hpp"

namespace vmguest::hgfs {

/// What the transport can do, and what it is allowed to use.
struct Channel {
    std::uint32_t max_packet = 522240; ///< bytes, headers included; at least min_packet
    bool shared_memory = false; ///< there are data pages: fast read and write, batched listing
    bool can_push = false;      ///< the server may send packets of its own: watches
    bool extensions = false;    ///< batched listing, fsync and hard links on any channel
};

/// What every client can handle, and what packets without a session of their own are held to.
constexpr std::uint32_t min_packet = 6144;

/// What one client may have at a time.
struct Limits {
    std::size_t sessions = 1024; ///< with the default one
    HandleLimits handles;
    NotifyLimits notify;
};

enum class Verdict {
    reply,   ///< `packet` is to be sent
    silence, ///< the request was nothing that a reply could refer to, or no reply fits
    refused, ///< sharing is switched off
};

struct Answer {
    Verdict verdict = Verdict::silence;
    Packet packet;
};

/// One client. Not thread-safe; `shares` must outlive it.
class Connection {
public:
    explicit Connection(ShareTable& shares, const Channel& channel = {}, const Limits& limits = {});

    /// Serve one request. The reply has at most `max_reply` bytes and at most what the session has
    /// agreed on. `data` are the data pages of a shared-memory channel, read for a fast write and
    /// written for a fast read or a batched listing.
    Answer process(Bytes packet, std::size_t max_reply, std::span<std::byte> data = {});

    /// Readable when next_push() may have something; -1 as long as there is no watch.
    int push_descriptor() const { return notifier_.descriptor(); }
    /// A packet that the server wants to send, if there is one. Never waits.
    std::optional<Packet> next_push();

    /// To be called now and then: ends the sessions that were idle for four calls in a row. The
    /// default session stays.
    void sweep();

    std::size_t sessions() const { return sessions_.size() + 1; }
    const HandleTable& handles() const { return handles_; }

private:
    struct Session {
        std::uint32_t max_packet = 0;
        unsigned idle_sweeps = 0;
    };

    Answer serve(const Envelope& envelope, std::size_t max_reply, std::span<std::byte> data);
    Outcome<Packet> run(const Envelope& envelope, std::uint64_t session, std::size_t room,
                        std::span<std::byte> data);
    std::size_t packet_limit(const Envelope& envelope) const;
    Outcome<Packet> create_session(Bytes payload, std::size_t room);
    Outcome<Packet> destroy_session(std::uint64_t session, Bytes payload);
    void end_session(std::uint64_t session);
    void drop_dead();

    ShareTable& shares_;
    Channel channel_;
    Limits limits_;
    HandleTable handles_;
    Notifier notifier_;
    std::map<std::uint64_t, Session> sessions_;
    std::uint64_t seen_revision_ = 0;
};

} // namespace vmguest::hgfs
