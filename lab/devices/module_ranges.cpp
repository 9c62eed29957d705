// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The guest's module list; see the header.
#include "module_ranges.hpp"

#include <nlohmann/json.hpp>

namespace vmguest::lab {

Result<std::vector<ModuleRanges>> parse_modules(const nlohmann::json& request) {
    if (!request.is_object())
        return Failure{"the request for counters is no JSON object"};
    if (const auto reset = request.find("reset"); reset != request.end() && !reset->is_boolean())
        return Failure{"\"reset\" has to be true or false"};
    std::vector<ModuleRanges> modules;
    const auto list = request.find("modules");
    if (list == request.end())
        return modules;
    if (!list->is_object())
        return Failure{"\"modules\" is no JSON object"};
    for (const auto& [name, ranges] : list->items()) {
        auto& module = modules.emplace_back(ModuleRanges{name, {}});
        bool is_good = ranges.is_array();
        for (const auto& range : ranges) {
            is_good = is_good && range.is_array() && range.size() == 2 &&
                      range[0].is_number_unsigned() && range[1].is_number_unsigned();
            if (is_good)
                module.ranges.push_back(
                    {range[0].get<std::uint64_t>(), range[1].get<std::uint64_t>()});
        }
        if (!is_good)
            return Failure{"the ranges of module '" + name +
                           "' are no list of [start, size] pairs"};
    }
    return modules;
}

} // namespace vmguest::lab
