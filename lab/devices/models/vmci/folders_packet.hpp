// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The datagrams by which a guest reaches Shared Folders: where the packet and its data are in the
// guest's memory. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

struct FoldersDatagram {
    std::uint32_t version = 0;
    std::uint32_t type = 0;
    std::uint64_t id = 0;             ///< of version 2; version 1 has none
    std::vector<FoldersPiece> pieces; ///< of a request: one at least
};

/// Gives `success` and the datagram, or the Status that refuses it. There is memory for no more
/// pieces than the payload itself has room for, and all of a request's have together at most
/// `longest_folders_packet` bytes, the first no fewer than its state.
std::int32_t decode_folders(std::span<const std::byte> payload, FoldersDatagram& datagram);

} // namespace vmguest::lab::vmci
