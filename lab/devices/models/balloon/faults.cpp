// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The balloon's hostile acts; see the header, and Documentation/devices.md for the words.
#include "models/balloon/faults.hpp"

#include <array>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol.hpp"

namespace vmguest::lab::balloon {
namespace {

template <class T, std::size_t size>
std::optional<T> look_up(const std::array<std::pair<std::string_view, T>, size>& table,
                         std::string_view word) {
    for (const auto& [name, value] : table)
        if (name == word)
            return value;
    return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, Status>, 9> statuses = {{
    {"invalid", Status::invalid},
    {"frame-invalid", Status::frame_invalid},
    {"locked", Status::frame_locked},
    {"unlocked", Status::frame_unlocked},
    {"pinned", Status::frame_pinned},
    {"not-needed", Status::frame_not_needed},
    {"reset", Status::reset},
    {"busy", Status::busy},
    {"absent", Status::failure},
}};

constexpr std::array<std::pair<std::string_view, Command>, 10> commands = {{
    {"start", Command::start},
    {"get-target", Command::get_target},
    {"lock", Command::lock},
    {"unlock", Command::unlock},
    {"guest-id", Command::guest_id},
    {"batched-lock", Command::batched_lock},
    {"batched-unlock", Command::batched_unlock},
    {"batched-2m-lock", Command::batched_2m_lock},
    {"batched-2m-unlock", Command::batched_2m_unlock},
    {"doorbell-set", Command::doorbell_set},
}};

/// A name, or a number that no right host answers; success is none that can be lied with, since
/// the ledger would then blame the guest for what it was told.
std::optional<Status> parse_status(std::string_view word) {
    if (const auto named = look_up(statuses, word))
        return named;
    const auto number = parse_number(word);
    if (!number || *number == 0 || *number > absent)
        return std::nullopt;
    return static_cast<Status>(*number);
}

} // namespace

Reply Faults::command(std::span<const std::string_view> words) {
    if (!parse(words))
        return Failure{"'hostile' of the balloon wants refuse COMMAND|any STATUS [COUNT [AFTER]], "
                       "refuse-entries STATUS EVERY, garble-frames COUNT, skip-entries COUNT, "
                       "lose-rings COUNT, lie-target FRAMES [FRAMES], lie-grant MASK or "
                       "faithful"};
    return nlohmann::json{{"done", done_}};
}

bool Faults::parse(std::span<const std::string_view> words) {
    if (words.empty())
        return false;
    if (words[0] == "faithful" && words.size() == 1) {
        const auto done = done_;
        *this = Faults{};
        done_ = done;
        return true;
    }
    if (words[0] == "refuse")
        return parse_refusal(words.subspan(1));
    const auto last = parse_number(words.back());
    if (!last)
        return false;
    if (words[0] == "refuse-entries" && words.size() == 3) {
        const auto status = parse_status(words[1]);
        if (!status || static_cast<std::uint64_t>(*status) > status_bits || *last == 0)
            return false;
        entries_ = {*status, *last};
        entries_seen_ = 0;
        return true;
    }
    if (words[0] == "lie-target")
        return parse_target(words.subspan(1));
    if (words.size() != 2)
        return false;
    if (words[0] == "garble-frames")
        garbled_ = *last;
    else if (words[0] == "skip-entries")
        skipped_ = *last;
    else if (words[0] == "lose-rings")
        lost_rings_ = *last;
    else if (words[0] == "lie-grant")
        grant_ = *last;
    else
        return false;
    return true;
}

/// FRAMES [FRAMES]: one target for ever, or two in turn.
bool Faults::parse_target(std::span<const std::string_view> words) {
    const auto first = words.empty() ? std::nullopt : parse_number(words[0]);
    const auto second = words.size() == 2 ? parse_number(words[1]) : std::nullopt;
    if (!first || words.size() > 2 || (words.size() == 2 && !second))
        return false;
    lie_ = first;
    swing_ = second;
    return true;
}

/// COMMAND|any STATUS [COUNT [AFTER]]
bool Faults::parse_refusal(std::span<const std::string_view> words) {
    if (words.size() < 2 || words.size() > 4)
        return false;
    const auto command = look_up(commands, words[0]);
    const auto status = parse_status(words[1]);
    const auto count = words.size() > 2 ? parse_number(words[2]) : 1;
    const auto after = words.size() > 3 ? parse_number(words[3]) : 0;
    if ((!command && words[0] != "any") || !status || !count || !after)
        return false;
    refusal_ = Refusal{command, *status, *after, *count};
    return true;
}

bool Faults::take(std::uint64_t& count) {
    if (count == 0)
        return false;
    --count;
    ++done_;
    return true;
}

std::optional<Status> Faults::refuse(Command command) {
    if (!refusal_ || (refusal_->command && *refusal_->command != command))
        return std::nullopt;
    if (refusal_->after > 0) {
        --refusal_->after;
        return std::nullopt;
    }
    if (!take(refusal_->count))
        return std::nullopt;
    return refusal_->status;
}

std::optional<Status> Faults::refuse_entry() {
    if (!entries_ || ++entries_seen_ % entries_->every != 0)
        return std::nullopt;
    ++done_;
    return entries_->status;
}

bool Faults::must_garble() {
    return take(garbled_);
}

bool Faults::must_skip_entries() {
    return take(skipped_);
}

bool Faults::must_lose_ring() {
    return take(lost_rings_);
}

std::uint64_t Faults::told_target(std::uint64_t target) {
    if (!lie_)
        return target;
    ++done_;
    const auto told = *lie_;
    if (swing_)
        std::swap(*lie_, *swing_);
    return told;
}

std::uint64_t Faults::told_grant(std::uint64_t granted) {
    if (!grant_)
        return granted;
    ++done_;
    return *grant_;
}

} // namespace vmguest::lab::balloon
