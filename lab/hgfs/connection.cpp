// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Framing, sessions, and the way from a packet to its operation.
#include "connection.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "operations.hpp"

namespace vmguest::hgfs {
namespace {

using namespace wire;

constexpr unsigned max_idle_sweeps = 4;

/// Room without which nothing is begun: as much as the reply to any operation that leaves a handle,
/// a watch or a change behind, so that it never happens and then cannot be told.
constexpr std::size_t least_room = 64;

constexpr std::size_t session_reply_size = sizeof(SessionReplyV4) + op_count * sizeof(Capability);

/// Bytes that precede the payload of a reply.
std::size_t header_size(const Envelope& envelope) {
    if (envelope.is_new)
        return sizeof(Header);
    return has_embedded_header(envelope.op) ? 0 : sizeof(LegacyReply);
}

/// The one operation whose packets may be long without a session that says so.
bool may_be_long(u32 op) {
    return op == op_read_3;
}

u64 random_id() {
    std::random_device device;
    return u64{device()} << 32 | device();
}

/// What a client offers, within what the channel takes and what any client can do.
u32 negotiate(u32 offered, const Channel& channel) {
    if (offered == 0)
        return channel.max_packet;
    return std::max(min_packet, std::min(offered, channel.max_packet));
}

Packet session_reply(u64 id, u32 max_packet, const Channel& channel) {
    const SessionReplyV4 head{.session = id,
                              .capability_count = op_count,
                              .max_packet = max_packet,
                              .identity_offset = 0,
                              .flags =
                                  session_max_packet | (channel.can_push ? u32{session_notify} : 0),
                              .reserved = 0};
    Packet reply(session_reply_size);
    std::memcpy(reply.data(), &head, sizeof head);
    for (u32 op = 0; op < op_count; ++op) {
        const Capability capability{
            .op = op, .flags = is_supported(op, channel) ? u32{capability_supported} : 0};
        std::memcpy(reply.data() + sizeof head + op * sizeof capability, &capability,
                    sizeof capability);
    }
    return reply;
}

} // namespace

Connection::Connection(ShareTable& shares, const Channel& channel, const Limits& limits)
    : shares_(shares), channel_(channel), limits_(limits), handles_(limits.handles),
      notifier_(limits.notify), seen_revision_(shares.revision()) {
    channel_.max_packet = std::max(channel_.max_packet, min_packet);
}

Answer Connection::process(Bytes packet, std::size_t max_reply, std::span<std::byte> data) {
    if (!shares_.sharing())
        return {.verdict = Verdict::refused, .packet = {}};
    drop_dead();
    Envelope envelope;
    switch (decode_envelope(packet, envelope)) {
    case Framing::hopeless:
        return {};
    case Framing::malformed: {
        Packet reply = frame(envelope, invalid_session, Status::protocol_error, {});
        if (reply.size() > max_reply)
            return {};
        return {.verdict = Verdict::reply, .packet = std::move(reply)};
    }
    case Framing::good:
        break;
    }
    return serve(envelope, max_reply, data);
}

/// The longest reply that the session, or the lack of one, allows.
std::size_t Connection::packet_limit(const Envelope& envelope) const {
    if (!envelope.is_new)
        return may_be_long(envelope.op) ? channel_.max_packet : min_packet;
    const auto found = sessions_.find(envelope.session);
    return found == sessions_.end() ? min_packet : found->second.max_packet;
}

Answer Connection::serve(const Envelope& envelope, std::size_t max_reply,
                         std::span<std::byte> data) {
    const std::size_t limit = std::min(max_reply, packet_limit(envelope));
    const std::size_t head = header_size(envelope);
    // A failure has a header even where a success has it embedded.
    if (limit < std::max(head, sizeof(LegacyReply)))
        return {};
    u64 session = default_session;
    u64 shown = invalid_session;
    Outcome<Packet> result = Status::stale_session;
    if (envelope.op == op_create_session_4) {
        result = create_session(envelope.payload, limit - head);
    } else if (!envelope.is_new || sessions_.count(envelope.session)) {
        if (envelope.is_new) {
            session = shown = envelope.session;
            sessions_.at(session).idle_sweeps = 0;
        }
        result = run(envelope, session, limit - head, data);
    }
    if (result && result->size() > limit - head)
        result = Status::generic_error;
    Packet payload = result ? std::move(*result) : Packet();
    return {.verdict = Verdict::reply,
            .packet = frame(envelope, shown, result.status(), std::move(payload))};
}

Outcome<Packet> Connection::run(const Envelope& envelope, u64 session, std::size_t room,
                                std::span<std::byte> data) {
    if (envelope.op == op_destroy_session_4)
        return destroy_session(session, envelope.payload);
    const Operation operation = find_operation(envelope.op, channel_);
    if (!operation)
        return Status::protocol_error;
    if (room < least_room)
        return Status::generic_error;
    Call call{.shares = shares_,
              .handles = handles_,
              .notifier = notifier_,
              .session = session,
              .op = envelope.op,
              .payload = envelope.payload,
              .room = room,
              .data = data};
    return operation(call);
}

Outcome<Packet> Connection::create_session(Bytes payload, std::size_t room) {
    const auto request = decode_create_session(payload);
    if (!request)
        return request.status();
    if (room < session_reply_size)
        return Status::generic_error;
    if (sessions() >= limits_.sessions)
        return Status::too_many_sessions;
    u64 id = random_id();
    while (id == default_session || id == invalid_session || sessions_.count(id))
        id = random_id();
    const u32 max_packet = negotiate(request->max_packet, channel_);
    sessions_[id] = {.max_packet = max_packet, .idle_sweeps = 0};
    return session_reply(id, max_packet, channel_);
}

Outcome<Packet> Connection::destroy_session(u64 session, Bytes payload) {
    if (payload.size() < request_size(op_destroy_session_4))
        return Status::protocol_error;
    end_session(session);
    return encode_empty(op_destroy_session_4);
}

void Connection::end_session(u64 session) {
    handles_.end_session(session);
    notifier_.end_session(session);
    sessions_.erase(session);
}

/// Handles and watches do not outlive their share.
void Connection::drop_dead() {
    if (seen_revision_ == shares_.revision())
        return;
    seen_revision_ = shares_.revision();
    handles_.drop_dead();
    notifier_.drop_dead();
}

std::optional<Packet> Connection::next_push() {
    drop_dead();
    return notifier_.next();
}

void Connection::sweep() {
    std::vector<u64> idle;
    for (auto& [id, session] : sessions_)
        if (++session.idle_sweeps > max_idle_sweeps)
            idle.push_back(id);
    for (const u64 id : idle)
        end_session(id);
}

} // namespace vmguest::hgfs
