// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The balloon's hostile acts: what it was told to do wrong, and how often it has.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "host.hpp"
#include "models/balloon/wire.hpp"

namespace vmguest::lab::balloon {

/// Parses the words of `hostile balloon …` and answers, command by command, what to break.
class Faults {
public:
    /// One act more, or `faithful` for none at all. {"done": n}: how often it has acted so far.
    Reply command(std::span<const std::string_view> words);

    /// The status to answer a command with instead of carrying it out.
    std::optional<Status> refuse(Command command);
    /// The same for an entry, counted over all batches.
    std::optional<Status> refuse_entry();
    /// Whether frame numbers of the batch that is answered now are to be overwritten.
    bool must_garble();
    /// Whether the entries of the batch that is answered now stay as the guest wrote them.
    bool must_skip_entries();
    /// Whether the doorbell is not rung though the target changes.
    bool must_lose_ring();
    /// The target that the guest is told; the true one unless there is a lie.
    std::uint64_t told_target(std::uint64_t target);
    /// The capabilities that START claims to grant; those that were granted unless there is a lie.
    std::uint64_t told_grant(std::uint64_t granted);

private:
    struct Refusal {
        std::optional<Command> command; ///< nothing: any
        Status status;
        std::uint64_t after; ///< commands of that kind that are carried out first
        std::uint64_t count;
    };
    struct EntryRefusal {
        Status status;
        std::uint64_t every;
    };

    bool parse(std::span<const std::string_view> words);
    bool parse_refusal(std::span<const std::string_view> words);
    bool parse_target(std::span<const std::string_view> words);
    bool take(std::uint64_t& count);

    std::optional<Refusal> refusal_;
    std::optional<EntryRefusal> entries_;
    std::uint64_t entries_seen_ = 0;
    std::uint64_t garbled_ = 0; ///< batches left
    std::uint64_t skipped_ = 0;
    std::uint64_t lost_rings_ = 0; ///< changes of the target left
    std::optional<std::uint64_t> lie_;
    std::optional<std::uint64_t> swing_; ///< told every second time instead of the lie
    std::optional<std::uint64_t> grant_;
    std::uint64_t done_ = 0;
};

} // namespace vmguest::lab::balloon
