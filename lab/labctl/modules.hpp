// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Where the code of the loaded kernel modules lies, from sysfs and the modules' own files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmguest::labctl {

struct Range {
    std::uint64_t start;
    std::uint64_t size;
    bool operator==(const Range&) const = default;
};

/// What is needed of a .ko file.
struct ModuleFile {
    std::map<std::string, std::uint64_t> code_sections; ///< name -> size; no .init sections
    std::string build_id;                               ///< the raw note, empty if there is none
};

/// Read an ELF64 relocatable file; nothing if the bytes are no such file or contradict themselves.
std::optional<ModuleFile> parse_module_file(std::string_view bytes);

/// Name of a module (with '_' for '-') -> path, out of a modules.dep file.
std::map<std::string, std::filesystem::path>
parse_modules_dep(std::string_view text, const std::filesystem::path& directory);

/// Last address of a function per module, out of /proc/kallsyms.
std::map<std::string, std::uint64_t> parse_last_functions(std::string_view kallsyms);

struct Modules {
    std::map<std::string, std::vector<Range>> code;
    std::vector<std::string> warnings; ///< sentences
};

/// All loaded modules. `root` is "/" but in tests.
Modules find_modules(const std::filesystem::path& root, std::string_view release);

} // namespace vmguest::labctl
