// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Interrupts per PCI device; see the header.
#include "interrupts.hpp"

#include "text.hpp"

namespace vmguest::labctl {
namespace fs = std::filesystem;

std::map<std::uint64_t, std::uint64_t> parse_interrupts(std::string_view text) {
    std::map<std::uint64_t, std::uint64_t> sums;
    const auto all = lines(text);
    if (all.empty())
        return sums;
    const auto cpus = words(all.front()).size(); // "CPU0 CPU1 ..."
    for (const auto line : all) {
        const auto fields = words(line);
        if (!fields.front().ends_with(':'))
            continue;
        const auto number = parse_number(fields.front().substr(0, fields.front().size() - 1), 10);
        if (!number)
            continue; // "NMI:" and its like
        auto& sum = sums[*number];
        for (std::size_t i = 1; i <= cpus && i < fields.size(); ++i)
            sum += parse_number(fields[i], 10).value_or(0);
    }
    return sums;
}

std::map<std::string, std::uint64_t> find_interrupts(const fs::path& root) {
    const auto sums = parse_interrupts(read_text(root / "proc/interrupts"));
    const auto of = [&](std::string_view number) -> std::uint64_t {
        const auto found = sums.find(parse_number(number, 10).value_or(0));
        return found == sums.end() ? 0 : found->second;
    };
    std::map<std::string, std::uint64_t> devices;
    for (const auto& device : directories(root / "sys/bus/pci/devices")) {
        if (!fs::exists(device / "driver"))
            continue;
        auto& sum = devices[device.filename().string()];
        const auto vectors = directories(device / "msi_irqs");
        for (const auto& vector : vectors)
            sum += of(vector.filename().string());
        const auto line = read_text(device / "irq");
        if (vectors.empty() && !words(line).empty())
            sum = of(words(line).front());
    }
    return devices;
}

} // namespace vmguest::labctl
