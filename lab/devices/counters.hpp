// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// All counters of a run: instructions per guest module, exits per device, requests to the host.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "abi.hpp"
#include "exits.hpp"
#include "host.hpp"
#include "instruction_counter.hpp"

namespace vmguest::lab {

enum class CountMode { off, modules, all };

class Counters {
public:
    /// Begin to count instructions; for CountMode::off nothing is registered with QEMU at all.
    void start_instructions(qemu_plugin_id_t id, CountMode mode, unsigned cpus);
    CountMode mode() const { return mode_; }

    void count_request(std::string_view kind, std::uint64_t number);
    ExitTaps& exits() { return exits_; }

    /// {"instructions", "exits", "host_requests"[, "all_instructions"]}; `request` may hold
    /// "modules": {NAME: [[start, size], …]} and "reset": true.
    Reply report(const nlohmann::json& request);
    void reset();

private:
    struct alignas(64) OtherCode {
        std::atomic<std::uint64_t> instructions{0};
    };

    static void on_translation(qemu_plugin_id_t, qemu_plugin_tb* block);
    void watch_block(qemu_plugin_tb* block);
    std::uint64_t other_instructions() const;

    CountMode mode_ = CountMode::off;
    std::unique_ptr<InstructionCounter> instructions_;
    std::vector<OtherCode> others_; ///< per CPU: code outside the module area
    std::uint64_t others_before_ = 0;
    std::map<std::string, std::uint64_t, std::less<>> requests_;
    ExitTaps exits_;
};

/// The counters of this process; QEMU's callbacks leave no room for a parameter.
Counters& counters();

} // namespace vmguest::lab
