// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// GuestMsg: messages in both directions over channels, four bytes at a time through the registers
// of the low-bandwidth port or as a stream of bytes at the high-bandwidth one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "../../host.hpp"
#include "faults.hpp"
#include "settings.hpp"

namespace vmguest::lab::backdoor {

/// What a command of the backdoor is made of and answered in.
struct Registers {
    std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0, esi = 0, edi = 0, ebp = 0;
};

/// The result of a step: in ECX[31:16] of the low-bandwidth port, EBX[31:16] of the other.
namespace status {
constexpr std::uint32_t none = 0, success = 0x01, dorecv = 0x02, closed = 0x04, unsent = 0x08,
                        checkpoint = 0x10, poweroff = 0x20, timeout = 0x40, high = 0x80;
}

/// What a register holds where nobody answers.
constexpr std::uint32_t ones = 0xffff'ffff;

/// What a channel is opened for.
namespace protocol {
constexpr std::uint32_t rpci = 0x49435052, tclo = 0x4f4c4354, cookies = 0x8000'0000;
}

/// The host's end of one channel.
class Endpoint {
public:
    virtual ~Endpoint() = default;
    /// The guest's message is complete; it may be empty.
    virtual void received(std::string_view message) = 0;
    /// What waits for the guest. It stays until taken() or dropped(), however often it is asked
    /// for.
    virtual std::optional<std::string> offer() = 0;
    /// The guest has it.
    virtual void taken() = 0;
    /// The guest could not take it, or it was withdrawn.
    virtual void dropped() = 0;
    /// The machine was restored from a checkpoint.
    virtual void restored() {}
    /// Whose calls go over it.
    virtual Side side() const = 0;
};

/// All channels of a machine.
class Channels {
public:
    /// Makes the host's end; null if the protocol is unknown.
    using Open = std::function<std::unique_ptr<Endpoint>(std::uint32_t protocol, unsigned id)>;
    using Random = std::function<std::uint64_t()>;

    /// What is known of an open channel.
    struct About {
        unsigned id;
        Side side;
        std::chrono::nanoseconds unused; ///< since its last step
    };

    /// All that is referred to has to outlive this; `random` gives cookies.
    Channels(Host& host, const Settings& settings, Faults& faults, Open open, Random random);

    /// The MESSAGE command of the low-bandwidth port; gives what EAX becomes.
    std::uint32_t step(Registers& registers);
    /// One byte of REP OUTSB. Registers are those before this byte, as QEMU's TCG shows them: ECX
    /// counts it. EBX tells the guest how it went, and us that the rest of a failed one is to be
    /// swallowed.
    void high_out(Registers& registers, std::uint8_t byte);
    /// One byte of REP INSB; ones if there is none.
    std::uint8_t high_in(Registers& registers);

    /// As if the machine had just been restored: what is in progress has to be begun again. Gives
    /// the number of channels where something was.
    unsigned checkpoint();
    /// Close all; gives their number.
    unsigned restart();
    /// Those that are open, by their ids.
    std::map<unsigned, About> list();

private:
    enum class State { idle, sending, receiving };

    struct Channel {
        unsigned id = 0;
        bool has_cookie = false;
        std::uint32_t cookie_high = 0, cookie_low = 0;
        std::unique_ptr<Endpoint> endpoint;
        State state = State::idle;
        std::string buffer;       ///< the guest's message up to now, or the one it takes
        std::uint32_t total = 0;  ///< bytes of the message, as they were announced
        std::uint32_t offset = 0; ///< bytes that were carried so far
        std::uint32_t deaf = 0;   ///< bytes of the high-bandwidth port that go nowhere
        bool is_checkpointed = false;
        std::chrono::nanoseconds used{};
    };
    using Step = std::uint32_t (Channels::*)(Channel& channel, Registers& registers);

    void sweep();
    std::uint32_t open(Registers& registers);
    Channel* find(unsigned id, std::uint32_t cookie_high, std::uint32_t cookie_low);
    std::uint32_t carry_out(unsigned step, Channel& channel, Registers& registers);
    void spoil(Channel& channel, std::uint32_t status);
    void renew_cookie(Channel& channel);
    void become_idle(Channel& channel);
    void deliver(Channel& channel);

    std::uint32_t send_size(Channel& channel, Registers& registers);
    std::uint32_t send_data(Channel& channel, Registers& registers);
    std::uint32_t recv_size(Channel& channel, Registers& registers);
    std::uint32_t recv_data(Channel& channel, Registers& registers);
    std::uint32_t recv_status(Channel& channel, Registers& registers);
    std::uint32_t close(Channel& channel, Registers& registers);

    Channel* high_channel(Registers& registers, State state, std::uint32_t cookie_high,
                          std::uint32_t cookie_low);
    bool high_fault(Channel& channel, Point point, Registers& registers);

    Host& host_;
    const Settings& settings_;
    Faults& faults_;
    Open open_;
    Random random_;
    std::map<unsigned, Channel> channels_;
};

} // namespace vmguest::lab::backdoor
