// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Datagrams by way of the guest's memory: transfers of the second generation.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "models/vmci/bus.hpp"
#include "models/vmci/faults.hpp"
#include "models/vmci/guest_state.hpp"
#include "models/vmci/inbox.hpp"
#include "models/vmci/interrupts.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// A transfer is over when the call is: the guest may have nobody left who could wake it.
class DmaPort {
public:
    DmaPort(Bus& bus, Interrupts& interrupts, const GuestState& guest, Faults& faults);

    /// What the guest sends. Nothing if there is no transfer at that address; `refusal` is the
    /// Status if what it describes is no datagram.
    struct Sent {
        std::vector<std::byte> datagram;
        std::int32_t refusal;
    };
    std::optional<Sent> fetch(std::uint64_t address);
    /// Tell the guest what came of it.
    void finish(std::uint64_t address, std::int64_t result);

    /// Fill the guest's buffers with what waits for it.
    void receive(std::uint64_t address, Inbox& inbox);
    /// No transfer is completed any more.
    void reset();

private:
    struct Late {
        std::chrono::nanoseconds when;
        std::uint64_t address;
        std::uint32_t busy;
        std::uint32_t cause;
    };

    std::optional<std::vector<Element>> elements(std::uint64_t address, const Transfer& transfer);
    bool scatter(std::span<const Element> to, std::span<const std::byte> bytes);
    void complete(std::uint64_t address, std::uint32_t busy, std::uint32_t cause);
    void complete_late();
    void report_no_memory();

    Bus& bus_;
    Interrupts& interrupts_;
    const GuestState& guest_;
    Faults& faults_;
    std::unique_ptr<Timer> timer_;
    std::vector<Late> late_; ///< in the order in which they were put off
};

} // namespace vmguest::lab::vmci
