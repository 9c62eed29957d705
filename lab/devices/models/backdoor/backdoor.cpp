// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The ports and the commands that are no messages.
#include "backdoor.hpp"

#include <random>
#include <string_view>
#include <utility>

#include "tsc.hpp"

namespace vmguest::lab::backdoor {
namespace {

constexpr std::uint32_t product_version = 6;
constexpr std::uint32_t virtual_hardware = 19;
constexpr std::uint32_t apic_hz = 1'000'000'000; // of QEMU's
constexpr std::uint32_t max_lag_us = 1'000'000;
constexpr std::uint32_t vcpu_has_synced_tsc = 1U << 1;
constexpr std::uint32_t option_time_sync = 0x400;
/// name[32], a number, and whether it is connected.
constexpr std::size_t record_name = 32, record_number = 4, record_size = 37;

/// ECX[15:0].
enum Command : std::uint32_t {
    get_megahertz = 1,
    get_version = 10,
    get_device_record = 11,
    toggle = 12,
    get_gui_options = 13,
    get_hardware_version = 17,
    get_time = 23,
    stop_catch_up = 24,
    message = 30,
    get_hz = 45,
    get_time_full = 46,
    get_time_full_with_lag = 55,
    get_vcpu_info = 68,
};

std::uint64_t draw() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

void put(Vcpu& cpu, Vcpu::Register which, std::uint32_t before, std::uint32_t after) {
    if (before != after)
        cpu.registers()[which] = after;
}

} // namespace

Outside real_outside() {
    auto rate = std::make_shared<TscRate>();
    return {[] {
                return std::chrono::duration_cast<std::chrono::microseconds>(
                    std::chrono::system_clock::now().time_since_epoch());
            },
            [rate] { return rate->hz(); }, draw};
}

Backdoor::Backdoor(Host& host, Settings settings, std::unique_ptr<SharedFolders> folders,
                   Outside outside)
    : host_(host), settings_(std::move(settings)), outside_(std::move(outside)),
      folders_(std::move(folders)), faults_(folders_->kinds()),
      rpci_(settings_, knowledge_, *folders_, faults_),
      channels_(
          host_, settings_, faults_,
          [this](std::uint32_t protocol, unsigned id) { return open(protocol, id); },
          outside_.random) {
    static_cast<void>(faults_.load(settings_.hostile));
}

// Variables and rules outlast a restart of the machine.
void Backdoor::reset() {
    channels_.restart();
    tclo_.clear();
    folders_->restart();
}

std::unique_ptr<Endpoint> Backdoor::open(std::uint32_t protocol, unsigned id) {
    if (protocol == protocol::rpci)
        return std::make_unique<RpciEndpoint>(host_, faults_, traffic_, rpci_, id);
    if (protocol != protocol::tclo)
        return nullptr;
    auto endpoint = std::make_unique<TcloEndpoint>(host_, faults_, traffic_, settings_, id);
    tclo_[id] = endpoint.get();
    return endpoint;
}

Registers Backdoor::load(Vcpu& cpu) {
    const auto all = cpu.registers();
    const auto low = [&](Vcpu::Register which) { return static_cast<std::uint32_t>(all[which]); };
    return {low(Vcpu::rax), low(Vcpu::rbx), low(Vcpu::rcx), low(Vcpu::rdx),
            low(Vcpu::rsi), low(Vcpu::rdi), low(Vcpu::rbp)};
}

// What a command leaves alone keeps its upper half. EAX is what in() returns.
void Backdoor::store(const Registers& before, const Registers& after, Vcpu& cpu) {
    put(cpu, Vcpu::rbx, before.ebx, after.ebx);
    put(cpu, Vcpu::rcx, before.ecx, after.ecx);
    put(cpu, Vcpu::rdx, before.edx, after.edx);
    put(cpu, Vcpu::rsi, before.esi, after.esi);
    put(cpu, Vcpu::rdi, before.edi, after.edi);
}

std::uint32_t Backdoor::in(std::uint16_t port, unsigned size, Vcpu& cpu) {
    const auto before = load(cpu);
    const bool is_low = port == low_port && size == 4;
    const bool is_high = port == high_port && size == 1;
    if (before.eax != magic || (!is_low && !is_high))
        return ones;
    auto after = before;
    const auto result = is_low ? carry_out(after) : channels_.high_in(after);
    store(before, after, cpu);
    return result;
}

void Backdoor::out(std::uint16_t port, std::uint32_t value, unsigned size, Vcpu& cpu) {
    const auto before = load(cpu);
    if (port != high_port || size != 1 || before.eax != magic)
        return;
    auto after = before;
    channels_.high_out(after, static_cast<std::uint8_t>(value));
    store(before, after, cpu);
}

std::uint32_t Backdoor::carry_out(Registers& registers) {
    const auto what = registers.ecx & 0xffff;
    if (what == message) {
        host_.count("backdoor.message");
        return channels_.step(registers);
    }
    host_.count("backdoor.command");
    const auto eax = answer(what, registers);
    const auto fault = faults_.strike(Point::command, Side::both, std::to_string(what));
    if (!fault)
        return eax;
    if (fault->action == Action::ebx)
        registers.ebx = fault->number;
    if (fault->action == Action::ecx)
        registers.ecx = fault->number;
    return fault->action == Action::eax ? fault->number : eax;
}

std::uint32_t Backdoor::answer(std::uint32_t what, Registers& registers) {
    switch (what) {
    case get_version:
        return version(registers);
    case get_hardware_version:
        return hardware_version(registers);
    case get_hz:
        return frequencies(registers);
    case get_megahertz:
        return megahertz();
    case get_gui_options:
        return gui_options();
    case get_device_record:
        return device_record(registers);
    case toggle:
        return toggle_device(registers);
    case get_time:
        return time(registers);
    case get_time_full:
    case get_time_full_with_lag:
        return full_time(registers, what == get_time_full_with_lag);
    case stop_catch_up:
        return registers.eax;
    case get_vcpu_info:
        return vcpu_has_synced_tsc;
    default:
        return ones;
    }
}

std::uint32_t Backdoor::version(Registers& registers) const {
    registers.ebx = magic;
    registers.ecx = settings_.product;
    return product_version;
}

std::uint32_t Backdoor::hardware_version(Registers& registers) {
    registers.ebx = magic;
    return virtual_hardware;
}

std::uint32_t Backdoor::frequencies(Registers& registers) const {
    if (!settings_.has_hz) {
        registers.ebx = ones;
        return ones;
    }
    const auto hz = outside_.tsc_hz();
    registers.ebx = static_cast<std::uint32_t>(hz >> 32);
    registers.ecx = apic_hz;
    return static_cast<std::uint32_t>(hz);
}

std::uint32_t Backdoor::megahertz() const {
    return settings_.has_hz ? static_cast<std::uint32_t>(outside_.tsc_hz() / 1'000'000) : ones;
}

std::uint32_t Backdoor::gui_options() const {
    return knowledge_.is_time_synced ? option_time_sync : 0;
}

std::uint32_t Backdoor::device_record(Registers& registers) const {
    const auto id = registers.ebx >> 16, offset = registers.ebx & 0xffff;
    if (id >= devices_.size() || offset >= record_size)
        return 0;
    const auto& device = devices_.at(id);
    std::array<std::uint8_t, record_size + 3> record = {}; // the last four bytes are read whole
    device.name.copy(reinterpret_cast<char*>(record.data()), record_name - 1);
    record[record_name] = static_cast<std::uint8_t>(id);
    record[record_name + record_number] = device.is_enabled ? 1 : 0;
    registers.ebx = 0;
    for (unsigned i = 0; i < 4 && offset + i < record.size(); ++i)
        registers.ebx |= std::uint32_t{record.at(offset + i)} << (8 * i);
    return 1;
}

std::uint32_t Backdoor::toggle_device(const Registers& registers) {
    constexpr std::uint32_t connect = 1U << 31;
    const auto id = registers.ebx & ~connect;
    if (id >= devices_.size())
        return 0;
    devices_.at(id).is_enabled = (registers.ebx & connect) != 0;
    return 1;
}

std::uint32_t Backdoor::time(Registers& registers) const {
    const auto now = outside_.wall_time().count();
    registers.ebx = static_cast<std::uint32_t>(now % 1'000'000);
    registers.ecx = max_lag_us;
    return static_cast<std::uint32_t>(now / 1'000'000);
}

// EAX stays as it is: that is the sign of success.
std::uint32_t Backdoor::full_time(Registers& registers, bool has_lag) const {
    const auto now = outside_.wall_time().count();
    const auto seconds = static_cast<std::uint64_t>(now / 1'000'000);
    registers.esi = static_cast<std::uint32_t>(seconds >> 32);
    registers.edx = static_cast<std::uint32_t>(seconds);
    registers.ebx = static_cast<std::uint32_t>(now % 1'000'000);
    registers.ecx = max_lag_us;
    if (has_lag)
        registers.edi = 0; // interrupts are never late here
    return registers.eax;
}

} // namespace vmguest::lab::backdoor
