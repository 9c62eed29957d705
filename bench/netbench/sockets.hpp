// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Sockets of the bench: calls that throw on failure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "system.hpp"

namespace vmguest::netbench {

/// Throw a std::runtime_error that ends with what errno says.
[[noreturn]] void fail_errno(const std::string& what);

using bench::Descriptor;

sockaddr_in address(const std::string& host, std::uint16_t port);

Descriptor bound_udp(std::uint16_t port);
Descriptor connected_udp(const sockaddr_in& to);
Descriptor listening_tcp(std::uint16_t port);
/// Tries again until the deadline: the peer may still be starting.
Descriptor connected_tcp(const sockaddr_in& to, std::chrono::seconds patience);

/// Receiving gives up after this time.
void set_receive_timeout(const Descriptor& socket, std::chrono::milliseconds time);
/// As large as the kernel allows; it is no failure if that is less than wanted.
void enlarge_receive_buffer(const Descriptor& socket);

void send_all(const Descriptor& socket, std::string_view bytes);
/// Up to the next line end, which is dropped. Reads byte by byte: what follows may be data.
std::string receive_line(const Descriptor& socket);
/// Bytes read, 0 at the end of the stream.
std::size_t receive_some(const Descriptor& socket, std::span<char> room);

std::uint64_t retransmits(const Descriptor& socket);
/// Bytes that the other side has not acknowledged.
int unacknowledged(const Descriptor& socket);

/// A fixed number of datagrams that one system call sends or receives.
class Batch {
public:
    static constexpr unsigned size = 32;

    explicit Batch(std::size_t datagram_bytes);
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    /// Send all of them.
    void send(const Descriptor& socket) { send(socket, size); }
    void send(const Descriptor& socket, unsigned number);
    /// Wait for at least one, take at most `most`; 0 if the receive timeout has passed.
    unsigned receive(const Descriptor& socket, unsigned most = size);
    /// Take what is there, at most `most`; 0 if nothing is.
    unsigned poll(const Descriptor& socket, unsigned most = size);

private:
    unsigned take(const Descriptor& socket, unsigned most, int flags);

    std::vector<char> bytes_;
    iovec vectors_[size] = {};
    mmsghdr headers_[size] = {};
};

} // namespace vmguest::netbench
