// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The way to the server and back, and what a hostile one does to its replies.
#include "server.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "../../../hgfs/request_names.hpp"

namespace vmguest::lab::folders {
namespace {

using nlohmann::json;
namespace wire = hgfs::wire;

/// Overwrite a number of the packet, if it reaches so far.
void put(hgfs::Packet& packet, std::size_t at, std::uint32_t number) {
    if (packet.size() >= at + sizeof number)
        std::memcpy(packet.data() + at, &number, sizeof number);
}

std::size_t payload_offset(const hgfs::Envelope& request) {
    const bool is_embedded = wire::has_embedded_header(request.op);
    return (request.is_new ? sizeof(wire::Header) : 0) +
           (request.is_new && !is_embedded ? 0 : sizeof(wire::LegacyReply));
}

void spoil(hgfs::Packet& reply, const hgfs::Envelope& request, const Fault& fault) {
    if (fault.act == Act::cut)
        reply.resize(std::min<std::size_t>(fault.number, reply.size()));
    else if (fault.act == Act::id)
        put(reply, request.is_new ? offsetof(wire::Header, id) : offsetof(wire::LegacyReply, id),
            request.id + 1);
    else if (fault.act == Act::count)
        put(reply, payload_offset(request), fault.number);
}

} // namespace

Server::Server(Host& host, const std::vector<Share>& shares, const hgfs::Channel& channel)
    : host_(host), shares_(shares), channel_(channel) {
    table_.set_sharing(!shares_.empty());
    restart();
}

Result<std::unique_ptr<Server>> Server::make(Host& host, const std::vector<Share>& shares,
                                             const hgfs::Channel& channel) {
    std::unique_ptr<Server> server(new Server(host, shares, channel));
    for (const auto& share : shares)
        if (const auto why =
                server->table_.add(share.name, share.folder, {.read_only = share.is_read_only});
            !why.empty())
            return Failure{why};
    return server;
}

void Server::restart() {
    connection_.emplace(table_, channel_);
}

hgfs::Answer Server::process(hgfs::Bytes packet, std::size_t max_reply, std::span<std::byte> data,
                             const Judge& judge) {
    if (!are_enabled())
        return {.verdict = hgfs::Verdict::refused, .packet = {}};
    if (packet.empty())
        return {};
    hgfs::Envelope envelope;
    if (hgfs::decode_envelope(packet, envelope) == hgfs::Framing::hopeless) {
        note("unreadable", packet.size(), 0);
        return {};
    }
    const auto kind = hgfs::request_name(envelope.op);
    const auto fault = judge(kind);
    auto reply = answer(packet, envelope, max_reply, data, fault);
    if (fault)
        spoil(reply.packet, envelope, *fault);
    note(kind, packet.size(), reply.packet.size());
    return reply;
}

/// What the server says; a fault may keep it from ever hearing of the request.
hgfs::Answer Server::answer(hgfs::Bytes packet, const hgfs::Envelope& envelope,
                            std::size_t max_reply, std::span<std::byte> data,
                            const std::optional<Fault>& fault) {
    if (fault && fault->act == Act::silent)
        return {};
    if (fault && fault->act == Act::status)
        return {.verdict = hgfs::Verdict::reply,
                .packet = hgfs::frame(envelope, envelope.session, hgfs::Status{fault->number}, {})};
    return connection_->process(packet, max_reply, data);
}

void Server::note(std::string_view kind, std::size_t request, std::size_t reply) {
    host_.count("hgfs.request");
    host_.count("hgfs." + std::string(kind));
    ++requests_[std::string(kind)];
    longest_request_ = std::max(longest_request_, request);
    longest_reply_ = std::max(longest_reply_, reply);
}

Reply Server::command(std::span<const std::string_view> words) {
    const auto verb = words.empty() ? std::string_view{} : words[0];
    if (verb == "restart" && words.size() == 1)
        restart();
    else if ((verb == "enable" || verb == "disable") && words.size() == 1)
        enable(verb == "enable");
    else if (!words.empty())
        return Failure{"'hgfs' takes nothing, enable, disable or restart"};
    return show();
}

json Server::show() const {
    auto shares = json::array();
    for (const auto& share : shares_)
        shares.push_back(
            {{"name", share.name}, {"folder", share.folder}, {"read_only", share.is_read_only}});
    return {{"enabled", are_enabled()},
            {"shares", std::move(shares)},
            {"sessions", connection_->sessions() - 1}, // without the one that is always there
            {"files", connection_->handles().open_files()},
            {"searches", connection_->handles().open_searches()},
            {"requests", requests_},
            {"longest_request", longest_request_},
            {"longest_reply", longest_reply_}};
}

} // namespace vmguest::lab::folders
