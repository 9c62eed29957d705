// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The VMCI device 15ad:0740: its registers. Documentation/devices.md says what is known of the
// real one and what is inferred.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "host.hpp"
#include "models/vmci/bus.hpp"
#include "models/vmci/dma_port.hpp"
#include "models/vmci/faults.hpp"
#include "models/vmci/folders_service.hpp"
#include "models/vmci/guest_state.hpp"
#include "models/vmci/interrupts.hpp"
#include "models/vmci/port_stream.hpp"
#include "models/vmci/router.hpp"
#include "models/vmci/settings.hpp"
#include "models/vmci/test_service.hpp"
#include "models/vmci/vsock_peer.hpp"

namespace vmguest::lab::vmci {

/// Known as "vmci" to QEMU and to the control socket, with these words:
///   show                      what the guest has set, pairs and doorbells
///   send RESOURCE FROM TEXT [COUNT]   a datagram to the guest from {2, FROM}: TEXT COUNT times
///   ring RESOURCE             a doorbell of the guest's
///   doorbell RESOURCE on|off  a doorbell of the host's, for the guest to ring
///   context NUMBER            the guest's context changes, and it gets the event
///   resumed                   the guest gets the event QP_RESUMED
///   echo WORD…, pair WORD…    see TestService
///   vsock WORD…               see vsock::Peer
///   hgfs [enable|disable|restart]   see folders::Server
///   hostile WORD…             see Faults; and at once:
///       event NUMBER SIZE         an event with SIZE bytes of payload
///       detach-event HANDLE       QP_PEER_DETACH, though nobody has left
///       interrupt MASK            causes for which there is no cause
///       index HANDLE tail|head VALUE   in the host's own header of a pair
class Vmci final : public PciModel {
public:
    static const PciModelInfo info;
    static constexpr std::uint64_t window = 0x20000; ///< of the registers in BAR 1, MMIO alone
    static constexpr std::uint64_t window_size = 0x10000;

    Vmci(PciHost& host, const Settings& settings, std::unique_ptr<folders::Server> folders);

    /// One rule of Faults, in words.
    bool add_rule(std::string_view rule);

    PciShape shape() const override;
    void reset() override;
    std::uint64_t read(unsigned bar, std::uint64_t offset, unsigned size) override;
    void write(unsigned bar, std::uint64_t offset, std::uint64_t value, unsigned size) override;
    Reply command(std::span<const std::string_view> words) override;
    bool ring_doorbell(std::uint32_t context, std::uint32_t resource) override {
        return router_.ring({context, resource});
    }

    HostEnd& host_end() { return router_; }

private:
    /// The register that an access of this size reaches, if any.
    std::optional<Register> find(unsigned bar, std::uint64_t offset, unsigned size) const;
    void control(std::uint32_t bits);
    void use(std::uint32_t capabilities);
    std::uint32_t take_cause();
    std::byte take_byte();
    void put_byte(std::byte byte);
    void send_from(std::uint64_t address);
    void set_result(std::int32_t result);
    void set_page_shift(std::uint32_t shift);
    // In commands.cpp.
    Reply show();
    Reply send(std::span<const std::string_view> words);
    Reply hostile(std::span<const std::string_view> words);
    bool act(std::span<const std::string_view> words);
    bool change_context(std::string_view number);
    bool set_doorbell(std::string_view resource, std::string_view state);

    Settings settings_;
    Bus bus_;
    GuestState guest_;
    Faults faults_;
    Interrupts interrupts_;
    Router router_;
    PortWriter writer_;
    PortReader reader_;
    DmaPort dma_;
    TestService test_service_;
    vsock::Peer vsock_;
    FoldersService folders_;
    std::uint64_t out_high_ = 0; ///< kept from write to write, as is the next
    std::uint64_t in_high_ = 0;
    std::int64_t result_ = 0;
};

} // namespace vmguest::lab::vmci
