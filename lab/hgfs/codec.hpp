// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Between bytes and requests that no longer know their version. Pure: decoders read nothing outside
// the bytes given and allocate nothing; encoders return whole payloads.
//
// Every decoder takes the opcode, which says which layout is meant, and the payload: for versions 1
// and 2 from the embedded legacy header on, for 3 and 4 what follows the header. Views in what it
// returns are views of that payload. Unless it says otherwise, the only error is protocol_error:
// the payload is shorter than the layout or than a length in it, or a field that must be there is
// not. A payload may be longer than needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "status.hpp"
#include "wire.hpp"

namespace vmguest::hgfs {

/// Which file a request is about: a name, or a handle if there is one.
struct FileRef {
    std::string_view name; ///< cross-platform
    std::optional<std::uint32_t> handle;
    std::uint32_t case_type = wire::case_default;
};

/// What precedes a payload, in either form.
struct Envelope {
    bool is_new = false; ///< the 52-byte form
    std::uint32_t id = 0;
    std::uint32_t op = 0;
    std::uint64_t session = wire::invalid_session; ///< new form only
    Bytes payload;
};

/// What can be said of a packet before its payload is looked at.
enum class Framing {
    good,
    malformed, ///< a new header that contradicts itself: id, op and session are known, payload not
    hopeless,  ///< nothing that a reply could refer to
};

/// Look at the header of a packet; `envelope` is set unless hopeless.
Framing decode_envelope(Bytes packet, Envelope& envelope);

/// Octets of permissions: 4 read, 2 write, 1 execute; special: 4 set-uid, 2 set-gid, 1 sticky.
struct Permissions {
    std::optional<std::uint8_t> special;
    std::optional<std::uint8_t> owner;
    std::optional<std::uint8_t> group;
    std::optional<std::uint8_t> other;
};

struct OpenRequest {
    FileRef file;
    std::uint32_t mode = 0;
    std::uint32_t flags = 0;
    Permissions permissions;
};
Outcome<OpenRequest> decode_open(std::uint32_t op, Bytes payload);
Packet encode_open(std::uint32_t op, std::uint32_t handle);

struct ReadRequest {
    std::uint32_t handle = 0;
    std::uint64_t offset = 0; ///< bytes
    std::uint32_t count = 0;  ///< bytes
};
Outcome<ReadRequest> decode_read(std::uint32_t op, Bytes payload);
/// A reply with room for `count` bytes of data, all zero.
Packet make_read_reply(std::uint32_t op, std::size_t count);
/// Where the data begins in the reply, in bytes.
std::size_t read_data_offset(std::uint32_t op);
/// Cut the reply to `actual` bytes of data, at most what it was made for, and say so in it.
void finish_read_reply(std::uint32_t op, Packet& reply, std::size_t actual);
/// The reply to a read whose data went elsewhere.
Packet encode_fast_read(std::uint32_t actual);

struct WriteRequest {
    std::uint32_t handle = 0;
    bool append = false;
    std::uint64_t offset = 0; ///< bytes
    std::uint32_t count = 0;  ///< bytes
    Bytes data; ///< `count` of them, except for op_write_fast_4, which has them elsewhere
};
Outcome<WriteRequest> decode_write(std::uint32_t op, Bytes payload);
Packet encode_write(std::uint32_t op, std::uint32_t actual);

/// Close and search close, all versions; fsync.
Outcome<std::uint32_t> decode_handle(std::uint32_t op, Bytes payload);

/// Search open and query volume, all versions.
Outcome<FileRef> decode_name(std::uint32_t op, Bytes payload);
Packet encode_search_open(std::uint32_t op, std::uint32_t handle);
/// Bytes free and in all.
Packet encode_volume(std::uint32_t op, std::uint64_t free, std::uint64_t total);

struct SearchReadRequest {
    std::uint32_t handle = 0;
    std::uint32_t index = 0;
    // version 4 only
    std::uint32_t mask = 0;
    std::uint32_t flags = 0;
    std::uint32_t max_bytes = 0;
    std::string_view pattern;
};
Outcome<SearchReadRequest> decode_search_read(std::uint32_t op, Bytes payload);
/// Versions 1 to 3: one entry. An empty name, with attributes of zeros, is the end.
Packet encode_entry(std::uint32_t op, std::string_view name, const wire::AttrV2& attr);
/// Version 4: one entry of a batch, not yet aligned or linked to the next.
Packet encode_batch_entry(std::uint32_t mask, std::uint32_t index, std::string_view name,
                          const wire::AttrV2& attr);

/// Getattr and deletion: no more than a file.
Outcome<FileRef> decode_getattr(std::uint32_t op, Bytes payload);
Outcome<FileRef> decode_delete(std::uint32_t op, Bytes payload);
/// `target` is a link's, as it goes on the wire; version 1 has none, and shows links as files.
Packet encode_getattr(std::uint32_t op, const wire::AttrV2& attr, std::string_view target);

struct SetattrRequest {
    FileRef file;
    wire::AttrV2 attr{}; ///< its mask says what to set
    bool accessed_given = false;
    bool written_given = false; ///< else these two times become the host's
};
Outcome<SetattrRequest> decode_setattr(std::uint32_t op, Bytes payload);

struct CreateDirRequest {
    FileRef file;
    Permissions permissions;
};
Outcome<CreateDirRequest> decode_create_dir(std::uint32_t op, Bytes payload);

struct RenameRequest {
    FileRef from;
    FileRef to;
    bool no_replace = false;
    bool hard_link = false; ///< op_link_move_4 only
};
Outcome<RenameRequest> decode_rename(std::uint32_t op, Bytes payload);

struct SymlinkRequest {
    FileRef link;
    std::string_view target; ///< as on the wire
};
Outcome<SymlinkRequest> decode_symlink(std::uint32_t op, Bytes payload);

struct CreateSessionRequest {
    std::uint32_t max_packet = 0; ///< bytes; 0: no wish
};
/// The last 16 of its 24 bytes may be missing.
Outcome<CreateSessionRequest> decode_create_session(Bytes payload);

struct SetWatchRequest {
    FileRef file;
    std::uint64_t events = 0;
    std::uint32_t flags = 0;
};
Outcome<SetWatchRequest> decode_set_watch(Bytes payload);
Outcome<std::uint64_t> decode_remove_watch(Bytes payload);
Packet encode_set_watch(std::uint64_t watch);
/// What the server sends about a watch, without header; `name` is cross-platform.
Packet encode_notify(std::uint64_t watch, std::uint32_t flags, std::uint64_t events,
                     std::string_view name);

/// What a request without a decoder of its own is checked against: the size of its layout; 0 for
/// all others.
std::size_t request_size(std::uint32_t op);
/// The reply that says only "done".
Packet encode_empty(std::uint32_t op);

/// Put the header in front of a payload, or into it where it is embedded. A failure has no payload.
Packet frame(const Envelope& request, std::uint64_t session, Status status, Packet payload);

/// Put a header in front of what the server says of its own accord.
Packet frame_push(std::uint32_t op, std::uint64_t session, const Packet& payload);

} // namespace vmguest::hgfs
