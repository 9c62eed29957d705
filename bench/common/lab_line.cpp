// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "lab_line.hpp"

#include <stdexcept>

#include <sys/utsname.h>

#include "modules.hpp"

namespace vmguest::bench {
namespace {

using nlohmann::json;

json code_ranges() {
    utsname kernel = {};
    uname(&kernel);
    auto ranges = json::object();
    for (const auto& [name, parts] : labctl::find_modules("/", kernel.release).code)
        for (const auto& part : parts)
            ranges[name].push_back({part.start, part.size});
    return ranges;
}

} // namespace

LabLine::LabLine(std::chrono::seconds patience) : port_(labctl::find_port(), patience) {}

std::string LabLine::request(const std::vector<std::string>& words) {
    return json{{"argv", words}, {"id", 1}}.dump();
}

std::string LabLine::counting_request(const std::vector<std::string>& words) {
    return json{{"argv", words}, {"id", 2}, {"modules", code_ranges()}}.dump();
}

void LabLine::send(const std::string& request) {
    if (!port_.send(request))
        throw std::runtime_error(port_.failure());
}

std::string LabLine::receive() {
    auto exchange = port_.receive();
    if (!exchange.line)
        throw std::runtime_error(exchange.failure);
    return *exchange.line;
}

std::string LabLine::printed(const std::string& reply, int tolerated) {
    const auto parsed = json::parse(reply);
    const auto& status = parsed.at("status");
    if (status != 0 && status != tolerated)
        throw std::runtime_error(parsed.at("stderr").get<std::string>());
    return parsed.at("stdout").get<std::string>();
}

std::string LabLine::ask(const std::vector<std::string>& words) {
    send(request(words));
    return printed(receive());
}

const json& member(const json& from, const std::string& key) {
    const auto found = from.find(key);
    if (found == from.end() || !found->is_object())
        throw std::runtime_error("the lab's counters have no '" + key + "': lab/vm wants --count");
    return *found;
}

std::uint64_t number(const json& from, const std::string& key) {
    const auto found = from.find(key);
    if (found == from.end() || !found->is_number_unsigned())
        throw std::runtime_error("the lab's counters have no number '" + key + "'");
    return found->get<std::uint64_t>();
}

} // namespace vmguest::bench
