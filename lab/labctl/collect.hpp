// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What only the guest knows and a request for counters needs: where drivers' code lies, and how
// many interrupts each PCI device has raised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vmguest::labctl {

/// Guest-virtual addresses of code: start and size in bytes.
struct Range {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    bool operator==(const Range&) const = default;
};

/// Sizes in bytes of the executable sections that stay after a module's start, by section name,
/// from the contents of a 64-bit little-endian .ko file. Empty if the file is not one.
std::map<std::string, std::uint64_t> code_sections(std::string_view elf);

/// Module names and file paths from the text of modules.dep; paths are relative to its folder
/// unless absolute. Names are as in /sys/module.
std::map<std::string, std::string> module_files(std::string_view modules_dep);

/// Sum over the CPUs for every line of /proc/interrupts that starts with a number.
std::map<unsigned, std::uint64_t> interrupt_counts(std::string_view proc_interrupts);

/// Code of every loaded module whose file is known, by module name. `sys` is /sys, `tree` the
/// running kernel's module folder.
std::map<std::string, std::vector<Range>> loaded_code(const std::filesystem::path& sys,
                                                      const std::filesystem::path& tree);

/// Interrupts of every PCI device, by address ("0000:00:10.0").
std::map<std::string, std::uint64_t> device_interrupts(const std::filesystem::path& sys,
                                                       std::string_view proc_interrupts);

/// A whole file; empty if it cannot be read.
std::string read_file(const std::filesystem::path& path);

} // namespace vmguest::labctl
