// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A guest that talks to the backdoor model: it puts registers together and follows the sequences
// that real guests follow, or leaves them on purpose.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fake_host.hpp"
#include "models/backdoor/backdoor.hpp"
#include "models/backdoor/hgfs_folders.hpp"

namespace vmguest::lab::backdoor {

/// An open channel as the guest knows it.
struct GuestChannel {
    std::uint32_t id = 0, cookie_high = 0, cookie_low = 0;
};

class Guest {
public:
    using Channel = GuestChannel;
    static constexpr std::uint32_t rpci = protocol::rpci | protocol::cookies;
    static constexpr std::uint32_t tclo = protocol::tclo | protocol::cookies;
    static constexpr std::uint32_t wall_seconds = 1'800'000'000;
    static constexpr std::uint32_t silence = 0xffff; ///< in the place of a status
    static constexpr std::uint32_t longest = 1U << 20;
    static constexpr std::uint64_t tsc = 5'000'000'123;

    /// How messages go: by registers, by the stream of bytes.
    enum class Way { low, high };

    /// A step's status, and what else it gave.
    struct Answer {
        std::uint32_t status = 0, data = 0, type = 0;
    };

    explicit Guest(std::string_view options = "")
        : model_(host, parse_settings(options).value(),
                 std::move(HgfsFolders::make(host, parse_settings(options).value()).value()),
                 {[] { return std::chrono::seconds(wall_seconds) + std::chrono::microseconds(17); },
                  [] { return tsc; }, [this] { return cookie += 0x1234'5678'9abc'def1; }}) {}

    /// A command of the low-bandwidth port; `cpu` has the registers afterwards.
    std::uint32_t command(std::uint32_t what, std::uint32_t ebx = 0, std::uint32_t edx_high = 0,
                          const Channel& channel = {}) {
        cpu.values = {};
        cpu.values[Vcpu::rax] = Backdoor::magic;
        cpu.values[Vcpu::rbx] = ebx;
        cpu.values[Vcpu::rcx] = what;
        cpu.values[Vcpu::rdx] = edx_high << 16 | Backdoor::low_port;
        cpu.values[Vcpu::rsi] = channel.cookie_high;
        cpu.values[Vcpu::rdi] = channel.cookie_low;
        return model_.in(Backdoor::low_port, 4, cpu);
    }
    std::uint32_t low(Vcpu::Register which) const {
        return static_cast<std::uint32_t>(cpu.values.at(which));
    }

    Answer step(Point point, const Channel& channel, std::uint32_t ebx = 0) {
        const auto eax =
            command(static_cast<std::uint32_t>(point) << 16 | 30, ebx, channel.id, channel);
        if (eax == 0xffff'ffff)
            return {silence, 0, 0};
        return {low(Vcpu::rcx) >> 16, low(Vcpu::rbx), low(Vcpu::rdx) >> 16};
    }
    std::optional<Channel> open(std::uint32_t what = rpci) {
        const auto answer = step(Point::open, {}, what);
        if ((answer.status & status::success) == 0 || answer.status == silence)
            return std::nullopt;
        return Channel{answer.type, low(Vcpu::rsi), low(Vcpu::rdi)};
    }
    bool close(const Channel& channel) { return step(Point::close, channel).status == 1; }

    /// The status of the step at which it ended.
    std::uint32_t send(const Channel& channel, std::string_view message, Way way = Way::low) {
        auto answer = step(Point::send_size, channel, static_cast<std::uint32_t>(message.size()));
        if ((answer.status & status::success) == 0 || message.empty())
            return answer.status;
        if (way == Way::high)
            return write_high(channel, message);
        for (std::size_t at = 0; at < message.size(); at += 4) {
            std::uint32_t word = 0;
            for (std::size_t i = 0; i < 4 && at + i < message.size(); ++i)
                word |= std::uint32_t{static_cast<std::uint8_t>(message[at + i])} << (8 * i);
            answer = step(Point::send_data, channel, word);
            if ((answer.status & status::success) == 0)
                return answer.status;
        }
        return answer.status;
    }
    /// REP OUTSB as TCG carries it out: registers of each byte as they are before it.
    std::uint32_t write_high(const Channel& channel, std::string_view bytes,
                             std::uint32_t ebx = 0x1'0000) {
        cpu.values = {};
        cpu.values[Vcpu::rax] = Backdoor::magic;
        cpu.values[Vcpu::rbx] = ebx;
        cpu.values[Vcpu::rcx] = bytes.size();
        cpu.values[Vcpu::rdx] = channel.id << 16 | Backdoor::high_port;
        cpu.values[Vcpu::rsi] = 0x7f00'0000'1000;
        cpu.values[Vcpu::rdi] = channel.cookie_low;
        cpu.values[Vcpu::rbp] = channel.cookie_high;
        for (const char byte : bytes) {
            model_.out(Backdoor::high_port, static_cast<std::uint8_t>(byte), 1, cpu);
            --cpu.values[Vcpu::rcx];
            ++cpu.values[Vcpu::rsi];
        }
        return low(Vcpu::rbx) >> 16;
    }
    /// REP INSB.
    std::pair<std::uint32_t, std::string> read_high(const Channel& channel, std::uint32_t size) {
        std::string bytes;
        cpu.values = {};
        cpu.values[Vcpu::rax] = Backdoor::magic;
        cpu.values[Vcpu::rbx] = 0x1'0000;
        cpu.values[Vcpu::rcx] = size;
        cpu.values[Vcpu::rdx] = channel.id << 16 | Backdoor::high_port;
        cpu.values[Vcpu::rsi] = channel.cookie_high;
        cpu.values[Vcpu::rdi] = 0x7f00'0000'1000;
        cpu.values[Vcpu::rbp] = channel.cookie_low;
        for (; cpu.values[Vcpu::rcx] > 0; --cpu.values[Vcpu::rcx], ++cpu.values[Vcpu::rdi])
            bytes += static_cast<char>(model_.in(Backdoor::high_port, 1, cpu));
        return {low(Vcpu::rbx) >> 16, bytes};
    }

    /// The payload of a message whose size is known; ends at the first step that fails.
    std::pair<std::uint32_t, std::string> read_low(const Channel& channel, std::uint32_t size) {
        std::string bytes;
        while (bytes.size() < size) {
            const auto answer = step(Point::recv_data, channel, 1);
            if ((answer.status & status::success) == 0 || answer.type != 2)
                return {answer.status, bytes};
            for (unsigned i = 0; i < 4 && bytes.size() < size; ++i)
                bytes += static_cast<char>(answer.data >> (8 * i));
        }
        return {1, bytes};
    }
    /// A whole message, or nothing if none waits or a step fails; `last` is the last step's status.
    std::optional<std::string> receive(const Channel& channel, Way way = Way::low) {
        const auto announced = step(Point::recv_size, channel);
        last = announced.status;
        if ((last & status::success) == 0 || (last & status::dorecv) == 0 || announced.type != 1)
            return std::nullopt;
        if (announced.data > longest) { // more than any host has to say: give it up
            last = step(Point::recv_data, channel, 0).status;
            return std::nullopt;
        }
        auto [result, bytes] = way == Way::high && announced.data > 0
                                   ? read_high(channel, announced.data)
                                   : read_low(channel, announced.data);
        last = result;
        if ((last & status::success) == 0)
            return std::nullopt;
        last = step(Point::recv_status, channel, 1).status;
        return last == 1 ? std::optional(bytes) : std::nullopt;
    }
    /// A call on an open channel.
    std::optional<std::string> call(const Channel& channel, std::string_view request,
                                    Way way = Way::low) {
        last = send(channel, request, way);
        return (last & status::success) == 0 ? std::nullopt : receive(channel, way);
    }
    /// A call with a channel of its own; "" if anything fails.
    std::string ask(std::string_view request, Way way = Way::low) {
        const auto channel = open();
        if (!channel)
            return "";
        const auto reply = call(*channel, request, way);
        close(*channel);
        return reply.value_or("");
    }

    FakeHost host;
    FakeVcpu cpu;
    std::uint64_t cookie = 0;
    std::uint32_t last = 0;

    Backdoor& model() { return model_; }

private:
    Backdoor model_;
};

} // namespace vmguest::lab::backdoor
