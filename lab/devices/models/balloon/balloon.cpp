// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The host side of the memory balloon; see the header.
#include "models/balloon/balloon.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "protocol.hpp"

namespace vmguest::lab::balloon {
namespace {

struct CommandInfo {
    Command command;
    const char* kind;     ///< in the counters' host_requests
    std::uint32_t needed; ///< a capability, or 0
    bool works_always;    ///< before START and while the guest has to learn of a reset
};

constexpr std::array<CommandInfo, 10> command_infos = {{
    {Command::start, "balloon.start", 0, true},
    {Command::get_target, "balloon.get_target", 0, false},
    {Command::lock, "balloon.lock", basic, false},
    {Command::unlock, "balloon.unlock", basic, false},
    {Command::guest_id, "balloon.guest_id", 0, true},
    {Command::batched_lock, "balloon.batched_lock", batched, false},
    {Command::batched_unlock, "balloon.batched_unlock", batched, false},
    {Command::batched_2m_lock, "balloon.batched_2m_lock", batched_2m, false},
    {Command::batched_2m_unlock, "balloon.batched_2m_unlock", batched_2m, false},
    {Command::doorbell_set, "balloon.doorbell_set", signaled_wakeup, true},
}};

const CommandInfo* find_info(Command command) {
    for (const auto& one : command_infos)
        if (one.command == command)
            return &one;
    return nullptr;
}

bool is_lock(Command command) {
    return command == Command::lock || command == Command::batched_lock ||
           command == Command::batched_2m_lock;
}

bool is_large(Command command) {
    return command == Command::batched_2m_lock || command == Command::batched_2m_unlock;
}

/// Commands that tell the target in RBX, whatever becomes of them.
bool tells_target(Command command) {
    return command != Command::start && command != Command::guest_id &&
           command != Command::doorbell_set;
}

nlohmann::json microseconds(std::optional<Progress::Time> time) {
    if (!time)
        return nullptr;
    return std::chrono::duration<double, std::micro>(*time).count();
}

} // namespace

const PortModelInfo Balloon::info = {
    .name = "balloon",
    .port = port,
    .length = 4,
    .min_access = 4,
    .max_access = 4,
    .create = [](Host& host, std::string_view options) -> Result<std::unique_ptr<PortModel>> {
        auto model = std::make_unique<Balloon>(host);
        if (auto applied = model->apply(options); !applied)
            return Failure{applied.sentence()};
        return std::unique_ptr<PortModel>(std::move(model));
    },
};

void Balloon::reset() {
    forget();
    limit_ = 0;
    guest_ = 0;
}

/// Whatever the guest has to say next but START is answered by RESET.
void Balloon::forget() {
    ledger_.forget();
    is_started_ = false;
    granted_ = 0;
    doorbell_.reset();
}

std::uint32_t Balloon::in(std::uint16_t, unsigned, Vcpu& cpu) {
    auto registers = cpu.registers();
    if (static_cast<std::uint32_t>(registers[Vcpu::rax]) != magic)
        return absent;
    const Request request{static_cast<Command>(static_cast<std::uint16_t>(registers[Vcpu::rcx])),
                          registers[Vcpu::rbx], static_cast<std::uint32_t>(registers[Vcpu::rsi]),
                          cpu};
    const auto* known = find_info(request.command);
    if (known == nullptr)
        return static_cast<std::uint32_t>(Status::invalid);
    host_.count(known->kind, 1);
    progress_.begin(host_.now());
    auto status = faults_.refuse(request.command);
    if (!status)
        status = carry_out(request);
    else if (*status == Status::reset)
        forget();
    if (tells_target(request.command))
        registers[Vcpu::rbx] = faults_.told_target(target_);
    progress_.end(host_.now(), tells_target(request.command));
    return static_cast<std::uint32_t>(*status);
}

bool Balloon::is_granted(Command command) const {
    const auto needed = find_info(command)->needed;
    return (granted_ & needed) == needed;
}

Status Balloon::carry_out(const Request& request) {
    if (!is_started_ && !find_info(request.command)->works_always)
        return Status::reset;
    if (!is_granted(request.command))
        return Status::invalid;
    switch (request.command) {
    case Command::start:
        return start(request);
    case Command::get_target:
        limit_ = request.first;
        return Status::success;
    case Command::guest_id:
        guest_ = request.first;
        return Status::success;
    case Command::doorbell_set:
        return set_doorbell(request);
    case Command::lock:
    case Command::unlock:
        return page(request);
    default:
        return batch(request);
    }
}

Status Balloon::start(const Request& request) {
    forget();
    is_started_ = true;
    if (is_legacy_) {
        granted_ = basic;
        request.cpu.registers()[Vcpu::rcx] = 2; // the version of those days
        return Status::success;
    }
    granted_ = static_cast<std::uint32_t>(request.first) & offered_;
    request.cpu.registers()[Vcpu::rcx] = faults_.told_grant(granted_);
    return Status::success_with_capabilities;
}

/// All ones take it away; Linux extends their sign to 64 bits.
Status Balloon::set_doorbell(const Request& request) {
    constexpr std::uint32_t none = ~0U;
    const Doorbell doorbell = {static_cast<std::uint32_t>(request.first), request.second};
    doorbell_.reset();
    if (doorbell.context != none || doorbell.resource != none)
        doorbell_ = doorbell;
    return Status::success;
}

/// A guest with a doorbell need not ask every second.
void Balloon::set_target(std::uint64_t frames) {
    target_ = frames;
    progress_.change(host_.now());
    if (!doorbell_ || faults_.must_lose_ring())
        return;
    if (host_.ring_doorbell(doorbell_->context, doorbell_->resource))
        host_.count("balloon.doorbell_rung");
}

Status Balloon::page(const Request& request) {
    const bool is_wide = (granted_ & target_64bit) != 0;
    return move(request.command, is_wide ? request.first : request.first & 0xffff'ffff, 1);
}

/// The batch is read once, so what the guest writes meanwhile changes nothing.
Status Balloon::batch(const Request& request) {
    const std::uint64_t batch_frame = request.first, count = request.second;
    std::array<std::uint64_t, most_entries> entries{};
    if (count == 0 || count > entries.size() || batch_frame > ~std::uint64_t{0} / frame_size)
        return Status::invalid;
    const auto used = std::span(entries).first(count);
    if (!host_.dma_read(batch_frame * frame_size, std::as_writable_bytes(used)))
        return Status::invalid;
    const bool must_garble = faults_.must_garble();
    for (auto& one : used) {
        const auto status = entry(request.command, one / frame_size, batch_frame);
        const auto frame = must_garble ? ~(one / frame_size) : one / frame_size;
        one = frame * frame_size | static_cast<std::uint64_t>(status);
    }
    if (faults_.must_skip_entries())
        return Status::success;
    return host_.dma_write(batch_frame * frame_size, std::as_bytes(used)) ? Status::success
                                                                          : Status::invalid;
}

Status Balloon::entry(Command command, std::uint64_t frame, std::uint64_t batch_frame) {
    const std::uint64_t count = is_large(command) ? large_frames : 1;
    if (const auto status = faults_.refuse_entry())
        return *status;
    if (is_lock(command) && batch_frame >= frame && batch_frame - frame < count)
        return Status::frame_pinned;
    return move(command, frame, count);
}

/// A lock of frames that are not needed any more, or an unlock, is counted by its frames.
Status Balloon::move(Command command, std::uint64_t frame, std::uint64_t count) {
    if (is_lock(command) && ledger_.size() >= target_)
        return Status::frame_not_needed;
    const auto status =
        is_lock(command) ? ledger_.lock(frame, count) : ledger_.unlock(frame, count);
    if (status != Status::success)
        return status;
    progress_.move();
    host_.count(is_lock(command) ? "balloon.frames_locked" : "balloon.frames_unlocked", count);
    if (is_large(command))
        host_.count(is_lock(command) ? "balloon.large_frames_locked"
                                     : "balloon.large_frames_unlocked");
    return status;
}

Reply Balloon::show() const {
    return nlohmann::json{{"target", target_},
                          {"size", ledger_.size()},
                          {"limit", limit_},
                          {"granted", granted_},
                          {"started", is_started_},
                          {"guest", guest_},
                          {"doorbell", doorbell_.has_value()},
                          {"told_us", microseconds(progress_.told())},
                          {"first_frame_us", microseconds(progress_.first_frame())},
                          {"last_frame_us", microseconds(progress_.last_frame())},
                          {"host_us", microseconds(progress_.host())}};
}

Reply Balloon::apply(std::string_view options) {
    while (!options.empty()) {
        const auto comma = std::min(options.find(','), options.size());
        const auto setting = options.substr(0, comma);
        options.remove_prefix(std::min(comma + 1, options.size()));
        const auto equals = std::min(setting.find('='), setting.size());
        const auto values = split_words(setting.substr(std::min(equals + 1, setting.size())));
        std::vector<std::string_view> words = {setting.substr(0, equals)};
        if (values)
            words.insert(words.end(), values.value().begin(), values.value().end());
        if (auto done = command(words); !done)
            return done;
    }
    return show();
}

Reply Balloon::command(std::span<const std::string_view> words) {
    if (!words.empty() && words[0] == "hostile")
        return faults_.command(words.subspan(1));
    const auto number = words.size() == 2 ? parse_number(words[1]) : std::nullopt;
    if (words.size() == 1 && words[0] == "reset")
        forget();
    else if (number && words[0] == "target")
        set_target(*number);
    else if (number && words[0] == "offer" && (*number & 1) == 0 && *number < 0x40)
        offered_ = static_cast<std::uint32_t>(*number);
    else if (words.size() == 2 && words[0] == "legacy" && (words[1] == "on" || words[1] == "off"))
        is_legacy_ = words[1] == "on";
    else if (words.size() != 1 || words[0] != "show")
        return Failure{"the balloon knows show, target FRAMES, offer MASK (bits 1 to 5), "
                       "legacy on|off, reset and hostile"};
    return show();
}

} // namespace vmguest::lab::balloon
