// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The lab's control line as a bench uses it: requests are made before a counting window opens and
// replies parsed after it has closed, so that of the counting itself only one read() and one
// write() are inside. labctl, a program that would have to be started, could not do that.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "port.hpp"

namespace vmguest::bench {

/// Functions throw std::runtime_error with a sentence if the lab does not do what it should.
class LabLine {
public:
    explicit LabLine(std::chrono::seconds patience);

    /// A request as it is sent; `labctl WORD…` asks the same.
    static std::string request(const std::vector<std::string>& words);
    /// One that has counters as its answer, with the instructions of all modules loaded now.
    static std::string counting_request(const std::vector<std::string>& words);

    void send(const std::string& request);
    std::string receive();
    /// What the lab has printed; other statuses than 0 and `tolerated` are errors.
    static std::string printed(const std::string& reply, int tolerated = 0);
    /// All three.
    std::string ask(const std::vector<std::string>& words);

private:
    labctl::Port port_;
};

/// Members of the lab's counters.
const nlohmann::json& member(const nlohmann::json& from, const std::string& key);
std::uint64_t number(const nlohmann::json& from, const std::string& key);

} // namespace vmguest::bench
