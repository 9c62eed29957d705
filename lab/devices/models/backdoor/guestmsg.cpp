// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The steps of GuestMsg. Nothing of the guest's is believed: channel, cookie, order of steps,
// lengths and counts are checked before anything changes.
#include "guestmsg.hpp"

#include <algorithm>
#include <array>

namespace vmguest::lab::backdoor {
namespace {

constexpr unsigned chunk = 4; ///< bytes in a register
constexpr unsigned type_size = 1, type_data = 2;
/// The high-bandwidth command with the status that the guest presets and we leave while all is
/// well.
constexpr std::uint32_t high_healthy = status::success << 16;

void set_high_half(std::uint32_t& word, std::uint32_t value) {
    word = (word & 0xffff) | value << 16;
}

bool is_in_progress(Point point) {
    return point == Point::send_data || point == Point::recv_data || point == Point::recv_status;
}

} // namespace

Channels::Channels(Host& host, const Settings& settings, Faults& faults, Open open, Random random)
    : host_(host), settings_(settings), faults_(faults), open_(std::move(open)),
      random_(std::move(random)) {}

std::uint32_t Channels::step(Registers& registers) {
    sweep();
    const auto step = registers.ecx >> 16;
    if (step == static_cast<unsigned>(Point::open))
        return open(registers);
    auto* channel = find(registers.edx >> 16, registers.esi, registers.edi);
    if (channel == nullptr || step > static_cast<unsigned>(Point::close)) {
        set_high_half(registers.ecx, status::none);
        return registers.eax;
    }
    channel->used = host_.now();
    return carry_out(step, *channel, registers);
}

void Channels::sweep() {
    const auto now = host_.now();
    std::erase_if(channels_,
                  [&](const auto& entry) { return now - entry.second.used > settings_.idle; });
}

// Cookies are all that tells one program's channel from another's, so they must not be guessed.
void Channels::renew_cookie(Channel& channel) {
    const auto cookie = random_();
    channel.cookie_high = static_cast<std::uint32_t>(cookie >> 32);
    channel.cookie_low = static_cast<std::uint32_t>(cookie);
}

std::uint32_t Channels::open(Registers& registers) {
    const auto wanted = registers.ebx & ~protocol::cookies;
    const auto fault =
        faults_.strike(Point::open, wanted == protocol::tclo ? Side::tclo : Side::rpci);
    if (fault && fault->action == Action::silent)
        return ones;
    set_high_half(registers.ecx, fault && fault->action == Action::status ? fault->number : 0);
    if ((fault && fault->action == Action::status) || channels_.size() >= settings_.channels)
        return registers.eax;
    unsigned id = 0;
    while (channels_.contains(id))
        ++id;
    auto endpoint = open_(wanted, id);
    if (!endpoint)
        return registers.eax;
    auto& channel = channels_[id];
    channel.id = id;
    channel.endpoint = std::move(endpoint);
    channel.used = host_.now();
    channel.has_cookie = (registers.ebx & protocol::cookies) != 0;
    if (channel.has_cookie) {
        renew_cookie(channel);
        registers.esi = channel.cookie_high;
        registers.edi = channel.cookie_low;
    }
    if (fault && fault->action == Action::cookie) {
        channel.has_cookie = true;
        renew_cookie(channel);
    }
    set_high_half(registers.ecx, status::success);
    set_high_half(registers.edx, id);
    return registers.eax;
}

Channels::Channel* Channels::find(unsigned id, std::uint32_t cookie_high,
                                  std::uint32_t cookie_low) {
    const auto found = channels_.find(id);
    if (found == channels_.end())
        return nullptr;
    auto& channel = found->second;
    const bool is_owner = !channel.has_cookie ||
                          (channel.cookie_high == cookie_high && channel.cookie_low == cookie_low);
    return is_owner ? &channel : nullptr;
}

std::uint32_t Channels::carry_out(unsigned step, Channel& channel, Registers& registers) {
    static constexpr std::array<Step, 7> steps = {
        nullptr,
        &Channels::send_size,
        &Channels::send_data,
        &Channels::recv_size,
        &Channels::recv_data,
        &Channels::recv_status,
        &Channels::close,
    };
    const auto point = static_cast<Point>(step);
    if (channel.is_checkpointed && is_in_progress(point)) {
        become_idle(channel);
        set_high_half(registers.ecx, status::checkpoint);
        return registers.eax;
    }
    std::optional<Fault> fault;
    if (point != Point::recv_size || channel.endpoint->offer())
        fault = faults_.strike(point, channel.endpoint->side());
    const auto action = fault ? fault->action : Action::late; // late: none of the steps' own
    if (action == Action::silent)
        return ones;
    std::uint32_t result = status::none;
    if (action == Action::status)
        result = fault->number;
    else if (action != Action::cookie)
        result = (this->*steps.at(step))(channel, registers);
    set_high_half(registers.ecx, result);
    if (action == Action::status) {
        spoil(channel, fault->number); // may be the end of the channel
    } else if (action == Action::cookie) {
        channel.has_cookie = true;
        renew_cookie(channel);
    } else if (action == Action::length && channel.state == State::receiving) {
        registers.ebx = channel.total = fault->number;
    } else if (action == Action::type) {
        set_high_half(registers.edx, fault->number);
    }
    return registers.eax;
}

/// What a status means for the channel that it was said of.
void Channels::spoil(Channel& channel, std::uint32_t status) {
    if ((status & status::success) != 0)
        return;
    if ((status & (status::closed | status::poweroff | status::timeout)) != 0) {
        channels_.erase(channel.id);
        return;
    }
    if ((status & status::unsent) != 0)
        channel.endpoint->dropped();
    become_idle(channel);
}

void Channels::become_idle(Channel& channel) {
    channel.state = State::idle;
    channel.is_checkpointed = false;
    channel.buffer.clear();
    channel.buffer.shrink_to_fit();
    channel.total = channel.offset = channel.deaf = 0;
}

void Channels::deliver(Channel& channel) {
    const auto message = std::move(channel.buffer);
    become_idle(channel);
    channel.endpoint->received(message);
}

std::uint32_t Channels::send_size(Channel& channel, Registers& registers) {
    become_idle(channel);
    if (registers.ebx > settings_.longest_message())
        return status::none;
    channel.total = registers.ebx;
    channel.state = State::sending;
    if (channel.total == 0)
        deliver(channel);
    return status::success | (settings_.high_send ? status::high : 0);
}

std::uint32_t Channels::send_data(Channel& channel, Registers& registers) {
    if (channel.state != State::sending)
        return status::none;
    const auto size = std::min(chunk, channel.total - channel.offset);
    for (unsigned i = 0; i < size; ++i)
        channel.buffer += static_cast<char>(registers.ebx >> (8 * i));
    channel.offset += size;
    if (channel.offset == channel.total)
        deliver(channel);
    return status::success;
}

std::uint32_t Channels::recv_size(Channel& channel, Registers& registers) {
    if (channel.state == State::sending)
        return status::none;
    become_idle(channel);
    auto message = channel.endpoint->offer();
    if (!message)
        return status::success;
    channel.state = State::receiving;
    channel.buffer = std::move(*message);
    channel.total = static_cast<std::uint32_t>(channel.buffer.size());
    set_high_half(registers.edx, type_size);
    registers.ebx = channel.total;
    return status::success | status::dorecv | (settings_.high_receive ? status::high : 0);
}

// A hostile host announces more than there is: then zeros follow.
std::uint32_t Channels::recv_data(Channel& channel, Registers& registers) {
    if (channel.state != State::receiving)
        return status::none;
    if ((registers.ebx & status::success) == 0) {
        channel.endpoint->dropped();
        become_idle(channel);
        return status::success;
    }
    const auto size = std::min(chunk, channel.total - channel.offset);
    if (size == 0)
        return status::none;
    std::uint32_t word = 0;
    for (unsigned i = 0; i < size && channel.offset + i < channel.buffer.size(); ++i)
        word |= std::uint32_t{static_cast<std::uint8_t>(channel.buffer[channel.offset + i])}
                << (8 * i);
    channel.offset += size;
    registers.ebx = word;
    set_high_half(registers.edx, type_data);
    return status::success;
}

std::uint32_t Channels::recv_status(Channel& channel, Registers& registers) {
    if (channel.state != State::receiving)
        return status::none;
    if ((registers.ebx & status::success) == 0)
        channel.endpoint->dropped();
    else if (channel.offset != channel.total)
        return status::none;
    else
        channel.endpoint->taken();
    become_idle(channel);
    return status::success;
}

std::uint32_t Channels::close(Channel& channel, Registers&) {
    channels_.erase(channel.id);
    return status::success;
}

/// The channel if this byte is one of a transfer that goes well; otherwise EBX says that it does
/// not.
Channels::Channel* Channels::high_channel(Registers& registers, State state,
                                          std::uint32_t cookie_high, std::uint32_t cookie_low) {
    auto* channel = registers.ebx == high_healthy
                        ? find(registers.edx >> 16, cookie_high, cookie_low)
                        : nullptr;
    if (channel != nullptr && channel->deaf > 0)
        return channel;
    if (channel != nullptr && channel->is_checkpointed && channel->state == state) {
        become_idle(*channel);
        registers.ebx = status::checkpoint << 16;
        return nullptr;
    }
    if (channel == nullptr || channel->state != state ||
        registers.ecx != channel->total - channel->offset) {
        if ((registers.ebx >> 16 & status::success) != 0)
            registers.ebx = status::none;
        return nullptr;
    }
    channel->used = host_.now();
    return channel;
}

/// Whether the transfer that begins with this byte comes to nothing.
bool Channels::high_fault(Channel& channel, Point point, Registers& registers) {
    if (channel.deaf > 0) {
        --channel.deaf;
        return true;
    }
    const auto fault =
        channel.offset == 0 ? faults_.strike(point, channel.endpoint->side()) : std::nullopt;
    if (!fault || fault->action == Action::type) // there is no type on this port
        return false;
    if (fault->action == Action::silent) {
        channel.deaf = channel.total - 1;
        return true;
    }
    if (fault->action == Action::cookie) {
        registers.ebx = status::none;
        channel.has_cookie = true;
        renew_cookie(channel);
    } else if ((fault->number & status::success) != 0) {
        channel.deaf = channel.total - 1;
    } else {
        registers.ebx = fault->number << 16;
        spoil(channel, fault->number);
    }
    return true;
}

void Channels::high_out(Registers& registers, std::uint8_t byte) {
    auto* channel = high_channel(registers, State::sending, registers.ebp, registers.edi);
    if (channel != nullptr && channel->deaf == 0 && !settings_.high_send) {
        registers.ebx = status::none;
        return;
    }
    if (channel == nullptr || high_fault(*channel, Point::send_data, registers))
        return;
    channel->buffer += static_cast<char>(byte);
    if (++channel->offset == channel->total)
        deliver(*channel);
}

std::uint8_t Channels::high_in(Registers& registers) {
    auto* channel = high_channel(registers, State::receiving, registers.esi, registers.ebp);
    if (channel != nullptr && channel->deaf == 0 && !settings_.high_receive) {
        registers.ebx = status::none;
        return 0xff;
    }
    if (channel == nullptr || high_fault(*channel, Point::recv_data, registers))
        return 0xff;
    const auto at = channel->offset++;
    return at < channel->buffer.size() ? static_cast<std::uint8_t>(channel->buffer[at]) : 0;
}

unsigned Channels::checkpoint() {
    unsigned count = 0;
    for (auto& [id, channel] : channels_) {
        channel.is_checkpointed = channel.state != State::idle;
        count += channel.is_checkpointed ? 1 : 0;
        channel.endpoint->restored();
    }
    return count;
}

unsigned Channels::restart() {
    const auto count = channels_.size();
    channels_.clear();
    return static_cast<unsigned>(count);
}

std::map<unsigned, Channels::About> Channels::list() {
    sweep();
    std::map<unsigned, About> all;
    for (const auto& [id, channel] : channels_)
        all[id] = {id, channel.endpoint->side(), host_.now() - channel.used};
    return all;
}

} // namespace vmguest::lab::backdoor
