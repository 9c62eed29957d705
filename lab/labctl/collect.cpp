// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Reads code ranges and interrupt counts from sysfs, procfs and module files.
#include "collect.hpp"

#include <elf.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace vmguest::labctl {
namespace {

/// A copy of the T at `offset`, if all of it is inside.
template <class T>
std::optional<T> object_at(std::string_view bytes, std::uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T))
        return std::nullopt;
    T object;
    std::memcpy(&object, bytes.data() + offset, sizeof object);
    return object;
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
    if (text.starts_with("0x"))
        text.remove_prefix(2);
    std::uint64_t number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (result.ec != std::errc() || result.ptr == text.data())
        return std::nullopt;
    return number;
}

std::string_view name_at(std::string_view names, std::uint64_t offset) {
    if (offset >= names.size())
        return {};
    names.remove_prefix(offset);
    return names.substr(0, names.find('\0'));
}

bool is_lasting_code(const Elf64_Shdr& section, std::string_view name) {
    constexpr std::uint64_t wanted = SHF_ALLOC | SHF_EXECINSTR;
    return (section.sh_flags & wanted) == wanted && !name.starts_with(".init");
}

} // namespace

std::map<std::string, std::uint64_t> code_sections(std::string_view elf) {
    std::map<std::string, std::uint64_t> sizes;
    const auto header = object_at<Elf64_Ehdr>(elf, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
        return sizes;
    const auto section_at = [&](unsigned index) {
        return object_at<Elf64_Shdr>(elf, header->e_shoff + index * sizeof(Elf64_Shdr));
    };
    const auto table = section_at(header->e_shstrndx);
    if (!table || table->sh_offset > elf.size())
        return sizes;
    const auto names = elf.substr(table->sh_offset, table->sh_size);
    for (unsigned index = 0; index < header->e_shnum; ++index) {
        const auto section = section_at(index);
        if (!section)
            break;
        const auto name = name_at(names, section->sh_name);
        if (is_lasting_code(*section, name) && section->sh_size > 0)
            sizes[std::string(name)] += section->sh_size;
    }
    return sizes;
}

std::map<std::string, std::string> module_files(std::string_view modules_dep) {
    std::map<std::string, std::string> files;
    std::istringstream lines{std::string(modules_dep)};
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos)
            continue;
        const std::string path = line.substr(0, colon);
        auto name = std::filesystem::path(path).filename().string();
        name = name.substr(0, name.find('.'));
        std::replace(name.begin(), name.end(), '-', '_');
        files.emplace(std::move(name), path);
    }
    return files;
}

std::map<unsigned, std::uint64_t> interrupt_counts(std::string_view proc_interrupts) {
    std::map<unsigned, std::uint64_t> counts;
    std::istringstream lines{std::string(proc_interrupts)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word;
        words >> word;
        const auto number = parse_number(word, 10);
        if (!number || !word.ends_with(':'))
            continue;
        auto& sum = counts[static_cast<unsigned>(*number)];
        for (std::uint64_t count = 0; words >> count;)
            sum += count;
    }
    return counts;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::map<std::string, std::vector<Range>> loaded_code(const std::filesystem::path& sys,
                                                      const std::filesystem::path& tree) {
    std::map<std::string, std::vector<Range>> code;
    const auto files = module_files(read_file(tree / "modules.dep"));
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(sys / "module", error)) {
        const auto name = entry.path().filename().string();
        const auto file = files.find(name);
        if (file == files.end() || !std::filesystem::exists(entry.path() / "sections", error))
            continue;
        for (const auto& [section, size] : code_sections(read_file(tree / file->second))) {
            const auto start = parse_number(read_file(entry.path() / "sections" / section), 16);
            if (start)
                code[name].push_back({*start, size});
        }
    }
    return code;
}

std::map<std::string, std::uint64_t> device_interrupts(const std::filesystem::path& sys,
                                                       std::string_view proc_interrupts) {
    std::map<std::string, std::uint64_t> sums;
    const auto counts = interrupt_counts(proc_interrupts);
    const auto count_of = [&](std::string_view number) -> std::uint64_t {
        const auto parsed = parse_number(number, 10);
        const auto found = parsed ? counts.find(static_cast<unsigned>(*parsed)) : counts.end();
        return found == counts.end() ? 0 : found->second;
    };
    std::error_code error;
    for (const auto& device : std::filesystem::directory_iterator(sys / "bus/pci/devices", error)) {
        auto& sum = sums[device.path().filename().string()];
        std::filesystem::directory_iterator messages(device.path() / "msi_irqs", error);
        if (error || messages == std::filesystem::directory_iterator()) {
            sum = count_of(read_file(device.path() / "irq"));
            continue;
        }
        for (const auto& message : messages)
            sum += count_of(message.path().filename().string());
    }
    return sums;
}

} // namespace vmguest::labctl
