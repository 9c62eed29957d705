// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Reads the guest's list of loaded modules out of a request.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "host.hpp"
#include "instruction_counter.hpp"

namespace vmguest::lab {

struct ModuleRanges {
    std::string name;
    std::vector<AddressRange> ranges;
};

/// From {"modules": {NAME: [[start, size], …]}}; no "modules" means none.
Result<std::vector<ModuleRanges>> parse_modules(const nlohmann::json& request);

} // namespace vmguest::lab
