// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The datagrams by which a guest reaches Shared Folders; see the header.
#include "models/vmci/folders_packet.hpp"

namespace vmguest::lab::vmci {
namespace {

using Payload = std::span<const std::byte>;

std::int32_t take_pieces(Payload rest, std::uint32_t count, FoldersDatagram& datagram) {
    if (count > rest.size() / sizeof(FoldersPiece))
        return folders_failed;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto piece = load<FoldersPiece>(rest, i * sizeof(FoldersPiece));
        total += piece.size;
        datagram.pieces.push_back(piece);
    }
    if (datagram.type != folders_request)
        return success;
    const bool is_good = count > 0 && datagram.pieces.front().size >= sizeof(FoldersState) &&
                         total <= longest_folders_packet;
    return is_good ? success : folders_failed;
}

} // namespace

std::int32_t decode_folders(Payload payload, FoldersDatagram& datagram) {
    if (payload.size() < sizeof(FoldersHeader1))
        return folders_failed;
    const auto first = load<FoldersHeader1>(payload);
    datagram.version = first.version;
    datagram.type = first.type;
    if (first.version != 1 && first.version != 2)
        return folders_version;
    if (first.type != folders_request && first.type != folders_end_session)
        return folders_type;
    if (first.version == 1)
        return take_pieces(payload.subspan(sizeof first), first.pieces, datagram);
    if (payload.size() < sizeof(FoldersHeader2))
        return folders_failed;
    const auto second = load<FoldersHeader2>(payload);
    datagram.id = second.id;
    if ((second.flags & (folders_is_reply | folders_is_async)) != 0)
        return folders_type;
    return take_pieces(payload.subspan(sizeof second), second.pieces, datagram);
}

} // namespace vmguest::lab::vmci
