// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Who may share which queue pair with whom; see the header.
#include "models/vmci/broker.hpp"

#include <utility>

namespace vmguest::lab::vmci {

std::int32_t Broker::alloc(const PairRequest& request, std::span<const std::byte> page_numbers) {
    if (const auto status = check(request, page_numbers.size()); status != success)
        return status;
    const auto known = pairs_.find(request.handle);
    return known == pairs_.end() ? create_by_guest(request, page_numbers)
                                 : attach_guest(known->second, request, page_numbers);
}

std::int32_t Broker::check(const PairRequest& request, std::size_t size_of_numbers) const {
    constexpr std::uint32_t known = pair_attach_only | pair_nonblock | pair_pinned;
    if (!is_valid(request.handle) || (request.flags & ~known) != 0 ||
        (request.produce == 0 && request.consume == 0))
        return invalid_args;
    if (request.produce > most_queue_memory ||
        request.consume > most_queue_memory - request.produce)
        return no_resources;
    const auto pages = QueuePair::page_count(request.produce, request.consume, guest_.page_size());
    if (request.pages != pages || size_of_numbers != pages * guest_.page_number_width())
        return invalid_args;
    return success;
}

bool Broker::has_room(std::uint64_t bytes) const {
    return bytes_ + bytes <= most_queue_memory && pairs_.size() < most_pairs;
}

std::int32_t Broker::create_by_guest(const PairRequest& request,
                                     std::span<const std::byte> numbers) {
    if ((request.flags & pair_attach_only) != 0)
        return not_found;
    if (request.handle.context != guest_.context && request.handle.context != request.peer)
        return no_access;
    if (is_vm(request.peer))
        return dst_unreachable;
    if (!has_room(request.produce + request.consume))
        return no_resources;
    auto pair = std::make_unique<QueuePair>(bus_, request.handle, request.produce, request.consume);
    if (const auto status = give_memory(*pair, numbers); status != success)
        return status;
    bytes_ += pair->bytes();
    pairs_[request.handle] = Entry{.pair = std::move(pair), .is_guest_in = true};
    return success_queuepair_create;
}

std::int32_t Broker::attach_guest(Entry& entry, const PairRequest& request,
                                  std::span<const std::byte> numbers) {
    if (entry.is_guest_in)
        return already_exists;
    auto& pair = *entry.pair;
    if (request.produce != pair.guest_produce() || request.consume != pair.guest_consume() ||
        (request.flags & pair_pinned) != 0)
        return queuepair_mismatch;
    if (const auto status = give_memory(pair, numbers); status != success)
        return status;
    entry.is_guest_in = true;
    entry.service->attached(pair); // which may detach it at once: `entry` may be no more
    return success_queuepair_attach;
}

/// All pages or none.
std::int32_t Broker::give_memory(QueuePair& pair, std::span<const std::byte> numbers) {
    const auto width = guest_.page_number_width();
    std::vector<std::uint64_t> pages;
    pages.reserve(numbers.size() / width);
    std::int32_t status = success;
    for (std::size_t at = 0; at < numbers.size() && status == success; at += width) {
        const auto number =
            width == 8 ? load<std::uint64_t>(numbers, at) : load<std::uint32_t>(numbers, at);
        const auto address = number << guest_.page_shift;
        status =
            address >> guest_.page_shift == number ? claim(address) : std::int32_t{invalid_args};
        if (status == success)
            pages.push_back(address);
    }
    if (status == success && pair.give_memory(pages, guest_.page_size()))
        return success;
    for (const auto page : pages)
        pages_.erase(page);
    return status == success ? invalid_args : status;
}

std::int32_t Broker::claim(std::uint64_t page) {
    std::byte first{};
    if (!bus_.read(page, first)) {
        bus_.host().report("a page of a queue pair is no memory");
        return invalid_args;
    }
    if (!pages_.insert(page).second) {
        bus_.host().report("a page of a queue pair is in use by a pair already");
        return page_already_shared;
    }
    return success;
}

void Broker::release(QueuePair& pair) {
    for (const auto page : pair.pages())
        pages_.erase(page);
    bytes_ -= pair.bytes();
}

/// The pair is out of the table before its service is told, so that it can be left only once.
std::int32_t Broker::detach(Handle handle) {
    const auto found = pairs_.find(handle);
    if (found == pairs_.end())
        return not_found;
    if (!found->second.is_guest_in)
        return queuepair_not_attached;
    const auto entry = std::move(found->second);
    pairs_.erase(found);
    if (entry.service != nullptr)
        entry.service->detaching(*entry.pair);
    release(*entry.pair);
    return entry.service != nullptr ? success : success_last_detach;
}

std::optional<Handle> Broker::new_handle() {
    // There are fewer pairs than resources.
    for (std::size_t i = 0; i <= most_pairs; ++i) {
        const Handle handle = {host_context, next_resource_};
        next_resource_ =
            next_resource_ == invalid_id - 1 ? first_free_resource : next_resource_ + 1;
        if (!pairs_.contains(handle))
            return handle;
    }
    return std::nullopt;
}

HostPair* Broker::create(std::uint64_t produce, std::uint64_t consume, Service& service) {
    if (produce > most_queue_memory || consume > most_queue_memory - produce ||
        !has_room(produce + consume) || produce + consume == 0)
        return nullptr;
    const auto handle = new_handle();
    if (!handle)
        return nullptr;
    auto pair = std::make_unique<QueuePair>(bus_, *handle, consume, produce);
    bytes_ += pair->bytes();
    auto& entry = pairs_[*handle] = Entry{.pair = std::move(pair), .service = &service};
    return entry.pair.get();
}

HostPair* Broker::attach(Handle handle, std::uint64_t produce, std::uint64_t consume,
                         Service& service, std::int32_t& why) {
    const auto found = pairs_.find(handle);
    if (found == pairs_.end()) {
        why = not_found;
        return nullptr;
    }
    auto& entry = found->second;
    if (entry.service != nullptr)
        why = already_exists;
    else if (entry.is_host_gone)
        why = unavailable;
    else if (produce != entry.pair->guest_consume() || consume != entry.pair->guest_produce())
        why = queuepair_mismatch;
    else
        why = success_queuepair_attach;
    if (why < 0)
        return nullptr;
    entry.service = &service;
    tell_(Event::peer_attach, handle);
    return entry.pair.get();
}

/// Without memory nothing more can come of a pair whose host's end has left.
void Broker::detach(HostPair& pair) {
    const auto found = pairs_.find(pair.handle());
    if (found == pairs_.end() || found->second.pair.get() != &pair)
        return;
    auto& entry = found->second;
    if (entry.is_guest_in) {
        entry.service = nullptr;
        entry.is_host_gone = true;
        tell_(Event::peer_detach, found->first);
        return;
    }
    release(*entry.pair);
    pairs_.erase(found);
}

std::set<Service*> Broker::clear() {
    std::set<Service*> services;
    for (const auto& [handle, entry] : pairs_)
        if (entry.service != nullptr)
            services.insert(entry.service);
    pairs_.clear();
    pages_.clear();
    bytes_ = 0;
    return services;
}

QueuePair* Broker::find(Handle handle) {
    const auto found = pairs_.find(handle);
    return found == pairs_.end() ? nullptr : found->second.pair.get();
}

} // namespace vmguest::lab::vmci
