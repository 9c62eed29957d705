// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A guest that drives the VMCI model: it brings the device up, sends, receives and keeps rings as
// real guests do, or leaves their ways on purpose.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "fake_host.hpp"
#include "models/vmci/vmci.hpp"
#include "protocol.hpp"

namespace vmguest::lab::vmci {

using Bytes = std::vector<std::byte>;

/// `count` bytes that no other start gives.
inline Bytes pattern(std::size_t count, unsigned start = 0) {
    Bytes bytes(count);
    for (std::size_t i = 0; i < count; ++i)
        bytes[i] = static_cast<std::byte>(i * 7 + i / 251 + start * 31 + 1);
    return bytes;
}

class Guest {
public:
    static constexpr std::uint64_t tx = 0x1000;  ///< where its transfers are
    static constexpr std::uint64_t rx = 0x40000; ///< likewise; data from the next page on
    static constexpr std::uint64_t bitmap = 0x80000;
    static constexpr std::uint64_t first_page = 0x100000; ///< of those for pairs
    static constexpr std::uint32_t self = 16;             ///< its context

    explicit Guest(std::string_view options = "", std::size_t memory = std::size_t{16} << 20)
        : settings(parse_settings(options).value()) {
        host.memory.resize(memory);
        model_ = Vmci::info.create(host, options);
        device().reset();
    }

    Vmci& device() { return static_cast<Vmci&>(*model_.value()); }
    HostEnd& end() { return device().host_end(); }
    bool is_mmio() const { return settings.is_mmio; }

    std::uint32_t get(Register which, unsigned size = 4) {
        return static_cast<std::uint32_t>(device().read(bar(), offset(which), size));
    }
    void set(Register which, std::uint64_t value, unsigned size = 4) {
        device().write(bar(), offset(which), value, size);
    }

    /// As mainline does it, without looks at what it gives.
    void negotiate(std::uint32_t capabilities) {
        set(Register::capabilities, capabilities);
        if ((capabilities & can_dma) == 0)
            return;
        set(Register::page_shift, 12);
        set(Register::data_in_high, 0);
        set(Register::data_out_high, 0);
    }
    /// The same to its end; false if a driver would give up.
    bool bring_up() {
        const auto offered = get(Register::capabilities);
        negotiate(offered & ~std::uint32_t{can_hypercall | can_guestcall});
        used_ = offered;
        bool is_good = (offered & can_datagram) != 0;
        if ((offered & can_notify) != 0)
            is_good &= call(Hypercall::set_notify_bitmap, words64({bitmap >> 12})) == 0;
        is_good &= call(Hypercall::resources_query, words32({1, 0, 1})) == 1;
        set(Register::mask, all_causes);
        set(Register::control, control_enable);
        host.requests.clear();
        return is_good;
    }

    // ---- sending ------------------------------------------------------------------------------

    static Bytes words32(std::initializer_list<std::uint32_t> words) {
        Bytes bytes;
        for (const auto word : words)
            append(bytes, word);
        return bytes;
    }
    static Bytes words64(std::initializer_list<std::uint64_t> words) {
        Bytes bytes;
        for (const auto word : words)
            append(bytes, word);
        return bytes;
    }
    static Bytes handle_bytes(Handle handle) { return words32({handle.context, handle.resource}); }
    static Bytes encode(Handle to, Handle from, const Bytes& payload) {
        Bytes bytes;
        append(bytes, Header{to, from, payload.size()});
        bytes.insert(bytes.end(), payload.begin(), payload.end());
        return bytes;
    }

    void write_port(std::span<const std::byte> bytes) {
        for (const auto byte : bytes)
            set(Register::data_out, std::to_integer<std::uint64_t>(byte), 1);
    }
    /// A datagram as it is; gives RESULT_LOW.
    std::int32_t send_raw(const Bytes& bytes) {
        if (!is_mmio()) {
            write_port(bytes);
        } else {
            put(tx, Transfer{1, 0, static_cast<std::uint32_t>(bytes.size()), 0, 0x5a5a});
            std::copy(bytes.begin(), bytes.end(),
                      host.memory.begin() + static_cast<std::ptrdiff_t>(tx + sizeof(Transfer)));
            set(Register::data_out_low, tx);
        }
        return result();
    }
    std::int32_t result() { return static_cast<std::int32_t>(get(Register::result_low)); }
    std::int32_t send(Handle to, const Bytes& payload, std::uint32_t from = 2000) {
        return send_raw(encode(to, {self, from}, payload));
    }
    std::int32_t call(Hypercall call, const Bytes& payload = {}) {
        return send_raw(
            encode({hypervisor_context, static_cast<std::uint32_t>(call)}, anonymous, payload));
    }

    // ---- receiving ----------------------------------------------------------------------------

    /// All that waits, by one dispatch of mainline's.
    std::vector<Datagram> receive() { return is_mmio() ? receive_mmio() : receive_port(); }

    Bytes read_port(std::size_t count) {
        Bytes bytes(count);
        for (auto& byte : bytes)
            byte = static_cast<std::byte>(get(Register::data_in, 1));
        return bytes;
    }

    // ---- memory -------------------------------------------------------------------------------

    template <class T>
    T peek(std::uint64_t address) {
        return load<T>(host.memory, address);
    }
    template <class T>
    void put(std::uint64_t address, const T& value) {
        std::memcpy(host.memory.data() + address, &value, sizeof value);
    }
    /// Pages that do not follow each other.
    std::vector<std::uint64_t> pages(std::size_t count) {
        std::vector<std::uint64_t> some;
        for (std::size_t i = 0; i < count; ++i)
            some.push_back(first_page + (next_page_++ * 3 % 3001) * port_page);
        return some;
    }

    Reply command(std::string_view text) {
        const auto words = split_words(text).value();
        const std::vector<std::string_view> views(words.begin(), words.end());
        return device().command(views);
    }
    bool wide_pages() const { return (used_ & can_wide_pages) != 0; }

    FakeHost host;
    Settings settings;

private:
    unsigned bar() const { return is_mmio() ? 1 : 0; }
    std::uint64_t offset(Register which) const {
        return static_cast<std::uint64_t>(which) + (is_mmio() ? Vmci::window : 0);
    }

    static Datagram decode(std::span<const std::byte> bytes) {
        const auto header = load<Header>(bytes);
        const auto payload = bytes.subspan(sizeof header, header.payload);
        return {header.to, header.from, {payload.begin(), payload.end()}};
    }
    static bool is_end(std::span<const std::byte> bytes) {
        return load<Header>(bytes).to.resource == invalid_id;
    }
    static std::size_t size_of(std::span<const std::byte> bytes) {
        return padded(sizeof(Header) + load<Header>(bytes).payload);
    }

    std::vector<Datagram> receive_port() {
        std::vector<Datagram> got;
        std::size_t batch = port_page, at = 0;
        auto buffer = read_port(batch);
        const auto rest = [&] { return std::span(buffer).subspan(at); };
        while (!is_end(rest()) || rest().size() > port_page) {
            if (is_end(rest())) {
                at = (at / port_page + 1) * port_page;
                continue;
            }
            const auto size = size_of(rest());
            if (size > rest().size()) {
                buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(at));
                batch = longest_datagram;
                const auto more = read_port(batch - buffer.size());
                buffer.insert(buffer.end(), more.begin(), more.end());
                at = 0;
            }
            got.push_back(decode(rest()));
            at += size;
            if (rest().size() < sizeof(Header)) {
                buffer = read_port(batch);
                at = 0;
            }
        }
        return got;
    }

    std::vector<Datagram> receive_mmio() {
        std::vector<Datagram> got;
        for (;;) {
            put(rx, Transfer{0, 1, 1, 0, 0});
            put(rx + sizeof(Transfer), Element{rx + port_page, longest_datagram});
            set(Register::data_in_low, rx);
            if (peek<std::uint32_t>(rx) != 1)
                return got; // a real guest would sleep for ever
            auto rest = std::span(host.memory).subspan(rx + port_page, longest_datagram);
            while (rest.size() >= sizeof(Header) && !is_end(rest)) {
                got.push_back(decode(rest));
                rest = rest.subspan(size_of(rest));
            }
            if (rest.size() >= sizeof(Header))
                return got;
        }
    }

    Result<std::unique_ptr<PciModel>> model_ = Failure{};
    std::uint32_t used_ = 0;
    std::size_t next_page_ = 0;
};

/// The guest's end of a pair, byte by byte: slow, and nothing like the model's.
class GuestPair {
public:
    GuestPair(Guest& guest, Handle handle, std::uint64_t produce, std::uint64_t consume,
              std::uint32_t flags = 0, std::uint32_t peer = host_context)
        : guest_(guest), handle_(handle), produce_(produce), consume_(consume) {
        const auto produce_pages = 1 + (produce + port_page - 1) / port_page;
        const auto count = produce_pages + 1 + (consume + port_page - 1) / port_page;
        pages_ = guest.pages(count);
        consume_page_ = produce_pages;
        status = guest.call(Hypercall::queuepair_alloc, message(flags, peer, count));
    }

    Bytes message(std::uint32_t flags, std::uint32_t peer, std::uint64_t count) const {
        Bytes payload;
        append(payload, PairRequest{handle_, peer, flags, produce_, consume_, count});
        for (const auto page : pages_) {
            if (guest_.wide_pages())
                append(payload, page / port_page);
            else
                append(payload, static_cast<std::uint32_t>(page / port_page));
        }
        return payload;
    }

    std::uint64_t own_header() const { return pages_[0]; }
    std::uint64_t peer_header() const { return pages_[consume_page_]; }
    QueueHeader own() const { return guest_.peek<QueueHeader>(own_header()); }
    QueueHeader peer() const { return guest_.peek<QueueHeader>(peer_header()); }

    void write(std::span<const std::byte> bytes) {
        auto header = own();
        for (const auto byte : bytes) {
            guest_.put(pages_[1 + header.tail / port_page] + header.tail % port_page, byte);
            header.tail = (header.tail + 1) % produce_;
        }
        guest_.put(own_header(), header);
    }
    Bytes read() {
        Bytes bytes;
        auto header = own();
        while (header.head != peer().tail) {
            bytes.push_back(guest_.peek<std::byte>(
                pages_[consume_page_ + 1 + header.head / port_page] + header.head % port_page));
            header.head = (header.head + 1) % consume_;
        }
        guest_.put(own_header(), header);
        return bytes;
    }
    std::int32_t detach() {
        return guest_.call(Hypercall::queuepair_detach, Guest::handle_bytes(handle_));
    }

    const std::vector<std::uint64_t>& pages() const { return pages_; }
    std::int32_t status = 0;

private:
    Guest& guest_;
    Handle handle_;
    std::uint64_t produce_, consume_;
    std::vector<std::uint64_t> pages_;
    std::size_t consume_page_ = 0;
};

/// A service that notes what it is told.
class Recorder final : public Service {
public:
    std::vector<Datagram> datagrams;
    std::vector<HostPair*> attached_pairs;
    std::vector<Handle> detached;
    Bytes last_read; ///< what was still there when the guest left
    unsigned resets = 0;
    std::int32_t answer = 0; ///< to a datagram; 0: all was taken

    std::int32_t datagram(const Datagram& datagram) override {
        datagrams.push_back(datagram);
        return answer != 0 ? answer
                           : static_cast<std::int32_t>(sizeof(Header) + datagram.payload.size());
    }
    void attached(HostPair& pair) override { attached_pairs.push_back(&pair); }
    void detaching(HostPair& pair) override {
        detached.push_back(pair.handle());
        last_read.resize(4096);
        const auto done = pair.read(last_read);
        last_read.resize(static_cast<std::size_t>(std::max<std::int64_t>(done, 0)));
    }
    void reset() override { ++resets; }
};

} // namespace vmguest::lab::vmci
