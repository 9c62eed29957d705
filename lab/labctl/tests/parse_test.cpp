// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Tests of what labctl reads and prints.
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <elf.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "interrupts.hpp"
#include "modules.hpp"
#include "table.hpp"
#include "tree.hpp"

namespace vmguest::labctl {
namespace {

constexpr std::uint64_t code = SHF_ALLOC | SHF_EXECINSTR;
constexpr const char* note = ".note.gnu.build-id";

struct Section {
    std::string name;
    std::uint64_t flags = 0;
    std::uint64_t size = 0;
    std::string bytes = {};
};

template <class T>
std::string bytes_of(const T* objects, std::size_t number) {
    return {reinterpret_cast<const char*>(objects), number * sizeof(T)};
}

/// The smallest ELF file with these sections and a table of their names.
std::string module_file(const std::vector<Section>& sections) {
    std::string names(1, '\0');
    std::string contents;
    std::vector<Elf64_Shdr> headers(sections.size() + 2);
    const auto table_size = headers.size() * sizeof(Elf64_Shdr);
    for (std::size_t i = 0; i < sections.size(); ++i) {
        auto& header = headers[i + 1];
        header.sh_name = static_cast<Elf64_Word>(names.size());
        header.sh_flags = sections[i].flags;
        header.sh_size = sections[i].bytes.empty() ? sections[i].size : sections[i].bytes.size();
        header.sh_offset = sizeof(Elf64_Ehdr) + table_size + contents.size();
        contents += sections[i].bytes;
        names += sections[i].name + '\0';
    }
    headers.back().sh_offset = sizeof(Elf64_Ehdr) + table_size + contents.size();
    headers.back().sh_size = names.size();
    Elf64_Ehdr file = {};
    std::memcpy(file.e_ident, ELFMAG, SELFMAG);
    file.e_ident[EI_CLASS] = ELFCLASS64;
    file.e_shoff = sizeof file;
    file.e_shentsize = sizeof(Elf64_Shdr);
    file.e_shnum = static_cast<Elf64_Half>(headers.size());
    file.e_shstrndx = static_cast<Elf64_Half>(headers.size() - 1);
    return bytes_of(&file, 1) + bytes_of(headers.data(), headers.size()) + contents + names;
}

TEST(ModuleFile, KnowsLastingCodeOnly) {
    const auto file = parse_module_file(module_file({{".text", code, 100},
                                                     {".init.text", code, 50},
                                                     {".data", SHF_ALLOC | SHF_WRITE, 10},
                                                     {".text.unlikely", code, 7},
                                                     {".empty", code, 0},
                                                     {".exit.text", code, 3},
                                                     {note, SHF_ALLOC, 0, "id"}}));
    ASSERT_TRUE(file);
    const std::map<std::string, std::uint64_t> want = {
        {".text", 100}, {".text.unlikely", 7}, {".exit.text", 3}};
    EXPECT_EQ(file->code_sections, want);
    EXPECT_EQ(file->build_id, "id");
}

TEST(ModuleFile, RefusesEveryCutFile) {
    const auto file = module_file({{".text", code, 100}});
    for (std::size_t size = 0; size < file.size(); ++size)
        EXPECT_FALSE(parse_module_file(file.substr(0, size))) << size;
    EXPECT_FALSE(parse_module_file(std::string(4096, 'x')));
}

TEST(ModuleFile, SurvivesOffsetsThatLeadNowhere) {
    auto file = module_file({{".text", code, 100}, {note, SHF_ALLOC, 0, "id"}});
    for (std::size_t at = 0; at + 8 <= file.size(); at += 8) {
        auto broken = file;
        std::memset(broken.data() + at, 0xff, 8);
        if (const auto parsed = parse_module_file(broken)) { // refusing is right as well
            EXPECT_LE(parsed->code_sections.size(), 2U) << at;
        }
    }
}

TEST(ModulesDep, NamesAreAsInSysfs) {
    const std::map<std::string, std::filesystem::path> want = {
        {"nf_nat", "/m/kernel/net/nf-nat.ko"}, {"vmxnet3", "/elsewhere/vmxnet3.ko"}};
    EXPECT_EQ(parse_modules_dep(
                  "/elsewhere/vmxnet3.ko:\nkernel/net/nf-nat.ko: a.ko b.ko\nrubbish\n", "/m"),
              want);
}

TEST(Kallsyms, KeepsTheLastFunctionOfEachModule) {
    const std::map<std::string, std::uint64_t> want = {{"a", 0x300}, {"b", 0x150}};
    EXPECT_EQ(parse_last_functions("0000000000000100 t f\t[a]\n"
                                   "0000000000000300 T g\t[a]\n"
                                   "0000000000000900 d data\t[a]\n"
                                   "0000000000000150 t h\t[b]\n"
                                   "ffffffff81000000 T _text\n"
                                   "rubbish t\n"),
              want);
}

class LoadedModule : public Tree {
protected:
    LoadedModule() {
        put("sys/module/vmxnet3/initstate", "live\n");
        put("sys/module/vmxnet3/sections/.text", "0xffffffffc0001000\n");
        put("sys/module/vmxnet3/sections/.exit.text", "0xffffffffc0001f00\n");
        put("sys/module/vmxnet3/notes/.note.gnu.build-id", "right");
        put("sys/module/builtin/parameters/x", "1\n");
        put("lib/modules/6/modules.dep", "updates/vmxnet3.ko:\nupdates/absent.ko:\n");
        put("proc/kallsyms", "ffffffffc0001200 t f\t[vmxnet3]\n");
    }
    void put_file(const std::string& build_id) {
        put("lib/modules/6/updates/vmxnet3.ko", module_file({{".text", code, 0x321},
                                                             {".exit.text", code, 0x20},
                                                             {".init.text", code, 8},
                                                             {note, SHF_ALLOC, 0, build_id}}));
    }
};

TEST_F(LoadedModule, HasAddressesFromSysfsAndSizesFromItsFile) {
    put_file("right");
    const auto modules = find_modules(root_, "6");
    const std::map<std::string, std::vector<Range>> want = {
        {"vmxnet3", {{0xffffffffc0001f00, 0x20}, {0xffffffffc0001000, 0x321}}}};
    EXPECT_EQ(modules.code, want);
    EXPECT_TRUE(modules.warnings.empty());
}

TEST_F(LoadedModule, IsEstimatedIfTheFileIsAnotherOrMissing) {
    const std::map<std::string, std::vector<Range>> want = {
        {"vmxnet3", {{0xffffffffc0001000, 0x1000}}}};
    EXPECT_EQ(find_modules(root_, "6").code, want);
    put_file("wrong");
    const auto modules = find_modules(root_, "6");
    EXPECT_EQ(modules.code, want);
    EXPECT_EQ(modules.warnings.size(), 1U);
}

TEST_F(LoadedModule, WithHiddenAddressesIsWarnedOf) {
    put_file("right");
    put("sys/module/vmxnet3/sections/.text", "0x0000000000000000\n");
    put("sys/module/vmxnet3/sections/.exit.text", "0x0000000000000000\n");
    const auto modules = find_modules(root_, "6");
    EXPECT_TRUE(modules.code.at("vmxnet3").empty());
    EXPECT_EQ(modules.warnings.size(), 1U);
}

constexpr const char* interrupts = "           CPU0       CPU1\n"
                                   " 11:          3          4   IO-APIC  11-fasteoi   eth1\n"
                                   " 24:       1000       2345   PCI-MSI 262144-edge   9\n"
                                   " 25:          1          0   PCI-MSI 262145-edge   eth0\n"
                                   "NMI:          5          5   Non-maskable interrupts\n";

TEST(Interrupts, AddUpTheCpus) {
    const std::map<std::uint64_t, std::uint64_t> want = {{11, 7}, {24, 3345}, {25, 1}};
    EXPECT_EQ(parse_interrupts(interrupts), want);
    EXPECT_TRUE(parse_interrupts("").empty());
}

TEST_F(Tree, InterruptsAreOfTheMessagesOrTheLine) {
    const std::string devices = "sys/bus/pci/devices/0000:00:";
    put("proc/interrupts", interrupts);
    put(devices + "10.0/driver/x", "");
    put(devices + "10.0/msi_irqs/24", "msix\n");
    put(devices + "10.0/msi_irqs/25", "msix\n");
    put(devices + "10.0/irq", "11\n");
    put(devices + "11.0/driver/x", "");
    put(devices + "11.0/irq", "11\n");
    put(devices + "12.0/irq", "11\n"); // nobody drives it
    const std::map<std::string, std::uint64_t> want = {{"0000:00:10.0", 3346}, {"0000:00:11.0", 7}};
    EXPECT_EQ(find_interrupts(root_), want);
}

TEST(Table, ShowsEveryKindOfCount) {
    const auto counters = nlohmann::json::parse(R"({
        "instructions": {"vmxnet3": 1014000, "virtio": 7},
        "exits": {"eth0": {"mmio_read": 0, "mmio_write": 4000, "pio": 12}},
        "interrupts": {"eth0": 1999}, "host_requests": {}, "all_instructions": 5, "new": {}})");
    EXPECT_EQ(counters_table(counters), "instructions\n"
                                        "  virtio            7\n"
                                        "  vmxnet3     1014000\n"
                                        "exits   mmio read  mmio write  pio\n"
                                        "  eth0          0        4000   12\n"
                                        "interrupts\n"
                                        "  eth0      1999\n"
                                        "all instructions  5\n");
}

TEST(Table, SurvivesStrangeCounters) {
    EXPECT_EQ(counters_table(nlohmann::json::parse("[1]")), "");
    EXPECT_EQ(counters_table(nlohmann::json::parse(
                  R"({"instructions": null, "exits": {"a": 1, "b": {}}, "note": "off"})")),
              "exits  mmio read  mmio write  pio\n"
              "  b            ?           ?    ?\n"
              "note: off\n");
}

} // namespace
} // namespace vmguest::labctl
