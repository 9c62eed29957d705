// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shows counters to people.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace vmguest::labctl {

/// Counters as lab/vm hands them out, as a table. Unknown keys are left out.
std::string counters_table(const nlohmann::json& counters);

} // namespace vmguest::labctl
