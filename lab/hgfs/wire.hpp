// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What HGFS looks like on the wire: opcodes, layouts, flags. Nothing here has behaviour.
//
// Structs are packed and little-endian, and their sizes are asserted. Requests and replies of
// versions 1 and 2 contain the legacy header (`h`) even when a new header precedes them; those of
// versions 3 and 4 do not. A struct that ends in a name has one byte of it, so that its size is
// that of the packet with an empty name.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vmguest::hgfs {

/// A packet or a part of one, somebody else's.
using Bytes = std::span<const std::byte>;
/// A packet or a part of one, one's own.
using Packet = std::vector<std::byte>;

} // namespace vmguest::hgfs

namespace vmguest::hgfs::wire {

static_assert(std::endian::native == std::endian::little, "layouts are used as they are");

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr u32 invalid_handle = 0xffff'ffff;
constexpr u64 invalid_session = ~u64{0};

/// Opcodes. The digit at the end is the version of the request's layout.
enum Op : u32 {
    op_open_1 = 0,
    op_read_1 = 1,
    op_write_1 = 2,
    op_close_1 = 3,
    op_search_open_1 = 4,
    op_search_read_1 = 5,
    op_search_close_1 = 6,
    op_getattr_1 = 7,
    op_setattr_1 = 8,
    op_create_dir_1 = 9,
    op_delete_file_1 = 10,
    op_delete_dir_1 = 11,
    op_rename_1 = 12,
    op_query_volume_1 = 13,
    op_open_2 = 14,
    op_getattr_2 = 15,
    op_setattr_2 = 16,
    op_search_read_2 = 17,
    op_create_symlink_2 = 18,
    op_lock_change_2 = 19,
    op_create_dir_2 = 20,
    op_delete_file_2 = 21,
    op_delete_dir_2 = 22,
    op_rename_2 = 23,
    op_open_3 = 24,
    op_read_3 = 25,
    op_write_3 = 26,
    op_close_3 = 27,
    op_search_open_3 = 28,
    op_search_read_3 = 29,
    op_search_close_3 = 30,
    op_getattr_3 = 31,
    op_setattr_3 = 32,
    op_create_dir_3 = 33,
    op_delete_file_3 = 34,
    op_delete_dir_3 = 35,
    op_rename_3 = 36,
    op_query_volume_3 = 37,
    op_create_symlink_3 = 38,
    op_lock_change_3 = 39,
    op_write_stream_3 = 40,
    op_create_session_4 = 41,
    op_destroy_session_4 = 42,
    op_read_fast_4 = 43,
    op_write_fast_4 = 44,
    op_set_watch_4 = 45,
    op_remove_watch_4 = 46,
    op_notify_4 = 47,
    op_search_read_4 = 48,
    op_link_move_4 = 54,
    op_fsync_4 = 57,
    op_count = 65,         ///< as many as a session reply describes
    op_new_header = 0xff,  ///< where a legacy header has its opcode
    op_first_new_only = 41 ///< from here on the legacy header will not do
};

/// Versions 1 and 2: the structs have the legacy header in them.
constexpr bool has_embedded_header(u32 op) {
    return op <= op_rename_2;
}

struct [[gnu::packed]] LegacyRequest {
    u32 id;
    u32 op;
};
static_assert(sizeof(LegacyRequest) == 8);

struct [[gnu::packed]] LegacyReply {
    u32 id;
    u32 status;
};
static_assert(sizeof(LegacyReply) == 8);

struct [[gnu::packed]] Header {
    u8 version;
    u8 reserved_1[3];
    u32 marker;
    u32 packet_size;
    u32 header_size;
    u32 id;
    u32 op;
    u32 status;
    u32 flags;
    u32 information;
    u64 session;
    u64 reserved_2;
};
static_assert(sizeof(Header) == 52);
static_assert(offsetof(Header, session) == 36);

enum HeaderFlags : u32 { header_request = 1, header_reply = 2 };

// Names

struct [[gnu::packed]] NameV1 {
    u32 length;
    u8 first;
};
static_assert(sizeof(NameV1) == 5);

struct [[gnu::packed]] NameV3 {
    u32 length;
    u32 flags;
    u32 case_type;
    u32 handle;
    u8 first;
};
static_assert(sizeof(NameV3) == 17);

enum NameFlags : u32 { name_is_handle = 1 };
enum CaseType : u32 { case_default = 0, case_sensitive = 1, case_insensitive = 2 };

struct [[gnu::packed]] ShortName {
    u32 length;
    u8 bytes[48];
};
static_assert(sizeof(ShortName) == 52);

// Attributes

enum FileType : u32 { type_regular = 0, type_directory = 1, type_symlink = 2 };

struct [[gnu::packed]] AttrV1 {
    u32 type;
    u64 size;
    u64 created;
    u64 accessed;
    u64 written;
    u64 changed;
    u8 owner_permissions;
};
static_assert(sizeof(AttrV1) == 45);

struct [[gnu::packed]] AttrV2 {
    u64 mask;
    u32 type;
    u64 size;
    u64 created;
    u64 accessed;
    u64 written;
    u64 changed;
    u8 special_permissions;
    u8 owner_permissions;
    u8 group_permissions;
    u8 other_permissions;
    u64 flags;
    u64 allocation;
    u32 user;
    u32 group;
    u64 file_id;
    u32 volume_id;
    u32 effective_permissions;
    u64 reserved;
};
static_assert(sizeof(AttrV2) == 104);
static_assert(offsetof(AttrV2, flags) == 56 && offsetof(AttrV2, effective_permissions) == 92);

enum AttrMask : u64 {
    attr_type = 1U << 0,
    attr_size = 1U << 1,
    attr_created = 1U << 2,
    attr_accessed = 1U << 3,
    attr_written = 1U << 4,
    attr_changed = 1U << 5,
    attr_special = 1U << 6,
    attr_owner = 1U << 7,
    attr_group = 1U << 8,
    attr_other = 1U << 9,
    attr_flags = 1U << 10,
    attr_allocation = 1U << 11,
    attr_user_id = 1U << 12,
    attr_group_id = 1U << 13,
    attr_file_id = 1U << 14,
    attr_volume_id = 1U << 15,
    attr_effective = 1U << 17,
};

/// What is known of the list of shares, of an open file, and of a file by its name.
constexpr u64 attr_mask_base = 0x3ff;
constexpr u64 attr_mask_handle = 0xfbff;
constexpr u64 attr_mask_name = attr_mask_handle | attr_effective;

enum EffectiveBits : u32 { effective_exists = 8 };

/// Update bits of setattr V1.
enum UpdateBits : u8 {
    update_size = 1U << 0,
    update_created = 1U << 1,
    update_accessed = 1U << 2,
    update_written = 1U << 3,
    update_changed = 1U << 4,
    update_permissions = 1U << 5,
    update_accessed_given = 1U << 6,
    update_written_given = 1U << 7,
};

/// Hints of getattr and setattr, of delete, of rename.
enum AttrHints : u64 { hint_accessed_given = 1, hint_written_given = 2, hint_attr_handle = 4 };
enum DeleteHints : u64 { hint_delete_handle = 1 };
enum RenameHints : u64 { hint_from_handle = 1, hint_to_handle = 2, hint_no_replace = 4 };

// Open, read, write, close

enum OpenMode : u32 { mode_read = 0, mode_write = 1, mode_read_write = 2, mode_sequential = 4 };
enum OpenFlags : u32 {
    open_existing = 0,
    open_truncate = 1,
    open_create = 2,
    open_create_new = 3,
    open_create_empty = 4
};
enum OpenMask : u64 {
    open_has_mode = 1U << 0,
    open_has_flags = 1U << 1,
    open_has_special = 1U << 2,
    open_has_owner = 1U << 3,
    open_has_group = 1U << 4,
    open_has_other = 1U << 5,
};

struct [[gnu::packed]] OpenRequestV1 {
    LegacyRequest h;
    u32 mode;
    u32 flags;
    u8 owner;
    NameV1 name;
};
static_assert(sizeof(OpenRequestV1) == 22);

struct [[gnu::packed]] OpenReplyV1 {
    LegacyReply h;
    u32 handle;
};
static_assert(sizeof(OpenReplyV1) == 12);

/// What versions 2 and 3 have in common.
struct [[gnu::packed]] OpenFields {
    u64 mask;
    u32 mode;
    u32 flags;
    u8 special;
    u8 owner;
    u8 group;
    u8 other;
    u64 attr_flags;
    u64 allocation;
    u32 desired_access;
    u32 share_access;
    u32 desired_lock;
    u64 reserved_1;
    u64 reserved_2;
};
static_assert(sizeof(OpenFields) == 64);

struct [[gnu::packed]] OpenRequestV2 {
    LegacyRequest h;
    OpenFields fields;
    NameV1 name;
};
static_assert(sizeof(OpenRequestV2) == 77);

struct [[gnu::packed]] OpenReplyV2 {
    LegacyReply h;
    u32 handle;
    u32 lock;
};
static_assert(sizeof(OpenReplyV2) == 16);

struct [[gnu::packed]] OpenRequestV3 {
    OpenFields fields;
    NameV3 name;
};
static_assert(sizeof(OpenRequestV3) == 81);

struct [[gnu::packed]] OpenReplyV3 {
    u32 handle;
    u32 lock;
    u32 flags;
    u32 reserved;
};
static_assert(sizeof(OpenReplyV3) == 16);

struct [[gnu::packed]] ReadRequestV1 {
    LegacyRequest h;
    u32 handle;
    u64 offset;
    u32 count;
};
static_assert(sizeof(ReadRequestV1) == 24);

struct [[gnu::packed]] ReadReplyV1 {
    LegacyReply h;
    u32 actual;
    u8 first;
};
static_assert(sizeof(ReadReplyV1) == 13);

struct [[gnu::packed]] ReadRequestV3 {
    u32 handle;
    u64 offset;
    u32 count;
    u64 reserved;
};
static_assert(sizeof(ReadRequestV3) == 24);

struct [[gnu::packed]] ReadReplyV3 {
    u32 actual;
    u64 reserved;
    u8 first;
};
static_assert(sizeof(ReadReplyV3) == 13);

enum WriteFlags : u8 { write_append = 1 };

struct [[gnu::packed]] WriteRequestV1 {
    LegacyRequest h;
    u32 handle;
    u8 flags;
    u64 offset;
    u32 count;
    u8 first;
};
static_assert(sizeof(WriteRequestV1) == 26);

struct [[gnu::packed]] WriteReplyV1 {
    LegacyReply h;
    u32 actual;
};
static_assert(sizeof(WriteReplyV1) == 12);

struct [[gnu::packed]] WriteRequestV3 {
    u32 handle;
    u8 flags;
    u64 offset;
    u32 count;
    u64 reserved;
    u8 first;
};
static_assert(sizeof(WriteRequestV3) == 26);

struct [[gnu::packed]] WriteReplyV3 {
    u32 actual;
    u64 reserved;
};
static_assert(sizeof(WriteReplyV3) == 12);

/// Close of a file or a search.
struct [[gnu::packed]] CloseRequestV1 {
    LegacyRequest h;
    u32 handle;
};
static_assert(sizeof(CloseRequestV1) == 12);

struct [[gnu::packed]] CloseRequestV3 {
    u32 handle;
    u64 reserved;
};
static_assert(sizeof(CloseRequestV3) == 12);

/// The reply to whatever only succeeds or fails.
struct [[gnu::packed]] EmptyReplyV3 {
    u64 reserved;
};
static_assert(sizeof(EmptyReplyV3) == 8);

struct [[gnu::packed]] WriteStreamRequestV3 {
    u32 handle;
    u32 flags;
    u32 reserved_1;
    u32 count;
    u64 reserved_2;
    u8 first;
};
static_assert(sizeof(WriteStreamRequestV3) == 25);

struct [[gnu::packed]] LockChangeRequestV2 {
    LegacyRequest h;
    u32 handle;
    u32 lock;
};
static_assert(sizeof(LockChangeRequestV2) == 16);

struct [[gnu::packed]] LockChangeRequestV3 {
    u32 handle;
    u32 lock;
    u64 reserved;
};
static_assert(sizeof(LockChangeRequestV3) == 16);

// Directories

/// Search open, getattr, deletion and query volume of version 1 are just a name.
struct [[gnu::packed]] NameRequestV1 {
    LegacyRequest h;
    NameV1 name;
};
static_assert(sizeof(NameRequestV1) == 13);

/// Search open and query volume of version 3.
struct [[gnu::packed]] NameRequestV3 {
    u64 reserved;
    NameV3 name;
};
static_assert(sizeof(NameRequestV3) == 25);

struct [[gnu::packed]] SearchOpenReplyV1 {
    LegacyReply h;
    u32 handle;
};
static_assert(sizeof(SearchOpenReplyV1) == 12);

struct [[gnu::packed]] SearchOpenReplyV3 {
    u32 handle;
    u64 reserved;
};
static_assert(sizeof(SearchOpenReplyV3) == 12);

struct [[gnu::packed]] SearchReadRequestV1 {
    LegacyRequest h;
    u32 handle;
    u32 index;
};
static_assert(sizeof(SearchReadRequestV1) == 16);

struct [[gnu::packed]] SearchReadReplyV1 {
    LegacyReply h;
    AttrV1 attr;
    NameV1 name;
};
static_assert(sizeof(SearchReadReplyV1) == 58);

struct [[gnu::packed]] SearchReadReplyV2 {
    LegacyReply h;
    AttrV2 attr;
    NameV1 name;
};
static_assert(sizeof(SearchReadReplyV2) == 117);

struct [[gnu::packed]] SearchReadRequestV3 {
    u32 handle;
    u32 index;
    u32 flags;
    u64 reserved;
};
static_assert(sizeof(SearchReadRequestV3) == 20);

/// The one wire struct that ends in padding; its name's bytes begin at 124 all the same.
struct [[gnu::packed]] EntryV3 {
    u32 next;
    AttrV2 attr;
    NameV3 name;
    u8 padding[3];
};
static_assert(sizeof(EntryV3) == 128);
static_assert(offsetof(EntryV3, name) + offsetof(NameV3, first) == 124);

struct [[gnu::packed]] SearchReadReplyV3 {
    u64 count;
    u64 reserved;
    u8 first;
};
static_assert(sizeof(SearchReadReplyV3) == 17);

struct [[gnu::packed]] SearchReadRequestV4 {
    u32 mask;
    u32 flags;
    u32 handle;
    u32 max_bytes;
    u32 index;
    u64 reserved;
    NameV1 name; ///< a pattern
};
static_assert(sizeof(SearchReadRequestV4) == 33);

struct [[gnu::packed]] SearchReadReplyV4 {
    u32 count;
    u32 next_index;
    u32 flags;
    u64 reserved;
};
static_assert(sizeof(SearchReadReplyV4) == 20);

struct [[gnu::packed]] EntryV4 {
    u32 next;
    u32 index;
    u32 mask;
    u64 attr_flags;
    u32 type;
    u64 size;
    u64 allocation;
    u64 created;
    u64 accessed;
    u64 written;
    u64 changed;
    u64 file_id;
    u32 ea_size;
    u32 reparse_tag;
    u64 reserved;
    ShortName short_name;
    NameV1 name;
};
static_assert(sizeof(EntryV4) == 153 && offsetof(EntryV4, name) == 148);

enum SearchMask : u32 {
    search_name = 1U << 0,
    search_size = 1U << 2,
    search_allocation = 1U << 3,
    search_times = 1U << 5,
    search_type = 1U << 7,
    search_file_id = 1U << 9,
    search_known =
        search_name | search_size | search_allocation | search_times | search_type | search_file_id
};
enum SearchFlags : u32 {
    search_single = 1U << 2,
    search_handle_4 = 1U << 3,
    search_final = 1U << 4
};

// Attributes and names

struct [[gnu::packed]] GetattrReplyV1 {
    LegacyReply h;
    AttrV1 attr;
};
static_assert(sizeof(GetattrReplyV1) == 53);

/// Getattr and deletion of version 2.
struct [[gnu::packed]] HintRequestV2 {
    LegacyRequest h;
    u64 hints;
    u32 handle;
    NameV1 name;
};
static_assert(sizeof(HintRequestV2) == 25);

struct [[gnu::packed]] GetattrReplyV2 {
    LegacyReply h;
    AttrV2 attr;
    NameV1 target;
};
static_assert(sizeof(GetattrReplyV2) == 117);

/// Getattr and deletion of version 3.
struct [[gnu::packed]] HintRequestV3 {
    u64 hints;
    u64 reserved;
    NameV3 name;
};
static_assert(sizeof(HintRequestV3) == 33);

struct [[gnu::packed]] GetattrReplyV3 {
    AttrV2 attr;
    u64 reserved;
    NameV3 target;
};
static_assert(sizeof(GetattrReplyV3) == 129);

struct [[gnu::packed]] SetattrRequestV1 {
    LegacyRequest h;
    u8 update;
    AttrV1 attr;
    NameV1 name;
};
static_assert(sizeof(SetattrRequestV1) == 59);

struct [[gnu::packed]] SetattrRequestV2 {
    LegacyRequest h;
    u64 hints;
    AttrV2 attr;
    u32 handle;
    NameV1 name;
};
static_assert(sizeof(SetattrRequestV2) == 129);

struct [[gnu::packed]] SetattrRequestV3 {
    u64 hints;
    AttrV2 attr;
    u64 reserved;
    NameV3 name;
};
static_assert(sizeof(SetattrRequestV3) == 137);

enum CreateDirMask : u64 {
    create_dir_special = 1U << 0,
    create_dir_owner = 1U << 1,
    create_dir_group = 1U << 2,
    create_dir_other = 1U << 3,
};

struct [[gnu::packed]] CreateDirRequestV1 {
    LegacyRequest h;
    u8 owner;
    NameV1 name;
};
static_assert(sizeof(CreateDirRequestV1) == 14);

struct [[gnu::packed]] CreateDirRequestV2 {
    LegacyRequest h;
    u64 mask;
    u8 special;
    u8 owner;
    u8 group;
    u8 other;
    NameV1 name;
};
static_assert(sizeof(CreateDirRequestV2) == 25);

struct [[gnu::packed]] CreateDirRequestV3 {
    u64 mask;
    u8 special;
    u8 owner;
    u8 group;
    u8 other;
    u64 attr_flags;
    NameV3 name;
};
static_assert(sizeof(CreateDirRequestV3) == 37);

struct [[gnu::packed]] RenameRequestV1 {
    LegacyRequest h;
    NameV1 from;
    NameV1 to; ///< begins after the first name's bytes and a NUL, as in all requests with two
};
static_assert(sizeof(RenameRequestV1) == 18);

struct [[gnu::packed]] RenameRequestV2 {
    LegacyRequest h;
    u64 hints;
    u32 from_handle;
    u32 to_handle;
    NameV1 from;
    NameV1 to;
};
static_assert(sizeof(RenameRequestV2) == 34);

struct [[gnu::packed]] RenameRequestV3 {
    u64 hints;
    u64 reserved;
    NameV3 from;
    NameV3 to;
};
static_assert(sizeof(RenameRequestV3) == 50);

struct [[gnu::packed]] VolumeReplyV1 {
    LegacyReply h;
    u64 free;
    u64 total;
};
static_assert(sizeof(VolumeReplyV1) == 24);

struct [[gnu::packed]] VolumeReplyV3 {
    u64 free;
    u64 total;
    u64 reserved;
};
static_assert(sizeof(VolumeReplyV3) == 24);

struct [[gnu::packed]] SymlinkRequestV2 {
    LegacyRequest h;
    NameV1 link;
    NameV1 target;
};
static_assert(sizeof(SymlinkRequestV2) == 18);

struct [[gnu::packed]] SymlinkRequestV3 {
    u64 reserved;
    NameV3 link;
    NameV3 target;
};
static_assert(sizeof(SymlinkRequestV3) == 42);

// Sessions

struct [[gnu::packed]] Capability {
    u32 op;
    u32 flags;
};
static_assert(sizeof(Capability) == 8);

enum CapabilityFlags : u32 { capability_supported = 1 };

struct [[gnu::packed]] SessionRequestV4 {
    u32 capability_count;
    u32 max_packet;
    u32 flags;
    u32 reserved;
    Capability first;
};
static_assert(sizeof(SessionRequestV4) == 24);

struct [[gnu::packed]] SessionReplyV4 {
    u64 session;
    u32 capability_count;
    u32 max_packet;
    u32 identity_offset;
    u32 flags;
    u32 reserved;
};
static_assert(sizeof(SessionReplyV4) == 28);

enum SessionFlags : u32 { session_max_packet = 1, session_notify = 2 };

struct [[gnu::packed]] EndSessionRequestV4 {
    u64 reserved;
};
static_assert(sizeof(EndSessionRequestV4) == 8);

// Watches

enum WatchFlags : u32 { watch_tree = 1U << 0, watch_one_shot = 1U << 2 };

struct [[gnu::packed]] WatchRequestV4 {
    u64 events;
    u32 flags;
    u64 reserved;
    NameV3 name;
};
static_assert(sizeof(WatchRequestV4) == 37);

struct [[gnu::packed]] WatchReplyV4 {
    u64 watch;
    u64 reserved;
};
static_assert(sizeof(WatchReplyV4) == 16);

struct [[gnu::packed]] EndWatchRequestV4 {
    u64 watch;
};
static_assert(sizeof(EndWatchRequestV4) == 8);

struct [[gnu::packed]] WatchEvent {
    u32 next;
    u64 mask;
    u64 reserved;
    NameV1 name;
};
static_assert(sizeof(WatchEvent) == 25);

enum NotifyFlags : u32 { notify_overflow = 1U << 0, notify_watch_removed = 1U << 1 };

struct [[gnu::packed]] NotifyV4 {
    u64 watch;
    u32 flags;
    u32 count;
    u64 reserved;
    WatchEvent event;
};
static_assert(sizeof(NotifyV4) == 49);

enum WatchEvents : u64 {
    event_access = 1U << 0,
    event_attrib = 1U << 1,
    event_size = 1U << 2,
    event_written = 1U << 4,
    event_changed = 1U << 5,
    event_open = 1U << 8,
    event_close_write = 1U << 9,
    event_close = 1U << 10,
    event_create_file = 1U << 11,
    event_create_dir = 1U << 12,
    event_delete_file = 1U << 13,
    event_delete_dir = 1U << 14,
    event_delete_self = 1U << 15,
    event_modify = 1U << 16,
    event_move_self = 1U << 17,
    event_old_file = 1U << 18,
    event_new_file = 1U << 19,
    event_old_dir = 1U << 20,
    event_new_dir = 1U << 21,
};

// Defined by the protocol, implemented by no server known to us; here behind Policy::extensions.

struct [[gnu::packed]] FsyncRequest {
    u32 handle;
    u64 reserved;
};
static_assert(sizeof(FsyncRequest) == 12);

enum LinkMoveFlags : u64 { link_replace = 1, link_hard = 2 };

struct [[gnu::packed]] LinkMoveRequest {
    NameV3 from;
    NameV3 to;
    u64 flags; ///< begins after the second name's bytes and a NUL
};
static_assert(sizeof(LinkMoveRequest) == 42);

} // namespace vmguest::hgfs::wire
