// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A unix stream socket that never blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "host.hpp"

namespace vmguest::lab::vmci::vsock {

class UnixSocket {
public:
    /// Connect to the program that listens at `path`.
    static Result<UnixSocket> connect(const std::string& path);
    /// Takes the descriptor, which has to be non-blocking.
    explicit UnixSocket(int descriptor) : descriptor_(descriptor) {}
    UnixSocket(UnixSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    UnixSocket& operator=(UnixSocket&& other) = delete;
    ~UnixSocket();

    int descriptor() const { return descriptor_; }
    /// Bytes moved, 0 at the end of what the program sends, or -errno.
    std::int64_t receive(std::span<std::byte> to);
    std::int64_t send(std::span<const std::byte> from);
    /// SHUT_RD: the program's writes fail. SHUT_WR: it reads to the end.
    void shut(int how);
    /// Nothing goes either way any more, and what it has sent is thrown away: if it were left
    /// here, the program would read an error where it is to read the end.
    void end();
    /// The program has closed, not just shut, its end.
    bool is_peer_gone() const;

private:
    int descriptor_;
};

} // namespace vmguest::lab::vmci::vsock
