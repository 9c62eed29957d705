// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The host side of the memory balloon: a port that the guest reads with a command in its
// registers. Documentation/devices.md says what is known of the real one and what is inferred.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "host.hpp"
#include "models/balloon/faults.hpp"
#include "models/balloon/ledger.hpp"
#include "models/balloon/progress.hpp"
#include "models/balloon/wire.hpp"

namespace vmguest::lab::balloon {

/// Known as "balloon" to the control socket, with these words, and to `port=balloon:OPTIONS`:
///   show              {"target", "size", "limit" (in frames of 4 KiB), "granted", "started",
///                     "guest", "doorbell", and see Progress: "told_us", "first_frame_us",
///                     "last_frame_us", "host_us"}
///   target FRAMES     what the guest is to give away from now on
///   offer MASK        the capabilities that START may grant from now on
///   legacy on|off     START answers as hosts did that knew no capabilities
///   reset             forget everything; the guest learns of it by its next command
///   hostile WORD…     see Faults
class Balloon final : public PortModel {
public:
    static const PortModelInfo info;

    explicit Balloon(Host& host) : host_(host), ledger_(host) {}

    /// The words above as `KEY=VALUE,…`: target, offer, legacy and hostile.
    Reply apply(std::string_view options);

    void reset() override;
    std::uint32_t in(std::uint16_t port, unsigned size, Vcpu& cpu) override;
    void out(std::uint16_t, std::uint32_t, unsigned, Vcpu&) override {}
    Reply command(std::span<const std::string_view> words) override;

private:
    struct Request {
        Command command;
        std::uint64_t first;  ///< RBX
        std::uint32_t second; ///< ESI
        Vcpu& cpu;
    };

    /// One of VMCI's, of the guest's own.
    struct Doorbell {
        std::uint32_t context;
        std::uint32_t resource;
    };

    Status carry_out(const Request& request);
    Status start(const Request& request);
    Status page(const Request& request);
    Status batch(const Request& request);
    Status entry(Command command, std::uint64_t frame, std::uint64_t batch_frame);
    Status move(Command command, std::uint64_t frame, std::uint64_t count);
    bool is_granted(Command command) const;
    Status set_doorbell(const Request& request);
    void set_target(std::uint64_t frames);
    void forget();
    Reply show() const;

    Host& host_;
    Ledger ledger_;
    Faults faults_;
    Progress progress_;
    std::uint32_t offered_ = basic | batched | batched_2m | target_64bit;
    std::uint32_t granted_ = 0;
    bool is_legacy_ = false;
    bool is_started_ = false; ///< false also when the guest has still to learn of a reset
    std::uint64_t target_ = 0;
    std::optional<Doorbell> doorbell_; ///< to be rung when the target changes
    std::uint64_t limit_ = 0;          ///< as the guest gave it last
    std::uint64_t guest_ = 0;          ///< the kind of system it says it is
};

} // namespace vmguest::lab::balloon
