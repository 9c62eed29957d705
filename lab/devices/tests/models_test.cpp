// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The test models against the fake machine; also the pattern for tests of other models.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "fake_host.hpp"
#include "models/vmguest_test.hpp"
#include "models/vmguest_test_port.hpp"

namespace vmguest::lab {
namespace {

using namespace std::chrono_literals;

class TestDevice : public testing::Test {
protected:
    std::uint64_t in(std::uint64_t offset) { return device_.read(1, offset, 4); }
    void out(std::uint64_t offset, std::uint64_t value) { device_.write(1, offset, value, 4); }
    void set_buffer(std::uint64_t address, std::uint64_t length) {
        out(VmguestTest::dma_low, address & 0xffff'ffff);
        out(VmguestTest::dma_high, address >> 32);
        out(VmguestTest::dma_length, length);
    }

    FakeHost host_;
    VmguestTest device_{host_};
};

TEST_F(TestDevice, NamesItself) {
    EXPECT_EQ(in(VmguestTest::id), VmguestTest::identity);
}

TEST_F(TestDevice, ReadsOnesWhereNothingIs) {
    EXPECT_EQ(in(0x3c), 0xffff'ffff);
}

TEST_F(TestDevice, HasOneScratchBehindBothBars) {
    device_.write(0, VmguestTest::scratch, 0x1234'5678, 4);
    EXPECT_EQ(in(VmguestTest::scratch), 0x1234'5678U);
}

TEST_F(TestDevice, KeepsBothHalvesOfAnAddress) {
    set_buffer(0x1'2345'6789'abcd, 1);
    EXPECT_EQ(in(VmguestTest::dma_low), 0x6789'abcdU);
    EXPECT_EQ(in(VmguestTest::dma_high), 0x1'2345U);
}

TEST_F(TestDevice, FillsMemoryAndSignals) {
    set_buffer(0x100, 300);
    out(VmguestTest::order, VmguestTest::fill);
    EXPECT_EQ(in(VmguestTest::status), VmguestTest::ok);
    for (std::size_t i = 0; i < 300; ++i)
        ASSERT_EQ(host_.memory[0x100 + i], std::byte{VmguestTest::fill_byte(i)}) << i;
    EXPECT_EQ(host_.memory[0xff], std::byte{0});
    EXPECT_EQ(host_.memory[0x100 + 300], std::byte{0});
    EXPECT_EQ(host_.vectors, std::vector<unsigned>{1});
    EXPECT_EQ(host_.requests["vmguest-test.order"], 1U);
}

TEST_F(TestDevice, SumsMemory) {
    host_.memory[0x200] = std::byte{1};
    host_.memory[0x201] = std::byte{2};
    set_buffer(0x200, 2);
    out(VmguestTest::order, VmguestTest::sum);
    EXPECT_EQ(in(VmguestTest::checksum), 1U * 31 + 2);
    EXPECT_EQ(host_.vectors, std::vector<unsigned>{0});
}

TEST_F(TestDevice, ReportsBadAddresses) {
    set_buffer(~std::uint64_t{0}, 2);
    for (auto order : {VmguestTest::fill, VmguestTest::sum}) {
        out(VmguestTest::order, order);
        EXPECT_EQ(in(VmguestTest::status), VmguestTest::bad_address);
    }
    EXPECT_EQ(in(VmguestTest::checksum), 0U);
}

TEST_F(TestDevice, LimitsTheLengthThatAGuestCanAskFor) {
    out(VmguestTest::dma_length, 0xffff'ffff);
    EXPECT_EQ(in(VmguestTest::dma_length), VmguestTest::max_dma);
}

TEST_F(TestDevice, RefusesUnknownOrders) {
    out(VmguestTest::order, 99);
    EXPECT_EQ(in(VmguestTest::status), VmguestTest::bad_order);
    EXPECT_TRUE(host_.vectors.empty());
}

TEST_F(TestDevice, HoldsTheLineUntilAcknowledged) {
    host_.has_msix = false;
    out(VmguestTest::order, VmguestTest::fill);
    out(VmguestTest::order, VmguestTest::sum);
    EXPECT_TRUE(host_.intx);
    EXPECT_EQ(in(VmguestTest::interrupt), 3U);
    out(VmguestTest::interrupt, 1);
    EXPECT_TRUE(host_.intx);
    out(VmguestTest::interrupt, 2);
    EXPECT_FALSE(host_.intx);
    EXPECT_TRUE(host_.vectors.empty());
}

TEST_F(TestDevice, SignalsAfterTheDelay) {
    out(VmguestTest::delay_us, 10);
    out(VmguestTest::order, VmguestTest::delay);
    host_.advance(9'999ns);
    EXPECT_TRUE(host_.vectors.empty());
    host_.advance(1ns);
    EXPECT_EQ(host_.vectors, std::vector<unsigned>{0});
}

TEST_F(TestDevice, ForgetsEverythingAtReset) {
    host_.has_msix = false;
    out(VmguestTest::scratch, 1);
    out(VmguestTest::delay_us, 10);
    out(VmguestTest::order, VmguestTest::delay);
    out(VmguestTest::order, VmguestTest::fill);
    device_.reset();
    host_.advance(1s);
    EXPECT_EQ(in(VmguestTest::scratch), 0U);
    EXPECT_EQ(in(VmguestTest::interrupt), 0U);
    EXPECT_FALSE(host_.intx);
}

TEST_F(TestDevice, ObeysCommands) {
    const std::string_view show[] = {"show"};
    EXPECT_EQ(device_.command(show).value(), nlohmann::json({{"scratch", 0}, {"status", 0}}));
    const std::string_view raise[] = {"raise", "1"};
    EXPECT_TRUE(device_.command(raise));
    EXPECT_EQ(host_.vectors, std::vector<unsigned>{1});
    const std::string_view nonsense[] = {"raise", "2"};
    EXPECT_FALSE(device_.command(nonsense));
    EXPECT_FALSE(device_.command({}));
}

TEST(TestDeviceInfo, TakesNoOptions) {
    FakeHost host;
    EXPECT_TRUE(VmguestTest::info.create(host, ""));
    EXPECT_FALSE(VmguestTest::info.create(host, "x=1"));
}

class TestPort : public testing::Test {
protected:
    FakeHost host_;
    FakeVcpu cpu_;
    VmguestTestPort port_{host_};
};

TEST_F(TestPort, Echoes) {
    port_.out(VmguestTestPort::echo, 42, 4, cpu_);
    EXPECT_EQ(port_.in(VmguestTestPort::echo, 4, cpu_), 42U);
    EXPECT_EQ(host_.requests["vmguest-test-port.write"], 1U);
    port_.reset();
    EXPECT_EQ(port_.in(VmguestTestPort::echo, 4, cpu_), 0U);
}

TEST_F(TestPort, ReachesTheRegistersOfTheCpu) {
    cpu_.number = 3;
    cpu_.values[Vcpu::rbx] = 0xf0;
    EXPECT_EQ(port_.in(VmguestTestPort::registers, 4, cpu_), 0x7e57U);
    EXPECT_EQ(cpu_.values[Vcpu::rbx], ~std::uint64_t{0xf0});
    EXPECT_EQ(cpu_.values[Vcpu::rcx], 3U);
}

TEST_F(TestPort, IsSetByCommand) {
    const std::string_view set[] = {"set", "17"};
    EXPECT_TRUE(port_.command(set));
    EXPECT_EQ(port_.in(VmguestTestPort::echo, 4, cpu_), 17U);
    for (const std::string_view bad : {"", "x", "17x", "-1", "4294967296"}) {
        const std::string_view words[] = {"set", bad};
        EXPECT_FALSE(port_.command(words)) << bad;
    }
}

TEST(Registry, HasSoundModels) {
    FakeHost host;
    for (const auto* info : pci_models()) {
        auto model = info->create(host, "");
        ASSERT_TRUE(model) << info->name;
        const auto shape = model.value()->shape();
        for (const auto& bar : shape.bars)
            EXPECT_EQ(bar.size & (bar.size - 1), 0U) << info->name;
        const auto& msix = shape.msix;
        const auto size = shape.bars.at(msix.bar).size;
        if (msix.vectors == 0 || size == 0)
            continue;
        EXPECT_LE(msix.table + msix.vectors * 16, msix.pending) << info->name;
        EXPECT_LE(msix.pending + 8, size) << info->name;
        EXPECT_NE(msix.capability, 0) << info->name;
    }
    for (const auto* info : port_models())
        EXPECT_GT(info->length, 0U) << info->name;
}

} // namespace
} // namespace vmguest::lab
