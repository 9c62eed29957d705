// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The backdoor: a command in registers, given by reading a port, answered in registers. Facts and
// certainty are in Documentation/devices.md.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "../../host.hpp"
#include "faults.hpp"
#include "folders.hpp"
#include "guestmsg.hpp"
#include "rpci.hpp"
#include "settings.hpp"
#include "tclo.hpp"
#include "traffic.hpp"

namespace vmguest::lab::backdoor {

/// What the model takes from the world outside the machine; tests put their own here.
struct Outside {
    std::function<std::chrono::microseconds()> wall_time; ///< since 1970
    std::function<std::uint64_t()> tsc_hz;
    std::function<std::uint64_t()> random; ///< 64 bits that nobody can guess
};
/// The real ones.
Outside real_outside();

/// The model; settings, hostile rules and variables outlast a reset of the machine.
class Backdoor final : public PortModel {
public:
    static constexpr std::uint32_t magic = 0x564d5868;
    static constexpr std::uint16_t low_port = 0x5658, high_port = 0x5659;
    static const PortModelInfo info;

    /// The settings' script must have been tried before, and `folders` is not null.
    Backdoor(Host& host, Settings settings, std::unique_ptr<SharedFolders> folders,
             Outside outside = real_outside());

    void reset() override;
    std::uint32_t in(std::uint16_t port, unsigned size, Vcpu& cpu) override;
    void out(std::uint16_t port, std::uint32_t value, unsigned size, Vcpu& cpu) override;
    /// The commands are in commands.cpp.
    Reply command(std::span<const std::string_view> words) override;

private:
    /// Something of the machine's that the guest may unplug.
    struct Device {
        std::string name;
        bool is_enabled;
    };

    static Registers load(Vcpu& cpu);
    static void store(const Registers& before, const Registers& after, Vcpu& cpu);

    std::uint32_t carry_out(Registers& registers);
    std::uint32_t answer(std::uint32_t what, Registers& registers);
    std::uint32_t version(Registers& registers) const;
    static std::uint32_t hardware_version(Registers& registers);
    std::uint32_t frequencies(Registers& registers) const;
    std::uint32_t megahertz() const;
    std::uint32_t gui_options() const;
    std::uint32_t device_record(Registers& registers) const;
    std::uint32_t toggle_device(const Registers& registers);
    std::uint32_t time(Registers& registers) const;
    std::uint32_t full_time(Registers& registers, bool has_lag) const;

    std::unique_ptr<Endpoint> open(std::uint32_t protocol, unsigned id);
    TcloEndpoint* find_tclo();

    Reply show_traffic(std::span<const std::string_view> words);
    Reply show_channels(std::span<const std::string_view> words);
    Reply show_guestinfo(std::span<const std::string_view> words);
    Reply set_guestinfo(std::span<const std::string_view> words);
    Reply set_statistic(std::span<const std::string_view> words);
    Reply send(std::span<const std::string_view> words);
    Reply result(std::span<const std::string_view> words);
    Reply hostile(std::span<const std::string_view> words);
    Reply checkpoint(std::span<const std::string_view> words);
    Reply restart(std::span<const std::string_view> words);
    Reply share(std::span<const std::string_view> words);

    Host& host_;
    Settings settings_;
    Outside outside_;
    std::unique_ptr<SharedFolders> folders_;
    Faults faults_;
    Traffic traffic_;
    Knowledge knowledge_;
    Rpci rpci_;
    TcloRequests requests_;
    std::map<unsigned, TcloEndpoint*> tclo_; ///< by channel; those of closed ones are not looked at
    Channels channels_;
    std::array<Device, 2> devices_ = {Device{"ide1:0", true}, Device{"floppy0", false}};
};

} // namespace vmguest::lab::backdoor
