// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A peer for tests; see the header.
#include "models/vmci/test_service.hpp"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "models/vmci/names.hpp"
#include "protocol.hpp"

namespace vmguest::lab::vmci {
namespace {

constexpr const char* pair_usage =
    "'pair' wants create PRODUCE CONSUME, attach HANDLE PRODUCE CONSUME, write HANDLE TEXT, "
    "read HANDLE COUNT or detach HANDLE; a HANDLE is CONTEXT:RESOURCE";

} // namespace

std::int32_t TestService::datagram(const Datagram& datagram) {
    const auto size = static_cast<std::int32_t>(sizeof(Header) + datagram.payload.size());
    const auto sent = host_.send({datagram.from, datagram.to, datagram.payload});
    return sent < 0 ? sent : size;
}

Reply TestService::echo(std::span<const std::string_view> words) {
    const auto resource = words.size() == 2 ? parse_word(words[0]) : std::nullopt;
    if (!resource || *resource == invalid_id || (words[1] != "on" && words[1] != "off"))
        return Failure{"'echo' wants RESOURCE on|off"};
    const Handle handle = {host_context, *resource};
    if (words[1] == "on")
        host_.serve(handle, *this);
    else
        host_.unserve(handle);
    return nlohmann::json{{"echo", text_of(handle)}};
}

HostPair* TestService::find(Handle handle) const {
    const auto found = std::find_if(pairs_.begin(), pairs_.end(),
                                    [&](HostPair* pair) { return pair->handle() == handle; });
    return found == pairs_.end() ? nullptr : *found;
}

Reply TestService::pair(std::span<const std::string_view> words) {
    if (words.size() == 3 && words[0] == "create")
        return create(words.subspan(1));
    const auto handle = words.size() > 1 ? parse_handle(words[1]) : std::nullopt;
    if (!handle)
        return Failure{pair_usage};
    if (words[0] == "attach" && words.size() == 4)
        return attach(*handle, words.subspan(2));
    auto* pair = find(*handle);
    if (pair == nullptr)
        return Failure{"the test service is at no pair " + text_of(*handle) +
                       ": 'show' lists all pairs"};
    if (words[0] == "write" && words.size() == 3)
        return nlohmann::json{{"done", pair->write(std::as_bytes(std::span(words[2])))}};
    if (words[0] == "read" && words.size() == 3)
        return read(*pair, words[2]);
    if (words[0] != "detach" || words.size() != 2)
        return Failure{pair_usage};
    pairs_.erase(pair);
    host_.detach_pair(*pair);
    return nlohmann::json{{"done", success}};
}

Reply TestService::create(std::span<const std::string_view> sizes) {
    const auto produce = parse_number(sizes[0]), consume = parse_number(sizes[1]);
    if (!produce || !consume)
        return Failure{pair_usage};
    auto* pair = host_.create_pair(*produce, *consume, *this);
    if (pair == nullptr)
        return Failure{"there is no room for a pair of these sizes"};
    pairs_.insert(pair);
    return nlohmann::json{{"pair", text_of(pair->handle())}};
}

Reply TestService::attach(Handle handle, std::span<const std::string_view> sizes) {
    const auto produce = parse_number(sizes[0]), consume = parse_number(sizes[1]);
    if (!produce || !consume)
        return Failure{pair_usage};
    std::int32_t why = 0;
    auto* pair = host_.attach_pair(handle, *produce, *consume, *this, why);
    if (pair != nullptr)
        pairs_.insert(pair);
    return nlohmann::json{{"done", why}};
}

Reply TestService::read(HostPair& pair, std::string_view count) {
    constexpr std::uint64_t most = 65536;
    const auto wanted = parse_number(count);
    if (!wanted || *wanted > most)
        return Failure{"'pair read' gives at most 65536 bytes at a time"};
    std::string text(*wanted, '\0');
    const auto done = pair.read(std::as_writable_bytes(std::span(text)));
    text.resize(static_cast<std::size_t>(std::max<std::int64_t>(done, 0)));
    return nlohmann::json{{"done", done}, {"text", text}};
}

} // namespace vmguest::lab::vmci
