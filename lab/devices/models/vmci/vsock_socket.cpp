// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A unix stream socket; see the header.
#include "models/vmci/vsock_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace vmguest::lab::vmci::vsock {

Result<UnixSocket> UnixSocket::connect(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Failure{"the path of a unix socket has to have 1 to 107 characters"};
    std::memcpy(address.sun_path, path.data(), path.size());
    UnixSocket made(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    // A program that is too busy to accept counts as none: this must not wait for it.
    if (made.descriptor_ < 0 ||
        ::connect(made.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
            0)
        return Failure{"cannot connect to '" + path + "' (" + std::strerror(errno) +
                       "): start the program that is to listen there"};
    return made;
}

UnixSocket::~UnixSocket() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

std::int64_t UnixSocket::receive(std::span<std::byte> to) {
    const auto size = recv(descriptor_, to.data(), to.size(), MSG_DONTWAIT);
    return size >= 0 ? size : -errno;
}

std::int64_t UnixSocket::send(std::span<const std::byte> from) {
    const auto size = ::send(descriptor_, from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return size >= 0 ? size : -errno;
}

void UnixSocket::shut(int how) {
    shutdown(descriptor_, how);
}

void UnixSocket::end() {
    shut(SHUT_RDWR);
    std::array<std::byte, 65536> waste;
    while (receive(waste) > 0) // ends: after the line above nothing is added
        ;
}

bool UnixSocket::is_peer_gone() const {
    pollfd state = {descriptor_, 0, 0};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

} // namespace vmguest::lab::vmci::vsock
