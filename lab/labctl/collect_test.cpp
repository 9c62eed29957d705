// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "collect.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

namespace vmguest::labctl {
namespace {

struct Section {
    const char* name;
    std::uint64_t flags;
    std::uint64_t size;
};

/// The smallest file with these sections and a table of their names.
std::string module_file(const std::vector<Section>& sections) {
    std::string names(1, '\0');
    std::vector<Elf64_Shdr> headers(1);
    for (const auto& section : sections) {
        Elf64_Shdr header{};
        header.sh_name = static_cast<Elf64_Word>(names.size());
        header.sh_flags = section.flags;
        header.sh_size = section.size;
        headers.push_back(header);
        names.append(section.name).push_back('\0');
    }
    Elf64_Ehdr file{};
    std::memcpy(file.e_ident, ELFMAG, SELFMAG);
    file.e_ident[EI_CLASS] = ELFCLASS64;
    file.e_ident[EI_DATA] = ELFDATA2LSB;
    file.e_shoff = sizeof file;
    file.e_shnum = static_cast<Elf64_Half>(headers.size() + 1);
    file.e_shstrndx = static_cast<Elf64_Half>(headers.size());
    Elf64_Shdr table{};
    table.sh_offset = sizeof file + (headers.size() + 1) * sizeof table;
    table.sh_size = names.size();
    headers.push_back(table);
    std::string bytes(reinterpret_cast<const char*>(&file), sizeof file);
    bytes.append(reinterpret_cast<const char*>(headers.data()), headers.size() * sizeof table);
    return bytes + names;
}

constexpr std::uint64_t code = SHF_ALLOC | SHF_EXECINSTR;

TEST(CodeSections, AreExecutableAndLasting) {
    const auto file = module_file({{".text", code, 100},
                                   {".init.text", code, 50},
                                   {".data", SHF_ALLOC | SHF_WRITE, 10},
                                   {".text.unlikely", code, 7},
                                   {".exit.text", code, 3}});
    const std::map<std::string, std::uint64_t> want{
        {".text", 100}, {".text.unlikely", 7}, {".exit.text", 3}};
    EXPECT_EQ(code_sections(file), want);
}

TEST(CodeSections, EveryCutFileIsSurvived) {
    const auto file = module_file({{".text", code, 100}});
    for (std::size_t size = 0; size < file.size(); ++size)
        EXPECT_LE(code_sections(file.substr(0, size)).size(), 1U) << size;
    EXPECT_TRUE(code_sections("no module at all").empty());
}

TEST(ModuleFiles, NamesAreAsInSysfs) {
    const std::map<std::string, std::string> want{{"nf_nat", "kernel/net/nf-nat.ko.xz"},
                                                  {"vmxnet3", "updates/vmxnet3.ko"}};
    EXPECT_EQ(module_files("updates/vmxnet3.ko:\nkernel/net/nf-nat.ko.xz: a b\nrubbish\n"), want);
}

TEST(InterruptCounts, AddUpTheCpus) {
    const auto counts = interrupt_counts("           CPU0       CPU1\n"
                                         "  1:          9          1   IO-APIC   1-edge      i8042\n"
                                         " 24:       1000       2345   PCI-MSI 262144-edge  eth0\n"
                                         "NMI:          5          5   Non-maskable interrupts\n");
    const std::map<unsigned, std::uint64_t> want{{1, 10}, {24, 3345}};
    EXPECT_EQ(counts, want);
}

class Tree : public testing::Test {
protected:
    void SetUp() override {
        root_ = std::filesystem::path(testing::TempDir()) / "labctl-collect";
        std::filesystem::remove_all(root_);
    }
    void TearDown() override { std::filesystem::remove_all(root_); }
    void put(const std::string& path, const std::string& text) {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path, std::ios::binary) << text;
    }
    std::filesystem::path root_;
};

TEST_F(Tree, LoadedCodeTakesAddressesFromSysfsAndSizesFromTheFile) {
    put("lib/modules.dep", "updates/vmxnet3.ko:\nupdates/absent.ko:\n");
    put("lib/updates/vmxnet3.ko", module_file({{".text", code, 64}, {".init.text", code, 8}}));
    put("sys/module/vmxnet3/sections/.text", "0xffffffffc0001000\n");
    put("sys/module/builtin/parameters/x", "1\n");
    const std::map<std::string, std::vector<Range>> want{
        {"vmxnet3", {{0xffffffffc0001000, 64}}}};
    EXPECT_EQ(loaded_code(root_ / "sys", root_ / "lib"), want);
}

TEST_F(Tree, InterruptsAreOfTheMessagesOrTheLine) {
    put("sys/bus/pci/devices/0000:00:10.0/msi_irqs/24", "msix\n");
    put("sys/bus/pci/devices/0000:00:10.0/msi_irqs/25", "msix\n");
    put("sys/bus/pci/devices/0000:00:10.0/irq", "11\n");
    put("sys/bus/pci/devices/0000:00:11.0/irq", "11\n");
    const auto sums = device_interrupts(root_ / "sys", " 11: 7 x\n 24: 1 2 y\n 25: 10 z\n");
    const std::map<std::string, std::uint64_t> want{{"0000:00:10.0", 13}, {"0000:00:11.0", 7}};
    EXPECT_EQ(sums, want);
}

} // namespace
} // namespace vmguest::labctl
