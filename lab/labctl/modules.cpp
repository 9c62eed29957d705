// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Code ranges of loaded modules; see the header.
//
// sysfs tells where each section of a module was loaded, its file how long each is and which hold
// code. Nothing else is right on all kernels: "coresize" counts data too, and since 6.4 code and
// data lie in different places.
#include "modules.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include <elf.h>

#include "text.hpp"

namespace vmguest::labctl {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t page = 4096;
constexpr const char* build_id_section = ".note.gnu.build-id";

template <class T>
std::optional<T> load(std::string_view bytes, std::uint64_t offset) {
    T value;
    if (offset > bytes.size() || bytes.size() - offset < sizeof value)
        return std::nullopt;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

std::optional<std::string_view> slice(std::string_view bytes, std::uint64_t offset,
                                      std::uint64_t size) {
    if (offset > bytes.size() || bytes.size() - offset < size)
        return std::nullopt;
    return bytes.substr(offset, size);
}

std::string name_at(std::string_view names, std::uint64_t offset) {
    if (offset >= names.size())
        return {};
    const auto rest = names.substr(offset);
    return std::string(rest.substr(0, rest.find('\0')));
}

bool is_lasting_code(const Elf64_Shdr& section, std::string_view name) {
    constexpr std::uint64_t code = SHF_ALLOC | SHF_EXECINSTR;
    return (section.sh_flags & code) == code && section.sh_size > 0 && !name.starts_with(".init");
}

std::string module_name(std::string file) {
    file.resize(std::min(file.size(), file.find(".ko")));
    std::replace(file.begin(), file.end(), '-', '_');
    return file;
}

std::uint64_t section_address(const fs::path& sections, const std::string& name) {
    return parse_hex(read_text(sections / name)).value_or(0);
}

std::vector<Range> ranges_from_file(const fs::path& sections, const ModuleFile& file) {
    std::vector<Range> ranges;
    for (const auto& [name, size] : file.code_sections)
        if (const auto start = section_address(sections, name); start != 0)
            ranges.push_back({start, size});
    return ranges;
}

/// Without the file: from the lowest code section to the end of the page with the last function.
std::vector<Range> estimated_ranges(const fs::path& sections, std::uint64_t last_function) {
    std::uint64_t start = std::numeric_limits<std::uint64_t>::max();
    for (const char* name : {".text", ".text.unlikely", ".exit.text", ".noinstr.text"})
        if (const auto address = section_address(sections, name); address != 0)
            start = std::min(start, address);
    if (last_function < start)
        return {};
    return {{start, (last_function / page + 1) * page - start}};
}

} // namespace

std::optional<ModuleFile> parse_module_file(std::string_view bytes) {
    const auto header = load<Elf64_Ehdr>(bytes, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof(Elf64_Shdr) ||
        header->e_shstrndx >= header->e_shnum)
        return std::nullopt;
    std::vector<Elf64_Shdr> sections;
    for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
        const auto section = load<Elf64_Shdr>(bytes, header->e_shoff + i * sizeof(Elf64_Shdr));
        if (!section)
            return std::nullopt;
        sections.push_back(*section);
    }
    const auto& naming = sections[header->e_shstrndx];
    const auto names = slice(bytes, naming.sh_offset, naming.sh_size);
    if (!names)
        return std::nullopt;

    ModuleFile file;
    for (const auto& section : sections) {
        const auto name = name_at(*names, section.sh_name);
        if (is_lasting_code(section, name))
            file.code_sections[name] += section.sh_size;
        if (name == build_id_section)
            file.build_id = slice(bytes, section.sh_offset, section.sh_size).value_or("");
    }
    return file;
}

std::map<std::string, fs::path> parse_modules_dep(std::string_view text,
                                                  const fs::path& directory) {
    std::map<std::string, fs::path> files;
    for (const auto line : lines(text)) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            continue;
        const fs::path path(line.substr(0, colon));
        files[module_name(path.filename())] = path.is_absolute() ? path : directory / path;
    }
    return files;
}

std::map<std::string, std::uint64_t> parse_last_functions(std::string_view kallsyms) {
    std::map<std::string, std::uint64_t> last;
    for (const auto line : lines(kallsyms)) {
        // ffffffffc0123000 t vmxnet3_open	[vmxnet3]
        const auto fields = words(line);
        if (fields.size() != 4 || fields[1].size() != 1 || !fields[3].starts_with('['))
            continue;
        const auto address = parse_hex(fields[0]);
        if (!address || std::string_view("tTwW").find(fields[1][0]) == std::string_view::npos)
            continue;
        auto& highest = last[std::string(fields[3].substr(1, fields[3].size() - 2))];
        highest = std::max(highest, *address);
    }
    return last;
}

Modules find_modules(const fs::path& root, std::string_view release) {
    Modules result;
    const auto directory = root / "lib/modules" / release;
    const auto files = parse_modules_dep(read_text(directory / "modules.dep"), directory);
    std::optional<std::map<std::string, std::uint64_t>> last_functions;
    for (const auto& module : directories(root / "sys/module")) {
        const auto name = module.filename().string();
        if (!fs::exists(module / "initstate"))
            continue; // built into the kernel
        const auto sections = module / "sections";
        std::optional<ModuleFile> file;
        if (const auto found = files.find(name); found != files.end())
            file = parse_module_file(read_text(found->second));
        // Another file of the same name may be the one that was loaded.
        if (file && file->build_id == read_text(module / "notes" / build_id_section)) {
            result.code[name] = ranges_from_file(sections, *file);
        } else {
            if (!last_functions)
                last_functions = parse_last_functions(read_text(root / "proc/kallsyms"));
            result.code[name] = estimated_ranges(sections, (*last_functions)[name]);
            result.warnings.push_back("the file of module " + name +
                                      " was not found, so the end of its code is estimated");
        }
        if (result.code[name].empty())
            result.warnings.push_back("the addresses of module " + name +
                                      " cannot be read: run labctl as root");
    }
    return result;
}

} // namespace vmguest::labctl
