// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// VMCI's hostile acts; see the header.
#include "models/vmci/faults.hpp"

#include "models/vmci/names.hpp"
#include "protocol.hpp"

namespace vmguest::lab::vmci {
namespace {

std::optional<std::chrono::milliseconds> parse_time(std::string_view word) {
    constexpr std::uint64_t longest = 3'600'000;
    const auto time = parse_number(word);
    if (!time || *time > longest)
        return std::nullopt;
    return std::chrono::milliseconds(*time);
}

} // namespace

bool Faults::command(std::span<const std::string_view> words) {
    if (words.empty())
        return false;
    const auto verb = words[0];
    if (verb == "refuse")
        return parse_refusal(words.subspan(1));
    if (verb == "faithful" && words.size() == 1) {
        const auto done = done_;
        *this = Faults{};
        done_ = done;
        return true;
    }
    const std::size_t wanted = verb == "unterminated" ? 1 : 2;
    const auto count = words.size() == wanted + 1 ? parse_number(words.back()) : 1;
    if ((words.size() != wanted && words.size() != wanted + 1) || !count)
        return false;
    if (verb == "unterminated") {
        unterminated_ = {true, *count};
        return true;
    }
    if (verb == "busy")
        return parse_delay(words[1], *count);
    if (verb == "reply")
        return parse_reply(words[1], *count);
    if (verb == "result") {
        const auto value = parse_signed(words[1]);
        if (value)
            result_ = {static_cast<std::uint64_t>(std::int64_t{*value}), *count};
        return value.has_value();
    }
    const auto value = parse_number(words[1]);
    if (!value || (verb != "payload" && verb != "cause"))
        return false;
    (verb == "payload" ? payload_ : cause_) = {*value, *count};
    return true;
}

bool Faults::parse_delay(std::string_view word, std::uint64_t count) {
    const auto time = parse_time(word);
    if (!time && word != "never")
        return false;
    delay_ = {{word == "never", time.value_or(std::chrono::milliseconds(0))}, count};
    return true;
}

bool Faults::parse_reply(std::string_view word, std::uint64_t count) {
    using enum Reply::Fate;
    const auto time = parse_time(word);
    if (!time && word != "never" && word != "fails")
        return false;
    reply_ = {{time              ? late
               : word == "never" ? never
                                 : fails,
               time.value_or(std::chrono::milliseconds(0))},
              count};
    return true;
}

/// CALL|datagram|any STATUS [COUNT [AFTER]]
bool Faults::parse_refusal(std::span<const std::string_view> words) {
    if (words.size() < 2 || words.size() > 4)
        return false;
    const auto call = parse_hypercall(words[0]);
    const auto status = parse_signed(words[1]);
    const auto count = words.size() > 2 ? parse_number(words[2]) : 1;
    const auto after = words.size() > 3 ? parse_number(words[3]) : 0;
    const bool is_any = words[0] == "any";
    if ((!call && !is_any && words[0] != "datagram") || !status || !count || !after)
        return false;
    refusal_ = Refusal{call, is_any, *status, *after, *count};
    return true;
}

std::optional<std::int32_t> Faults::refuse(std::optional<Hypercall> call) {
    if (!refusal_ || (!refusal_->is_any && refusal_->call != call))
        return std::nullopt;
    if (refusal_->after > 0) {
        --refusal_->after;
        return std::nullopt;
    }
    if (refusal_->count == 0)
        return std::nullopt;
    --refusal_->count;
    ++done_;
    return refusal_->status;
}

} // namespace vmguest::lab::vmci
