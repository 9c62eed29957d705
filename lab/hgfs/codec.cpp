// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "codec.hpp"

#include <algorithm>
#include <cstring>

namespace vmguest::hgfs {
namespace {

using namespace wire;

// Reading

/// A struct at `at`, which the caller has checked to lie within `bytes`.
template <class T>
T load(Bytes bytes, std::size_t at = 0) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

bool holds(Bytes bytes, std::size_t at, std::size_t size) {
    return at <= bytes.size() && size <= bytes.size() - at;
}

std::string_view text(Bytes bytes, std::size_t at, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes.data()) + at, size};
}

/// A name and where the next thing begins: after its bytes and one more, which the layout has.
struct Named {
    FileRef file;
    std::size_t end = 0;
};

template <class Name>
Outcome<Named> load_name(Bytes payload, std::size_t at) {
    if (!holds(payload, at, sizeof(Name)))
        return Status::protocol_error;
    const auto name = load<Name>(payload, at);
    const std::size_t fixed_end = at + sizeof(Name);
    const std::size_t length = name.length;
    if (length > payload.size() - fixed_end)
        return Status::protocol_error;
    Named found;
    found.file.name = text(payload, fixed_end - 1, length);
    found.end = fixed_end + length;
    if constexpr (sizeof(Name) == sizeof(NameV3)) {
        found.file.case_type = name.case_type;
        if (name.flags & name_is_handle)
            found.file.handle = name.handle;
    }
    return found;
}

/// What `make` makes of a request whose struct ends in its only name.
template <class Request, class Made>
Outcome<Made> named(Bytes payload, Outcome<Made> (*make)(const Request&, const FileRef&)) {
    using Name = decltype(Request::name);
    if (payload.size() < sizeof(Request))
        return Status::protocol_error;
    const auto name = load_name<Name>(payload, sizeof(Request) - sizeof(Name));
    return name ? make(load<Request>(payload), name->file) : name.status();
}

/// Of a request that is no more than a name.
template <class Request>
Outcome<FileRef> only_name(const Request&, const FileRef& file) {
    return file;
}

/// Version 2 says by a hint that its handle counts and not its name.
FileRef with_handle(FileRef file, bool by_handle, u32 handle) {
    if (by_handle)
        file.handle = handle;
    return file;
}

template <u64 hint>
Outcome<FileRef> name_or_handle(const HintRequestV2& fixed, const FileRef& file) {
    return with_handle(file, fixed.hints & hint, fixed.handle);
}

// Writing

template <class T>
Packet to_packet(const T& value) {
    Packet packet(sizeof value);
    std::memcpy(packet.data(), &value, sizeof value);
    return packet;
}

/// A struct that ends in a name, its bytes, and the one byte more that the layout has.
template <class T>
Packet to_packet_with_name(const T& value, std::size_t name_at, std::string_view name) {
    Packet packet = to_packet(value);
    packet.resize(sizeof value + name.size());
    std::memset(packet.data() + name_at, 0, packet.size() - name_at);
    if (!name.empty())
        std::memcpy(packet.data() + name_at, name.data(), name.size());
    return packet;
}

AttrV1 to_v1(const AttrV2& attr) {
    return {.type = attr.type == type_symlink ? u32{type_regular} : attr.type,
            .size = attr.size,
            .created = attr.created,
            .accessed = attr.accessed,
            .written = attr.written,
            .changed = attr.changed,
            .owner_permissions = attr.owner_permissions};
}

NameV3 name_v3(u32 length) {
    return {.length = length, .flags = 0, .case_type = 0, .handle = 0, .first = 0};
}

u32 length_of(std::string_view name) {
    return static_cast<u32>(name.size());
}

std::optional<u8> if_set(u64 mask, u64 bit, u8 value) {
    return mask & bit ? std::optional<u8>(value) : std::nullopt;
}

Outcome<OpenRequest> open_v1(const OpenRequestV1& fixed, const FileRef& file) {
    OpenRequest request{.file = file, .mode = fixed.mode, .flags = fixed.flags, .permissions = {}};
    request.permissions.owner = fixed.owner;
    return request;
}

template <class Request>
Outcome<OpenRequest> open_later(const Request& fixed, const FileRef& file) {
    const OpenFields fields = fixed.fields;
    if (!(fields.mask & open_has_mode) || !(fields.mask & open_has_flags))
        return Status::protocol_error;
    OpenRequest request{
        .file = file, .mode = fields.mode, .flags = fields.flags, .permissions = {}};
    request.permissions = {.special = if_set(fields.mask, open_has_special, fields.special),
                           .owner = if_set(fields.mask, open_has_owner, fields.owner),
                           .group = if_set(fields.mask, open_has_group, fields.group),
                           .other = if_set(fields.mask, open_has_other, fields.other)};
    return request;
}

Outcome<CreateDirRequest> create_dir_v1(const CreateDirRequestV1& fixed, const FileRef& file) {
    CreateDirRequest request{.file = file, .permissions = {}};
    request.permissions.owner = fixed.owner;
    return request;
}

template <class Request>
Outcome<CreateDirRequest> create_dir_later(const Request& fixed, const FileRef& file) {
    CreateDirRequest request{.file = file, .permissions = {}};
    request.permissions = {.special = if_set(fixed.mask, create_dir_special, fixed.special),
                           .owner = if_set(fixed.mask, create_dir_owner, fixed.owner),
                           .group = if_set(fixed.mask, create_dir_group, fixed.group),
                           .other = if_set(fixed.mask, create_dir_other, fixed.other)};
    return request;
}

template <class Request>
Outcome<WriteRequest> to_write(Bytes payload, bool has_data) {
    if (payload.size() < sizeof(Request))
        return Status::protocol_error;
    const auto fixed = load<Request>(payload);
    WriteRequest request{.handle = fixed.handle,
                         .append = (fixed.flags & write_append) != 0,
                         .offset = fixed.offset,
                         .count = fixed.count,
                         .data = {}};
    if (!has_data)
        return request;
    const Bytes data = payload.subspan(sizeof(Request) - 1);
    if (request.count > data.size())
        return Status::protocol_error;
    request.data = data.first(request.count);
    return request;
}

template <class Request>
Outcome<u32> to_handle(Bytes payload) {
    if (payload.size() < sizeof(Request))
        return Status::protocol_error;
    return load<Request>(payload).handle;
}

template <class Request>
Outcome<ReadRequest> to_read(Bytes payload) {
    if (payload.size() < sizeof(Request))
        return Status::protocol_error;
    const auto fixed = load<Request>(payload);
    return ReadRequest{.handle = fixed.handle, .offset = fixed.offset, .count = fixed.count};
}

Outcome<SetattrRequest> setattr_v1(const SetattrRequestV1& fixed, const FileRef& file) {
    const AttrV1 old = fixed.attr;
    SetattrRequest request{.file = file,
                           .attr = {},
                           .accessed_given = (fixed.update & update_accessed_given) != 0,
                           .written_given = (fixed.update & update_written_given) != 0};
    u64 mask = fixed.update &
               (update_size | update_created | update_accessed | update_written | update_changed);
    mask = mask << 1; // in the order of AttrMask, which has the type first
    if (fixed.update & update_permissions)
        mask |= attr_owner;
    request.attr.mask = mask;
    request.attr.size = old.size;
    request.attr.created = old.created;
    request.attr.accessed = old.accessed;
    request.attr.written = old.written;
    request.attr.changed = old.changed;
    request.attr.owner_permissions = old.owner_permissions;
    return request;
}

SetattrRequest to_setattr(const FileRef& file, const AttrV2& attr, u64 hints) {
    return {.file = file,
            .attr = attr,
            .accessed_given = (hints & hint_accessed_given) != 0,
            .written_given = (hints & hint_written_given) != 0};
}

Outcome<SetattrRequest> setattr_v2(const SetattrRequestV2& fixed, const FileRef& file) {
    const auto which = with_handle(file, fixed.hints & hint_attr_handle, fixed.handle);
    return to_setattr(which, fixed.attr, fixed.hints);
}

Outcome<SetattrRequest> setattr_v3(const SetattrRequestV3& fixed, const FileRef& file) {
    return to_setattr(file, fixed.attr, fixed.hints);
}

template <class Request>
Outcome<SearchReadRequest> to_search_read(Bytes payload) {
    if (payload.size() < sizeof(Request))
        return Status::protocol_error;
    SearchReadRequest request;
    request.handle = load<Request>(payload).handle;
    request.index = load<Request>(payload).index;
    return request;
}

Outcome<SearchReadRequest> search_read_v4(const SearchReadRequestV4& fixed, const FileRef& file) {
    return SearchReadRequest{.handle = fixed.handle,
                             .index = fixed.index,
                             .mask = fixed.mask,
                             .flags = fixed.flags,
                             .max_bytes = fixed.max_bytes,
                             .pattern = file.name};
}

Outcome<SetWatchRequest> set_watch(const WatchRequestV4& fixed, const FileRef& file) {
    return SetWatchRequest{.file = file, .events = fixed.events, .flags = fixed.flags};
}

/// The two names of a request whose first one begins at `at`.
template <class Name>
Outcome<RenameRequest> load_two(Bytes payload, std::size_t at, std::size_t* end = nullptr) {
    const auto from = load_name<Name>(payload, at);
    if (!from)
        return from.status();
    const auto to = load_name<Name>(payload, from->end);
    if (!to)
        return to.status();
    if (end)
        *end = to->end;
    return RenameRequest{.from = from->file, .to = to->file};
}

Outcome<RenameRequest> rename_v2(Bytes payload) {
    if (payload.size() < sizeof(RenameRequestV2))
        return Status::protocol_error;
    const auto fixed = load<RenameRequestV2>(payload);
    auto request = load_two<NameV1>(payload, offsetof(RenameRequestV2, from));
    if (!request)
        return request;
    request->from = with_handle(request->from, fixed.hints & hint_from_handle, fixed.from_handle);
    request->to = with_handle(request->to, fixed.hints & hint_to_handle, fixed.to_handle);
    request->no_replace = (fixed.hints & hint_no_replace) != 0;
    return request;
}

Outcome<RenameRequest> rename_v3(Bytes payload) {
    if (payload.size() < sizeof(RenameRequestV3))
        return Status::protocol_error;
    auto request = load_two<NameV3>(payload, offsetof(RenameRequestV3, from));
    if (request)
        request->no_replace = (load<RenameRequestV3>(payload).hints & hint_no_replace) != 0;
    return request;
}

Outcome<RenameRequest> link_move(Bytes payload) {
    std::size_t end = 0;
    auto request = load_two<NameV3>(payload, 0, &end);
    if (!request)
        return request;
    if (!holds(payload, end, sizeof(u64)))
        return Status::protocol_error;
    const auto flags = load<u64>(payload, end);
    request->no_replace = !(flags & link_replace);
    request->hard_link = (flags & link_hard) != 0;
    return request;
}

Header make_header(std::size_t size, u32 id, u32 op, u64 session) {
    Header header{};
    header.version = 1;
    header.marker = op_new_header;
    header.packet_size = static_cast<u32>(size);
    header.header_size = sizeof(Header);
    header.id = id;
    header.op = op;
    header.session = session;
    return header;
}

Packet join(Packet head, const Packet& tail) {
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
}

} // namespace

Framing decode_envelope(Bytes packet, Envelope& envelope) {
    if (packet.size() < sizeof(LegacyRequest))
        return Framing::hopeless;
    const auto legacy = load<LegacyRequest>(packet);
    if (legacy.op != op_new_header) {
        const bool embedded = has_embedded_header(legacy.op);
        envelope = {.is_new = false,
                    .id = legacy.id,
                    .op = legacy.op,
                    .session = invalid_session,
                    .payload = packet.subspan(embedded ? 0 : sizeof(LegacyRequest))};
        return legacy.op >= op_first_new_only ? Framing::hopeless : Framing::good;
    }
    if (packet.size() < sizeof(Header))
        return Framing::hopeless;
    const auto header = load<Header>(packet);
    envelope = {
        .is_new = true, .id = header.id, .op = header.op, .session = header.session, .payload = {}};
    const std::size_t size = header.packet_size;
    const std::size_t header_size = header.header_size;
    if (header.version < 1 || size > packet.size() || header_size > size ||
        header_size < sizeof(Header))
        return Framing::malformed;
    envelope.payload = packet.subspan(header_size, size - header_size);
    return Framing::good;
}

Outcome<OpenRequest> decode_open(u32 op, Bytes payload) {
    if (op == op_open_1)
        return named(payload, open_v1);
    if (op == op_open_2)
        return named(payload, open_later<OpenRequestV2>);
    return named(payload, open_later<OpenRequestV3>);
}

Packet encode_open(u32 op, u32 handle) {
    if (op == op_open_1)
        return to_packet(OpenReplyV1{.h = {}, .handle = handle});
    if (op == op_open_2)
        return to_packet(OpenReplyV2{.h = {}, .handle = handle, .lock = 0});
    return to_packet(OpenReplyV3{.handle = handle, .lock = 0, .flags = 0, .reserved = 0});
}

Outcome<ReadRequest> decode_read(u32 op, Bytes payload) {
    return op == op_read_1 ? to_read<ReadRequestV1>(payload) : to_read<ReadRequestV3>(payload);
}

// Both replies are as long, and one byte longer than their data needs.
static_assert(sizeof(ReadReplyV1) == sizeof(ReadReplyV3));

Packet make_read_reply(u32, std::size_t count) {
    return Packet(sizeof(ReadReplyV3) + count);
}

std::size_t read_data_offset(u32) {
    return sizeof(ReadReplyV3) - 1;
}

void finish_read_reply(u32 op, Packet& reply, std::size_t actual) {
    const auto number = static_cast<u32>(actual);
    const std::size_t at =
        op == op_read_1 ? offsetof(ReadReplyV1, actual) : offsetof(ReadReplyV3, actual);
    std::memcpy(reply.data() + at, &number, sizeof number);
    reply.resize(sizeof(ReadReplyV3) + actual);
    reply.back() = std::byte{0};
}

Packet encode_fast_read(u32 actual) {
    return to_packet(ReadReplyV3{.actual = actual, .reserved = 0, .first = 0});
}

Outcome<WriteRequest> decode_write(u32 op, Bytes payload) {
    if (op == op_write_1)
        return to_write<WriteRequestV1>(payload, true);
    return to_write<WriteRequestV3>(payload, op != op_write_fast_4);
}

Packet encode_write(u32 op, u32 actual) {
    if (op == op_write_1)
        return to_packet(WriteReplyV1{.h = {}, .actual = actual});
    return to_packet(WriteReplyV3{.actual = actual, .reserved = 0});
}

Outcome<u32> decode_handle(u32 op, Bytes payload) {
    return has_embedded_header(op) ? to_handle<CloseRequestV1>(payload)
                                   : to_handle<CloseRequestV3>(payload);
}

Outcome<FileRef> decode_name(u32 op, Bytes payload) {
    return has_embedded_header(op) ? named(payload, only_name<NameRequestV1>)
                                   : named(payload, only_name<NameRequestV3>);
}

Packet encode_search_open(u32 op, u32 handle) {
    if (op == op_search_open_1)
        return to_packet(SearchOpenReplyV1{.h = {}, .handle = handle});
    return to_packet(SearchOpenReplyV3{.handle = handle, .reserved = 0});
}

Packet encode_volume(u32 op, u64 free, u64 total) {
    if (op == op_query_volume_1)
        return to_packet(VolumeReplyV1{.h = {}, .free = free, .total = total});
    return to_packet(VolumeReplyV3{.free = free, .total = total, .reserved = 0});
}

Outcome<SearchReadRequest> decode_search_read(u32 op, Bytes payload) {
    if (op == op_search_read_4)
        return named(payload, search_read_v4);
    return op == op_search_read_3 ? to_search_read<SearchReadRequestV3>(payload)
                                  : to_search_read<SearchReadRequestV1>(payload);
}

Packet encode_entry(u32 op, std::string_view name, const AttrV2& attr) {
    const u32 length = length_of(name);
    if (op == op_search_read_1)
        return to_packet_with_name(
            SearchReadReplyV1{.h = {}, .attr = to_v1(attr), .name = {.length = length, .first = 0}},
            offsetof(SearchReadReplyV1, name) + offsetof(NameV1, first), name);
    if (op == op_search_read_2)
        return to_packet_with_name(
            SearchReadReplyV2{.h = {}, .attr = attr, .name = {.length = length, .first = 0}},
            offsetof(SearchReadReplyV2, name) + offsetof(NameV1, first), name);
    // The packet is as long as both structs and the name, though the entry begins a byte earlier.
    const EntryV3 entry{.next = 0, .attr = attr, .name = name_v3(length), .padding = {}};
    const SearchReadReplyV3 reply{.count = 1, .reserved = 0, .first = 0};
    Packet packet = to_packet(reply);
    packet.resize(sizeof reply + sizeof entry + name.size());
    const std::size_t at = offsetof(SearchReadReplyV3, first);
    std::memcpy(packet.data() + at, &entry, sizeof entry);
    const std::size_t name_at = at + offsetof(EntryV3, name) + offsetof(NameV3, first);
    std::copy_n(reinterpret_cast<const std::byte*>(name.data()), name.size(),
                packet.data() + name_at);
    return packet;
}

Packet encode_batch_entry(u32 mask, u32 index, std::string_view name, const AttrV2& attr) {
    EntryV4 entry{};
    entry.index = index;
    entry.mask = mask & search_known;
    entry.type = mask & search_type ? attr.type : 0;
    entry.size = mask & search_size ? attr.size : 0;
    entry.allocation = mask & search_allocation ? attr.allocation : 0;
    entry.created = mask & search_times ? attr.created : 0;
    entry.accessed = mask & search_times ? attr.accessed : 0;
    entry.written = mask & search_times ? attr.written : 0;
    entry.changed = mask & search_times ? attr.changed : 0;
    entry.file_id = mask & search_file_id ? attr.file_id : 0;
    const std::string_view shown = mask & search_name ? name : std::string_view();
    entry.name.length = length_of(shown);
    return to_packet_with_name(entry, offsetof(EntryV4, name) + offsetof(NameV1, first), shown);
}

Outcome<FileRef> decode_getattr(u32 op, Bytes payload) {
    if (op == op_getattr_1)
        return named(payload, only_name<NameRequestV1>);
    if (op == op_getattr_2)
        return named(payload, name_or_handle<hint_attr_handle>);
    return named(payload, only_name<HintRequestV3>);
}

Outcome<FileRef> decode_delete(u32 op, Bytes payload) {
    if (op == op_delete_file_1 || op == op_delete_dir_1)
        return named(payload, only_name<NameRequestV1>);
    if (op == op_delete_file_2 || op == op_delete_dir_2)
        return named(payload, name_or_handle<hint_delete_handle>);
    return named(payload, only_name<HintRequestV3>);
}

Packet encode_getattr(u32 op, const AttrV2& attr, std::string_view target) {
    const u32 length = length_of(target);
    if (op == op_getattr_1)
        return to_packet(GetattrReplyV1{.h = {}, .attr = to_v1(attr)});
    if (op == op_getattr_2)
        return to_packet_with_name(
            GetattrReplyV2{.h = {}, .attr = attr, .target = {.length = length, .first = 0}},
            offsetof(GetattrReplyV2, target) + offsetof(NameV1, first), target);
    return to_packet_with_name(
        GetattrReplyV3{.attr = attr, .reserved = 0, .target = name_v3(length)},
        offsetof(GetattrReplyV3, target) + offsetof(NameV3, first), target);
}

Outcome<SetattrRequest> decode_setattr(u32 op, Bytes payload) {
    if (op == op_setattr_1)
        return named(payload, setattr_v1);
    return op == op_setattr_2 ? named(payload, setattr_v2) : named(payload, setattr_v3);
}

Outcome<CreateDirRequest> decode_create_dir(u32 op, Bytes payload) {
    if (op == op_create_dir_1)
        return named(payload, create_dir_v1);
    return op == op_create_dir_2 ? named(payload, create_dir_later<CreateDirRequestV2>)
                                 : named(payload, create_dir_later<CreateDirRequestV3>);
}

Outcome<RenameRequest> decode_rename(u32 op, Bytes payload) {
    switch (op) {
    case op_rename_1:
        return load_two<NameV1>(payload, offsetof(RenameRequestV1, from));
    case op_rename_2:
        return rename_v2(payload);
    case op_link_move_4:
        return link_move(payload);
    default:
        return rename_v3(payload);
    }
}

Outcome<SymlinkRequest> decode_symlink(u32 op, Bytes payload) {
    const auto names = op == op_create_symlink_2
                           ? load_two<NameV1>(payload, offsetof(SymlinkRequestV2, link))
                           : load_two<NameV3>(payload, offsetof(SymlinkRequestV3, link));
    if (!names)
        return names.status();
    if (names->to.handle)
        return Status::protocol_error; // a target is a text and no file
    return SymlinkRequest{.link = names->from, .target = names->to.name};
}

Outcome<CreateSessionRequest> decode_create_session(Bytes payload) {
    if (payload.size() < offsetof(SessionRequestV4, flags))
        return Status::protocol_error;
    const auto wish = load<u32>(payload, offsetof(SessionRequestV4, max_packet));
    return CreateSessionRequest{.max_packet = wish};
}

Outcome<SetWatchRequest> decode_set_watch(Bytes payload) {
    return named(payload, set_watch);
}

Outcome<u64> decode_remove_watch(Bytes payload) {
    if (payload.size() < sizeof(EndWatchRequestV4))
        return Status::protocol_error;
    return load<EndWatchRequestV4>(payload).watch;
}

Packet encode_set_watch(u64 watch) {
    return to_packet(WatchReplyV4{.watch = watch, .reserved = 0});
}

Packet encode_notify(u64 watch, u32 flags, u64 events, std::string_view name) {
    NotifyV4 notify{};
    notify.watch = watch;
    notify.flags = flags;
    notify.count = events ? 1 : 0;
    notify.event.mask = events;
    notify.event.name.length = length_of(name);
    const std::size_t at = offsetof(NotifyV4, event) + offsetof(WatchEvent, name);
    return to_packet_with_name(notify, at + offsetof(NameV1, first), name);
}

std::size_t request_size(u32 op) {
    switch (op) {
    case op_lock_change_2:
        return sizeof(LockChangeRequestV2);
    case op_lock_change_3:
        return sizeof(LockChangeRequestV3);
    case op_write_stream_3:
        return sizeof(WriteStreamRequestV3);
    case op_destroy_session_4:
        return sizeof(EndSessionRequestV4);
    default:
        return 0;
    }
}

// The header alone in versions 1 and 2, as long as what comes after it later.
Packet encode_empty(u32) {
    static_assert(sizeof(LegacyReply) == sizeof(EmptyReplyV3));
    return Packet(sizeof(EmptyReplyV3));
}

Packet frame(const Envelope& request, u64 session, Status status, Packet payload) {
    const auto code = static_cast<u32>(status);
    const LegacyReply legacy{.id = request.id, .status = code};
    if (status != Status::success)
        payload.clear();
    else if (has_embedded_header(request.op) && payload.size() >= sizeof legacy)
        std::memcpy(payload.data(), &legacy, sizeof legacy);
    if (!request.is_new)
        return has_embedded_header(request.op) && !payload.empty()
                   ? payload
                   : join(to_packet(legacy), payload);
    Header header = make_header(sizeof(Header) + payload.size(), request.id, request.op, session);
    header.status = code;
    header.flags = header_reply;
    header.information = code;
    return join(to_packet(header), payload);
}

Packet frame_push(u32 op, u64 session, const Packet& payload) {
    Header header = make_header(sizeof(Header) + payload.size(), 0, op, session);
    header.flags = header_request;
    return join(to_packet(header), payload);
}

} // namespace vmguest::hgfs
