// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// VMCI's hostile acts: what it was told to do wrong, and how often it has.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "host.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// The rules of `hostile vmci …`, one of each kind, each for a number of occasions:
///   refuse CALL|datagram|any STATUS [COUNT [AFTER]]   answered so instead of being carried out
///   result VALUE [COUNT]         RESULT_LOW after a datagram, whatever became of it
///   payload SIZE [COUNT]         a datagram for the guest announces SIZE bytes of payload
///   unterminated [COUNT]         zeros in the place of a page's filler, no end in a buffer
///   busy never|MS [COUNT]        a transfer is completed later by MS, or never
///   cause MASK [COUNT]           what the guest reads as the cause of an interrupt
///   reply never|fails|MS [COUNT] a reply of Shared Folders: none; a failure; late by MS
///   faithful                     none of it any more
/// COUNT is 1 if not given. What acts at once is in commands.cpp.
class Faults {
public:
    /// How a transfer is completed; nothing: at once.
    struct Delay {
        bool is_endless;
        std::chrono::milliseconds time;
    };

    /// What becomes of a reply of Shared Folders.
    struct Reply {
        enum class Fate { never, fails, late } fate;
        std::chrono::milliseconds time; ///< late alone
    };

    /// False if these words are no rule.
    bool command(std::span<const std::string_view> words);
    std::uint64_t done() const { return done_; }
    void note() { ++done_; } ///< an act that no rule is for

    /// `call` is nothing for what a service would be asked.
    std::optional<std::int32_t> refuse(std::optional<Hypercall> call);
    std::optional<std::uint64_t> result() { return take(result_); }
    std::optional<std::uint64_t> payload() { return take(payload_); }
    std::optional<std::uint64_t> cause() { return take(cause_); }
    std::optional<Delay> delay() { return take(delay_); }
    std::optional<Reply> reply() { return take(reply_); }
    bool must_not_end() { return take(unterminated_).has_value(); }

private:
    template <class T>
    struct Rule {
        T value{};
        std::uint64_t count = 0;
    };
    struct Refusal {
        std::optional<Hypercall> call;
        bool is_any;
        std::int32_t status;
        std::uint64_t after; ///< of that kind that are carried out first
        std::uint64_t count;
    };

    bool parse_refusal(std::span<const std::string_view> words);
    bool parse_delay(std::string_view word, std::uint64_t count);
    bool parse_reply(std::string_view word, std::uint64_t count);
    template <class T>
    std::optional<T> take(Rule<T>& rule) {
        if (rule.count == 0)
            return std::nullopt;
        --rule.count;
        ++done_;
        return rule.value;
    }

    std::optional<Refusal> refusal_;
    Rule<std::uint64_t> result_;
    Rule<std::uint64_t> payload_;
    Rule<std::uint64_t> cause_;
    Rule<Delay> delay_;
    Rule<Reply> reply_;
    Rule<bool> unterminated_;
    std::uint64_t done_ = 0;
};

} // namespace vmguest::lab::vmci
