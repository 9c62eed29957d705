// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The two rings of a pair; see the header. In both, `tail` is where the producer writes and
// `head` where the consumer reads; equal means empty, so one byte always stays unused.
#include "models/vmci/queue_pair.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace vmguest::lab::vmci {
namespace {

std::uint64_t data_pages(std::uint64_t size, std::uint64_t page_size) {
    return (size + page_size - 1) / page_size;
}

std::int64_t ready(std::uint64_t tail, std::uint64_t head, std::uint64_t size) {
    return static_cast<std::int64_t>(tail >= head ? tail - head : size - head + tail);
}

} // namespace

std::uint64_t QueuePair::page_count(std::uint64_t produce, std::uint64_t consume,
                                    std::uint64_t page_size) {
    return data_pages(produce, page_size) + data_pages(consume, page_size) + 2;
}

bool QueuePair::give_memory(std::vector<std::uint64_t> pages, std::uint64_t page_size) {
    const auto second = 1 + data_pages(from_guest_.size, page_size);
    from_guest_.header = pages[0];
    from_guest_.data = 1;
    to_guest_.header = pages[second];
    to_guest_.data = second + 1;
    from_guest_.at = to_guest_.at = 0;
    const QueueHeader empty = {handle_, 0, 0};
    if (!bus_.write(from_guest_.header, empty) || !bus_.write(to_guest_.header, empty))
        return false;
    pages_ = std::move(pages);
    page_size_ = page_size;
    return true;
}

void QueuePair::take_memory() {
    pages_.clear();
}

bool QueuePair::corrupt(Index which, std::uint64_t value) {
    return is_attached() &&
           publish(which == Index::tail ? offsetof(QueueHeader, tail) : offsetof(QueueHeader, head),
                   value);
}

std::optional<std::uint64_t> QueuePair::fetch(std::size_t offset) {
    std::uint64_t value = 0;
    if (!is_attached() || !bus_.read(from_guest_.header + offset, value))
        return std::nullopt;
    return value;
}

bool QueuePair::publish(std::size_t offset, std::uint64_t value) {
    return bus_.write(to_guest_.header + offset, value);
}

std::int64_t QueuePair::readable() {
    const auto tail = fetch(offsetof(QueueHeader, tail));
    if (!tail)
        return queuepair_not_ready;
    if (from_guest_.size == 0)
        return 0;
    return *tail >= from_guest_.size ? std::int64_t{invalid_size}
                                     : ready(*tail, from_guest_.at, from_guest_.size);
}

std::int64_t QueuePair::writable() {
    const auto head = fetch(offsetof(QueueHeader, head));
    if (!head)
        return queuepair_not_ready;
    if (to_guest_.size == 0)
        return 0;
    if (*head >= to_guest_.size)
        return invalid_size;
    return static_cast<std::int64_t>(to_guest_.size) - 1 -
           ready(to_guest_.at, *head, to_guest_.size);
}

/// In pieces that end with a page or with the ring. The caller has seen that there is room.
template <class Byte, class Move>
bool QueuePair::move(Ring& ring, std::span<Byte> bytes, Move&& move_some) {
    while (!bytes.empty()) {
        const auto in_page = ring.at % page_size_;
        const auto some = std::min(
            {bytes.size(), std::size_t{page_size_ - in_page}, std::size_t{ring.size - ring.at}});
        const auto page = pages_[ring.data + ring.at / page_size_];
        if (!move_some(page + in_page, bytes.first(some)))
            return false;
        ring.at = ring.at + some == ring.size ? 0 : ring.at + some;
        bytes = bytes.subspan(some);
    }
    return true;
}

std::int64_t QueuePair::read(std::span<std::byte> to) {
    const auto there = readable();
    if (there <= 0)
        return there;
    to = to.first(std::min(to.size(), static_cast<std::size_t>(there)));
    const auto from_memory = [this](std::uint64_t address, std::span<std::byte> some) {
        return bus_.read(address, some);
    };
    if (!move(from_guest_, to, from_memory) ||
        !publish(offsetof(QueueHeader, head), from_guest_.at))
        return queuepair_not_ready;
    return static_cast<std::int64_t>(to.size());
}

std::int64_t QueuePair::write(std::span<const std::byte> from) {
    const auto room = writable();
    if (room <= 0)
        return room;
    from = from.first(std::min(from.size(), static_cast<std::size_t>(room)));
    const auto to_memory = [this](std::uint64_t address, std::span<const std::byte> some) {
        return bus_.write(address, some);
    };
    if (!move(to_guest_, from, to_memory) || !publish(offsetof(QueueHeader, tail), to_guest_.at))
        return queuepair_not_ready;
    return static_cast<std::int64_t>(from.size());
}

} // namespace vmguest::lab::vmci
