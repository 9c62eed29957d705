// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders behind {0, 13}: datagrams that name the guest's memory, where the packet is and
// its reply takes its place. Documentation/devices.md says what is known of real hosts.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string_view>

#include "host.hpp"
#include "models/folders/server.hpp"
#include "models/vmci/bus.hpp"
#include "models/vmci/faults.hpp"
#include "models/vmci/folders_packet.hpp"
#include "models/vmci/host_end.hpp"

namespace vmguest::lab::vmci {

/// Served while sharing is enabled: without it the guest finds that there is no such resource.
class FoldersService final : public Service {
public:
    static constexpr hgfs::Channel channel = {.max_packet = longest_folders_packet,
                                              .shared_memory = true};
    static constexpr std::size_t most_late = 64; ///< replies that wait for their time

    /// All but the server have to outlive this.
    FoldersService(Bus& bus, HostEnd& end, Faults& faults, std::unique_ptr<folders::Server> server);
    ~FoldersService() override;
    FoldersService(const FoldersService&) = delete;
    FoldersService& operator=(const FoldersService&) = delete;

    std::int32_t datagram(const Datagram& datagram) override;
    void attached(HostPair&) override {}
    void detaching(HostPair&) override {}
    /// Whoever had a session or waits for a reply is gone.
    void reset() override;

    Reply command(std::span<const std::string_view> words);

private:
    /// What is to be written where, and who is told if that is late.
    struct Outcome {
        FoldersDatagram request;
        Handle asker;
        std::uint32_t state;
        hgfs::Packet packet;
        hgfs::Packet data;
        bool has_data; ///< for the pieces behind the first
        std::chrono::nanoseconds due;
    };

    void serve_or_not();
    std::int32_t serve(FoldersDatagram&& request, Handle asker);
    hgfs::Packet fetch(std::span<const FoldersPiece> pieces, bool& is_whole);
    bool store(std::span<const FoldersPiece> pieces, hgfs::Bytes bytes);
    std::int32_t finish(Outcome&& outcome);
    bool deliver(const Outcome& outcome);
    void deliver_late();
    void arm();
    void report_no_memory();

    Bus& bus_;
    HostEnd& end_;
    Faults& faults_;
    std::unique_ptr<folders::Server> server_;
    std::list<Outcome> late_;
    std::unique_ptr<Timer> timer_;
};

} // namespace vmguest::lab::vmci
