// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The other end of the wire; see the header.
#include "peer.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <poll.h>

namespace vmguest::netbench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t longest_datagram = 65536;
constexpr std::chrono::seconds client_patience{30};
constexpr std::size_t chunk = 256 << 10;

std::atomic<std::uint64_t> sunk{0};

void sink(const Descriptor& socket) {
    Batch batch(longest_datagram / Batch::size);
    for (;;)
        sunk += batch.receive(socket);
}

void echo_after(std::chrono::microseconds delay, const Descriptor& socket) {
    std::array<char, 2048> data;
    for (;;) {
        sockaddr_in from = {};
        socklen_t length = sizeof from;
        const auto size = recvfrom(socket.get(), data.data(), data.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &length);
        if (size < 0)
            fail_errno("cannot receive");
        if (delay.count() > 0)
            std::this_thread::sleep_for(delay);
        sendto(socket.get(), data.data(), static_cast<std::size_t>(size), 0,
               reinterpret_cast<const sockaddr*>(&from), length);
    }
}

void echo(const Descriptor& socket) {
    echo_after(std::chrono::microseconds(0), socket);
}

/// Long enough for a guest with nothing else to do to halt.
void echo_late(const Descriptor& socket) {
    echo_after(std::chrono::microseconds(300), socket);
}

/// Serve a socket for good beside everything else. A service that cannot go on ends the peer,
/// which the guest notices.
void start(const char* name, Descriptor socket, void (*work)(const Descriptor&)) {
    std::thread([name, socket = std::move(socket), work] {
        try {
            work(socket);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "netbench peer: %s: %s\n", name, error.what());
            std::exit(1);
        }
    }).detach();
}

bool has_input(const Descriptor& socket) {
    pollfd entry = {socket.get(), POLLIN, 0};
    return poll(&entry, 1, 0) > 0;
}

sockaddr_in asker(const Descriptor& client) {
    sockaddr_in from = {};
    socklen_t length = sizeof from;
    if (getpeername(client.get(), reinterpret_cast<sockaddr*>(&from), &length) != 0)
        fail_errno("the guest has gone");
    return from;
}

void flood(const Descriptor& client, std::istringstream& words) {
    std::uint16_t port = 0;
    std::size_t bytes = 0;
    std::uint64_t rate = 0;
    if (!(words >> port >> bytes >> rate) || bytes == 0 || bytes > longest_datagram)
        throw std::runtime_error("a flood wants PORT BYTES RATE");
    auto to = asker(client);
    to.sin_port = htons(port);
    const auto socket = connected_udp(to);
    Batch batch(bytes);
    const unsigned at_once = rate == 0 ? Batch::size : 1;
    std::uint64_t sent = 0;
    const std::chrono::nanoseconds gap(rate == 0 ? 0 : 1'000'000'000 / rate);
    auto due = steady_clock::now();
    while (!has_input(client)) {
        if (rate != 0)
            std::this_thread::sleep_until(due);
        batch.send(socket, at_once);
        sent += at_once;
        // Whoever was held up does not catch up: that would be a burst.
        due = std::max(due + gap, steady_clock::now());
    }
    // Left unread, the line would make the kernel reset the connection at its end.
    receive_line(client);
    send_all(client, std::to_string(sent) + '\n');
}

void receive(const Descriptor& client) {
    std::vector<char> room(chunk);
    std::uint64_t total = 0;
    while (const auto size = receive_some(client, room))
        total += size;
    send_all(client, std::to_string(total) + '\n');
}

void send(const Descriptor& client, std::istringstream& words) {
    std::uint64_t left = 0;
    if (!(words >> left))
        throw std::runtime_error("send wants a number of bytes");
    const std::vector<char> data(chunk);
    for (; left > 0; left -= std::min<std::uint64_t>(left, chunk))
        send_all(client, {data.data(), std::min<std::uint64_t>(left, chunk)});
    const auto deadline = steady_clock::now() + client_patience;
    while (unacknowledged(client) > 0 && steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    send_all(client, std::to_string(retransmits(client)) + '\n');
}

void serve_request(const Descriptor& client) {
    std::istringstream words(receive_line(client));
    std::string verb;
    words >> verb;
    if (verb == "sunk")
        send_all(client, std::to_string(sunk.exchange(0)) + '\n');
    else if (verb == "flood")
        flood(client, words);
    else if (verb == "receive")
        receive(client);
    else if (verb == "send")
        send(client, words);
    else
        throw std::runtime_error("'" + verb + "' is no request");
}

} // namespace

void serve() {
    auto sink_socket = bound_udp(sink_port);
    enlarge_receive_buffer(sink_socket);
    const auto listener = listening_tcp(control_port);
    start("sink", std::move(sink_socket), sink);
    start("echo", bound_udp(echo_port), echo);
    start("late echo", bound_udp(late_echo_port), echo_late);
    for (;;) {
        const Descriptor client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (client.get() < 0)
            fail_errno("cannot accept a connection");
        try {
            set_receive_timeout(client, client_patience);
            serve_request(client);
        } catch (const std::exception& error) {
            // One guest's trouble; it sees its connection end without an answer.
            std::fprintf(stderr, "netbench peer: %s\n", error.what());
        }
    }
}

Descriptor request(const std::string& peer, const std::string& line) {
    auto connection = connected_tcp(address(peer, control_port), std::chrono::seconds(10));
    set_receive_timeout(connection, client_patience);
    send_all(connection, line + '\n');
    return connection;
}

} // namespace vmguest::netbench
