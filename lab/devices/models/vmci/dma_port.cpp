// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Datagrams by way of the guest's memory; see the header.
#include "models/vmci/dma_port.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace vmguest::lab::vmci {
namespace {

constexpr std::uint32_t inline_data = 0, in_elements = 1;

std::uint64_t total_of(std::span<const Element> elements) {
    constexpr std::uint64_t enough = std::numeric_limits<std::uint32_t>::max();
    std::uint64_t total = 0;
    for (const auto& element : elements)
        total = std::min(enough, total + std::min(enough, element.length));
    return total;
}

} // namespace

DmaPort::DmaPort(Bus& bus, Interrupts& interrupts, const GuestState& guest, Faults& faults)
    : bus_(bus), interrupts_(interrupts), guest_(guest), faults_(faults),
      timer_(bus.host().make_timer([this] { complete_late(); })) {}

void DmaPort::report_no_memory() {
    bus_.host().report("a transfer is at an address that is no memory");
}

/// Elements lie in the page of the transfer itself, which bounds their number.
std::optional<std::vector<Element>> DmaPort::elements(std::uint64_t address,
                                                      const Transfer& transfer) {
    const auto data = address + sizeof transfer;
    if (transfer.opcode == inline_data)
        return std::vector<Element>{{data, transfer.size}};
    const auto in_page = address % guest_.page_size() + sizeof transfer;
    if (transfer.opcode != in_elements || in_page > guest_.page_size() ||
        transfer.size > (guest_.page_size() - in_page) / sizeof(Element))
        return std::nullopt;
    std::vector<Element> list(transfer.size);
    if (!bus_.read(data, std::as_writable_bytes(std::span(list))))
        return std::nullopt;
    return list;
}

std::optional<DmaPort::Sent> DmaPort::fetch(std::uint64_t address) {
    Transfer transfer{};
    if (!bus_.read(address, transfer)) {
        report_no_memory();
        return std::nullopt;
    }
    const auto list = elements(address, transfer);
    if (!list)
        return Sent{{}, invalid_args};
    const auto total = total_of(*list);
    if (total < sizeof(Header))
        return Sent{{}, invalid_args};
    if (total > longest_hypercall)
        return Sent{{}, payload_too_large};
    std::vector<std::byte> datagram(total);
    auto rest = std::span(datagram);
    for (const auto& element : *list) {
        if (!bus_.read(element.address, rest.first(element.length)))
            return Sent{{}, invalid_args};
        rest = rest.subspan(element.length);
    }
    return Sent{std::move(datagram), success};
}

/// The guest looks at the result when busy is clear, so that comes last.
void DmaPort::finish(std::uint64_t address, std::int64_t result) {
    if (!bus_.write(address + offsetof(Transfer, result), result))
        return report_no_memory();
    complete(address, 0, 0);
}

void DmaPort::receive(std::uint64_t address, Inbox& inbox) {
    Transfer transfer{};
    if (!bus_.read(address, transfer))
        return report_no_memory();
    const auto list = elements(address, transfer);
    const auto room = list ? total_of(*list) : 0;
    std::vector<std::byte> bytes;
    while (!inbox.empty() && padded(inbox.front().size()) <= room - bytes.size()) {
        bytes.insert(bytes.end(), inbox.front().begin(), inbox.front().end());
        bytes.resize(padded(bytes.size()));
        inbox.pop();
    }
    const bool has_taken = !bytes.empty();
    // Without an end the guest would take the last batch's leftovers for datagrams.
    if (room - bytes.size() >= sizeof(Header) && !faults_.must_not_end())
        bytes.resize(bytes.size() + sizeof(Header), std::byte{0xff});
    std::int64_t result = success;
    if (!list || !scatter(*list, bytes))
        result = invalid_args;
    if (!bus_.write(address + offsetof(Transfer, result), result))
        return report_no_memory();
    complete(address, 1, cause_dma);
    if (has_taken && !inbox.empty())
        interrupts_.raise(cause_datagram);
}

bool DmaPort::scatter(std::span<const Element> to, std::span<const std::byte> bytes) {
    for (const auto& element : to) {
        const auto some = bytes.first(std::min<std::uint64_t>(bytes.size(), element.length));
        if (!bus_.write(element.address, some))
            return false;
        bytes = bytes.subspan(some.size());
    }
    return bytes.empty();
}

void DmaPort::complete(std::uint64_t address, std::uint32_t busy, std::uint32_t cause) {
    const auto delay = faults_.delay();
    if (delay && delay->is_endless)
        return;
    constexpr std::size_t most_late = 64;
    if (delay && late_.size() < most_late) {
        late_.push_back({bus_.host().now() + delay->time, address, busy, cause});
        return complete_late();
    }
    if (!bus_.write(address + offsetof(Transfer, busy), busy))
        return report_no_memory();
    if (cause != 0)
        interrupts_.raise(cause);
}

void DmaPort::complete_late() {
    const auto now = bus_.host().now();
    const auto due = std::stable_partition(late_.begin(), late_.end(),
                                           [now](const Late& one) { return one.when > now; });
    const std::vector<Late> over(due, late_.end());
    late_.erase(due, late_.end());
    for (const auto& one : over)
        if (bus_.write(one.address + offsetof(Transfer, busy), one.busy) && one.cause != 0)
            interrupts_.raise(one.cause);
    const auto next = std::min_element(
        late_.begin(), late_.end(), [](const Late& a, const Late& b) { return a.when < b.when; });
    if (next != late_.end())
        timer_->arm(next->when);
}

void DmaPort::reset() {
    late_.clear();
    timer_->cancel();
}

} // namespace vmguest::lab::vmci
