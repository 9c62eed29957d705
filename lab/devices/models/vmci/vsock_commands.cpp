// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the host side may ask of the vsock peer: `model ID vsock WORD…` of the control socket.
#include "models/vmci/vsock_peer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol.hpp"

namespace vmguest::lab::vmci::vsock {
namespace {

using nlohmann::json;

constexpr const char* usage =
    "vsock knows listen PORT unix PATH, unlisten PORT, connect PORT unix PATH [FROM], result ID, "
    "reset ID, dgram PORT echo|close, send FROM TO TEXT, hostile SCRIPT and show";

/// Any but the port that stands for none.
std::optional<std::uint32_t> parse_port(std::string_view word) {
    const auto number = parse_number(word);
    if (!number || *number >= any_port)
        return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

Failure no_port(std::string_view word) {
    return Failure{"'" + std::string(word) + "' is no port: write a number below 4294967295"};
}

std::string join(std::span<const std::string_view> words) {
    std::string text;
    for (const auto word : words)
        text += (text.empty() ? "" : " ") + std::string(word);
    return text;
}

json describe(const Connection& one) {
    return {{"id", one.id()},
            {"guest_port", one.ports().guest},
            {"host_port", one.ports().host},
            {"state", name_of(one.state())},
            {"size", one.size()},
            {"notices", one.notices() == Notices::packets ? "packets" : "queue-state"},
            {"from_guest", one.bridge().from_guest()},
            {"to_guest", one.bridge().to_guest()},
            {"waiting", one.bridge().waiting()}};
}

} // namespace

Reply Peer::command(Words words) {
    using Carry = Reply (Peer::*)(Words arguments);
    struct Verb {
        std::string_view name;
        std::size_t fewest, most; ///< arguments
        Carry carry_out;
    };
    constexpr std::size_t many = 1000;
    static constexpr Verb verbs[] = {
        {"listen", 3, 3, &Peer::listen},
        {"unlisten", 1, 1, &Peer::unlisten},
        {"connect", 3, 4, &Peer::connect},
        {"result", 1, 1, &Peer::result},
        {"reset", 1, 1, &Peer::reset_one},
        {"dgram", 2, 2, &Peer::endpoint},
        {"send", 3, many, &Peer::send_datagram},
        {"hostile", 1, many, &Peer::hostile},
        {"show", 0, 0, &Peer::show},
    };
    const auto arguments = words.empty() ? words : words.subspan(1);
    for (const auto& verb : verbs)
        if (!words.empty() && verb.name == words[0] && arguments.size() >= verb.fewest &&
            arguments.size() <= verb.most)
            return (this->*verb.carry_out)(arguments);
    return Failure{usage};
}

Reply Peer::listen(Words words) {
    const auto port = parse_port(words[0]);
    if (!port)
        return no_port(words[0]);
    if (words[1] != "unix")
        return Failure{usage};
    if (listeners_.contains(*port))
        return Failure{"port " + std::to_string(*port) +
                       " is listened at already: 'unlisten' it first"};
    if (listeners_.size() >= most_listeners)
        return Failure{"there are 256 listeners, which is all there may be: 'unlisten' one first"};
    listeners_[*port] = words[2];
    return json{{"ok", true}};
}

Reply Peer::unlisten(Words words) {
    const auto port = parse_port(words[0]);
    if (!port || listeners_.erase(*port) == 0)
        return Failure{"nobody listens at port '" + std::string(words[0]) + "': see 'show'"};
    return json{{"ok", true}};
}

Reply Peer::connect(Words words) {
    const auto port = parse_port(words[0]);
    if (!port)
        return no_port(words[0]);
    if (words[1] != "unix")
        return Failure{usage};
    const auto from = words.size() > 3 ? parse_port(words[3]) : free_port(*port);
    if (!from)
        return no_port(words[3]);
    if (find(Ports{*port, *from}) != nullptr)
        return Failure{"port " + std::to_string(*from) + " is connected to that port already"};
    if (is_full())
        return Failure{"there are too many vsock connections: wait until some have ended"};
    auto socket = UnixSocket::connect(std::string(words[2]));
    if (!socket)
        return Failure{socket.sentence()};
    auto& connection = connections_.emplace_back(shared_, next_id_++, Ports{*port, *from},
                                                 std::move(socket.value()));
    connection.connect();
    return json{{"id", connection.id()}, {"host_port", connection.ports().host}};
}

/// "connecting", "connected", "failed" (it never was), or "ended".
Reply Peer::result(Words words) {
    bury();
    const auto id = static_cast<unsigned>(parse_port(words[0]).value_or(0));
    const auto* connection = find(id);
    if (connection != nullptr && connection->is_hosts())
        return json{{"state", connection->is_pending() ? "connecting" : "connected"}, {"why", ""}};
    const auto outcome = outcomes_.find(id);
    if (outcome == outcomes_.end())
        return Failure{"the host has made no connection '" + std::string(words[0]) +
                       "', or long ago"};
    return json{{"state", outcome->second.was_connected ? "ended" : "failed"},
                {"why", outcome->second.why}};
}

Reply Peer::reset_one(Words words) {
    auto* connection = find(static_cast<unsigned>(parse_port(words[0]).value_or(0)));
    if (connection == nullptr || connection->is_over())
        return Failure{"there is no connection '" + std::string(words[0]) + "': see 'show'"};
    connection->abort();
    return json{{"ok", true}};
}

Reply Peer::endpoint(Words words) {
    const auto port = parse_port(words[0]);
    if (!port || *port <= control_resource)
        return Failure{"'" + std::string(words[0]) +
                       "' is no port for datagrams: write a number from 2"};
    const Handle handle = {host_context, *port};
    if (words[1] == "close" && endpoints_.erase(*port) != 0) {
        end_.unserve(handle);
        return json{{"ok", true}};
    }
    if (words[1] != "echo" || endpoints_.contains(*port) || endpoints_.size() >= most_endpoints)
        return Failure{"'dgram PORT echo' opens one of at most 256 endpoints, 'dgram PORT close' "
                       "closes it"};
    end_.serve(handle, *this);
    endpoints_[*port] = 0;
    return json{{"ok", true}};
}

Reply Peer::send_datagram(Words words) {
    const auto from = parse_port(words[0]), to = parse_port(words[1]);
    if (!from || !to)
        return no_port(from ? words[1] : words[0]);
    const auto text = join(words.subspan(2));
    Datagram datagram{{end_.guest_context(), *to}, {host_context, *from}, {}};
    datagram.payload.resize(text.size());
    std::memcpy(datagram.payload.data(), text.data(), text.size());
    if (const auto status = end_.send(datagram); status < 0)
        return Failure{"the datagram was refused: status " + std::to_string(status)};
    return json{{"ok", true}};
}

Reply Peer::hostile(Words words) {
    const auto rules = faults_.load(join(words));
    if (!rules)
        return Failure{rules.sentence()};
    return json{{"rules", rules.value()}, {"committed", faults_.committed()}};
}

Reply Peer::show(Words) {
    auto listeners = json::array(), endpoints = json::array(), connections = json::array();
    for (const auto& [port, path] : listeners_)
        listeners.push_back({{"port", port}, {"path", path}});
    for (const auto& [port, received] : endpoints_)
        endpoints.push_back({{"port", port}, {"received", received}});
    for (const auto& connection : connections_)
        if (!connection.is_over())
            connections.push_back(describe(connection));
    return json{{"listeners", listeners}, {"datagrams", endpoints}, {"connections", connections}};
}

} // namespace vmguest::lab::vmci::vsock
