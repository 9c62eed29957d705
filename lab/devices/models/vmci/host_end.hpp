// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The host's end of VMCI: what a service behind context 2 or 0 may do and is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// A datagram without its header's length, which is that of the payload.
struct Datagram {
    Handle to;
    Handle from;
    std::vector<std::byte> payload;
};

/// The host's end of one queue pair. Sizes and directions are the host's: it reads what the guest
/// produces. Every index that the guest wrote is fetched once and checked.
class HostPair {
public:
    virtual ~HostPair() = default;

    virtual Handle handle() const = 0;
    /// The guest's memory is there; without it nothing can be read or written.
    virtual bool is_attached() const = 0;

    /// Bytes that can be read or written now, or a (negative) Status: queuepair_not_ready without
    /// memory, invalid_size for indexes that point out of the ring.
    virtual std::int64_t readable() = 0;
    virtual std::int64_t writable() = 0;
    /// Bytes moved, fewer than asked for if there are no more, or a Status as above.
    virtual std::int64_t read(std::span<std::byte> to) = 0;
    virtual std::int64_t write(std::span<const std::byte> from) = 0;
};

/// A program of the host's that talks to the guest. None of its calls may block.
class Service {
public:
    virtual ~Service() = default;

    /// A datagram to the handle it serves. Gives the number of bytes taken (the header's 24
    /// included) or a Status.
    virtual std::int32_t datagram(const Datagram& datagram) = 0;
    /// The guest has attached to a pair of this service's.
    virtual void attached(HostPair& pair) = 0;
    /// The guest is about to detach: what it has written can be read for the last time. The pair
    /// is gone when this returns.
    virtual void detaching(HostPair& pair) = 0;
    /// The device was reset: all pairs are gone already, and so is what the guest knew.
    virtual void reset() = 0;
};

/// What the device does for services. A pair belongs to the device and lives until the service
/// detaches it, the guest does, or a reset.
class HostEnd {
public:
    virtual ~HostEnd() = default;

    virtual std::uint32_t guest_context() const = 0;

    /// Datagrams to `handle` (context 2 or 0) go to `service` from now on.
    virtual void serve(Handle handle, Service& service) = 0;
    virtual void unserve(Handle handle) = 0;

    /// Queue a datagram for the guest. Gives its whole length or a Status: no_resources if the
    /// guest lets too many lie.
    virtual std::int32_t send(const Datagram& datagram) = 0;

    /// A pair with a new handle {2, resource} to which the guest may attach. Sizes in bytes, as the
    /// host sees them. Null if there is no room for it.
    virtual HostPair* create_pair(std::uint64_t produce, std::uint64_t consume,
                                  Service& service) = 0;
    /// Attach to a pair that the guest has created; its sizes must be these. Null, with `why` the
    /// Status, if that cannot be.
    virtual HostPair* attach_pair(Handle handle, std::uint64_t produce, std::uint64_t consume,
                                  Service& service, std::int32_t& why) = 0;
    /// The guest gets the event QP_PEER_DETACH. `pair` is gone afterwards.
    virtual void detach_pair(HostPair& pair) = 0;

    /// Set the guest's doorbell. False if the guest has linked none of that handle.
    virtual bool ring(Handle doorbell) = 0;
};

} // namespace vmguest::lab::vmci
