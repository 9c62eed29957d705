// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The way to the server and back, and what a hostile one does to its replies.
#include "hgfs_folders.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <nlohmann/json.hpp>

#include "../../../hgfs/request_names.hpp"

namespace vmguest::lab::backdoor {
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
    if (fault.action == Action::cut)
        reply.resize(std::min<std::size_t>(fault.number, reply.size()));
    else if (fault.action == Action::id)
        put(reply, request.is_new ? offsetof(wire::Header, id) : offsetof(wire::LegacyReply, id),
            request.id + 1);
    else if (fault.action == Action::count)
        put(reply, payload_offset(request), fault.number);
}

} // namespace

HgfsFolders::HgfsFolders(Host& host, const Settings& settings)
    : host_(host), shares_(settings.shares) {
    channel_.max_packet = settings.longest_packet();
    table_.set_sharing(!shares_.empty());
    restart();
}

Result<std::unique_ptr<SharedFolders>> HgfsFolders::make(Host& host, const Settings& settings) {
    std::unique_ptr<HgfsFolders> folders(new HgfsFolders(host, settings));
    for (const auto& share : settings.shares)
        if (const auto why =
                folders->table_.add(share.name, share.folder, {.read_only = share.is_read_only});
            !why.empty())
            return Failure{why};
    return std::unique_ptr<SharedFolders>(std::move(folders));
}

void HgfsFolders::restart() {
    connection_.emplace(table_, channel_);
}

std::span<const std::string_view> HgfsFolders::kinds() const {
    return hgfs::request_names();
}

std::optional<std::string> HgfsFolders::process(std::string_view packet, Faults& faults) {
    if (!are_enabled())
        return std::nullopt;
    if (packet.empty()) // is anybody there?
        return "";
    const auto bytes = std::as_bytes(std::span(packet));
    hgfs::Envelope envelope;
    if (hgfs::decode_envelope(bytes, envelope) == hgfs::Framing::hopeless) {
        note("unreadable", packet.size(), 0);
        return "";
    }
    const auto kind = hgfs::request_name(envelope.op);
    const auto fault = faults.strike(Point::folders, Side::rpci, kind);
    auto reply = answer(bytes, envelope, fault);
    if (fault)
        spoil(reply, envelope, *fault);
    note(kind, packet.size(), reply.size());
    return std::string(reinterpret_cast<const char*>(reply.data()), reply.size());
}

/// What the server says; a fault may keep it from ever hearing of the request.
hgfs::Packet HgfsFolders::answer(hgfs::Bytes packet, const hgfs::Envelope& envelope,
                                 const std::optional<Fault>& fault) {
    if (fault && fault->action == Action::silent)
        return {};
    if (fault && fault->action == Action::status)
        return hgfs::frame(envelope, envelope.session, hgfs::Status{fault->number}, {});
    return connection_->process(packet, channel_.max_packet).packet;
}

void HgfsFolders::note(std::string_view kind, std::size_t request, std::size_t reply) {
    host_.count("hgfs.request");
    host_.count("hgfs." + std::string(kind));
    ++requests_[std::string(kind)];
    longest_request_ = std::max(longest_request_, request);
    longest_reply_ = std::max(longest_reply_, reply);
}

json HgfsFolders::show() const {
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

} // namespace vmguest::lab::backdoor
