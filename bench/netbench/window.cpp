// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The counting window; see the header.
#include "window.hpp"

#include <fstream>
#include <iterator>
#include <thread>

#include "text.hpp"

namespace vmguest::netbench {
namespace {

constexpr std::chrono::seconds window_patience{120};
/// Longer than any timer with which a NIC driver puts off its work.
constexpr std::chrono::milliseconds settling_time{50};

std::uint64_t allocated_pages() {
    std::ifstream file("/proc/vmstat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return parse_allocated_pages(text);
}

} // namespace

Window::Window(const Interface& interface, bool has_plugin)
    : interface_(interface), window_(has_plugin, window_patience) {}

void Window::begin() {
    const auto traffic = interface_.traffic();
    before_.tx_packets = traffic.tx_packets;
    before_.rx_packets = traffic.rx_packets;
    before_.interrupts = interface_.interrupts();
    before_.pages = allocated_pages();
    window_.begin();
}

Counts Window::end() {
    std::this_thread::sleep_for(settling_time);
    window_.end();
    Counts counts = {};
    counts.pages = allocated_pages() - before_.pages;
    counts.interrupts = interface_.interrupts() - before_.interrupts;
    const auto traffic = interface_.traffic();
    counts.tx_packets = traffic.tx_packets - before_.tx_packets;
    counts.rx_packets = traffic.rx_packets - before_.rx_packets;
    if (const auto counters = window_.counters())
        counts.plugin = parse(*counters);
    return counts;
}

PluginCounts Window::parse(const nlohmann::json& counters) const {
    using bench::member, bench::number;
    // The lab names the devices after QEMU's models, of which the drivers' names are a spelling.
    auto device = interface_.driver();
    if (device == "virtio_net")
        device = "virtio-net";
    const auto& exits = member(member(counters, "exits"), device);
    return {.driver_instructions = number(member(counters, "instructions"), interface_.driver()),
            .all_instructions = number(counters, "all_instructions"),
            .device_writes = number(exits, "mmio_write"),
            .device_reads = number(exits, "mmio_read")};
}

} // namespace vmguest::netbench
