// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// How many interrupts each PCI device has raised, from procfs and sysfs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace vmguest::labctl {

/// Interrupt number -> sum over all CPUs, out of /proc/interrupts.
std::map<std::uint64_t, std::uint64_t> parse_interrupts(std::string_view text);

/// PCI address -> interrupts of all its vectors. Only devices with a driver have any; a line that
/// several devices share is counted for each of them.
std::map<std::string, std::uint64_t> find_interrupts(const std::filesystem::path& root);

} // namespace vmguest::labctl
