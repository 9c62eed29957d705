// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Tests of the plugin's parts that know nothing of QEMU.
#include <array>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "discover.hpp"
#include "guarded.hpp"
#include "instruction_counter.hpp"
#include "module_ranges.hpp"
#include "protocol.hpp"

namespace vmguest::lab {
namespace {

constexpr std::uint64_t base = 0xffffffff'c0000000;

std::uint64_t sum_of(const InstructionCounter& counter, std::vector<AddressRange> ranges) {
    return counter.sum(ranges);
}

TEST(InstructionCounter, SumsBlocksThatBeginInsideARange) {
    InstructionCounter counter(1);
    auto* first = counter.block(base, 3);
    auto* second = counter.block(base + 16, 5);
    InstructionCounter::bump(first, 0);
    InstructionCounter::bump(second, 0);
    InstructionCounter::bump(second, 0);
    EXPECT_EQ(sum_of(counter, {{base, 16}}), 3U);
    EXPECT_EQ(sum_of(counter, {{base, 17}}), 13U);
    EXPECT_EQ(sum_of(counter, {{base + 1, 15}}), 0U);
    EXPECT_EQ(sum_of(counter, {{base + 16, 1}, {base, 1}}), 13U);
    EXPECT_EQ(sum_of(counter, {}), 0U);
    EXPECT_EQ(counter.total(), 13U);
}

TEST(InstructionCounter, KeepsCountingAfterRetranslation) {
    InstructionCounter counter(1);
    InstructionCounter::bump(counter.block(base, 3), 0);
    InstructionCounter::bump(counter.block(base, 2), 0); // cut short, once
    InstructionCounter::bump(counter.block(base, 3), 0);
    EXPECT_EQ(counter.total(), 8U);
}

TEST(InstructionCounter, HasNoTroubleWithTheEndOfTheAddressSpace) {
    InstructionCounter counter(1);
    InstructionCounter::bump(counter.block(~std::uint64_t{0} - 1, 1), 0);
    EXPECT_EQ(sum_of(counter, {{~std::uint64_t{0} - 4095, 4096}}), 1U);
    EXPECT_EQ(sum_of(counter, {{base, ~std::uint64_t{0}}}), 1U);
}

TEST(InstructionCounter, ResetMovesTheZeroPoint) {
    InstructionCounter counter(1);
    auto* block = counter.block(base, 4);
    InstructionCounter::bump(block, 0);
    counter.reset();
    EXPECT_EQ(counter.total(), 0U);
    InstructionCounter::bump(block, 0);
    EXPECT_EQ(counter.total(), 4U);
}

/// More blocks than one chunk holds; every CPU counts, while another thread reads and resets.
TEST(InstructionCounter, IsExactWithSeveralCpus) {
    constexpr unsigned cpus = 3;
    constexpr std::uint64_t blocks = 3000, rounds = 50;
    InstructionCounter counter(cpus);
    std::vector<std::thread> threads;
    for (unsigned cpu = 0; cpu < cpus; ++cpu)
        threads.emplace_back([&counter, cpu] {
            for (std::uint64_t round = 0; round < rounds; ++round)
                for (std::uint64_t i = 0; i < blocks; ++i)
                    InstructionCounter::bump(counter.block(base + i * 8, 2), cpu);
        });
    std::uint64_t last = 0;
    for (int i = 0; i < 100; ++i) {
        const auto now = counter.total();
        EXPECT_LE(last, now);
        last = now;
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(counter.total(), cpus * blocks * rounds * 2);
    EXPECT_EQ(sum_of(counter, {{base, 8 * 1000}}), cpus * 1000 * rounds * 2);
}

TEST(LineBuffer, CutsLines) {
    LineBuffer buffer(100);
    buffer.append("one\ntw");
    EXPECT_EQ(buffer.next(), "one");
    EXPECT_EQ(buffer.next(), std::nullopt);
    buffer.append("o\r\n\n");
    EXPECT_EQ(buffer.next(), "two");
    EXPECT_EQ(buffer.next(), "");
    EXPECT_EQ(buffer.next(), std::nullopt);
}

TEST(LineBuffer, NoticesALineWithoutEnd) {
    LineBuffer buffer(3);
    buffer.append("abc");
    EXPECT_FALSE(buffer.is_too_long());
    buffer.append("d");
    EXPECT_TRUE(buffer.is_too_long());
}

TEST(Request, IsAVerbAndARest) {
    EXPECT_EQ(split_request("  counters  {\"a\": 1} ").verb, "counters");
    EXPECT_EQ(split_request("  counters  {\"a\": 1} ").rest, "{\"a\": 1} ");
    EXPECT_EQ(split_request("ping").rest, "");
    EXPECT_EQ(split_request(" \t").verb, "");
}

TEST(Words, AreSeparatedByBlanksOrAJsonList) {
    using List = std::vector<std::string>;
    EXPECT_EQ(split_words(" a  b\tc ").value(), (List{"a", "b", "c"}));
    EXPECT_EQ(split_words("").value(), List{});
    EXPECT_EQ(split_words(R"(["a b", ""])").value(), (List{"a b", ""}));
    EXPECT_FALSE(split_words(R"(["a)"));
    EXPECT_FALSE(split_words("[1]"));
}

TEST(Modules, AreReadFromARequest) {
    const auto modules = parse_modules(nlohmann::json::parse(
        R"({"modules": {"vmxnet3": [[18446744072635809792, 4096], [1, 2]], "none": []}})"));
    ASSERT_TRUE(modules);
    ASSERT_EQ(modules.value().size(), 2U);
    EXPECT_EQ(modules.value()[1].name, "vmxnet3");
    EXPECT_EQ(modules.value()[1].ranges[0].start, base);
    EXPECT_EQ(modules.value()[1].ranges[1].size, 2U);
    EXPECT_TRUE(parse_modules(nlohmann::json::object()).value().empty());
}

TEST(Modules, OfABadRequestAreRefused) {
    for (const char* text :
         {"[]", "1", "null", R"({"modules": 1})", R"({"modules": {"a": 1}})",
          R"({"modules": {"a": [1]}})", R"({"modules": {"a": [[1]]}})",
          R"({"modules": {"a": [[1, 2, 3]]}})", R"({"modules": {"a": [[-1, 2]]}})",
          R"({"modules": {"a": [["1", 2]]}})", R"({"reset": 1})"}) {
        EXPECT_FALSE(parse_modules(nlohmann::json::parse(text))) << text;
    }
    EXPECT_FALSE(parse_modules(nlohmann::json::parse("{", nullptr, false)));
}

TEST(Guarded, StopsEveryException) {
    EXPECT_EQ(guarded("test", 7, [] { return 1; }), 1);
    EXPECT_EQ(guarded("test", 7, []() -> int { throw std::runtime_error("expected"); }), 7);
    EXPECT_EQ(guarded("test", 7, []() -> int { throw 1; }), 7);
}

template <std::size_t size>
std::span<const std::byte> bytes_of(const std::array<std::uint64_t, size>& words) {
    return std::as_bytes(std::span(words));
}

TEST(FindWord, WantsExactlyOne) {
    std::array<std::uint64_t, 8> words = {};
    EXPECT_EQ(find_word(bytes_of(words), 5), std::nullopt);
    words[3] = 5;
    EXPECT_EQ(find_word(bytes_of(words), 5), 24U);
    words[7] = 5;
    EXPECT_EQ(find_word(bytes_of(words), 5), std::nullopt);
}

TEST(WrittenSize, EndsAtTheLastByteThatDiffers) {
    std::array<std::byte, 16> block;
    block.fill(std::byte{0xc5});
    EXPECT_EQ(written_size(block, std::byte{0xc5}), 0U);
    block[9] = std::byte{0};
    EXPECT_EQ(written_size(block, std::byte{0xc5}), 10U);
}

TEST(ResetRegisters, AreFoundByTheirPattern) {
    std::array<std::uint64_t, 64> words = {};
    EXPECT_EQ(find_reset_registers(bytes_of(words)), std::nullopt);
    words[20 + 2] = 0x663; // EDX: family, model, stepping
    words[20 + 16] = 0xfff0;
    words[20 + 17] = 2;
    EXPECT_EQ(find_reset_registers(bytes_of(words)), 160U);
    words[20 + 9] = 1; // no reset state any more
    EXPECT_EQ(find_reset_registers(bytes_of(words)), std::nullopt);
}

TEST(ClassIds, AreFoundOnlyWhole) {
    const ClassIds ids = {0x1234, 0x11e8, 0x10, 0, 0x00ff, 0, 0};
    std::array<std::byte, 64> block = {};
    EXPECT_EQ(find_class_ids(block.data(), block.size(), ids), std::nullopt);
    std::memcpy(block.data() + 40, &ids, sizeof ids);
    EXPECT_EQ(find_class_ids(block.data(), block.size(), ids), 40U);
    EXPECT_EQ(find_class_ids(block.data(), 48, ids), std::nullopt);
}

} // namespace
} // namespace vmguest::lab
