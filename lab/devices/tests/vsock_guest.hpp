// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the vsock peer's tests put around it: a host whose descriptors become ready, and the
// guest's half of VMCI with rings in memory. The guest never answers by itself.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_host.hpp"
#include "models/vmci/host_end.hpp"
#include "models/vmci/vsock_packet.hpp"

namespace vmguest::lab::vmci::vsock {

inline std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// Calls watches back as the main loop does, once per round.
class PollHost final : public FakeHost {
public:
    std::unique_ptr<Watch> watch(int descriptor, std::function<void()> readable,
                                 std::function<void()> writable) override {
        return std::make_unique<PolledWatch>(*this, descriptor, std::move(readable),
                                             std::move(writable));
    }
    /// One round; false if nothing was ready.
    bool poll_once() {
        advance(std::chrono::nanoseconds{1}); // burials
        bool was_ready = false;
        for (auto* watch : std::vector(watches_)) {
            if (std::find(watches_.begin(), watches_.end(), watch) == watches_.end())
                continue;
            const int wanted = (watch->reads ? POLLIN : 0) | (watch->writes ? POLLOUT : 0);
            pollfd one = {watch->descriptor, static_cast<short>(wanted), 0};
            if (wanted == 0 || poll(&one, 1, 0) <= 0)
                continue;
            was_ready = true;
            if (watch->reads && (one.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
                watch->readable();
            if (watch->writes && (one.revents & (POLLOUT | POLLERR)) != 0)
                watch->writable();
        }
        return was_ready;
    }
    /// Until nothing is ready; false if it never ends, which would keep the machine busy.
    bool settle() {
        constexpr int most_rounds = 2000;
        for (int round = 0; round < most_rounds; ++round)
            if (!poll_once())
                return true;
        return false;
    }
    std::size_t watches() const { return watches_.size(); }

private:
    struct PolledWatch final : Watch {
        PolledWatch(PollHost& owner, int watched, std::function<void()> on_read,
                    std::function<void()> on_write)
            : host(owner), descriptor(watched), readable(std::move(on_read)),
              writable(std::move(on_write)) {
            host.watches_.push_back(this);
        }
        ~PolledWatch() override { std::erase(host.watches_, this); }
        PolledWatch(const PolledWatch&) = delete;
        PolledWatch& operator=(const PolledWatch&) = delete;
        void want_read(bool wanted) override { reads = wanted; }
        void want_write(bool wanted) override { writes = wanted; }

        PollHost& host;
        int descriptor;
        std::function<void()> readable, writable;
        bool reads = false, writes = false;
    };

    std::vector<PolledWatch*> watches_;
};

/// A ring that keeps one byte unused, as those of pairs do.
class FakeRing {
public:
    explicit FakeRing(std::size_t size) : bytes_(size) {}

    std::size_t ready() const { return (tail_ + bytes_.size() - head_) % bytes_.size(); }
    std::size_t room() const { return bytes_.size() - 1 - ready(); }
    std::size_t read(std::span<std::byte> to) {
        const auto size = std::min(to.size(), ready());
        for (auto& byte : to.first(size)) {
            byte = bytes_[head_];
            head_ = (head_ + 1) % bytes_.size();
        }
        return size;
    }
    std::size_t write(std::span<const std::byte> from) {
        const auto size = std::min(from.size(), room());
        for (const auto byte : from.first(size)) {
            bytes_[tail_] = byte;
            tail_ = (tail_ + 1) % bytes_.size();
        }
        return size;
    }

private:
    std::vector<std::byte> bytes_;
    std::size_t head_ = 0, tail_ = 0;
};

/// The pair as both ends have it; sizes are the host's.
struct FakePair final : HostPair {
    FakePair(Handle name, std::uint64_t produce, std::uint64_t consume)
        : id(name), to_guest(produce), from_guest(consume) {}

    Handle handle() const override { return id; }
    bool is_attached() const override { return is_guest_in; }
    std::int64_t readable() override { return check(from_guest.ready()); }
    std::int64_t writable() override { return check(to_guest.room()); }
    std::int64_t read(std::span<std::byte> to) override {
        const auto status = check(0);
        const auto size = status < 0 ? status : static_cast<std::int64_t>(from_guest.read(to));
        if (when_read)
            when_read();
        return size;
    }
    std::int64_t write(std::span<const std::byte> from) override {
        const auto status = check(0);
        return status < 0 ? status : static_cast<std::int64_t>(to_guest.write(from));
    }
    std::int64_t check(std::size_t number) const {
        if (!is_guest_in)
            return queuepair_not_ready;
        return has_bad_index ? std::int64_t{invalid_size} : static_cast<std::int64_t>(number);
    }

    Handle id;
    FakeRing to_guest, from_guest;
    Service* service = nullptr;
    std::function<void()> when_read; ///< what a CPU of the guest's does meanwhile
    bool is_guest_in = false;
    bool has_bad_index = false;
};

class FakeGuest final : public HostEnd {
public:
    static constexpr std::uint32_t context = 17;

    std::map<Handle, Service*> services;
    std::deque<Packet> inbox;        ///< control packets, in order
    std::vector<Datagram> datagrams; ///< all others
    std::vector<Handle> detached;    ///< events QP_PEER_DETACH
    std::list<FakePair> pairs;
    bool is_inbox_full = false;
    bool has_room_for_pairs = true;

    // What the peer calls.
    std::uint32_t guest_context() const override { return context; }
    void serve(Handle handle, Service& service) override { services[handle] = &service; }
    void unserve(Handle handle) override { services.erase(handle); }
    std::int32_t send(const Datagram& datagram) override {
        if (is_inbox_full)
            return no_resources;
        if (datagram.from == Handle{host_context, control_resource} &&
            datagram.to == Handle{context, control_resource})
            inbox.push_back(decode(datagram.payload).packet);
        else
            datagrams.push_back(datagram);
        return static_cast<std::int32_t>(sizeof(Header) + datagram.payload.size());
    }
    HostPair* create_pair(std::uint64_t produce, std::uint64_t consume, Service& service) override {
        if (!has_room_for_pairs)
            return nullptr;
        auto& pair = pairs.emplace_back(Handle{host_context, next_resource_++}, produce, consume);
        pair.service = &service;
        return &pair;
    }
    HostPair* attach_pair(Handle handle, std::uint64_t produce, std::uint64_t consume,
                          Service& service, std::int32_t& why) override {
        auto* pair = find(handle);
        why = not_found;
        if (pair == nullptr)
            return nullptr;
        why = queuepair_mismatch;
        if (pair->to_guest.room() + 1 != produce || pair->from_guest.room() + 1 != consume)
            return nullptr;
        pair->service = &service;
        return pair;
    }
    void detach_pair(HostPair& pair) override {
        const auto handle = pair.handle();
        detached.push_back(handle);
        pairs.remove_if([&](const FakePair& one) { return one.id == handle; });
    }
    bool ring(Handle) override { return false; }

    // What the guest does.
    FakePair* find(Handle handle) {
        const auto found = std::find_if(pairs.begin(), pairs.end(),
                                        [&](const FakePair& one) { return one.id == handle; });
        return found == pairs.end() ? nullptr : &*found;
    }
    std::int32_t send(Handle to, std::uint32_t from, std::vector<std::byte> payload) {
        const auto service = services.find(to);
        if (service == services.end())
            return invalid_resource;
        return service->second->datagram({to, {context, from}, std::move(payload)});
    }
    std::int32_t tell(const Packet& packet) {
        return send({host_context, control_resource}, control_resource, encode(packet));
    }
    /// The next packet of the host's; nothing if there is none.
    std::optional<Packet> next() {
        if (inbox.empty())
            return std::nullopt;
        const auto packet = inbox.front();
        inbox.pop_front();
        return packet;
    }
    Handle make_pair(std::uint64_t size) {
        auto& pair = pairs.emplace_back(Handle{context, next_resource_++}, size, size);
        pair.is_guest_in = true;
        return pair.id;
    }
    void attach(Handle handle) {
        auto& pair = *find(handle);
        pair.is_guest_in = true;
        pair.service->attached(pair);
    }
    void detach(Handle handle) {
        auto* pair = find(handle);
        if (pair == nullptr)
            return;
        if (pair->service != nullptr)
            pair->service->detaching(*pair);
        pairs.remove_if([&](const FakePair& one) { return one.id == handle; });
    }
    /// As the device does it: the pairs first.
    void reset() {
        pairs.clear();
        inbox.clear();
        for (const auto& [handle, service] : std::map(services))
            service->reset();
    }

private:
    std::uint32_t next_resource_ = first_free_resource;
};

/// The guest's end of a connection, which keeps to the rules of the queue-state protocol.
class GuestStream {
public:
    GuestStream(FakeGuest& guest, std::uint32_t guest_port, std::uint32_t host_port, Handle pair)
        : guest_(guest), guest_port_(guest_port), host_port_(host_port), pair_(pair) {}

    bool is_there() const { return guest_.find(pair_) != nullptr; }
    Handle pair() const { return pair_; }
    FakePair& rings() { return *guest_.find(pair_); }
    void tell(Type type, std::uint64_t first = 0) {
        guest_.tell({type, 0, guest_port_, host_port_, first, 0});
    }
    /// How much of it found room; tells the host if its reader may wait.
    std::size_t write(std::string_view text) {
        const auto size = rings().from_guest.write(bytes_of(text));
        if (size > 0 && rings().from_guest.ready() == size)
            tell(Type::wrote);
        return size;
    }
    /// What is there, no more than `most`; tells the host if its writer may wait.
    std::string read(std::size_t most = 1U << 20) {
        std::vector<std::byte> bytes(std::min(most, rings().to_guest.ready()));
        const bool was_full = rings().to_guest.room() == 0;
        rings().to_guest.read(bytes);
        if (was_full && !bytes.empty())
            tell(Type::read);
        return text_of(bytes);
    }

private:
    FakeGuest& guest_;
    std::uint32_t guest_port_, host_port_;
    Handle pair_;
};

/// A program that listens at a unix socket, seen from inside.
class Program {
public:
    static inline std::array<char, 1U << 18> room; ///< for what one read takes

    Program() : path_(std::string(folder()) + "/socket") {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            listen(listener_, 1000) != 0)
            throw std::runtime_error("no unix socket at " + path_);
    }
    ~Program() {
        close_end();
        close(listener_);
        unlink(path_.c_str());
        rmdir(folder());
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    const std::string& path() const { return path_; }
    /// Take the connection that waits; false if none does.
    bool accept() {
        close_end();
        end_ = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        return end_ >= 0;
    }
    ssize_t write(std::string_view text) {
        return send(end_, text.data(), text.size(), MSG_NOSIGNAL);
    }
    /// What is there now, no more than `most`.
    std::string read(std::size_t most = room.size()) {
        const auto size = recv(end_, room.data(), std::min(most, room.size()), 0);
        is_at_end_ = size == 0;
        has_failed_ = size < 0 && errno != EAGAIN;
        return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }
    bool is_at_end() {
        read(1);
        return is_at_end_;
    }
    bool has_failed() const { return has_failed_; }
    void shut_write() { shutdown(end_, SHUT_WR); }
    void shut_read() { shutdown(end_, SHUT_RD); }
    void close_end() {
        if (end_ >= 0)
            close(std::exchange(end_, -1));
    }

private:
    const char* folder() {
        if (folder_.empty()) {
            folder_ = "/tmp/vmguest-vsock.XXXXXX";
            if (mkdtemp(folder_.data()) == nullptr)
                throw std::runtime_error("no folder for a unix socket");
        }
        return folder_.c_str();
    }

    std::string folder_;
    std::string path_;
    int listener_ = -1, end_ = -1;
    bool is_at_end_ = false, has_failed_ = false;
};

} // namespace vmguest::lab::vmci::vsock
