// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Datagrams as bytes of a port: DATA_OUT and DATA_IN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/vmci/inbox.hpp"
#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// Puts datagrams together from the bytes that the guest writes. Only the header says where one
/// ends.
class PortWriter {
public:
    enum class Step { unfinished, whole, too_long };

    /// One byte more. After `whole` there is a datagram(); one that was too long has been thrown
    /// away, its last byte being the one just given.
    Step push(std::byte next);
    const std::vector<std::byte>& datagram() const { return bytes_; }
    void reset();

private:
    Step begin_payload();

    std::vector<std::byte> bytes_;
    std::uint64_t missing_ = 0; ///< bytes of the payload
    bool is_skipped_ = false;
    bool is_over_ = false; ///< the next byte begins a datagram
};

/// The stream that the guest reads, in pages of 4096 bytes counted from the last reset. Datagrams
/// are packed into a page at steps of 8 bytes; the rest of it is filler, which nothing interrupts.
/// Only a datagram larger than a page goes over its end, and it begins where a page does.
class PortReader {
public:
    explicit PortReader(Inbox& inbox) : inbox_(inbox) {}

    std::byte next();
    /// The guest is between two pages.
    bool is_at_page() const { return at_ == pages_.size(); }
    /// The filler of the pages to come is no end but zeros.
    void set_filler(std::byte filler) { filler_ = filler; }
    void reset();

private:
    void fill_pages();

    Inbox& inbox_;
    std::vector<std::byte> pages_;
    std::size_t at_ = 0;
    std::byte filler_{0xff};
};

} // namespace vmguest::lab::vmci
