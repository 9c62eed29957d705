// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "counting.hpp"

namespace vmguest::bench {

CountingWindow::CountingWindow(bool has_plugin, std::chrono::seconds patience) {
    if (!has_plugin)
        return;
    line_ = std::make_unique<LabLine>(patience);
    reset_request_ = LabLine::request({"counters", "--reset"});
    read_request_ = LabLine::counting_request({"counters", "--json"});
}

void CountingWindow::begin() {
    if (!line_)
        return;
    line_->send(reset_request_);
    LabLine::printed(line_->receive());
}

void CountingWindow::end() {
    if (!line_)
        return;
    line_->send(read_request_);
    reply_ = line_->receive();
}

std::optional<nlohmann::json> CountingWindow::counters() const {
    if (!line_)
        return std::nullopt;
    return nlohmann::json::parse(LabLine::printed(reply_));
}

std::optional<std::uint64_t> instructions_of(const nlohmann::json& counters,
                                             const std::string& module) {
    const auto& instructions = member(counters, "instructions");
    if (!instructions.contains(module))
        return std::nullopt;
    return number(instructions, module);
}

} // namespace vmguest::bench
