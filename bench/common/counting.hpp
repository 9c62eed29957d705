// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A counting window of the lab's plugin: what the guest executes between begin() and end(). See
// LabLine for what of the counting itself is inside.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lab_line.hpp"

namespace vmguest::bench {

class CountingWindow {
public:
    /// Counts the instructions of the modules that are loaded now. Whether the plugin counts is
    /// the caller's to know (lab/vm --count); without it nothing is done, and nothing found.
    CountingWindow(bool has_plugin, std::chrono::seconds patience);

    void begin();
    /// The window closes; what the lab answers is parsed by counters(), later.
    void end();
    /// The lab's counters, nothing without the plugin.
    std::optional<nlohmann::json> counters() const;

private:
    std::unique_ptr<LabLine> line_;
    std::string reset_request_;
    std::string read_request_;
    std::string reply_;
};

/// Instructions of a module, if it is one: a kernel may have it built in.
std::optional<std::uint64_t> instructions_of(const nlohmann::json& counters,
                                             const std::string& module);

} // namespace vmguest::bench
