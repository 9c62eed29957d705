// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Sockets of the bench; see the header.
#include "sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace vmguest::netbench {
namespace {

constexpr std::size_t longest_line = 4096;
constexpr int wanted_receive_buffer = 8 << 20;

Descriptor make(int type) {
    Descriptor made(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    if (made.get() < 0)
        fail_errno("cannot make a socket");
    return made;
}

const sockaddr* generic(const sockaddr_in& it) {
    return reinterpret_cast<const sockaddr*>(&it);
}

void bind_any(const Descriptor& socket, std::uint16_t port) {
    const int yes = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(socket.get(), generic(address("0.0.0.0", port)), sizeof(sockaddr_in)) != 0)
        fail_errno("cannot bind port " + std::to_string(port));
}

} // namespace

void fail_errno(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

sockaddr_in address(const std::string& host, std::uint16_t port) {
    sockaddr_in result = {};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &result.sin_addr) != 1)
        throw std::runtime_error("'" + host + "' is no IPv4 address");
    return result;
}

Descriptor bound_udp(std::uint16_t port) {
    auto made = make(SOCK_DGRAM);
    bind_any(made, port);
    return made;
}

Descriptor connected_udp(const sockaddr_in& to) {
    auto made = make(SOCK_DGRAM);
    if (connect(made.get(), generic(to), sizeof to) != 0)
        fail_errno("cannot address the peer");
    return made;
}

Descriptor listening_tcp(std::uint16_t port) {
    auto made = make(SOCK_STREAM);
    bind_any(made, port);
    if (listen(made.get(), 8) != 0)
        fail_errno("cannot listen on port " + std::to_string(port));
    return made;
}

Descriptor connected_tcp(const sockaddr_in& to, std::chrono::seconds patience) {
    using clock = std::chrono::steady_clock;
    for (const auto deadline = clock::now() + patience;;) {
        auto made = make(SOCK_STREAM);
        if (connect(made.get(), generic(to), sizeof to) == 0)
            return made;
        if (clock::now() > deadline)
            fail_errno("the peer does not answer");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void set_receive_timeout(const Descriptor& socket, std::chrono::milliseconds time) {
    const timeval value = {.tv_sec = time.count() / 1000, .tv_usec = time.count() % 1000 * 1000};
    if (setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value) != 0)
        fail_errno("cannot set a time limit");
}

void enlarge_receive_buffer(const Descriptor& socket) {
    const int bytes = wanted_receive_buffer;
    if (setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void send_all(const Descriptor& socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            fail_errno("cannot send to the other side");
        bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
}

std::size_t receive_some(const Descriptor& socket, std::span<char> room) {
    for (;;) {
        const auto size = recv(socket.get(), room.data(), room.size(), 0);
        if (size >= 0)
            return static_cast<std::size_t>(size);
        if (errno != EINTR)
            fail_errno("cannot receive from the other side");
    }
}

std::string receive_line(const Descriptor& socket) {
    std::string line;
    for (char next = 0; line.size() < longest_line; line += next) {
        if (receive_some(socket, {&next, 1}) == 0)
            throw std::runtime_error("the other side hung up in the middle of a line");
        if (next == '\n')
            return line;
    }
    throw std::runtime_error("the other side sent a line that does not end");
}

std::uint64_t retransmits(const Descriptor& socket) {
    tcp_info info = {};
    socklen_t size = sizeof info;
    if (getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        fail_errno("cannot read the connection's statistics");
    return info.tcpi_total_retrans;
}

int unacknowledged(const Descriptor& socket) {
    int bytes = 0;
    if (ioctl(socket.get(), SIOCOUTQ, &bytes) != 0)
        fail_errno("cannot read the length of the send queue");
    return bytes;
}

Batch::Batch(std::size_t datagram_bytes) : bytes_(datagram_bytes * size) {
    for (unsigned i = 0; i < size; ++i) {
        vectors_[i] = {bytes_.data() + i * datagram_bytes, datagram_bytes};
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
    }
}

void Batch::send(const Descriptor& socket, unsigned number) {
    for (unsigned done = 0; done < number;) {
        const int sent = sendmmsg(socket.get(), headers_ + done, number - done, 0);
        // A port that is closed at the other side is reported here; the datagrams are sent again.
        if (sent < 0 && errno != EINTR && errno != ENOBUFS && errno != ECONNREFUSED)
            fail_errno("cannot send datagrams");
        done += static_cast<unsigned>(std::max(sent, 0));
    }
}

unsigned Batch::receive(const Descriptor& socket, unsigned most) {
    return take(socket, most, MSG_WAITFORONE);
}

unsigned Batch::poll(const Descriptor& socket, unsigned most) {
    return take(socket, most, MSG_DONTWAIT);
}

unsigned Batch::take(const Descriptor& socket, unsigned most, int flags) {
    for (;;) {
        const int got = recvmmsg(socket.get(), headers_, most, flags, nullptr);
        if (got >= 0)
            return static_cast<unsigned>(got);
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR)
            fail_errno("cannot receive datagrams");
    }
}

} // namespace vmguest::netbench
