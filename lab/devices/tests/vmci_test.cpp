// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The VMCI model, driven as guests drive it, in both generations, and as no guest should.
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "models/vmci/names.hpp"
#include "vmci_guest.hpp"

namespace vmguest::lab::vmci {
namespace {

using nlohmann::json;

constexpr Handle hypervisor_of(std::uint32_t resource) {
    return {hypervisor_context, resource};
}
constexpr Handle host_of(std::uint32_t resource) {
    return {host_context, resource};
}
constexpr Handle self_of(std::uint32_t resource) {
    return {Guest::self, resource};
}

std::vector<std::size_t> sizes_of(const std::vector<Datagram>& datagrams) {
    std::vector<std::size_t> sizes;
    for (const auto& one : datagrams)
        sizes.push_back(one.payload.size());
    return sizes;
}

/// A device that is up, in both generations.
class VmciModel : public testing::TestWithParam<const char*> {
protected:
    VmciModel() : guest(GetParam()) {
        EXPECT_TRUE(guest.bring_up());
        guest.host.vectors.clear();
    }
    std::uint64_t requests(const char* kind) { return guest.host.requests[kind]; }

    Guest guest;
};

INSTANTIATE_TEST_SUITE_P(, VmciModel, testing::Values("mode=port", "mode=mmio"),
                         [](const auto& test) { return std::string(test.param).substr(5); });

// ---- bring-up ---------------------------------------------------------------------------------

TEST(VmciShape, IsThatOfTheTwoGenerations) {
    Guest port, mmio("mode=mmio");
    auto shape = port.device().shape();
    EXPECT_EQ(shape.bars[0].size, 64U);
    EXPECT_TRUE(shape.bars[0].is_port_io);
    EXPECT_EQ(shape.bars[1].size, 0x2000U);
    EXPECT_EQ(shape.msix.vectors, 2U);
    EXPECT_EQ(shape.msix.pending, 0x1000U);
    shape = mmio.device().shape();
    EXPECT_EQ(shape.bars[1].size, 262144U);
    EXPECT_TRUE(shape.bars[1].is_64bit);
    EXPECT_EQ(shape.msix.vectors, 3U);
    EXPECT_EQ(shape.msix.pending, 0x10000U);
}

TEST(VmciSettings, AreReadOrRefused) {
    for (const char* good : {"", "mode=mmio", "vectors=0,msi=off", "caps=0x3c,context=77",
                             "mode=mmio,hostile=busy never;refuse any -1 3"})
        EXPECT_TRUE(parse_settings(good)) << good;
    FakeHost host;
    for (const char* bad : {"mode=isa", "vectors=2", "vectors=", "msi", "caps=x", "context=2",
                            "context=4294967295", "nonsense=1", "hostile=nonsense"}) {
        const auto model = Vmci::info.create(host, bad);
        ASSERT_FALSE(model) << bad;
        EXPECT_NE(model.sentence().find("vmci"), std::string::npos) << bad;
    }
}

TEST(VmciOffer, IsWhatTheUserSays) {
    EXPECT_EQ(Guest().get(Register::capabilities), 0x1cU);
    EXPECT_EQ(Guest("mode=mmio").get(Register::capabilities), 0x3cU);
    for (const char* options : {"caps=4", "caps=0xc", "caps=0x14", "mode=mmio,caps=0x2c"}) {
        Guest guest(options);
        EXPECT_TRUE(guest.bring_up()) << options;
        EXPECT_EQ(guest.host.reports.size(), 0U) << options;
    }
    Guest greedy("caps=4");
    greedy.negotiate(can_datagram | can_notify);
    EXPECT_EQ(greedy.host.reports.size(), 1U);
    EXPECT_EQ(greedy.command("show").value()["used"], 4);
}

TEST_P(VmciModel, AnswersWhatIsServed) {
    Bytes all = Guest::words32({17, 0});
    for (std::uint32_t i = 0; i < 17; ++i)
        append(all, i);
    EXPECT_EQ(guest.call(Hypercall::resources_query, all), 0b1111'0011'1111);
    Recorder service;
    guest.end().serve(hypervisor_of(15), service);
    EXPECT_EQ(guest.call(Hypercall::resources_query, all), 0b1000'1111'0011'1111);
    Bytes many = Guest::words32({31, 0});
    many.resize(8 + 31 * 4);
    EXPECT_EQ(guest.call(Hypercall::resources_query, many), 0x7fff'ffff);
    many = Guest::words32({32, 0});
    many.resize(8 + 32 * 4);
    EXPECT_EQ(guest.call(Hypercall::resources_query, many), invalid_args);
    EXPECT_EQ(guest.call(Hypercall::resources_query, Guest::words32({0, 0})), invalid_args);
    EXPECT_EQ(guest.call(Hypercall::resources_query, Guest::words32({2, 0, 1})), invalid_args);
}

TEST_P(VmciModel, KeepsTheContextUntilItIsChanged) {
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    guest.set(Register::control, control_reset);
    guest.device().reset();
    ASSERT_TRUE(guest.bring_up());
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    ASSERT_TRUE(guest.command("context 99"));
    ASSERT_TRUE(guest.command("resumed"));
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 99);
    const auto events = guest.receive();
    ASSERT_EQ(sizes_of(events), (std::vector<std::size_t>{16, 8}));
    EXPECT_EQ(events[0].from, hypervisor_of(0));
    EXPECT_EQ(events[0].to, (Handle{99, 0}));
    EXPECT_EQ(load<std::uint32_t>(events[0].payload), 0U);
    EXPECT_EQ(load<std::uint32_t>(events[0].payload, 8), 99U);
    EXPECT_EQ(load<std::uint32_t>(events[1].payload), 2U);
    EXPECT_FALSE(guest.command("context 2"));
}

TEST_P(VmciModel, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(guest.call(Hypercall{12}), invalid_resource);
    EXPECT_EQ(guest.call(Hypercall::request_map, Guest::words64({0})), obsolete);
    EXPECT_EQ(guest.call(Hypercall::remove_map, Guest::words64({0})), obsolete);
    EXPECT_EQ(guest.call(Hypercall::event_subscribe, Guest::words64({0})), success);
    for (std::uint32_t call = 2; call < 12; ++call)
        if (call < 6 || call > 9) {
            EXPECT_EQ(guest.call(Hypercall{call}, Bytes(3)), invalid_args) << call;
        }
}

// ---- registers and interrupts -----------------------------------------------------------------

TEST_P(VmciModel, HasNoRegistersElsewhere) {
    auto& device = guest.device();
    const std::uint64_t ones = ~std::uint64_t{0};
    EXPECT_EQ(device.read(1, 0x18, 4), ones);
    EXPECT_EQ(device.read(1, 0x3'fffc, 4), ones);
    EXPECT_EQ(device.read(0, 0x3c, 4), ones);
    EXPECT_EQ(guest.get(Register::capabilities, 2), 0xffff'ffffU);
    EXPECT_EQ(guest.get(Register::data_in, 4), 0xffff'ffffU);
    guest.set(Register::control, control_reset, 1);
    EXPECT_EQ(guest.get(Register::status), 1U); // that was none
    // The ports are there in both generations.
    EXPECT_EQ(device.read(0, 0x18, 4), guest.settings.offered());
}

TEST_P(VmciModel, SendsAnInterruptWhenItMay) {
    guest.end().send({self_of(5000), host_of(1), {}});
    EXPECT_EQ(guest.host.vectors, (std::vector<unsigned>{0}));
    guest.set(Register::control, control_disable);
    EXPECT_EQ(guest.get(Register::status), 0U);
    guest.end().send({self_of(5000), host_of(1), {}});
    EXPECT_EQ(guest.host.vectors.size(), 1U);
    guest.set(Register::mask, cause_notification);
    guest.set(Register::control, control_enable);
    EXPECT_EQ(guest.host.vectors.size(), 1U);
    guest.set(Register::mask, all_causes); // what was kept comes now, once
    EXPECT_EQ(guest.host.vectors.size(), 2U);
    guest.set(Register::mask, all_causes);
    EXPECT_EQ(guest.host.vectors.size(), 2U);
    EXPECT_FALSE(guest.host.intx);
}

TEST(VmciInterrupts, AreOneWithACauseToRead) {
    for (const char* options : {"vectors=1", "mode=mmio,vectors=1", "vectors=0"}) {
        Guest guest(options);
        const bool has_msix = guest.settings.vectors() != 0;
        guest.host.has_msix = has_msix;
        guest.host.has_msi = !has_msix;
        ASSERT_TRUE(guest.bring_up());
        const auto sent = [&] {
            return has_msix ? guest.host.vectors.size() : std::size_t{guest.host.messages};
        };
        EXPECT_EQ(guest.get(Register::cause), 0U);
        guest.call(Hypercall::doorbell_link, Guest::words32({16, 3000, 7, 0}));
        EXPECT_TRUE(guest.end().ring(self_of(3000)));
        guest.end().send({self_of(5000), host_of(1), {}});
        EXPECT_EQ(sent(), 2U) << options;
        for (const auto vector : guest.host.vectors)
            EXPECT_EQ(vector, 0U) << options;
        EXPECT_EQ(guest.get(Register::cause), cause_datagram | cause_notification);
        EXPECT_EQ(guest.get(Register::cause), 0U);
        // What is masked is neither told nor lost.
        guest.set(Register::mask, cause_notification);
        guest.end().send({self_of(5000), host_of(1), {}});
        EXPECT_EQ(sent(), 2U) << options;
        EXPECT_EQ(guest.get(Register::cause), 0U);
        guest.set(Register::mask, all_causes);
        EXPECT_EQ(sent(), 3U) << options;
        EXPECT_EQ(guest.get(Register::cause), cause_datagram);
    }
}

TEST(VmciInterrupts, HoldTheLineUntilRead) {
    Guest guest("vectors=0,msi=off");
    EXPECT_EQ(guest.device().shape().msi, 0);
    guest.host.has_msix = false;
    ASSERT_TRUE(guest.bring_up());
    EXPECT_FALSE(guest.host.intx);
    guest.end().send({self_of(5000), host_of(1), {}});
    EXPECT_TRUE(guest.host.intx);
    EXPECT_EQ(guest.get(Register::cause), cause_datagram);
    EXPECT_FALSE(guest.host.intx);
    guest.end().send({self_of(5000), host_of(1), {}});
    guest.set(Register::control, control_reset);
    EXPECT_FALSE(guest.host.intx);
}

// ---- datagrams --------------------------------------------------------------------------------

TEST_P(VmciModel, RoutesByContext) {
    Recorder service;
    guest.end().serve(host_of(7), service);
    const auto payload = pattern(100);
    EXPECT_EQ(guest.send(host_of(7), payload), 124);
    ASSERT_EQ(service.datagrams.size(), 1U);
    EXPECT_EQ(service.datagrams[0].from, self_of(2000));
    EXPECT_EQ(service.datagrams[0].payload, payload);
    EXPECT_EQ(guest.send(host_of(8), payload), invalid_resource);
    EXPECT_EQ(guest.send({17, 7}, payload), dst_unreachable);
    EXPECT_EQ(guest.send({1, 7}, payload), dst_unreachable);
    EXPECT_EQ(guest.send({invalid_id, 7}, payload), invalid_args);
    EXPECT_EQ(guest.send({host_context, invalid_id}, payload), invalid_args);
    EXPECT_EQ(guest.send_raw(Guest::encode(host_of(7), {17, 1}, payload)), no_access);
    EXPECT_EQ(guest.send_raw(Guest::encode(host_of(7), anonymous, payload)), no_access);
    EXPECT_EQ(guest.send_raw(Guest::encode(hypervisor_of(1), {17, 1}, {})), no_access);
    EXPECT_EQ(guest.send_raw(Guest::encode(hypervisor_of(1), self_of(1), {})), 16);
    service.answer = no_resources;
    EXPECT_EQ(guest.send(host_of(7), payload), no_resources);
    EXPECT_EQ(guest.get(Register::result_high), 0xffff'ffffU);
    guest.end().unserve(host_of(7));
    EXPECT_EQ(guest.send(host_of(7), payload), invalid_resource);
    EXPECT_EQ(guest.result(), invalid_resource); // can be read again
}

TEST_P(VmciModel, LoopsBackWhatIsForTheGuestItself) {
    const auto payload = pattern(77);
    EXPECT_EQ(guest.send(self_of(4000), payload), 101);
    EXPECT_EQ(guest.host.vectors.back(), 0U);
    const auto got = guest.receive();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].payload, payload);
    EXPECT_EQ(got[0].to, self_of(4000));
    EXPECT_EQ(got[0].from, self_of(2000));
    // Nothing that would look like the end of the stream, or like an event.
    EXPECT_EQ(guest.send(self_of(invalid_id), payload), invalid_args);
    EXPECT_TRUE(guest.receive().empty());
}

TEST_P(VmciModel, EchoesAtTheTestService) {
    ASSERT_TRUE(guest.command("echo 7777 on"));
    const auto payload = pattern(5000);
    EXPECT_EQ(guest.send(host_of(7777), payload), 5024);
    const auto got = guest.receive();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].payload, payload);
    EXPECT_EQ(got[0].from, host_of(7777));
    EXPECT_EQ(got[0].to, self_of(2000));
    EXPECT_EQ(requests("vmci.datagram_from_guest"), 1U);
    EXPECT_EQ(requests("vmci.datagram_to_guest"), 1U);
}

/// One after the other and all at once, so that they cross pages and fill them to the end.
TEST_P(VmciModel, DeliversEverySizeInOrder) {
    const std::vector<std::size_t> sizes = {0,     1,    4000, 4040, 4048,  4064, 4065,
                                            4072,  4073, 4096, 4097, 8168,  8169, 0,
                                            20000, 3,    8144, 8150, 12264, 24,   7};
    std::vector<Datagram> want;
    for (std::size_t i = 0; i < sizes.size(); ++i)
        want.push_back({self_of(5000), host_of(static_cast<std::uint32_t>(i)),
                        pattern(sizes[i], static_cast<unsigned>(i))});
    for (const auto& one : want) {
        EXPECT_EQ(guest.end().send(one), static_cast<std::int32_t>(24 + one.payload.size()));
        const auto got = guest.receive();
        ASSERT_EQ(got.size(), 1U) << one.payload.size();
        EXPECT_EQ(got[0].payload, one.payload);
    }
    for (const auto& one : want)
        guest.end().send(one);
    std::vector<Datagram> got;
    for (bool is_asked = true; is_asked;) { // as long as the device has it come
        guest.host.vectors.clear();
        for (auto& one : guest.receive())
            got.push_back(std::move(one));
        is_asked = std::count(guest.host.vectors.begin(), guest.host.vectors.end(), 0U) != 0;
    }
    ASSERT_EQ(sizes_of(got), sizes);
    for (std::size_t i = 0; i < want.size(); ++i) {
        EXPECT_EQ(got[i].payload, want[i].payload) << i;
        EXPECT_EQ(got[i].from, want[i].from) << i;
    }
    const auto longest = pattern(69608);
    EXPECT_EQ(guest.end().send({self_of(5000), host_of(1), longest}), 69632);
    got = guest.receive();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].payload, longest);
    EXPECT_TRUE(guest.receive().empty());
}

TEST(VmciStream, KeepsWhatComesDuringARead) {
    Guest guest;
    ASSERT_TRUE(guest.bring_up());
    guest.end().send({self_of(5000), host_of(1), pattern(40, 1)});
    auto page = guest.read_port(2000);
    guest.end().send({self_of(5000), host_of(2), pattern(40, 2)});
    guest.host.vectors.clear();
    const auto rest = guest.read_port(port_page - 2000);
    for (const auto byte : rest)
        ASSERT_EQ(byte, std::byte{0xff}); // nothing begins within filler
    EXPECT_EQ(guest.host.vectors, (std::vector<unsigned>{0}));
    const auto got = guest.receive();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].payload, pattern(40, 2));
}

TEST(VmciStream, IsParsedByteByByte) {
    Guest guest;
    ASSERT_TRUE(guest.bring_up());
    const auto bytes = Guest::encode(hypervisor_of(1), anonymous, {});
    guest.write_port(std::span(bytes).first(23));
    EXPECT_EQ(guest.result(), 1); // that of the query before
    guest.write_port(std::span(bytes).last(1));
    EXPECT_EQ(guest.result(), 16);
    // A reset in the middle: the next byte begins a datagram.
    guest.write_port(std::span(bytes).first(17));
    guest.set(Register::control, control_reset);
    EXPECT_EQ(guest.send_raw(bytes), 16);
}

TEST_P(VmciModel, RefusesWhatIsTooLong) {
    Recorder service;
    guest.end().serve(host_of(7), service);
    EXPECT_EQ(guest.send(host_of(7), Bytes(69608)), 69632);
    EXPECT_EQ(guest.send(host_of(7), Bytes(69609)), payload_too_large);
    EXPECT_EQ(guest.send(host_of(7), Bytes(70000 - 24)), payload_too_large);
    EXPECT_EQ(guest.send(host_of(7), Bytes(5)), 29);
    EXPECT_EQ(guest.send(hypervisor_of(12), Bytes(longest_hypercall - 24)), invalid_resource);
    EXPECT_EQ(guest.send(hypervisor_of(12), Bytes(longest_hypercall - 23)), payload_too_large);
    EXPECT_EQ(guest.end().send({self_of(1), host_of(7), Bytes(69609)}), payload_too_large);
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
}

TEST_P(VmciModel, BoundsWhatWaits) {
    const Datagram one = {self_of(5000), host_of(1), Bytes(1000)};
    std::size_t sent = 0;
    while (guest.end().send(one) > 0)
        ++sent;
    EXPECT_EQ(sent, 135U); // below 139264 bytes
    EXPECT_EQ(guest.end().send(one), no_resources);
    EXPECT_EQ(guest.send(self_of(5000), Bytes(1000)), no_resources);
    EXPECT_TRUE(guest.command("resumed"));
    std::size_t events = 1;
    while (guest.command("resumed"))
        ++events;
    EXPECT_EQ(events, (188416 - 135 * 1024 - 1) / 32U);
    std::size_t got = 0;
    for (std::size_t some = 1; some != 0; got += some)
        some = guest.receive().size();
    EXPECT_EQ(got, sent + events);
    EXPECT_GT(guest.end().send(one), 0);
}

TEST_P(VmciModel, SendsOnlyToTheGuest) {
    EXPECT_EQ(guest.end().send({{17, 1}, host_of(1), {}}), dst_unreachable);
    EXPECT_EQ(guest.end().send({self_of(invalid_id), host_of(1), {}}), invalid_args);
}

// ---- transfers --------------------------------------------------------------------------------

class VmciTransfer : public testing::Test {
protected:
    VmciTransfer() : guest("mode=mmio") { EXPECT_TRUE(guest.bring_up()); }

    /// A transfer with these elements, of which the guest has set busy.
    Transfer run(Register doorbell, std::uint64_t at, std::uint32_t busy,
                 const std::vector<Element>& elements) {
        guest.put(at, Transfer{busy, 1, static_cast<std::uint32_t>(elements.size()), 0, 0x5a5a});
        for (std::size_t i = 0; i < elements.size(); ++i)
            guest.put(at + sizeof(Transfer) + i * sizeof(Element), elements[i]);
        guest.set(doorbell, at);
        return guest.peek<Transfer>(at);
    }

    Guest guest;
};

TEST_F(VmciTransfer, IsScatteredAndGathered) {
    Recorder service;
    guest.end().serve(host_of(7), service);
    const auto payload = pattern(300);
    const auto bytes = Guest::encode(host_of(7), self_of(1), payload);
    const auto copy = [&](std::size_t from, std::size_t count, std::uint64_t to) {
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), count,
                    guest.host.memory.begin() + static_cast<std::ptrdiff_t>(to));
    };
    copy(0, 10, 0x10000);
    copy(10, 200, 0x20001);
    copy(210, 114, 0x30000);
    const auto sent =
        run(Register::data_out_low, Guest::tx, 1, {{0x10000, 10}, {0x20001, 200}, {0x30000, 114}});
    EXPECT_EQ(sent.busy, 0U);
    EXPECT_EQ(sent.result, 324U);
    EXPECT_EQ(guest.result(), 324);
    ASSERT_EQ(service.datagrams.size(), 1U);
    EXPECT_EQ(service.datagrams[0].payload, payload);

    guest.end().send({self_of(1), host_of(7), payload});
    guest.host.vectors.clear();
    const auto received =
        run(Register::data_in_low, Guest::rx, 0, {{0x10000, 10}, {0x20001, 200}, {0x30000, 500}});
    EXPECT_EQ(received.busy, 1U);
    EXPECT_EQ(guest.host.vectors, (std::vector<unsigned>{2}));
    EXPECT_EQ(guest.peek<std::uint64_t>(0x10000), 0x1'0000'0010U);
    EXPECT_EQ(guest.peek<std::byte>(0x30000), payload[210 - 24]);
    EXPECT_EQ(guest.peek<std::uint32_t>(0x30000 + 328 - 210 + 4), invalid_id); // the end
}

TEST_F(VmciTransfer, IsCompletedWhateverItIs) {
    std::vector<Element> too_many(255, {0x10000, 1});
    for (const auto& [elements, status] :
         std::vector<std::pair<std::vector<Element>, std::int32_t>>{
             {{}, invalid_args},
             {{{0x10000, 23}}, invalid_args},
             {{{0x10000, ~std::uint64_t{0}}, {0x10000, 24}}, payload_too_large},
             {{{std::uint64_t{1} << 40, 24}}, invalid_args},
             {too_many, invalid_args}}) {
        const auto sent = run(Register::data_out_low, Guest::tx, 1, elements);
        EXPECT_EQ(sent.busy, 0U);
        EXPECT_EQ(guest.result(), status);
        const auto received = run(Register::data_in_low, Guest::rx, 0, elements);
        EXPECT_EQ(received.busy, 1U);
    }
    guest.put(Guest::tx, Transfer{1, 7, 24, 0, 0});
    guest.set(Register::data_out_low, Guest::tx);
    EXPECT_EQ(guest.peek<Transfer>(Guest::tx).busy, 0U);
    EXPECT_EQ(guest.result(), invalid_args);
    EXPECT_TRUE(guest.host.reports.empty());
    guest.set(Register::data_out_high, 1);
    guest.set(Register::data_out_low, Guest::tx);
    guest.set(Register::data_in_high, 1);
    guest.set(Register::data_in_low, Guest::rx);
    EXPECT_EQ(guest.host.reports.size(), 2U);
}

TEST_F(VmciTransfer, LeavesWhatDoesNotFit) {
    guest.end().send({self_of(1), host_of(7), pattern(100)});
    guest.end().send({self_of(1), host_of(7), pattern(500)});
    guest.host.vectors.clear();
    EXPECT_EQ(run(Register::data_in_low, Guest::rx, 0, {{0x10000, 300}}).busy, 1U);
    EXPECT_EQ(guest.host.vectors, (std::vector<unsigned>{2, 0})); // there is more
    guest.host.vectors.clear();
    EXPECT_EQ(run(Register::data_in_low, Guest::rx, 0, {{0x10000, 300}}).busy, 1U);
    EXPECT_EQ(guest.host.vectors, (std::vector<unsigned>{2})); // but not in this way
    EXPECT_EQ(guest.peek<std::uint32_t>(0x10004), invalid_id);
    EXPECT_EQ(guest.receive().size(), 1U);
}

TEST_F(VmciTransfer, NeedsTheCapability) {
    guest.set(Register::capabilities, can_datagram);
    guest.put(Guest::tx, Transfer{1, 0, 24, 0, 0});
    guest.set(Register::data_out_low, Guest::tx);
    guest.set(Register::data_in_low, Guest::tx);
    EXPECT_EQ(guest.peek<Transfer>(Guest::tx).busy, 1U);
}

TEST_F(VmciTransfer, ThatLeadsToTheDeviceItselfEndsThere) {
    unsigned depth = 0, deepest = 0;
    guest.host.on_dma = [&](std::uint64_t) {
        deepest = std::max(deepest, ++depth);
        if (depth < 100)
            guest.set(Register::data_out_low, Guest::tx);
        --depth;
    };
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    EXPECT_EQ(deepest, 1U);
}

// ---- doorbells --------------------------------------------------------------------------------

TEST_P(VmciModel, RingsTheGuest) {
    const auto link = [&](Handle handle, std::uint64_t index) {
        auto payload = Guest::handle_bytes(handle);
        append(payload, index);
        return guest.call(Hypercall::doorbell_link, payload);
    };
    EXPECT_FALSE(guest.end().ring(self_of(2000)));
    EXPECT_EQ(link(self_of(2000), 17), success);
    EXPECT_EQ(link(self_of(2001), 17), success); // they may share
    EXPECT_EQ(link(self_of(2000), 18), duplicate_entry);
    EXPECT_EQ(link(self_of(2002), 4096), invalid_args);
    EXPECT_EQ(link(self_of(2002), ~std::uint64_t{0}), invalid_args);
    EXPECT_EQ(link({17, 2002}, 1), no_access);
    EXPECT_EQ(link(self_of(invalid_id), 1), invalid_args);
    EXPECT_TRUE(guest.end().ring(self_of(2001)));
    EXPECT_EQ(guest.peek<std::byte>(Guest::bitmap + 17), std::byte{1});
    EXPECT_EQ(guest.host.vectors, (std::vector<unsigned>{1}));
    // The guest may ring its own.
    guest.put(Guest::bitmap + 17, std::byte{0});
    EXPECT_EQ(guest.call(Hypercall::doorbell_notify, Guest::handle_bytes(self_of(2000))), success);
    EXPECT_EQ(guest.peek<std::byte>(Guest::bitmap + 17), std::byte{1});
    EXPECT_EQ(guest.call(Hypercall::doorbell_unlink, Guest::handle_bytes(self_of(2001))), success);
    EXPECT_EQ(guest.call(Hypercall::doorbell_unlink, Guest::handle_bytes(self_of(2001))),
              not_found);
    EXPECT_FALSE(guest.end().ring(self_of(2001)));
    EXPECT_TRUE(guest.end().ring(self_of(2000)));
    std::uint32_t links = 1;
    while (link(self_of(10000 + links), links % 4096) == success)
        ++links;
    EXPECT_EQ(links, 4096U);
    EXPECT_EQ(link(self_of(9999), 1), no_resources);
}

TEST_P(VmciModel, IsRungForOtherModels) {
    guest.call(Hypercall::doorbell_link, Guest::words32({16, 3000, 7, 0}));
    PciModel& model = guest.device();
    EXPECT_TRUE(model.ring_doorbell(16, 3000));
    EXPECT_FALSE(model.ring_doorbell(16, 3001));
    EXPECT_FALSE(model.ring_doorbell(17, 3000));
    EXPECT_EQ(guest.peek<std::byte>(Guest::bitmap + 7), std::byte{1});
}

TEST_P(VmciModel, IsRungByTheGuest) {
    const auto ring = [&](Handle handle) {
        return guest.call(Hypercall::doorbell_notify, Guest::handle_bytes(handle));
    };
    EXPECT_EQ(ring(host_of(3000)), not_found);
    ASSERT_TRUE(guest.command("doorbell 3000 on"));
    EXPECT_EQ(ring(host_of(3000)), success);
    EXPECT_EQ(ring(host_of(3000)), success);
    EXPECT_EQ(guest.command("show").value()["rung"]["3000"], 2);
    EXPECT_EQ(ring({17, 3000}), dst_unreachable);
    EXPECT_EQ(ring({0, 3000}), not_found);
    EXPECT_EQ(ring({invalid_id, 3000}), invalid_args);
    ASSERT_TRUE(guest.command("doorbell 3000 off"));
    EXPECT_EQ(ring(host_of(3000)), not_found);
}

TEST(VmciDoorbells, NeedAPageThatIsThere) {
    Guest guest;
    guest.negotiate(can_datagram | can_notify | can_wide_pages);
    EXPECT_EQ(guest.call(Hypercall::doorbell_link, Guest::words32({16, 3000, 7, 0})), success);
    EXPECT_FALSE(guest.end().ring(self_of(3000)));
    for (const std::uint64_t page :
         {std::uint64_t{1} << 30, std::uint64_t{1} << 52, ~std::uint64_t{0}})
        EXPECT_EQ(guest.call(Hypercall::set_notify_bitmap, Guest::words64({page})), invalid_args);
    EXPECT_EQ(guest.host.reports.size(), 3U);
    guest.negotiate(can_datagram | can_notify); // 32 bits now: the rest is padding
    const auto number = Guest::words64({Guest::bitmap >> 12 | 0x5aULL << 32});
    EXPECT_EQ(guest.call(Hypercall::set_notify_bitmap, number), success);
    EXPECT_TRUE(guest.end().ring(self_of(3000)));
    guest.negotiate(can_datagram);
    EXPECT_EQ(guest.call(Hypercall::set_notify_bitmap, number), unavailable);
}

// ---- queue pairs ------------------------------------------------------------------------------

/// Random amounts in both directions, many times round.
void exchange(Guest& guest, GuestPair& there, HostPair& here) {
    std::minstd_rand random(7);
    std::uint64_t rounds = 200;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto room = here.writable();
        ASSERT_GE(room, 0);
        const auto down = pattern(random() % 6000, static_cast<unsigned>(round));
        const auto written = here.write(down);
        ASSERT_EQ(written, std::min<std::int64_t>(room, static_cast<std::int64_t>(down.size())));
        const auto arrived = there.read();
        ASSERT_EQ(arrived, Bytes(down.begin(), down.begin() + written)) << round;

        const auto up =
            pattern(random() % static_cast<unsigned>(room + 1), static_cast<unsigned>(round) + 1);
        there.write(up);
        ASSERT_EQ(here.readable(), static_cast<std::int64_t>(up.size()));
        Bytes got(up.size() / 2);
        ASSERT_EQ(here.read(got), static_cast<std::int64_t>(got.size()));
        Bytes rest(8192);
        const auto more = here.read(rest);
        ASSERT_EQ(static_cast<std::size_t>(more), up.size() - got.size());
        got.insert(got.end(), rest.begin(), rest.begin() + more);
        ASSERT_EQ(got, up) << round;
    }
    EXPECT_TRUE(guest.host.reports.empty());
}

TEST_P(VmciModel, PairsAreMadeByTheGuest) {
    std::uint32_t resource = 1024;
    for (const std::uint64_t size : {2U, 128U, 4095U, 4096U, 4099U, 8192U}) {
        Recorder service;
        const auto handle = self_of(resource++);
        GuestPair there(guest, handle, size, size);
        ASSERT_EQ(there.status, success_queuepair_create);
        EXPECT_EQ(there.own().handle, handle);
        EXPECT_EQ(there.peer().handle, handle);
        std::int32_t why = 0;
        EXPECT_EQ(guest.end().attach_pair(handle, size, size + 1, service, why), nullptr);
        EXPECT_EQ(why, queuepair_mismatch);
        auto* here = guest.end().attach_pair(handle, size, size, service, why);
        ASSERT_NE(here, nullptr);
        EXPECT_EQ(why, success_queuepair_attach);
        EXPECT_EQ(here->writable(), static_cast<std::int64_t>(size - 1));
        const auto events = guest.receive();
        ASSERT_EQ(sizes_of(events), (std::vector<std::size_t>{24}));
        EXPECT_EQ(load<std::uint32_t>(events[0].payload), 3U);
        EXPECT_EQ(load<Handle>(events[0].payload, 8), handle);
        EXPECT_EQ(load<std::uint32_t>(events[0].payload, 16), 2U);
        exchange(guest, there, *here);
        EXPECT_EQ(guest.end().attach_pair(handle, size, size, service, why), nullptr);
        EXPECT_EQ(why, already_exists);
        there.write(pattern(1));
        EXPECT_EQ(there.detach(), success);
        EXPECT_EQ(service.last_read, pattern(1));
        EXPECT_EQ(service.detached, (std::vector<Handle>{handle}));
        EXPECT_EQ(there.detach(), not_found);
        EXPECT_EQ(guest.end().attach_pair(handle, size, size, service, why), nullptr);
        EXPECT_EQ(why, not_found);
    }
}

TEST_P(VmciModel, PairsAreMadeByTheHost) {
    Recorder service;
    auto* here = guest.end().create_pair(4096, 130, service);
    ASSERT_NE(here, nullptr);
    const auto handle = here->handle();
    EXPECT_EQ(handle.context, host_context);
    EXPECT_GE(handle.resource, 1024U);
    EXPECT_FALSE(here->is_attached());
    EXPECT_EQ(here->readable(), queuepair_not_ready);
    EXPECT_EQ(here->write(pattern(3)), queuepair_not_ready);
    EXPECT_EQ(guest.call(Hypercall::queuepair_detach, Guest::handle_bytes(handle)),
              queuepair_not_attached);
    EXPECT_EQ(GuestPair(guest, handle, 131, 4096, pair_attach_only).status, queuepair_mismatch);
    GuestPair there(guest, handle, 130, 4096, pair_attach_only);
    ASSERT_EQ(there.status, success_queuepair_attach);
    ASSERT_EQ(service.attached_pairs, (std::vector<HostPair*>{here}));
    EXPECT_TRUE(here->is_attached());
    EXPECT_EQ(GuestPair(guest, handle, 130, 4096, pair_attach_only).status, already_exists);
    EXPECT_EQ(here->write(pattern(4000)), 4000);
    EXPECT_EQ(there.read(), pattern(4000));
    there.write(pattern(129));
    Bytes got(200);
    EXPECT_EQ(here->read(got), 129);
    EXPECT_EQ(there.detach(), success);
    EXPECT_EQ(service.detached.size(), 1U);
}

TEST_P(VmciModel, PairsOfManyPagesWork) {
    Recorder service;
    constexpr std::uint64_t size = std::uint64_t{1} << 20;
    GuestPair there(guest, self_of(1024), size, 262144);
    ASSERT_EQ(there.status, success_queuepair_create);
    std::int32_t why = 0;
    auto* here = guest.end().attach_pair(self_of(1024), 262144, size, service, why);
    ASSERT_NE(here, nullptr);
    const auto up = pattern(size - 1);
    there.write(up);
    Bytes got(size);
    EXPECT_EQ(here->read(got), static_cast<std::int64_t>(up.size()));
    got.resize(up.size());
    EXPECT_EQ(got, up);
    const auto down = pattern(262143);
    EXPECT_EQ(here->write(down), 262143);
    EXPECT_EQ(here->write(down), 0);
    EXPECT_EQ(there.read(), down);
}

TEST_P(VmciModel, RefusesPairsByTheirRules) {
    constexpr std::uint64_t mib = std::uint64_t{1} << 20;
    const auto status = [&](Handle handle, std::uint64_t produce, std::uint64_t consume,
                            std::uint32_t flags = 0, std::uint32_t peer = host_context) {
        Bytes payload;
        append(payload, PairRequest{handle, peer, flags, produce, consume,
                                    QueuePair::page_count(produce, consume, port_page)});
        const auto count =
            std::min<std::uint64_t>(QueuePair::page_count(produce, consume, port_page), 16);
        for (const auto page : guest.pages(count))
            append(payload, page / port_page);
        return guest.call(Hypercall::queuepair_alloc, payload);
    };
    EXPECT_EQ(status(self_of(invalid_id), 16, 16), invalid_args);
    EXPECT_EQ(status(self_of(1024), 0, 0), invalid_args);
    EXPECT_EQ(status(self_of(1024), 16, 16, pair_local), invalid_args);
    EXPECT_EQ(status(self_of(1024), 16, 16, 0x10), invalid_args);
    EXPECT_EQ(status(self_of(1024), 128 * mib, 1), no_resources);
    EXPECT_EQ(status(self_of(1024), ~std::uint64_t{0}, 2), no_resources);
    EXPECT_EQ(status(self_of(1024), mib, 16), invalid_args); // with a list that is too short
    EXPECT_EQ(status(self_of(1024), 16, 16, pair_attach_only), not_found);
    EXPECT_EQ(status({17, 1024}, 16, 16), no_access);
    EXPECT_EQ(status(self_of(1024), 16, 16, 0, 17), dst_unreachable);
    EXPECT_EQ(status(self_of(1024), 16, 0), success_queuepair_create);
    EXPECT_EQ(status(self_of(1024), 16, 0), already_exists);
    Recorder service;
    EXPECT_EQ(guest.end().create_pair(64 * mib, 64 * mib, service), nullptr);
    auto* large = guest.end().create_pair(64 * mib, 64 * mib - 4096, service);
    ASSERT_NE(large, nullptr);
    EXPECT_EQ(status(self_of(1025), 4096, 16), no_resources);
    EXPECT_EQ(status(self_of(1026), 4080, 0), success_queuepair_create);
    EXPECT_EQ(status(self_of(1027), 1, 0), no_resources);
    guest.end().detach_pair(*large); // nobody there: it is gone at once, without an event
    EXPECT_TRUE(guest.receive().empty());
    EXPECT_EQ(status(self_of(1025), 4096, 16), success_queuepair_create);
    EXPECT_TRUE(guest.host.reports.empty());
}

TEST_P(VmciModel, NoticesPagesThatCannotBe) {
    GuestPair good(guest, self_of(1024), 4096, 4096);
    ASSERT_EQ(good.status, success_queuepair_create);
    const auto alloc = [&](std::vector<std::uint64_t> numbers) {
        Bytes payload;
        append(payload, PairRequest{self_of(1025), host_context, 0, 4096, 4096, 4});
        for (const auto number : numbers)
            append(payload, number);
        return guest.call(Hypercall::queuepair_alloc, payload);
    };
    const auto fresh = guest.pages(4);
    const auto number = [&](std::size_t i) { return fresh[i] / port_page; };
    EXPECT_EQ(alloc({number(0), number(1), number(2), good.pages()[1] / port_page}),
              page_already_shared);
    EXPECT_EQ(alloc({number(0), number(1), number(2), number(0)}), page_already_shared);
    EXPECT_EQ(alloc({number(0), number(1), number(2), 1U << 30}), invalid_args);
    EXPECT_EQ(guest.host.reports.size(), 3U);
    EXPECT_EQ(alloc({number(0), number(1), number(2), std::uint64_t{1} << 60}), invalid_args);
    // All of them were given back, and the first pair has lost none.
    EXPECT_EQ(alloc({number(0), number(1), number(2), number(3)}), success_queuepair_create);
    EXPECT_EQ(alloc({good.pages()[0] / port_page, number(1), number(2), number(3)}),
              already_exists);
}

TEST_P(VmciModel, TakesNarrowPageNumbersIfAgreed) {
    guest.set(Register::control, control_reset);
    guest.negotiate(guest.get(Register::capabilities) & ~std::uint32_t{can_wide_pages});
    const auto pages = guest.pages(4);
    Bytes narrow, wide;
    const PairRequest request = {self_of(1024), host_context, 0, 4096, 4096, 4};
    append(narrow, request);
    append(wide, request);
    for (const auto page : pages) {
        append(narrow, static_cast<std::uint32_t>(page / port_page));
        append(wide, page / port_page);
    }
    EXPECT_EQ(guest.call(Hypercall::queuepair_alloc, wide), invalid_args);
    EXPECT_EQ(guest.call(Hypercall::queuepair_alloc, narrow), success_queuepair_create);
    EXPECT_EQ(guest.peek<Handle>(pages[2]), self_of(1024));
}

TEST_P(VmciModel, LooksAtIndexesBeforeItUsesThem) {
    Recorder service;
    GuestPair there(guest, self_of(1024), 1000, 1000);
    std::int32_t why = 0;
    auto* here = guest.end().attach_pair(self_of(1024), 1000, 1000, service, why);
    ASSERT_NE(here, nullptr);
    Bytes some(100);
    for (const std::uint64_t bad : {std::uint64_t{1000}, std::uint64_t{4096}, ~std::uint64_t{0}}) {
        guest.put(there.own_header(), QueueHeader{self_of(1024), bad, bad});
        EXPECT_EQ(here->readable(), invalid_size);
        EXPECT_EQ(here->writable(), invalid_size);
        EXPECT_EQ(here->read(some), invalid_size);
        EXPECT_EQ(here->write(some), invalid_size);
    }
    guest.put(there.own_header(), QueueHeader{self_of(1024), 0, 0});
    // What the guest does to the host's own header changes nothing.
    guest.put(there.peer_header(), QueueHeader{self_of(9), 5000, ~std::uint64_t{0}});
    EXPECT_EQ(here->write(pattern(10)), 10);
    EXPECT_EQ(there.peer().tail, 10U);
    // An index that changes while it is used: the first look counts.
    guest.put(there.own_header(), QueueHeader{self_of(1024), 50, 0});
    guest.host.on_dma = [&](std::uint64_t address) {
        if (address != there.own_header() + 8)
            guest.put(there.own_header() + 8, ~std::uint64_t{0});
    };
    EXPECT_EQ(here->read(some), 50);
}

TEST_P(VmciModel, TellsTheGuestThatTheHostHasLeft) {
    Recorder service;
    GuestPair there(guest, self_of(1024), 1000, 1000);
    std::int32_t why = 0;
    auto* here = guest.end().attach_pair(self_of(1024), 1000, 1000, service, why);
    here->write(pattern(10));
    guest.receive();
    guest.end().detach_pair(*here);
    auto events = guest.receive();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(load<std::uint32_t>(events[0].payload), 4U);
    EXPECT_EQ(load<Handle>(events[0].payload, 8), self_of(1024));
    EXPECT_EQ(there.read(), pattern(10)); // still there
    EXPECT_EQ(guest.end().attach_pair(self_of(1024), 1000, 1000, service, why), nullptr);
    EXPECT_EQ(why, unavailable);
    EXPECT_EQ(there.detach(), success_last_detach);
    EXPECT_TRUE(service.detached.empty());
    EXPECT_TRUE(guest.receive().empty());
}

/// A service that leaves when it is told that the guest has come, or goes.
class Leaver final : public Service {
public:
    explicit Leaver(HostEnd& end) : end_(end) {}
    std::int32_t datagram(const Datagram&) override { return 0; }
    void attached(HostPair& pair) override {
        if (leaves_at_once)
            end_.detach_pair(pair);
    }
    void detaching(HostPair& pair) override { end_.detach_pair(pair); }
    void reset() override {}
    bool leaves_at_once = true;

private:
    HostEnd& end_;
};

TEST_P(VmciModel, LetsServicesLeaveWhenTheyAreTold) {
    Leaver service(guest.end());
    auto* here = guest.end().create_pair(16, 16, service);
    GuestPair there(guest, here->handle(), 16, 16, pair_attach_only);
    EXPECT_EQ(there.status, success_queuepair_attach);
    EXPECT_EQ(guest.receive().size(), 1U);
    EXPECT_EQ(there.detach(), success_last_detach);
    service.leaves_at_once = false;
    here = guest.end().create_pair(16, 16, service);
    GuestPair next(guest, here->handle(), 16, 16, pair_attach_only);
    EXPECT_EQ(next.detach(), success);
    EXPECT_TRUE(guest.receive().empty());
}

// ---- reset ------------------------------------------------------------------------------------

TEST_P(VmciModel, ForgetsAllInAReset) {
    Recorder service, other;
    guest.end().serve(host_of(7), service);
    guest.end().serve(host_of(8), service);
    GuestPair there(guest, self_of(1024), 1000, 1000);
    std::int32_t why = 0;
    ASSERT_NE(guest.end().attach_pair(self_of(1024), 1000, 1000, other, why), nullptr);
    guest.call(Hypercall::doorbell_link, Guest::words32({16, 3000, 7, 0}));
    guest.end().send({self_of(5000), host_of(1), pattern(6000)});
    if (!guest.is_mmio())
        guest.read_port(5000);
    guest.set(Register::control, control_reset);
    EXPECT_EQ(service.resets, 1U);
    EXPECT_EQ(other.resets, 1U);
    EXPECT_TRUE(other.detached.empty());

    const auto before = guest.host.memory;
    guest.host.vectors.clear();
    EXPECT_FALSE(guest.end().ring(self_of(3000)));
    guest.end().send({self_of(5000), host_of(1), pattern(10)});
    EXPECT_EQ(guest.end().attach_pair(self_of(1024), 1000, 1000, other, why), nullptr);
    ASSERT_TRUE(guest.command("show"));
    EXPECT_EQ(guest.host.memory, before);
    EXPECT_TRUE(guest.host.vectors.empty());
    EXPECT_EQ(guest.get(Register::status), 0U);

    for (int i = 0; i < 3; ++i) {
        guest.set(Register::control, control_reset);
        ASSERT_TRUE(guest.bring_up());
        EXPECT_EQ(guest.send(host_of(7), {}), 24);
        EXPECT_TRUE(guest.receive().empty());
        EXPECT_EQ(GuestPair(guest, self_of(1024), 1000, 1000).status, success_queuepair_create);
    }
    EXPECT_TRUE(guest.host.reports.empty());
}

// ---- the test service -------------------------------------------------------------------------

TEST_P(VmciModel, IsSteeredByWords) {
    ASSERT_TRUE(guest.command("send 5000 60 ab 3"));
    auto got = guest.receive();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].from, host_of(60));
    EXPECT_EQ(got[0].payload.size(), 6U);
    const auto name = guest.command("pair create 4096 1000").value()["pair"].get<std::string>();
    GuestPair there(guest, *parse_handle(name), 1000, 4096, pair_attach_only);
    ASSERT_EQ(there.status, success_queuepair_attach);
    EXPECT_EQ(guest.command("pair write " + name + " hello").value()["done"], 5);
    const auto hello = there.read();
    EXPECT_EQ(hello.size(), 5U);
    there.write(hello);
    EXPECT_EQ(guest.command("show").value()["pairs"][0]["readable"], 5);
    EXPECT_EQ(guest.command("pair read " + name + " 100").value()["text"], "hello");
    ASSERT_TRUE(guest.command("pair detach " + name));
    EXPECT_FALSE(guest.command("pair read " + name + " 100"));
    EXPECT_EQ(guest.receive().size(), 1U);
    GuestPair own(guest, self_of(1024), 64, 128);
    EXPECT_EQ(guest.command("pair attach 16:1024 128 64").value()["done"], 5);
    EXPECT_EQ(guest.command("pair attach 16:1024 128 64").value()["done"], already_exists);
    guest.call(Hypercall::doorbell_link, Guest::words32({16, 3000, 7, 0}));
    EXPECT_EQ(guest.command("ring 3000").value()["rung"], true);
    EXPECT_EQ(guest.command("ring 3001").value()["rung"], false);
    for (const char* bad : {"",
                            "nonsense",
                            "show x",
                            "send 1 2",
                            "send x 2 a",
                            "send 1 2 a 70000",
                            "ring",
                            "ring x",
                            "doorbell 1",
                            "doorbell 1 maybe",
                            "context",
                            "echo",
                            "echo 1 maybe",
                            "echo x on",
                            "echo 0xffffffff on",
                            "pair",
                            "pair create 1",
                            "pair create 0 0",
                            "pair write 16:1024",
                            "pair read 16:1024 65537",
                            "pair read 16 1",
                            "pair nonsense 16:1024",
                            "pair attach 16:9 x 1",
                            "hostile"})
        EXPECT_FALSE(guest.command(bad)) << bad;
}

// ---- hostile ----------------------------------------------------------------------------------

TEST_P(VmciModel, RefusesAsItWasTold) {
    const auto done = guest.command("hostile refuse get_context_id -20 2 1").value()["done"];
    EXPECT_EQ(done, 0);
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    EXPECT_EQ(guest.call(Hypercall::get_context_id), -20);
    EXPECT_EQ(guest.call(Hypercall::event_subscribe), 0);
    EXPECT_EQ(guest.call(Hypercall::get_context_id), -20);
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    EXPECT_EQ(guest.command("hostile refuse any -3 2").value()["done"], 2);
    EXPECT_EQ(guest.call(Hypercall::event_subscribe), -3);
    EXPECT_EQ(guest.send(host_of(7), {}), -3);
    ASSERT_TRUE(guest.command("hostile refuse datagram 5"));
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    EXPECT_EQ(guest.send(host_of(7), {}), 5);
    ASSERT_TRUE(guest.command("hostile result -7 1"));
    EXPECT_EQ(guest.call(Hypercall::get_context_id), -7);
    EXPECT_EQ(guest.command("hostile faithful").value()["done"], 6);
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    for (const char* bad : {"refuse",
                            "refuse any",
                            "refuse nothing -1",
                            "refuse any -1 1 1 1",
                            "result",
                            "result x",
                            "payload x",
                            "payload 1 x",
                            "busy soon",
                            "busy 99999999",
                            "cause",
                            "unterminated x",
                            "event 1",
                            "event 1 5000",
                            "detach-event 7",
                            "interrupt 0",
                            "interrupt 8",
                            "index 16:1024 tail 7",
                            "faithful 1",
                            "nonsense 1"})
        EXPECT_FALSE(guest.command("hostile " + std::string(bad))) << bad;
}

TEST_P(VmciModel, SendsNonsenseAsItWasTold) {
    ASSERT_TRUE(guest.command("hostile event 99 4"));
    ASSERT_TRUE(guest.command("hostile event 4 0"));
    ASSERT_TRUE(guest.command("hostile detach-event 16:1024"));
    EXPECT_EQ(sizes_of(guest.receive()), (std::vector<std::size_t>{4, 0, 24}));
    guest.host.vectors.clear();
    ASSERT_TRUE(guest.command("hostile interrupt 3"));
    EXPECT_EQ(guest.host.vectors, (std::vector<unsigned>{0, 1}));
    ASSERT_TRUE(guest.command("hostile cause 0xffffffff"));
    EXPECT_EQ(guest.get(Register::cause), 0xffff'ffffU);
    EXPECT_EQ(guest.get(Register::cause), 0U);
    GuestPair there(guest, self_of(1024), 64, 64);
    ASSERT_TRUE(guest.command("hostile index 16:1024 tail 0x100000000"));
    ASSERT_TRUE(guest.command("hostile index 16:1024 head 64"));
    EXPECT_EQ(there.peer().tail, 0x1'0000'0000U);
    EXPECT_EQ(there.peer().head, 64U);
    // In place of what the datagram is long.
    ASSERT_TRUE(guest.command("hostile payload 0xfffffffffffffff0"));
    guest.end().send({self_of(5000), host_of(1), Bytes(16)});
    std::uint64_t announced = 0;
    if (guest.is_mmio()) {
        guest.put(Guest::rx, Transfer{0, 0, 4096, 0, 0});
        guest.set(Register::data_in_low, Guest::rx);
        announced = guest.peek<Header>(Guest::rx + sizeof(Transfer)).payload;
    } else {
        announced = load<Header>(guest.read_port(port_page)).payload;
    }
    EXPECT_EQ(announced, 0xffff'ffff'ffff'fff0U);
}

TEST_P(VmciModel, LeavesOutTheEndAsItWasTold) {
    guest.end().send({self_of(5000), host_of(1), Bytes(16)});
    ASSERT_TRUE(guest.command("hostile unterminated"));
    if (guest.is_mmio()) {
        guest.put(Guest::rx + sizeof(Transfer) + 40 + 4, std::uint32_t{0x5a5a});
        guest.put(Guest::rx, Transfer{0, 0, 4096, 0, 0});
        guest.set(Register::data_in_low, Guest::rx);
        EXPECT_EQ(guest.peek<std::uint32_t>(Guest::rx + sizeof(Transfer) + 40 + 4), 0x5a5aU);
    } else {
        EXPECT_EQ(load<Header>(guest.read_port(port_page), 40).to.resource, 0U);
        EXPECT_EQ(load<Header>(guest.read_port(port_page)).to.resource, invalid_id);
    }
}

TEST_F(VmciTransfer, IsLateOrLostAsItWasTold) {
    ASSERT_TRUE(guest.command("hostile busy 5"));
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    EXPECT_EQ(guest.peek<Transfer>(Guest::tx).busy, 1U);
    guest.host.advance(std::chrono::milliseconds(4));
    EXPECT_EQ(guest.peek<Transfer>(Guest::tx).busy, 1U);
    guest.host.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(guest.peek<Transfer>(Guest::tx).busy, 0U);
    ASSERT_TRUE(guest.command("hostile busy never"));
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    guest.host.advance(std::chrono::hours(1));
    EXPECT_EQ(guest.peek<Transfer>(Guest::tx).busy, 1U);
    // After a reset nothing is written any more.
    ASSERT_TRUE(guest.command("hostile busy 5 2"));
    guest.host.vectors.clear();
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    EXPECT_EQ(run(Register::data_in_low, Guest::rx, 0, {{0x10000, 300}}).busy, 0U);
    guest.host.advance(std::chrono::milliseconds(5));
    EXPECT_EQ(guest.peek<Transfer>(Guest::rx).busy, 1U);
    EXPECT_EQ(guest.host.vectors, (std::vector<unsigned>{2}));
    ASSERT_TRUE(guest.command("hostile busy 5"));
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
    guest.set(Register::control, control_reset);
    guest.host.advance(std::chrono::milliseconds(5));
    EXPECT_EQ(guest.peek<Transfer>(Guest::tx).busy, 1U);
}

// ---- guests that know no rules ----------------------------------------------------------------

/// Random writes to all registers, and hypercalls of random contents: only that nothing breaks,
/// and that a reset brings a working device.
TEST_P(VmciModel, OutlivesNonsense) {
    std::minstd_rand random(1);
    ASSERT_TRUE(guest.command("echo 7 on"));
    for (int round = 0; round < 3000; ++round) {
        const auto which = Register{random() % 16 * 4};
        switch (random() % 4) {
        case 0:
            guest.set(which, which == Register::data_out ? random() % 256 : random() % 0x20000,
                      which == Register::data_out ? 1 : 4);
            break;
        case 1:
            guest.get(which, which == Register::data_in ? 1 : 4);
            break;
        case 2: {
            auto payload = Bytes(random() % 90);
            for (auto& byte : payload)
                byte = static_cast<std::byte>(random() % 3 == 0 ? random() % 20 : 0);
            guest.call(Hypercall{static_cast<std::uint32_t>(random() % 13)}, payload);
            break;
        }
        default:
            guest.send({static_cast<std::uint32_t>(random() % 3), static_cast<std::uint32_t>(7)},
                       Bytes(random() % 500));
        }
    }
    guest.set(Register::control, control_reset);
    ASSERT_TRUE(guest.bring_up());
    EXPECT_EQ(guest.call(Hypercall::get_context_id), 16);
}

} // namespace
} // namespace vmguest::lab::vmci
