// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The counting window; see the header.
#include "window.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <sys/utsname.h>

#include <nlohmann/json.hpp>

#include "modules.hpp"
#include "text.hpp"

namespace vmguest::netbench {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds patience{120};
/// Longer than any timer with which a NIC driver puts off its work.
constexpr std::chrono::milliseconds settling_time{50};

json code_ranges() {
    utsname kernel = {};
    uname(&kernel);
    auto ranges = json::object();
    for (const auto& [name, parts] : labctl::find_modules("/", kernel.release).code)
        for (const auto& part : parts)
            ranges[name].push_back({part.start, part.size});
    return ranges;
}

std::uint64_t allocated_pages() {
    std::ifstream file("/proc/vmstat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return parse_allocated_pages(text);
}

std::uint64_t number(const json& from, const char* key) {
    const auto found = from.find(key);
    if (found == from.end() || !found->is_number_unsigned())
        throw std::runtime_error("the lab's counters have no number '" + std::string(key) + "'");
    return found->get<std::uint64_t>();
}

const json& member(const json& from, const std::string& key) {
    const auto found = from.find(key);
    if (found == from.end() || !found->is_object())
        throw std::runtime_error("the lab's counters have no '" + key + "': lab/vm wants --count");
    return *found;
}

} // namespace

Window::Window(const Interface& interface, bool has_plugin) : interface_(interface) {
    if (!has_plugin)
        return;
    port_ = std::make_unique<labctl::Port>(labctl::find_port(), patience);
    reset_request_ = json{{"argv", {"counters", "--reset"}}, {"id", 1}}.dump();
    read_request_ =
        json{{"argv", {"counters", "--json"}}, {"id", 2}, {"modules", code_ranges()}}.dump();
}

void Window::ask(const std::string& request) {
    if (!port_->send(request))
        throw std::runtime_error(port_->failure());
}

std::string Window::answer() {
    auto exchange = port_->receive();
    if (!exchange.line)
        throw std::runtime_error(exchange.failure);
    return *exchange.line;
}

void Window::begin() {
    const auto traffic = interface_.traffic();
    before_.tx_packets = traffic.tx_packets;
    before_.rx_packets = traffic.rx_packets;
    before_.interrupts = interface_.interrupts();
    before_.pages = allocated_pages();
    if (!port_)
        return;
    ask(reset_request_);
    const auto reply = json::parse(answer());
    if (reply.at("status") != 0)
        throw std::runtime_error(reply.at("stderr").get<std::string>());
}

Counts Window::end() {
    std::this_thread::sleep_for(settling_time);
    std::string line;
    if (port_) {
        ask(read_request_);
        line = answer();
    }
    Counts counts = {};
    counts.pages = allocated_pages() - before_.pages;
    counts.interrupts = interface_.interrupts() - before_.interrupts;
    const auto traffic = interface_.traffic();
    counts.tx_packets = traffic.tx_packets - before_.tx_packets;
    counts.rx_packets = traffic.rx_packets - before_.rx_packets;
    if (port_)
        counts.plugin = parse(line);
    return counts;
}

PluginCounts Window::parse(const std::string& line) const {
    const auto reply = json::parse(line);
    if (reply.at("status") != 0)
        throw std::runtime_error(reply.at("stderr").get<std::string>());
    const auto counters = json::parse(reply.at("stdout").get<std::string>());
    // The lab names the devices after QEMU's models, of which the drivers' names are a spelling.
    auto device = interface_.driver();
    if (device == "virtio_net")
        device = "virtio-net";
    const auto& exits = member(member(counters, "exits"), device);
    return {.driver_instructions =
                number(member(counters, "instructions"), interface_.driver().c_str()),
            .all_instructions = number(counters, "all_instructions"),
            .device_writes = number(exits, "mmio_write"),
            .device_reads = number(exits, "mmio_read")};
}

} // namespace vmguest::netbench
