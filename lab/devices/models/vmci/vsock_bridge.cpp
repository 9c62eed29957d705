// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Between queue pair and socket; see the header.
#include "models/vmci/vsock_bridge.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace vmguest::lab::vmci::vsock {
namespace {

/// The guest's CPUs run meanwhile. Between the change of an index of ours and a look at one of
/// theirs, or both may see the other's old one and both wait.
void order_indexes() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool is_would_block(std::int64_t result) {
    return result == -EAGAIN || result == -EWOULDBLOCK || result == -EINTR;
}

} // namespace

Bridge::Bridge(Host& host, UnixSocket socket, End& end)
    : socket_(std::move(socket)), end_(end), host_(host),
      watch_(host.watch(
          socket_.descriptor(), [this] { pump(); }, [this] { pump(); })) {}

void Bridge::start(HostPair& pair, std::uint64_t size, Notices notices) {
    pair_ = &pair;
    notices_ = notices;
    capacity_ = size - 1;
    bytes_.resize(piece);
    is_running_ = true;
    pump();
}

void Bridge::stop() {
    watch_->want_read(false);
    watch_->want_write(false);
    pair_ = nullptr;
    is_running_ = false;
    socket_.end();
}

void Bridge::pump() {
    if (is_running_)
        carry_from_guest();
    if (is_running_)
        carry_to_guest();
    if (is_running_)
        answer_waits();
    if (is_running_)
        settle();
}

/// True if nothing waits for the socket any more.
bool Bridge::flush() {
    while (waiting() > 0) {
        const auto size = socket_.send(std::span(bytes_).subspan(begin_of_bytes_, waiting()));
        if (is_would_block(size))
            return false;
        if (size < 0) {
            is_output_shut_ = is_output_broken_ = true;
            begin_of_bytes_ = end_of_bytes_;
            break;
        }
        begin_of_bytes_ += static_cast<std::size_t>(size);
        from_guest_ += static_cast<std::uint64_t>(size);
    }
    return true;
}

/// Whether the queue was full before so much was read: then its writer may wait.
bool Bridge::is_full_for_guest(std::int64_t just_read) {
    order_indexes();
    const auto left = pair_->readable();
    return left >= 0 && static_cast<std::uint64_t>(left + just_read) == capacity_;
}

/// Whether the queue was empty before so much was written: then its reader may wait.
bool Bridge::is_news_for_guest(std::int64_t just_written) {
    order_indexes();
    const auto room = pair_->writable();
    return room >= 0 && static_cast<std::uint64_t>(room + just_written) == capacity_;
}

void Bridge::carry_from_guest() {
    bool has_freed_full = false;
    std::size_t left = most_at_once;
    has_more_ = false;
    while (flush() && pair_ != nullptr && !is_output_shut_) {
        if (left == 0) {
            has_more_ = true; // the socket is writable, so this goes on at once
            break;
        }
        const auto size = pair_->read(std::span(bytes_).first(std::min(piece, left)));
        if (size < 0)
            return fail(size);
        if (size == 0) {
            if (has_guest_shut_send_) {
                is_output_shut_ = true;
                socket_.shut(SHUT_WR);
            }
            break;
        }
        begin_of_bytes_ = 0;
        end_of_bytes_ = static_cast<std::size_t>(size);
        left -= end_of_bytes_;
        has_freed_full = is_full_for_guest(size) || has_freed_full;
        if (!end_.moved())
            return;
    }
    if (has_freed_full && notices_ == Notices::queue_state)
        end_.tell(Type::read, 0);
}

/// How much may be written now. A queue that is full is left alone until the guest tells.
std::int64_t Bridge::room_for_guest() {
    order_indexes();
    const auto room = pair_->writable();
    is_queue_full_ = room == 0;
    if (is_queue_full_ && notices_ == Notices::packets && !std::exchange(has_said_writing_, true)) {
        end_.tell(Type::waiting_write, 0);
        is_queue_full_ = pair_->writable() == 0;
    }
    return room;
}

void Bridge::carry_to_guest() {
    std::array<std::byte, piece> bytes;
    std::size_t left = most_at_once; // what is left after it the watch tells again
    while (pair_ != nullptr && !is_input_over_ && left > 0) {
        const auto room = room_for_guest();
        if (room < 0)
            return fail(room);
        if (room == 0)
            return;
        const auto most = std::min({piece, left, static_cast<std::size_t>(room)});
        const auto size = socket_.receive(std::span(bytes).first(most));
        if (is_would_block(size))
            return;
        if (size <= 0) {
            is_input_over_ = true;
            return;
        }
        const auto written = pair_->write(std::span(bytes).first(static_cast<std::size_t>(size)));
        if (written != size) // only a guest that moves indexes which are not its own gets here
            return fail(written < 0 ? written : std::int64_t{invalid_size});
        left -= static_cast<std::size_t>(size);
        to_guest_ += static_cast<std::uint64_t>(size);
        if (notices_ == Notices::queue_state && is_news_for_guest(size))
            end_.tell(Type::wrote, 0);
        if (!end_.moved())
            return;
    }
}

/// The older protocol: who waits has said so and is told once.
void Bridge::answer_waits() {
    if (notices_ != Notices::packets || pair_ == nullptr)
        return;
    order_indexes();
    const auto room = pair_->writable(), ready = pair_->readable();
    if (room < 0 || ready < 0)
        return fail(std::min(room, ready));
    if (guest_waits_to_read_ && static_cast<std::uint64_t>(room) < capacity_) {
        guest_waits_to_read_ = false;
        end_.tell(Type::wrote, 0);
    }
    if (guest_waits_to_write_ && static_cast<std::uint64_t>(ready) < capacity_) {
        guest_waits_to_write_ = false;
        end_.tell(Type::read, 0);
    }
    if (ready == 0 && !is_output_shut_ && !std::exchange(has_said_reading_, true))
        end_.tell(Type::waiting_read, 0);
}

void Bridge::guest_tells(Type what) {
    if (what == Type::wrote)
        has_said_reading_ = false;
    else if (what == Type::read)
        has_said_writing_ = false;
    else if (what == Type::waiting_read)
        guest_waits_to_read_ = true;
    else if (what == Type::waiting_write)
        guest_waits_to_write_ = true;
    pump();
}

void Bridge::guest_shut(std::uint64_t mode) {
    if ((mode & shut_send) != 0)
        has_guest_shut_send_ = true;
    if ((mode & shut_receive) != 0 && !is_input_over_) {
        is_input_over_ = has_told_input_ = true;
        socket_.shut(SHUT_RD);
    }
    pump();
}

/// Take so much more of the guest's queue into the buffer.
void Bridge::keep(std::size_t more) {
    std::vector<std::byte> all(waiting() + more);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_of_bytes_), waiting(),
                all.begin());
    const auto size = pair_->read(std::span(all).subspan(waiting()));
    end_of_bytes_ = waiting() + static_cast<std::size_t>(std::max<std::int64_t>(size, 0));
    begin_of_bytes_ = 0;
    bytes_ = std::move(all);
}

void Bridge::guest_leaves(std::size_t most) {
    if (!is_running_)
        return;
    const auto ready = is_output_shut_ ? 0 : pair_->readable();
    if (ready > 0 && static_cast<std::uint64_t>(ready) <= most)
        keep(static_cast<std::size_t>(ready));
    else if (ready > 0)
        host_.log("what the guest sent last is lost: too much waits for programs that do not read");
    pair_ = nullptr;
    is_input_over_ = true;
    socket_.shut(SHUT_RD);
    pump();
}

/// After all was carried that could be: who has to be told of an end, and what to wait for.
void Bridge::settle() {
    const bool has_left = pair_ == nullptr;
    const bool is_gone = !has_left && is_input_over_ && socket_.is_peer_gone();
    if (is_gone && !is_output_shut_) {
        is_output_shut_ = is_output_broken_ = true;
        begin_of_bytes_ = end_of_bytes_;
    }
    std::uint64_t mode = 0;
    if (!has_left && is_input_over_ && !std::exchange(has_told_input_, true))
        mode |= shut_send;
    if (!has_left && is_output_broken_ && !std::exchange(has_told_output_, true))
        mode |= shut_receive;
    if (mode != 0) // in one packet: a program that closes ends both directions at once
        end_.tell(Type::shutdown, mode);
    watch_->want_read(!has_left && !is_input_over_ && !is_queue_full_);
    watch_->want_write(waiting() > 0 || has_more_);
    if (has_left && waiting() == 0)
        end_.over("the guest has closed it");
    else if (!has_left && is_input_over_ && is_output_shut_)
        end_.over("both ends have closed it");
}

void Bridge::fail(std::int64_t status) {
    if (status == invalid_size)
        host_.report("a ring index of a vsock connection is out of range");
    end_.over("its queue pair cannot be used");
}

} // namespace vmguest::lab::vmci::vsock
