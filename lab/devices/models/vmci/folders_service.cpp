// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders behind {0, 13}; see the header.
#include "models/vmci/folders_service.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace vmguest::lab::vmci {
namespace {

constexpr Handle folders_handle = {hypervisor_context, folders_resource};

bool fills_data(std::uint32_t op) {
    return op == hgfs::wire::op_read_fast_4 || op == hgfs::wire::op_search_read_4;
}

} // namespace

FoldersService::FoldersService(Bus& bus, HostEnd& end, Faults& faults,
                               std::unique_ptr<folders::Server> server)
    : bus_(bus), end_(end), faults_(faults), server_(std::move(server)),
      timer_(bus.host().make_timer([this] { deliver_late(); })) {
    serve_or_not();
}

FoldersService::~FoldersService() {
    end_.unserve(folders_handle);
}

void FoldersService::serve_or_not() {
    if (server_->are_enabled())
        end_.serve(folders_handle, *this);
    else
        end_.unserve(folders_handle);
}

void FoldersService::reset() {
    server_->restart();
    late_.clear();
    timer_->cancel();
}

Reply FoldersService::command(std::span<const std::string_view> words) {
    auto reply = server_->command(words);
    serve_or_not();
    return reply;
}

std::int32_t FoldersService::datagram(const Datagram& datagram) {
    FoldersDatagram decoded;
    auto status = decode_folders(datagram.payload, decoded);
    if (status == success && decoded.type == folders_end_session)
        server_->restart();
    else if (status == success)
        status = serve(std::move(decoded), datagram.from);
    return status == success ? static_cast<std::int32_t>(sizeof(Header) + datagram.payload.size())
                             : status;
}

void FoldersService::report_no_memory() {
    bus_.host().report("a packet of Shared Folders is at an address that is no memory");
}

hgfs::Packet FoldersService::fetch(std::span<const FoldersPiece> pieces, bool& is_whole) {
    hgfs::Packet bytes;
    for (const auto& piece : pieces) {
        const auto at = bytes.size();
        bytes.resize(at + piece.size);
        is_whole &= bus_.read(piece.address, std::span(bytes).subspan(at));
    }
    return bytes;
}

bool FoldersService::store(std::span<const FoldersPiece> pieces, hgfs::Bytes bytes) {
    bool is_whole = true;
    for (const auto& piece : pieces) {
        is_whole &= bus_.write(piece.address, bytes.first(piece.size));
        bytes = bytes.subspan(piece.size);
    }
    return is_whole;
}

/// Everything is fetched once; what the guest changes meanwhile is not seen.
std::int32_t FoldersService::serve(FoldersDatagram&& request, Handle asker) {
    constexpr std::uint32_t head = sizeof(FoldersState);
    const auto pieces = std::span<const FoldersPiece>(request.pieces);
    const FoldersPiece in_place = {pieces[0].address + head, pieces[0].size - head};
    FoldersState state{};
    bool is_whole = bus_.read(pieces[0].address, state);
    const auto packet = is_whole ? fetch({&in_place, 1}, is_whole) : hgfs::Packet{};
    auto data = is_whole ? fetch(pieces.subspan(1), is_whole) : hgfs::Packet{};
    if (!is_whole) {
        report_no_memory();
        return folders_failed;
    }
    if (state.state != folders_pending)
        bus_.host().report("a request of Shared Folders does not say that it is pending");
    if (state.size < head)
        return folders_failed;
    const auto room = std::min(state.size - head, longest_folders_packet);
    auto answer = server_->process(packet, room, data, [](auto) { return std::nullopt; });
    hgfs::Envelope envelope;
    const bool is_readable = hgfs::decode_envelope(packet, envelope) != hgfs::Framing::hopeless;
    if (request.version == 1)
        request.id = envelope.id;
    const bool is_answered = answer.verdict == hgfs::Verdict::reply;
    return finish({.request = std::move(request),
                   .asker = asker,
                   .state = is_answered ? folders_complete : folders_broken,
                   .packet = std::move(answer.packet),
                   .data = std::move(data),
                   .has_data = is_answered && is_readable && fills_data(envelope.op),
                   .due = {}});
}

std::int32_t FoldersService::finish(Outcome&& outcome) {
    using enum Faults::Reply::Fate;
    const auto fault = faults_.reply();
    if (fault && fault->fate == never)
        return success;
    if (fault && fault->fate == fails) {
        outcome.state = folders_broken;
        outcome.packet.clear();
        outcome.has_data = false;
    }
    if (!fault || fault->fate != late)
        return deliver(outcome) ? success : folders_failed;
    if (late_.size() >= most_late)
        return no_resources;
    outcome.due = bus_.host().now() + fault->time;
    late_.push_back(std::move(outcome));
    arm();
    return success;
}

/// The guest may look at any time, so the state comes last.
bool FoldersService::deliver(const Outcome& outcome) {
    const auto pieces = std::span<const FoldersPiece>(outcome.request.pieces);
    const FoldersState state = {
        outcome.state, static_cast<std::uint32_t>(sizeof(FoldersState) + outcome.packet.size())};
    const bool is_done = (!outcome.has_data || store(pieces.subspan(1), outcome.data)) &&
                         (outcome.packet.empty() || bus_.write(pieces[0].address + sizeof state,
                                                               hgfs::Bytes(outcome.packet))) &&
                         bus_.write(pieces[0].address, state);
    if (!is_done)
        report_no_memory();
    return is_done;
}

void FoldersService::arm() {
    const auto next = std::min_element(late_.begin(), late_.end(),
                                       [](const auto& a, const auto& b) { return a.due < b.due; });
    if (next != late_.end())
        timer_->arm(next->due);
}

void FoldersService::deliver_late() {
    const auto now = bus_.host().now();
    for (auto one = late_.begin(); one != late_.end();) {
        if (one->due > now) {
            ++one;
            continue;
        }
        deliver(*one);
        std::vector<std::byte> notice;
        append(notice, FoldersNotice{one->request.version, folders_notice_reply, one->request.id});
        end_.send({one->asker, folders_handle, std::move(notice)}); // nowhere if nobody has asked
        one = late_.erase(one);
    }
    arm();
}

} // namespace vmguest::lab::vmci
