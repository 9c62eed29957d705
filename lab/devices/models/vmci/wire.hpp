// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// VMCI's numbers: registers, statuses, handles, layouts.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace vmguest::lab::vmci {

/// An address: a resource of a context.
struct Handle {
    std::uint32_t context;
    std::uint32_t resource;

    friend auto operator<=>(const Handle&, const Handle&) = default;
};

inline constexpr std::uint32_t invalid_id = 0xffff'ffff; ///< of a context or a resource
inline constexpr Handle anonymous = {invalid_id, invalid_id};
inline constexpr std::uint32_t hypervisor_context = 0;
inline constexpr std::uint32_t host_context = 2;
inline constexpr std::uint32_t first_vm_context = 3;
inline constexpr std::uint32_t first_free_resource = 1024;

constexpr bool is_valid(Handle handle) {
    return handle.context != invalid_id && handle.resource != invalid_id;
}
constexpr bool is_vm(std::uint32_t context) {
    return context >= first_vm_context && context != invalid_id;
}

/// Statuses that devices and services answer with; what is not negative is a number of bytes or
/// one of the successes.
enum Status : std::int32_t {
    success = 0,
    success_last_detach = 3,
    success_queuepair_create = 4,
    success_queuepair_attach = 5,
    invalid_resource = -1,
    invalid_args = -2,
    no_mem = -3,
    no_access = -7,
    duplicate_entry = -9,
    dst_unreachable = -10,
    payload_too_large = -11,
    page_already_shared = -14,
    no_resources = -19,
    unavailable = -20,
    not_found = -21,
    already_exists = -22,
    invalid_size = -24,
    obsolete = -30,
    queuepair_mismatch = -31,
    queuepair_not_attached = -34,
    queuepair_not_ready = -40,
    // Of the transport of Shared Folders.
    folders_failed = -501,
    folders_version = -502,
    folders_type = -503,
};

/// Offsets of the registers, in BAR 0 and in the window of BAR 1.
enum class Register : std::uint64_t {
    status = 0x00,
    control = 0x04,
    cause = 0x08, ///< acknowledged by being read
    mask = 0x0c,
    data_out = 0x10, ///< 8 bits wide, as is the next
    data_in = 0x14,
    capabilities = 0x18,
    result_low = 0x1c,
    result_high = 0x20,
    data_out_low = 0x24,
    data_out_high = 0x28,
    data_in_low = 0x2c,
    data_in_high = 0x30,
    page_shift = 0x34,
};

enum ControlBit : std::uint32_t {
    control_reset = 1U << 0,
    control_enable = 1U << 1,
    control_disable = 1U << 2,
};

/// Bit n is vector n if every cause has a vector.
enum Cause : std::uint32_t {
    cause_datagram = 1U << 0,
    cause_notification = 1U << 1,
    cause_dma = 1U << 2,
    all_causes = 7,
};

enum Capability : std::uint32_t {
    can_hypercall = 1U << 0,
    can_guestcall = 1U << 1,
    can_datagram = 1U << 2,
    can_notify = 1U << 3,
    can_wide_pages = 1U << 4, ///< page numbers have 64 bits
    can_dma = 1U << 5,
};

/// Resources of context 0 that the device serves itself.
enum class Hypercall : std::uint32_t {
    resources_query = 0,
    get_context_id = 1,
    set_notify_bitmap = 2,
    doorbell_link = 3,
    doorbell_unlink = 4,
    doorbell_notify = 5,
    request_map = 6,
    remove_map = 7,
    event_subscribe = 8,
    event_unsubscribe = 9,
    queuepair_alloc = 10,
    queuepair_detach = 11,
};

enum class Event : std::uint32_t {
    context_update = 0,
    queuepair_resumed = 2,
    peer_attach = 3,
    peer_detach = 4,
};

enum PairFlag : std::uint32_t {
    pair_attach_only = 1U << 0,
    pair_local = 1U << 1,
    pair_nonblock = 1U << 2,
    pair_pinned = 1U << 3,
};

/// In front of every datagram.
struct Header {
    Handle to;
    Handle from;
    std::uint64_t payload; ///< its size
};
static_assert(sizeof(Header) == 24);

/// What the guest asks of QUEUEPAIR_ALLOC; page numbers follow. Sizes and directions are its own.
struct PairRequest {
    Handle handle;
    std::uint32_t peer;
    std::uint32_t flags;
    std::uint64_t produce;
    std::uint64_t consume;
    std::uint64_t pages;
};
static_assert(sizeof(PairRequest) == 40);

/// At the start of each of a pair's two queues. Whoever produces into a queue writes its header.
struct QueueHeader {
    Handle handle;
    std::uint64_t tail; ///< where this queue's producer writes next
    std::uint64_t head; ///< where this queue's producer reads next, in the other queue
};
static_assert(sizeof(QueueHeader) == 24);

/// In front of a transfer of the second generation, and what may follow it.
struct Transfer {
    std::uint32_t busy;
    std::uint32_t opcode; ///< 0: data follow; 1: elements
    std::uint32_t size;   ///< bytes or elements
    std::uint32_t reserved;
    std::uint64_t result;
};
static_assert(sizeof(Transfer) == 24);
struct Element {
    std::uint64_t address;
    std::uint64_t length;
};
static_assert(sizeof(Element) == 16);

/// Resource of context 0 that takes datagrams of Shared Folders, which name the guest's memory:
/// a header of one of two versions, and pieces.
inline constexpr std::uint32_t folders_resource = 13;
struct FoldersHeader1 {
    std::uint32_t version;
    std::uint32_t type;
    std::uint32_t pieces; ///< their number
};
static_assert(sizeof(FoldersHeader1) == 12);
struct [[gnu::packed]] FoldersHeader2 {
    std::uint32_t version;
    std::uint32_t type;
    std::uint32_t total; ///< this and the next size are not looked at
    std::uint64_t id;
    std::uint64_t flags;
    std::uint32_t packet;
    std::uint64_t reserved[2];
    std::uint32_t pieces;
};
static_assert(sizeof(FoldersHeader2) == 52);
struct [[gnu::packed]] FoldersPiece {
    std::uint64_t address;
    std::uint32_t size; ///< bytes
};
static_assert(sizeof(FoldersPiece) == 12);
enum FoldersType : std::uint32_t {
    folders_pages = 0, ///< the guest gives pages for what the host wants to say by itself
    folders_request = 1,
    folders_end_session = 2,
};
enum FoldersFlag : std::uint64_t {
    folders_is_request = 1U << 0,
    folders_is_reply = 1U << 1,
    folders_is_async = 1U << 2, ///< pieces have another layout
};

/// In front of the packet in the first piece. The guest says how many bytes there are for both, the
/// host how many it has written.
struct FoldersState {
    std::uint32_t state;
    std::uint32_t size;
};
static_assert(sizeof(FoldersState) == 8);
enum FoldersProgress : std::uint32_t {
    folders_pending = 0,
    folders_complete = 1,
    folders_broken = 2,
};

/// Told to the guest when a request is over that was pending when its datagram's call returned.
struct FoldersNotice {
    std::uint32_t version;
    std::uint32_t type;
    std::uint64_t id;
};
static_assert(sizeof(FoldersNotice) == 16);
inline constexpr std::uint32_t folders_notice_reply = 2;
inline constexpr std::uint32_t longest_folders_packet = 16U << 20;

inline constexpr std::uint64_t port_page = 4096; ///< unit of the stream that DATA_IN gives
inline constexpr unsigned least_page_shift = 12, most_page_shift = 16;
inline constexpr std::uint64_t most_queue_memory = std::uint64_t{128} << 20; ///< of all pairs
inline constexpr std::size_t most_pairs = 16384, most_doorbells = 4096;
inline constexpr std::size_t most_queried = 31;

/// Lengths with the header.
inline constexpr std::uint64_t longest_datagram = std::uint64_t{17} * 4096;
inline constexpr std::uint64_t longest_hypercall =
    sizeof(Header) + sizeof(PairRequest) + 8 * (most_queue_memory / port_page + 3);
constexpr std::uint64_t longest_to(Handle to) {
    return to.context == hypervisor_context ? longest_hypercall : longest_datagram;
}
/// What may lie unread, in bytes; events have some room more.
inline constexpr std::size_t queue_limit = 139264, event_queue_limit = 188416;

constexpr std::size_t padded(std::size_t size) {
    return (size + 7) & ~std::size_t{7};
}

/// The guest's words are little-endian, as this host's are.
template <class T>
T load(std::span<const std::byte> from, std::size_t at = 0) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, from.subspan(at, sizeof value).data(), sizeof value);
    return value;
}

template <class T>
void append(std::vector<std::byte>& to, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto bytes = std::as_bytes(std::span(&value, 1));
    to.insert(to.end(), bytes.begin(), bytes.end());
}

} // namespace vmguest::lab::vmci
