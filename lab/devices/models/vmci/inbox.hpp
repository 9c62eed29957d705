// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Datagrams that wait for the guest.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// First in, first out; whole datagrams as they go over the wire.
class Inbox {
public:
    /// False if the guest lets too many lie; an event has more room than others.
    bool push(std::vector<std::byte> datagram, bool is_event) {
        if (bytes_ + datagram.size() >= (is_event ? event_queue_limit : queue_limit))
            return false;
        bytes_ += datagram.size();
        waiting_.push_back(std::move(datagram));
        return true;
    }
    bool empty() const { return waiting_.empty(); }
    std::size_t bytes() const { return bytes_; }
    const std::vector<std::byte>& front() const { return waiting_.front(); }
    void pop() {
        bytes_ -= waiting_.front().size();
        waiting_.pop_front();
    }
    void clear() {
        waiting_.clear();
        bytes_ = 0;
    }

private:
    std::deque<std::vector<std::byte>> waiting_;
    std::size_t bytes_ = 0;
};

} // namespace vmguest::lab::vmci
