// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The counting window; see the header.
#include "window.hpp"

#include <fstream>
#include <iterator>
#include <thread>

#include <nlohmann/json.hpp>

#include "text.hpp"

namespace vmguest::netbench {
namespace {

constexpr std::chrono::seconds patience{120};
/// Longer than any timer with which a NIC driver puts off its work.
constexpr std::chrono::milliseconds settling_time{50};

std::uint64_t allocated_pages() {
    std::ifstream file("/proc/vmstat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return parse_allocated_pages(text);
}

} // namespace

Window::Window(const Interface& interface, bool has_plugin) : interface_(interface) {
    if (!has_plugin)
        return;
    line_ = std::make_unique<bench::LabLine>(patience);
    reset_request_ = bench::LabLine::request({"counters", "--reset"});
    read_request_ = bench::LabLine::counting_request({"counters", "--json"});
}

void Window::begin() {
    const auto traffic = interface_.traffic();
    before_.tx_packets = traffic.tx_packets;
    before_.rx_packets = traffic.rx_packets;
    before_.interrupts = interface_.interrupts();
    before_.pages = allocated_pages();
    if (!line_)
        return;
    line_->send(reset_request_);
    bench::LabLine::printed(line_->receive());
}

Counts Window::end() {
    std::this_thread::sleep_for(settling_time);
    std::string reply;
    if (line_) {
        line_->send(read_request_);
        reply = line_->receive();
    }
    Counts counts = {};
    counts.pages = allocated_pages() - before_.pages;
    counts.interrupts = interface_.interrupts() - before_.interrupts;
    const auto traffic = interface_.traffic();
    counts.tx_packets = traffic.tx_packets - before_.tx_packets;
    counts.rx_packets = traffic.rx_packets - before_.rx_packets;
    if (line_)
        counts.plugin = parse(reply);
    return counts;
}

PluginCounts Window::parse(const std::string& reply) const {
    using bench::member, bench::number;
    const auto counters = nlohmann::json::parse(bench::LabLine::printed(reply));
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
