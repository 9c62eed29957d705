// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A peer for tests: echoes datagrams, does with pairs as it is told.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string_view>

#include "models/vmci/host_end.hpp"
#include "models/vmci/wire.hpp"

#include "host.hpp"

namespace vmguest::lab::vmci {

/// Its words on the control socket:
///   echo RESOURCE on|off            datagrams to {2, RESOURCE} come back to where they are from
///   pair create PRODUCE CONSUME     for the guest to attach to; sizes are this end's
///   pair attach HANDLE PRODUCE CONSUME
///   pair write HANDLE TEXT          {"done": bytes or Status}
///   pair read HANDLE COUNT          the same, and {"text"}
///   pair detach HANDLE
/// HANDLE is CONTEXT:RESOURCE.
class TestService final : public Service {
public:
    explicit TestService(HostEnd& host) : host_(host) {}

    Reply echo(std::span<const std::string_view> words);
    Reply pair(std::span<const std::string_view> words);

    std::int32_t datagram(const Datagram& datagram) override;
    void attached(HostPair&) override {}
    void detaching(HostPair& pair) override { pairs_.erase(&pair); }
    void reset() override { pairs_.clear(); }

private:
    Reply create(std::span<const std::string_view> sizes);
    Reply attach(Handle handle, std::span<const std::string_view> sizes);
    Reply read(HostPair& pair, std::string_view count);
    HostPair* find(Handle handle) const;

    HostEnd& host_;
    std::set<HostPair*> pairs_;
};

} // namespace vmguest::lab::vmci
