// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The operations behind the opcodes. Internal to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "codec.hpp"
#include "connection.hpp"
#include "handles.hpp"
#include "notify.hpp"
#include "shares.hpp"

namespace vmguest::hgfs {

/// The key of the implicit session of packets with a legacy header.
constexpr std::uint64_t default_session = 0;

/// One request on its way, and all that it may touch.
struct Call {
    ShareTable& shares;
    HandleTable& handles;
    Notifier& notifier;
    std::uint64_t session;
    std::uint32_t op;
    Bytes payload;
    std::size_t room; ///< bytes that the payload of the reply may have
    std::span<std::byte> data;
};

/// Returns the payload of the reply, or the status of the failure.
using Operation = Outcome<Packet> (*)(Call& call);

/// The operation of an opcode; null for those that do not exist here or not on this channel.
Operation find_operation(std::uint32_t op, const Channel& channel);

/// Whether a session's capability table says that an opcode is supported.
bool is_supported(std::uint32_t op, const Channel& channel);

// from operations.cpp: what the others have in common

/// A file by its share; without one it is the list of shares.
struct Target {
    std::shared_ptr<Share> share;
    Components path;

    int folder() const { return share->folder.get(); }
};

/// What a request wants with the file that it names.
enum class Purpose { look, change, create };

/// Find out which file is meant. For `change` and `create` it is in a share. Nothing is said about
/// its existence. Errors: no_such_file without such a share, access_denied for changes to the list
/// of shares, generic_error if the share's folder was deleted, those of parse_name().
Outcome<Target> locate(Call& call, const FileRef& file, Purpose purpose);

/// access_denied if the share is read-only, else success.
Status check_writable(const Share& share);

/// success or the status as the outcome of an operation whose reply says nothing more.
Outcome<Packet> done(const Call& call, Status status);

/// What is at the end of a name, by name: with permissions, without a link's target.
Outcome<wire::AttrV2> attributes_at(const Target& target);

// from operations_file.cpp
Outcome<Packet> open_file(Call& call);
Outcome<Packet> read_file(Call& call);
Outcome<Packet> read_fast(Call& call);
Outcome<Packet> write_file(Call& call);
Outcome<Packet> close_file(Call& call);
Outcome<Packet> sync_file(Call& call);

// from operations_search.cpp
Outcome<Packet> search_open(Call& call);
Outcome<Packet> search_read(Call& call);
Outcome<Packet> search_read_batch(Call& call);
Outcome<Packet> search_close(Call& call);

// from operations_attr.cpp
Outcome<Packet> get_attributes(Call& call);
Outcome<Packet> set_attributes(Call& call);
Outcome<Packet> query_volume(Call& call);

// from operations_name.cpp
Outcome<Packet> create_directory(Call& call);
Outcome<Packet> delete_file(Call& call);
Outcome<Packet> delete_directory(Call& call);
Outcome<Packet> rename_file(Call& call);
Outcome<Packet> create_symlink(Call& call);

} // namespace vmguest::hgfs
