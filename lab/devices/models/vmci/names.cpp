// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Words for VMCI's numbers; see the header.
#include "models/vmci/names.hpp"

#include <array>
#include <limits>

#include "protocol.hpp"

namespace vmguest::lab::vmci {
namespace {

constexpr std::array<std::string_view, 12> hypercalls = {
    "resources_query", "get_context_id",    "set_notify_bitmap", "doorbell_link",
    "doorbell_unlink", "doorbell_notify",   "request_map",       "remove_map",
    "event_subscribe", "event_unsubscribe", "queuepair_alloc",   "queuepair_detach",
};

} // namespace

std::string_view name_of(Hypercall call) {
    const auto number = static_cast<std::size_t>(call);
    return number < hypercalls.size() ? hypercalls[number] : std::string_view{};
}

std::optional<Hypercall> parse_hypercall(std::string_view word) {
    for (std::size_t i = 0; i < hypercalls.size(); ++i)
        if (hypercalls[i] == word)
            return static_cast<Hypercall>(i);
    return std::nullopt;
}

std::string text_of(Handle handle) {
    return std::to_string(handle.context) + ":" + std::to_string(handle.resource);
}

std::optional<Handle> parse_handle(std::string_view word) {
    const auto colon = word.find(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    const auto context = parse_word(word.substr(0, colon));
    const auto resource = parse_word(word.substr(colon + 1));
    if (!context || !resource)
        return std::nullopt;
    return Handle{*context, *resource};
}

std::optional<std::uint32_t> parse_word(std::string_view word) {
    const auto number = parse_number(word);
    if (!number || *number > std::numeric_limits<std::uint32_t>::max())
        return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

std::optional<std::int32_t> parse_signed(std::string_view word) {
    const bool is_negative = word.starts_with('-');
    const auto number = parse_number(is_negative ? word.substr(1) : word);
    if (!number || *number > std::uint64_t{0x7fff'ffff})
        return std::nullopt;
    const auto value = static_cast<std::int32_t>(*number);
    return is_negative ? -value : value;
}

} // namespace vmguest::lab::vmci
