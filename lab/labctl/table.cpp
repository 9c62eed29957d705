// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The counters' table; see the header.
#include "table.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

namespace vmguest::labctl {
namespace {

using nlohmann::json;
using Row = std::vector<std::string>;

std::string number(const json& value) {
    return value.is_number_unsigned() ? std::to_string(value.get<std::uint64_t>()) : "?";
}

/// First column to the left, the others, being numbers, to the right.
std::string align(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string fill(widths[i] - row[i].size(), ' ');
            text += i == 0 ? row[i] + fill : "  " + fill + row[i];
        }
        text.resize(text.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

std::string section(const json& counters, const char* key, const char* title) {
    const auto found = counters.find(key);
    if (found == counters.end() || !found->is_object() || found->empty())
        return {};
    std::vector<Row> rows = {{title, ""}};
    for (const auto& [name, value] : found->items())
        rows.push_back({"  " + name, number(value)});
    return align(rows);
}

std::string exits(const json& counters) {
    const auto found = counters.find("exits");
    if (found == counters.end() || !found->is_object() || found->empty())
        return {};
    std::vector<Row> rows = {{"exits", "mmio read", "mmio write", "pio"}};
    for (const auto& [device, counts] : found->items())
        if (counts.is_object())
            rows.push_back({"  " + device, number(counts.value("mmio_read", json())),
                            number(counts.value("mmio_write", json())),
                            number(counts.value("pio", json()))});
    return align(rows);
}

} // namespace

std::string counters_table(const json& counters) {
    if (!counters.is_object())
        return {};
    auto text = section(counters, "instructions", "instructions") + exits(counters) +
                section(counters, "interrupts", "interrupts") +
                section(counters, "host_requests", "host requests");
    if (counters.contains("all_instructions"))
        text += "all instructions  " + number(counters["all_instructions"]) + '\n';
    if (const auto note = counters.find("note"); note != counters.end() && note->is_string())
        text += "note: " + note->get<std::string>() + '\n';
    return text;
}

} // namespace vmguest::labctl
