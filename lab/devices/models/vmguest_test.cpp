// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The vmguest-test device; see the header for its registers.
#include "vmguest_test.hpp"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

namespace vmguest::lab {
namespace {

constexpr std::uint64_t low_half = 0xffff'ffff;

} // namespace

// 1234 is the vendor id of QEMU's own test devices; 7e57 is used by none of them.
const PciModelInfo VmguestTest::info = {
    .name = "vmguest-test",
    .vendor = 0x1234,
    .device = 0x7e57,
    .subsystem_vendor = 0x1234,
    .subsystem_device = 0x0001,
    .class_id = 0x00ff, // "unclassified, other"
    .revision = 1,
    .create = [](PciHost& host, std::string_view options) -> Result<std::unique_ptr<PciModel>> {
        if (!options.empty())
            return Failure{"vmguest-test has no options: leave out 'options='"};
        return std::unique_ptr<PciModel>(std::make_unique<VmguestTest>(host));
    },
};

VmguestTest::VmguestTest(PciHost& host)
    : host_(host), timer_(host.make_timer([this] { raise(0); })) {}

PciShape VmguestTest::shape() const {
    return {.bars = {Bar{.size = 0x40, .is_port_io = true, .min_access = 4, .max_access = 4},
                     Bar{.size = 0x1000, .min_access = 4, .max_access = 4}},
            .msix = {.vectors = 2, .bar = 2}};
}

void VmguestTest::reset() {
    timer_->cancel();
    scratch_ = dma_length_ = checksum_ = interrupt_ = delay_us_ = 0;
    dma_address_ = 0;
    status_ = ok;
    host_.set_intx(false);
}

std::uint64_t VmguestTest::read(unsigned, std::uint64_t offset, unsigned) {
    switch (offset) {
    case id:
        return identity;
    case scratch:
        return scratch_;
    case dma_low:
        return dma_address_ & low_half;
    case dma_high:
        return dma_address_ >> 32;
    case dma_length:
        return dma_length_;
    case checksum:
        return checksum_;
    case status:
        return status_;
    case interrupt:
        return interrupt_;
    case delay_us:
        return delay_us_;
    default:
        return low_half; // what an absent register reads as on a PCI bus
    }
}

void VmguestTest::write(unsigned, std::uint64_t offset, std::uint64_t value, unsigned) {
    const auto word = static_cast<std::uint32_t>(value);
    switch (offset) {
    case scratch:
        scratch_ = word;
        break;
    case dma_low:
        dma_address_ = (dma_address_ & ~low_half) | word;
        break;
    case dma_high:
        dma_address_ = (dma_address_ & low_half) | std::uint64_t{word} << 32;
        break;
    case dma_length:
        dma_length_ = std::min(word, max_dma);
        break;
    case order:
        execute(word);
        break;
    case interrupt:
        interrupt_ &= ~word;
        if (interrupt_ == 0)
            host_.set_intx(false);
        break;
    case delay_us:
        delay_us_ = word;
        break;
    default:
        break;
    }
}

void VmguestTest::execute(std::uint32_t what) {
    host_.count("vmguest-test.order");
    switch (what) {
    case fill:
        return fill_buffer();
    case sum:
        return sum_buffer();
    case delay:
        status_ = ok;
        return timer_->arm(host_.now() + std::chrono::microseconds(delay_us_));
    default:
        status_ = bad_order;
    }
}

void VmguestTest::fill_buffer() {
    std::vector<std::byte> buffer(dma_length_);
    for (std::size_t i = 0; i < buffer.size(); ++i)
        buffer[i] = std::byte{fill_byte(i)};
    status_ = host_.dma_write(dma_address_, buffer) ? ok : bad_address;
    raise(1);
}

void VmguestTest::sum_buffer() {
    std::vector<std::byte> buffer(dma_length_);
    status_ = host_.dma_read(dma_address_, buffer) ? ok : bad_address;
    checksum_ = 0;
    if (status_ == ok)
        for (auto byte : buffer)
            checksum_ = checksum_ * 31 + std::to_integer<std::uint32_t>(byte);
    raise(0);
}

void VmguestTest::raise(unsigned vector) {
    interrupt_ |= 1U << vector;
    if (host_.msix_enabled())
        host_.msix_notify(vector);
    else
        host_.set_intx(true);
}

Reply VmguestTest::command(std::span<const std::string_view> words) {
    if (words.size() == 1 && words[0] == "show")
        return nlohmann::json{{"scratch", scratch_}, {"status", status_}};
    if (words.size() == 2 && words[0] == "raise" && (words[1] == "0" || words[1] == "1")) {
        raise(words[1] == "0" ? 0 : 1);
        return nlohmann::json{{"ok", true}};
    }
    return Failure{"vmguest-test knows 'show' and 'raise 0|1'"};
}

} // namespace vmguest::lab
