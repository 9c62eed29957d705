// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The plugin inside the installed QEMU: what it refuses, what it answers, what a device of ours
// and its counters do. The machine's CPU stands still; QEMU's test protocol plays the guest.
#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <cstdlib>

#include <gtest/gtest.h>
#include <unistd.h>

#include "models/vmguest_test.hpp"
#include "models/vmguest_test_port.hpp"
#include "qemu.hpp"

namespace vmguest::lab {
namespace {

using nlohmann::json;

constexpr unsigned slot = 5;
const std::vector<std::string> stopped = {"-S"};
const std::vector<std::string> with_device = {"-S", "-device", "vmguest-test,id=t0,addr=5"};

/// A file for a machine's state.
class State {
public:
    State() : path_(std::filesystem::temp_directory_path() / "lab-devices-state-XXXXXX") {
        close(mkstemp(path_.data()));
    }
    ~State() { std::filesystem::remove(path_); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    const std::string& path() const { return path_; }
    /// The arguments of a machine that takes it over.
    std::vector<std::string> with(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"-incoming", "exec:cat " + path_});
        return arguments;
    }

private:
    std::string path_;
};

std::ptrdiff_t line_count(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

// ---- refusals ---------------------------------------------------------------------------------

class SelfCheck : public testing::TestWithParam<const char*> {};

TEST_P(SelfCheck, NoticesAWrongNumber) {
    for (const char* delta : {":+8", ":-8"}) {
        Qemu qemu(std::string(",abi=") + GetParam() + delta, with_device);
        EXPECT_EQ(qemu.wait(), 97);
        const auto errors = qemu.errors();
        EXPECT_NE(errors.find(GetParam()), std::string::npos) << errors;
        EXPECT_EQ(line_count(errors), 1) << errors;
    }
}

INSTANTIATE_TEST_SUITE_P(, SelfCheck,
                         testing::Values("memory_region_size", "memory_region_ops",
                                         "memory_region_opaque", "memory_region_ops_size",
                                         "timer_size", "pciclass_realize", "pciclass_exit",
                                         "pciclass_vendor", "pcidev_config", "x86cpu_env"),
                         [](const auto& test) { return std::string(test.param); });

TEST(SelfCheckTable, IsTestedWhole) {
    // A number that is added to the table has to be added above: the plugin names what it knows.
    Qemu qemu(",abi=nonsense:+8", stopped);
    EXPECT_EQ(qemu.wait(), 97);
    const auto errors = qemu.errors();
    const auto list = errors.substr(errors.find("known are ") + 10);
    EXPECT_EQ(std::count(list.begin(), list.end(), ','), 9) << errors;
}

TEST(SelfCheckOfConfig, WorksWithoutADeviceOfOurs) {
    Qemu qemu(",abi=pcidev_config:+8", stopped);
    EXPECT_EQ(qemu.wait(), 97);
}

TEST(Options, ThatAreWrongEndInASentence) {
    for (const char* option :
         {",nonsense=1", ",count=maybe", ",port=nonsense", ",port=vmguest-test-port:x",
          ",port=backdoor:channels=0", ",port=backdoor:hz=on,,nonsense=1",
          ",port=backdoor:hostile=nonsense", ",abi=pcidev_config", ",abi=pcidev_config:x",
          ",control=/nonexistent/directory/x"}) {
        Qemu qemu(option, stopped);
        EXPECT_EQ(qemu.wait(), 97) << option;
        const auto errors = qemu.errors();
        EXPECT_EQ(errors.rfind("vmguest-lab: ", 0), 0U) << errors;
        EXPECT_EQ(line_count(errors), 1) << errors;
    }
}

TEST(Options, OfADeviceThatAreWrongStopItAlone) {
    Qemu qemu("", {"-S", "-device", "vmguest-test,options=x"});
    EXPECT_EQ(qemu.wait(), 1);
    EXPECT_NE(qemu.errors().find("vmguest-test has no options"), std::string::npos)
        << qemu.errors();
    Qemu vmci("", {"-S", "-device", "vmci,options=mode=isa"});
    EXPECT_EQ(vmci.wait(), 1);
    EXPECT_NE(vmci.errors().find("'mode=isa' is no setting of vmci"), std::string::npos)
        << vmci.errors();
}

// ---- control socket ---------------------------------------------------------------------------

TEST(Control, AnswersPing) {
    Qemu qemu("", stopped);
    EXPECT_EQ(qemu.control("ping")["ok"], true);
    EXPECT_EQ(qemu.errors(), "");
}

TEST(Control, RefusesWithASentence) {
    Qemu qemu("", stopped);
    for (const char* line : {"nonsense", "", "counters {", "counters []", "model",
                             "model nonsense x", "model [1]", "attach"}) {
        const auto reply = qemu.control(line);
        EXPECT_TRUE(reply.contains("error")) << line << reply;
    }
    EXPECT_EQ(qemu.control("ping")["ok"], true);
}

TEST(Control, SurvivesClientsThatGoAwayOrTalkTooMuch) {
    Qemu qemu("", stopped);
    for (int i = 0; i < 40; ++i) {
        auto link = qemu.connect();
        link->send(i % 2 == 0 ? "ping\nping\nmodels\n" : "pi");
    }
    auto greedy = qemu.connect();
    const std::string much(1U << 20, 'x');
    EXPECT_THROW(
        {
            greedy->send(much + much);
            EXPECT_EQ(greedy->receive_line(), R"({"error":"the request is longer than 1 MiB"})");
            greedy->receive_line();
        },
        std::runtime_error);
    EXPECT_EQ(qemu.control("ping")["ok"], true);
}

TEST(Control, CarriesLongRequests) {
    Qemu qemu(",count=on", stopped);
    json request;
    for (int i = 0; i < 5000; ++i)
        request["modules"]["module_number_" + std::to_string(i)] = {{0xffffffffc0000000, 4096}};
    const auto reply = qemu.control("counters " + request.dump());
    EXPECT_EQ(reply["instructions"].size(), 5000U);
}

TEST(Control, SaysWhatIsNotCounted) {
    Qemu qemu("", stopped);
    const auto reply = qemu.control("counters {}");
    EXPECT_TRUE(reply["instructions"].is_null());
    EXPECT_TRUE(reply["note"].is_string());
    EXPECT_EQ(reply["exits"], json::object());
}

// ---- a device of ours -------------------------------------------------------------------------

class Device : public testing::Test {
protected:
    static constexpr unsigned ports = 0xc000;
    static constexpr std::uint64_t memory = 0xfe00'0000;
    static constexpr std::uint64_t table = 0xfe00'1000;

    explicit Device(const std::string& options = ",count=on,port=vmguest-test-port")
        : qemu_(options, with_device) {}

    void place(unsigned where = slot, unsigned shift = 0) {
        qemu_.write_config(where, 0x10, ports + shift);
        qemu_.write_config(where, 0x14, static_cast<std::uint32_t>(memory + shift * 0x100));
        qemu_.write_config(where, 0x18, static_cast<std::uint32_t>(table + shift * 0x100));
        qemu_.write_config(where, 4, 7); // ports, memory, bus master
    }
    unsigned msix_capability() {
        unsigned capability = qemu_.read_config(slot, 0x34) & 0xff;
        while ((qemu_.read_config(slot, capability) & 0xff) != 0x11)
            capability = qemu_.read_config(slot, capability) >> 8 & 0xff;
        return capability;
    }
    void order(std::uint32_t what) { qemu_.write(memory + VmguestTest::order, what); }
    json exits() { return qemu_.control("counters {}")["exits"]["t0"]; }

    Qemu qemu_;
};

TEST_F(Device, HasItsIdentity) {
    EXPECT_EQ(qemu_.read_config(slot, 0x00), 0x7e57'1234U);
    EXPECT_EQ(qemu_.read_config(slot, 0x08), 0x00ff'0001U);
    EXPECT_EQ(qemu_.read_config(slot, 0x2c), 0x0001'1234U);
    EXPECT_EQ(qemu_.read_config(slot, 0x3c) >> 8, 1U); // INTA
}

TEST_F(Device, IsSeenThroughBothBars) {
    place();
    EXPECT_EQ(qemu_.in(ports), VmguestTest::identity);
    qemu_.out(ports + VmguestTest::scratch, 0x1234'5678);
    EXPECT_EQ(qemu_.read(memory + VmguestTest::scratch), 0x1234'5678U);
    EXPECT_EQ(qemu_.control("model t0 show")["scratch"], 0x1234'5678);
    EXPECT_EQ(qemu_.control("model vmguest-test show")["scratch"], 0x1234'5678);
}

TEST_F(Device, ReachesMemoryOnlyAsBusMaster) {
    place();
    constexpr unsigned buffer = 0x10'0000;
    qemu_.write(memory + VmguestTest::dma_low, buffer);
    qemu_.write(memory + VmguestTest::dma_length, 64);
    qemu_.write_config(slot, 4, 3);
    order(VmguestTest::fill);
    EXPECT_EQ(qemu_.read(memory + VmguestTest::status), VmguestTest::bad_address);
    EXPECT_EQ(qemu_.read(buffer), 0U);
    qemu_.write_config(slot, 4, 7);
    order(VmguestTest::fill);
    EXPECT_EQ(qemu_.read(memory + VmguestTest::status), VmguestTest::ok);
    EXPECT_EQ(qemu_.read(buffer), 0x18'11'0a'03U);
    EXPECT_EQ(qemu_.read(buffer + 64), 0U);
    order(VmguestTest::sum);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 64; ++i)
        sum = sum * 31 + VmguestTest::fill_byte(i);
    EXPECT_EQ(qemu_.read(memory + VmguestTest::checksum), sum);
    qemu_.write(memory + VmguestTest::dma_high, 0x100); // no memory there
    order(VmguestTest::sum);
    EXPECT_EQ(qemu_.read(memory + VmguestTest::status), VmguestTest::bad_address);
}

TEST_F(Device, RaisesItsLineWithoutMsix) {
    place();
    constexpr unsigned is_raised = 1U << 19;
    order(VmguestTest::fill);
    EXPECT_EQ(qemu_.read_config(slot, 4) & is_raised, is_raised);
    qemu_.write(memory + VmguestTest::interrupt, 3);
    EXPECT_EQ(qemu_.read_config(slot, 4) & is_raised, 0U);
}

TEST_F(Device, SendsMessagesWithMsix) {
    place();
    constexpr unsigned mailbox = 0x10'0000; // memory instead of an interrupt controller
    const unsigned capability = msix_capability();
    EXPECT_EQ(qemu_.read_config(slot, capability) >> 16 & 0x7ff, 1U); // two vectors
    qemu_.write(table + 16, mailbox);
    qemu_.write(table + 16 + 8, 0x77);
    qemu_.write(table + 16 + 12, 0);
    qemu_.write_config(slot, capability, 1U << 31);
    order(VmguestTest::fill);
    EXPECT_EQ(qemu_.read(mailbox), 0x77U);
}

TEST_F(Device, HasATimerOnTheGuestsClock) {
    place();
    qemu_.write(memory + VmguestTest::delay_us, 1000);
    order(VmguestTest::delay);
    EXPECT_EQ(qemu_.read(memory + VmguestTest::interrupt), 0U); // the clock stands still
    qemu_.monitor("cont");
    for (int i = 0; i < 10'000 && qemu_.read(memory + VmguestTest::interrupt) == 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(qemu_.read(memory + VmguestTest::interrupt), 1U);
}

TEST_F(Device, IsResetWithTheMachine) {
    place();
    qemu_.write(memory + VmguestTest::scratch, 5);
    qemu_.monitor("system_reset");
    for (int i = 0; i < 10'000 && qemu_.control("model t0 show")["scratch"] != 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(qemu_.control("model t0 show")["scratch"], 0);
}

TEST_F(Device, SaysWhetherItWasTouchedSinceItsReset) {
    const auto is_touched = [&] { return qemu_.control("models")["devices"][0]["touched"]; };
    place(); // configuration space is QEMU's
    EXPECT_EQ(is_touched(), false);
    qemu_.in(ports);
    EXPECT_EQ(is_touched(), true);
    qemu_.monitor("system_reset");
    for (int i = 0; i < 10'000 && is_touched() == true; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(is_touched(), false);
    place();
    qemu_.write(memory + VmguestTest::scratch, 1);
    EXPECT_EQ(is_touched(), true);
}

TEST_F(Device, IsRestoredWhereItWasAndAsAfterAReset) {
    const State state;
    constexpr unsigned mailbox = 0x10'0000;
    place();
    const unsigned capability = msix_capability();
    qemu_.write(table + 16, mailbox);
    qemu_.write(table + 16 + 8, 0x77);
    qemu_.write(table + 16 + 12, 0);
    qemu_.write_config(slot, capability, 1U << 31);
    qemu_.write(memory + VmguestTest::scratch, 5);
    qemu_.save(state.path());
    Qemu restored(",port=vmguest-test-port", state.with(with_device));
    restored.wait_for_state();
    EXPECT_EQ(restored.read_config(slot, 0x10), ports | 1);
    EXPECT_EQ(restored.read_config(slot, 0x14), memory);
    EXPECT_EQ(restored.read_config(slot, 4) & 0xffff, 7U);
    EXPECT_EQ(restored.control("models")["devices"][0]["touched"], false);
    EXPECT_EQ(restored.in(ports), VmguestTest::identity);
    EXPECT_EQ(restored.read(memory + VmguestTest::scratch), 0U);
    restored.write(memory + VmguestTest::order, VmguestTest::fill);
    EXPECT_EQ(restored.read(mailbox), 0x77U);
    EXPECT_EQ(restored.errors(), "");
}

TEST_F(Device, IsSavedUnderTheSameNameAfterAnother) {
    const State state;
    for (int round = 0; round < 2; ++round) {
        qemu_.monitor("device_del", {{"id", "t0"}});
        qemu_.out(0xae10, 0);
        qemu_.out(0xae08, 1U << slot);
        for (int i = 0; i < 10'000 && qemu_.control("models")["storage"] != 0; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ASSERT_EQ(qemu_.control("models")["storage"], 0);
        qemu_.monitor("device_add", {{"driver", "vmguest-test"},
                                     {"id", "t0"},
                                     {"bus", "pci.0"},
                                     {"addr", std::to_string(slot)}});
    }
    place();
    qemu_.save(state.path());
    Qemu restored(",port=vmguest-test-port", state.with(with_device));
    restored.wait_for_state();
    EXPECT_EQ(restored.in(ports), VmguestTest::identity);
}

TEST_F(Device, IsCountedExactly) {
    place();
    qemu_.control("counters-reset");
    for (int i = 0; i < 7; ++i)
        qemu_.read(memory + VmguestTest::scratch);
    for (int i = 0; i < 5; ++i)
        qemu_.write(memory + VmguestTest::scratch, 1);
    for (int i = 0; i < 3; ++i)
        qemu_.out(ports + VmguestTest::scratch, qemu_.in(ports));
    order(99);
    EXPECT_EQ(exits(), json({{"mmio_read", 7}, {"mmio_write", 6}, {"pio", 6}}));
    EXPECT_EQ(qemu_.control("counters {}")["host_requests"], json({{"vmguest-test.order", 1}}));
    // Handing out and starting anew in one step.
    EXPECT_EQ(qemu_.control(R"(counters {"reset": true})")["exits"]["t0"]["pio"], 6);
    EXPECT_EQ(exits(), json({{"mmio_read", 0}, {"mmio_write", 0}, {"pio", 0}}));
    EXPECT_EQ(qemu_.control("counters {}")["host_requests"], json::object());
}

TEST_F(Device, CountsItsVectorTableByItself) {
    place();
    qemu_.control("counters-reset");
    qemu_.write(table, 0);
    EXPECT_EQ(exits()["mmio_write"], 1);
    const auto regions = qemu_.control("regions")["t0"];
    const auto written = std::find_if(regions.begin(), regions.end(),
                                      [](const json& region) { return region["write"] == 1; });
    ASSERT_NE(written, regions.end()) << regions;
    EXPECT_NE((*written)["region"].get<std::string>().find("msix"), std::string::npos) << regions;
}

TEST_F(Device, SharesThePlugWithPorts) {
    qemu_.out(VmguestTestPort::echo, 42);
    EXPECT_EQ(qemu_.in(VmguestTestPort::echo), 42U);
    EXPECT_EQ(qemu_.control("model vmguest-test-port get")["value"], 42);
    const auto counters = qemu_.control("counters {}");
    EXPECT_EQ(counters["exits"]["vmguest-test-port"]["pio"], 2);
    EXPECT_EQ(counters["host_requests"]["vmguest-test-port.write"], 1);
    // The test protocol has no CPU: nothing to change, nothing to crash.
    EXPECT_EQ(qemu_.in(VmguestTestPort::registers), 0x7e57U);
}

TEST_F(Device, IsPluggedAndUnpluggedWithoutALeftover) {
    EXPECT_EQ(qemu_.control("models")["storage"], 1);
    for (int round = 0; round < 3; ++round) {
        EXPECT_FALSE(
            qemu_
                .monitor(
                    "device_add",
                    {{"driver", "vmguest-test"}, {"id", "hot"}, {"bus", "pci.0"}, {"addr", "7"}})
                .contains("error"));
        place(7, 0x100);
        EXPECT_EQ(qemu_.in(ports + 0x100), VmguestTest::identity);
        EXPECT_EQ(qemu_.control("models")["devices"].size(), 2U);
        EXPECT_GT(qemu_.control("attach")["attached"], 2);
        qemu_.write(memory + 0x1'0000 + VmguestTest::delay_us, 100);
        qemu_.write(memory + 0x1'0000 + VmguestTest::order, VmguestTest::delay);
        // With several devices of a type, its name does not say which is meant.
        EXPECT_TRUE(qemu_.control("model vmguest-test show").contains("error"));
        EXPECT_FALSE(qemu_.monitor("device_del", {{"id", "hot"}}).contains("error"));
        // What the guest's ACPI does: eject slot 7 of bus 0.
        qemu_.out(0xae10, 0);
        qemu_.out(0xae08, 1U << 7);
        EXPECT_EQ(qemu_.control("models")["devices"].size(), 1U);
        EXPECT_EQ(qemu_.in(ports + 0x100), 0xffff'ffffU);
        for (int i = 0; i < 10'000 && qemu_.control("models")["storage"] != 1; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_EQ(qemu_.control("models")["storage"], 1);
    }
    qemu_.monitor("cont"); // timers of what is gone would fire now
    EXPECT_EQ(qemu_.control("counters {}")["exits"].contains("hot"), true);
    EXPECT_EQ(qemu_.errors(), "");
}

TEST(Backdoor, IsThereWithItsOptions) {
    Qemu qemu(",port=backdoor:hz=off,,hostile=open silent; close silent", stopped);
    EXPECT_EQ(qemu.control("model backdoor channels"), json::array());
    EXPECT_EQ(qemu.control("model backdoor hostile faithful"),
              json({{"rules", 0}, {"committed", 0}}));
    EXPECT_TRUE(qemu.control("model backdoor nonsense").contains("error"));
    // The test protocol has no CPU, so there is no magic number in EAX.
    EXPECT_EQ(qemu.in(0x5658), 0xffff'ffffU);
    EXPECT_EQ(qemu.errors(), "");
}

/// VMCI in both generations: what its BARs and capabilities look like, and which interrupts come.
class VmciInQemu : public testing::TestWithParam<bool> {
protected:
    static constexpr unsigned ports = 0xc000;
    static constexpr std::uint64_t memory = 0xfe00'0000, mailbox = 0x10'0000;
    static constexpr unsigned msi = 0x40, msix = 0x58;

    VmciInQemu() : qemu_("", {"-S", "-device", "vmci,id=v0,addr=5,options=" + options()}) {
        qemu_.write_config(slot, 0x10, ports);
        qemu_.write_config(slot, 0x14, static_cast<std::uint32_t>(memory));
        qemu_.write_config(slot, 0x18, 0);
        qemu_.write_config(slot, 4, 7); // ports, memory, bus master
    }
    static std::string options() { return GetParam() ? "mode=mmio,,context=33" : "context=33"; }

    /// Its interrupts are on, and it has a reason for one.
    void interrupt() {
        qemu_.out(ports + 0x0c, 7);
        qemu_.out(ports + 0x04, 2);
        EXPECT_EQ(qemu_.control("model v0 send 5000 1 x")["sent"], 25);
    }

    Qemu qemu_;
};

INSTANTIATE_TEST_SUITE_P(, VmciInQemu, testing::Bool(),
                         [](const auto& test) { return test.param ? "mmio" : "port"; });

TEST_P(VmciInQemu, HasTheShapeOfItsGeneration) {
    EXPECT_EQ(qemu_.read_config(slot, 0x00), 0x0740'15adU);
    EXPECT_EQ(qemu_.read_config(slot, 0x08), 0x0880'0010U);
    EXPECT_EQ(qemu_.read_config(slot, 0x2c), 0x0740'15adU);
    EXPECT_EQ(qemu_.read_config(slot, msi) & 0xff, 0x05U);
    EXPECT_EQ(qemu_.read_config(slot, msix) & 0xff, 0x11U);
    EXPECT_EQ(qemu_.read_config(slot, msix) >> 16 & 0x7ff, GetParam() ? 2U : 1U);
    EXPECT_EQ(qemu_.read_config(slot, msix + 4), 1U); // the table in BAR 1 at 0
    EXPECT_EQ(qemu_.read_config(slot, msix + 8), GetParam() ? 0x1'0001U : 0x1001U);
    qemu_.write_config(slot, 0x14, 0xffff'ffff);
    EXPECT_EQ(qemu_.read_config(slot, 0x14), GetParam() ? 0xfffc'0004U : 0xffff'e004U);
}

TEST_P(VmciInQemu, HasItsRegisters) {
    const std::uint32_t offered = GetParam() ? 0x3c : 0x1c;
    EXPECT_EQ(qemu_.in(ports + 0x18), offered);
    if (GetParam()) {
        EXPECT_EQ(qemu_.read(memory + 0x2'0018), offered);
    }
    EXPECT_EQ(qemu_.read(memory + 0x1800), 0xffff'ffffU); // neither table nor register
    // GET_CONTEXT_ID, byte by byte.
    for (const unsigned word : {0U, 1U, ~0U, ~0U, 0U, 0U})
        for (unsigned i = 0; i < 4; ++i)
            qemu_.test("outb " + std::to_string(ports + 0x10) + " " +
                       std::to_string(word >> i * 8 & 0xff));
    EXPECT_EQ(qemu_.in(ports + 0x1c), 33U);
}

TEST_P(VmciInQemu, SendsMessagesByItsOwnTable) {
    const unsigned vector = GetParam() ? 2 : 1;
    for (const unsigned one : {0U, vector}) {
        qemu_.write(memory + one * 16, static_cast<std::uint32_t>(mailbox + one * 4));
        qemu_.write(memory + one * 16 + 8, 0x77 + one);
        qemu_.write(memory + one * 16 + 12, 0);
    }
    qemu_.write_config(slot, msix, 1U << 31);
    interrupt();
    EXPECT_EQ(qemu_.read(mailbox), 0x77U);
    qemu_.control("model v0 hostile interrupt " + std::to_string(1U << vector));
    EXPECT_EQ(qemu_.read(mailbox + vector * 4), 0x77U + vector);
}

TEST_P(VmciInQemu, SendsOneMessageWithMsi) {
    qemu_.write_config(slot, msi + 4, mailbox);
    qemu_.write_config(slot, msi + 8, 0);
    qemu_.write_config(slot, msi + 12, 0x55);
    qemu_.write_config(slot, msi, 1U << 16);
    interrupt();
    EXPECT_EQ(qemu_.read(mailbox), 0x55U);
    EXPECT_EQ(qemu_.in(ports + 0x08), 1U);
    EXPECT_EQ(qemu_.in(ports + 0x08), 0U);
}

TEST_P(VmciInQemu, RaisesItsLineOtherwise) {
    constexpr unsigned is_raised = 1U << 19;
    interrupt();
    EXPECT_EQ(qemu_.read_config(slot, 4) & is_raised, is_raised);
    EXPECT_EQ(qemu_.in(ports + 0x08), 1U);
    EXPECT_EQ(qemu_.read_config(slot, 4) & is_raised, 0U);
}

TEST_P(VmciInQemu, WorksInAMachineThatIsRestored) {
    const State state;
    EXPECT_EQ(qemu_.control("models")["devices"][0]["touched"], false);
    qemu_.save(state.path());
    Qemu restored("", state.with({"-S", "-device", "vmci,id=v0,addr=5,options=" + options()}));
    restored.wait_for_state();
    EXPECT_EQ(restored.in(ports + 0x18), GetParam() ? 0x3cU : 0x1cU);
    restored.write(memory, mailbox);
    restored.write(memory + 8, 0x77);
    restored.write(memory + 12, 0);
    restored.write_config(slot, msix, 1U << 31);
    restored.out(ports + 0x0c, 7);
    restored.out(ports + 0x04, 2);
    EXPECT_EQ(restored.control("model v0 send 5000 1 x")["sent"], 25);
    EXPECT_EQ(restored.read(mailbox), 0x77U);
    EXPECT_EQ(restored.errors(), "");
}

TEST_P(VmciInQemu, IsUnpluggedWithoutALeftover) {
    qemu_.write_config(slot, msix, 1U << 31);
    for (int round = 0; round < 3; ++round) {
        EXPECT_FALSE(qemu_.monitor("device_del", {{"id", "v0"}}).contains("error"));
        qemu_.out(0xae10, 0); // what the guest's ACPI does
        qemu_.out(0xae08, 1U << slot);
        for (int i = 0; i < 10'000 && qemu_.control("models")["storage"] != 0; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_EQ(qemu_.control("models")["storage"], 0);
        EXPECT_FALSE(qemu_
                         .monitor("device_add", {{"driver", "vmci"},
                                                 {"id", "v0"},
                                                 {"bus", "pci.0"},
                                                 {"addr", std::to_string(slot)},
                                                 {"options", GetParam() ? "mode=mmio" : ""}})
                         .contains("error"));
        EXPECT_EQ(qemu_.read_config(slot, msix) & 0xff, 0x11U);
    }
    EXPECT_EQ(qemu_.errors(), "");
}

/// QEMU's own devices are counted the same way.
TEST(OwnDevices, AreCountedByTheirIds) {
    Qemu qemu(",count=on",
              {"-S", "-device", "vmxnet3,id=nic0,addr=5", "-device", "e1000,id=nic1,addr=6",
               "-device", "virtio-net-pci,id=nic2,addr=7", "-device", "edu"});
    qemu.write_config(5, 0x10, 0xfe00'0000);
    qemu.write_config(5, 0x14, 0xfe00'1000);
    qemu.write_config(5, 4, 2);
    qemu.write_config(6, 0x10, 0xfe02'0000);
    qemu.write_config(6, 4, 2);
    qemu.write_config(7, 0x10, 0xc000);
    qemu.write_config(7, 4, 1);
    qemu.control("counters-reset");
    for (int i = 0; i < 4; ++i)
        qemu.write(0xfe00'1000 + 0x20, 0xf00d'0002); // vmxnet3's command register
    EXPECT_EQ(qemu.read(0xfe02'0000 + 8),
              0x8008'0783U & qemu.read(0xfe02'0000 + 8)); // e1000 STATUS
    qemu.test("inb 0xc012");
    const auto exits = qemu.control("counters {}")["exits"];
    EXPECT_EQ(exits["nic0"], json({{"mmio_read", 0}, {"mmio_write", 4}, {"pio", 0}}));
    EXPECT_EQ(exits["nic1"], json({{"mmio_read", 2}, {"mmio_write", 0}, {"pio", 0}}));
    EXPECT_EQ(exits["nic2"], json({{"mmio_read", 0}, {"mmio_write", 0}, {"pio", 1}}));
    EXPECT_EQ(exits.size(), 3U); // edu has no id
}

/// A device that loses writes does so in the named offsets, as often as told, and no longer.
TEST(OwnDevices, LoseWritesOnRequest) {
    Qemu qemu("", {"-S", "-device", "edu,id=e0,addr=5", "-device", "edu,addr=6"});
    qemu.write_config(5, 0x10, 0xfe00'0000);
    qemu.write_config(5, 4, 2);
    constexpr std::uint64_t liveness = 0xfe00'0004, factorial = 0xfe00'0008;
    const auto try_write = [&](std::uint32_t value) {
        qemu.write(liveness, value);
        return qemu.read(liveness) == ~value; // what it answers with
    };
    EXPECT_TRUE(try_write(1));
    EXPECT_EQ(qemu.control("hostile e0 drop-writes edu-mmio 4 0x7 2"), json({{"dropped", 0}}));
    qemu.write(factorial, 1); // beside the named offsets
    EXPECT_FALSE(try_write(2));
    EXPECT_FALSE(try_write(3));
    EXPECT_TRUE(try_write(4));
    EXPECT_EQ(qemu.control("hostile e0 drop-writes edu-mmio 4 4 1000"), json({{"dropped", 2}}));
    EXPECT_FALSE(try_write(5));
    EXPECT_EQ(qemu.control("hostile e0 faithful"), json({{"dropped", 3}}));
    EXPECT_TRUE(try_write(6));
    EXPECT_EQ(qemu.control("hostile e0 vanish"), json({{"dropped", 3}}));
    qemu.write(liveness, 7);
    EXPECT_EQ(qemu.read(liveness), ~0U);
    EXPECT_EQ(qemu.read(factorial), ~0U);
    EXPECT_EQ(qemu.control("hostile e0 faithful"), json({{"dropped", 4}}));
    EXPECT_EQ(qemu.read(liveness), ~6U); // 7 got lost
    EXPECT_TRUE(try_write(8));
    for (const char* wrong :
         {"hostile", "hostile e0", "hostile e0 rude", "hostile e0 vanish edu-mmio",
          "hostile e0 drop-writes edu-mmio 4 4", "hostile e0 drop-writes edu-mmio 5 4 1",
          "hostile e0 drop-writes edu-mmio 4 x 1", "hostile e0 drop-writes edu-mmio 4 0x 1",
          "hostile e0 drop-writes nowhere 4 4 1", "hostile e1 faithful"})
        EXPECT_TRUE(qemu.control(wrong).contains("error")) << wrong;
}

// ---- instructions -----------------------------------------------------------------------------

/// guest.S runs work() at known addresses; these are its counts for one call.
constexpr std::uint64_t high = 0xffffffffc0100000;
constexpr std::uint64_t in_first = 100 * 2002, in_second = 50 * 2, in_third = 20 * 9;
constexpr std::uint64_t in_work = 4 + 100 * 3 + 50 * 3 + 20 * 3;

class Guest : public testing::TestWithParam<const char*> {
protected:
    explicit Guest(const std::string& options = "")
        : qemu_(",port=vmguest-test-port,count=" + (options.empty() ? GetParam() : options),
                {"-smp", "2", "-kernel", LAB_GUEST, "-device", "vmguest-test,id=t0,addr=5"}) {}

    /// Give an order and wait for the guest's answer.
    int run(int order) {
        qemu_.control("model vmguest-test-port set " + std::to_string(order));
        for (int i = 0; i < 60'000; ++i) {
            const int value = qemu_.control("model vmguest-test-port get")["value"];
            if (value >= 100)
                return value;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return -1;
    }
    json count() {
        return qemu_.control("counters " + json({{"modules",
                                                  {{"first", {{high + 0x1000, 0x40}}},
                                                   {"second", {{high + 0x1040, 0x10}}},
                                                   {"third", {{high + 0x1ffc, 0x10}}},
                                                   {"work", {{high + 0x2100, 0x100}}},
                                                   {"all", {{high, 0x1'0000}}},
                                                   {"none", {{high + 0x3000, 0x1000}}}}}})
                                               .dump());
    }
    void expect(std::uint64_t calls) {
        const auto counted = count()["instructions"];
        EXPECT_EQ(counted["first"], calls * in_first);
        EXPECT_EQ(counted["second"], calls * in_second);
        EXPECT_EQ(counted["third"], calls * in_third);
        EXPECT_EQ(counted["work"], calls * in_work);
        EXPECT_EQ(counted["all"], calls * (in_first + in_second + in_third + in_work));
        EXPECT_EQ(counted["none"], 0);
    }

    Qemu qemu_;
    static constexpr int done = 100;
};

TEST_P(Guest, IsCountedToTheInstruction) {
    ASSERT_EQ(run(1), done);
    expect(1);
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(run(1), done);
    expect(4);
    qemu_.control("counters-reset");
    expect(0);
    ASSERT_EQ(run(2), done); // on two CPUs at once
    expect(2);
    const auto all = count();
    EXPECT_EQ(all.contains("all_instructions"), std::string(GetParam()) == "all");
    if (all.contains("all_instructions")) {
        EXPECT_GT(all["all_instructions"], 2 * (in_first + in_second + in_third + in_work));
    }
}

INSTANTIATE_TEST_SUITE_P(, Guest, testing::Values("on", "all"),
                         [](const auto& test) { return std::string("count_") + test.param; });

class Cpu : public Guest {
protected:
    Cpu() : Guest("on") {}
};

TEST_F(Cpu, AccessesAreCountedExactly) {
    qemu_.control("counters-reset");
    ASSERT_EQ(run(3), done);
    EXPECT_EQ(qemu_.control("counters {}")["exits"]["t0"],
              json({{"mmio_read", 7}, {"mmio_write", 10}, {"pio", 5}}));
}

TEST_F(Cpu, RegistersAreReachedByPortModels) {
    EXPECT_EQ(run(4), done);
}

} // namespace
} // namespace vmguest::lab
