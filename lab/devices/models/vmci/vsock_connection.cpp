// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// One stream connection; see the header.
#include "models/vmci/vsock_connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vmguest::lab::vmci::vsock {
namespace {

std::uint64_t as_number(Handle handle) {
    Packet packet;
    packet.set_handle(handle);
    return packet.first;
}

bool is_acceptable(std::uint64_t size) {
    return size >= Connection::least_size && size <= Connection::most_size;
}

} // namespace

std::string_view name_of(Connection::State state) {
    static constexpr std::array<std::string_view, 8> names = {
        "requested", "proposed", "accepted", "asking", "offered", "connected", "left", "over"};
    return names.at(static_cast<std::size_t>(state));
}

Connection::Connection(Shared& shared, unsigned id, Ports ports, UnixSocket socket)
    : shared_(shared), id_(id), ports_(ports),
      deadline_(shared.host.make_timer([this] { refuse("the guest has not answered in time"); })),
      late_(shared.host.make_timer([this] { (this->*later_)(); })),
      bridge_(shared.host, std::move(socket), *this) {
    deadline_->arm(shared_.host.now() + patience);
}

bool Connection::send(Type type, std::uint64_t first, std::uint16_t proto) {
    return shared_.send({type, proto, ports_.host, ports_.guest, first, 0});
}

/// The end of a handshake that came to nothing.
void Connection::refuse(std::string_view why) {
    send(Type::rst);
    finish(why);
}

void Connection::finish(std::string_view why) {
    if (state_ == State::over)
        return;
    state_ = State::over;
    why_ = why;
    deadline_->cancel();
    late_->cancel();
    bridge_.stop();
    if (auto* pair = std::exchange(pair_, nullptr); pair != nullptr)
        shared_.end.detach_pair(*pair);
    shared_.bury();
}

void Connection::abort() {
    refuse("reset by the host");
}

void Connection::wait_until(std::chrono::nanoseconds wait, void (Connection::*act)()) {
    later_ = act;
    late_->arm(shared_.host.now() + wait);
}

/// Whether a rule keeps the answer back that is due here; `later` gives it.
bool Connection::withhold(Point point, void (Connection::*later)()) {
    constexpr std::uint64_t longest_ms = 60000;
    const auto fault = shared_.faults.strike(point);
    if (!fault)
        return false;
    switch (fault->act) {
    case Act::reset:
        refuse("a rule has reset it");
        return true;
    case Act::silent:
        return true;
    case Act::late:
        wait_until(std::chrono::milliseconds(std::min(fault->number, longest_ms)), later);
        return true;
    case Act::size:
        size_ = fault->number;
        return false;
    case Act::proto:
        proto_ = static_cast<std::uint16_t>(fault->number);
        return false;
    case Act::handle:
        send(point == Point::offer ? Type::attach : Type::offer,
             as_number({host_context, pair_->handle().resource + 1}));
        return true;
    case Act::twice:
        (this->*later)();
        (this->*later)();
        return true;
    case Act::early:
        send(Type::wrote);
        return false;
    case Act::detach:
        break;
    }
    return false;
}

// What the guest begins.

void Connection::accept(const Packet& request) {
    size_ = is_acceptable(request.first) ? request.first : own_size;
    notices_ = request.type == Type::request ? Notices::packets : Notices::queue_state;
    if (!withhold(Point::request, &Connection::propose))
        propose();
}

void Connection::propose() {
    state_ = State::proposed;
    const bool is_old = notices_ == Notices::packets;
    if (!send(is_old ? Type::negotiate : Type::negotiate2, size_,
              is_old ? std::uint16_t{0} : proto_))
        finish("the guest lets too many datagrams lie");
}

void Connection::take_offer(const Packet& offer) {
    std::int32_t why = 0;
    pair_ = shared_.end.attach_pair(offer.handle(), size_, size_, shared_.service, why);
    if (pair_ == nullptr)
        return refuse("the guest's queue pair cannot be had: status " + std::to_string(why));
    state_ = State::accepted;
    if (!withhold(Point::offer, &Connection::attach))
        attach();
}

void Connection::attach() {
    if (pair_ == nullptr)
        return; // a rule wants it twice, and the first was the end already
    if (!send(Type::attach, as_number(pair_->handle())))
        return finish("the guest lets too many datagrams lie");
    if (state_ == State::accepted)
        become_connected();
}

// What the host begins.

void Connection::connect() {
    is_hosts_ = true;
    state_ = State::asking;
    std::uint64_t size = size_;
    std::uint16_t proto = proto_;
    if (const auto fault = shared_.faults.strike(Point::connect); fault)
        fault->act == Act::size ? size = fault->number
                                : proto = static_cast<std::uint16_t>(fault->number);
    if (!send(Type::request2, size, proto))
        finish("the guest lets too many datagrams lie");
}

/// The guest knows no REQUEST2: once more, as of old.
void Connection::fall_back() {
    if (std::exchange(has_fallen_back_, true))
        return refuse("the guest knows no request of ours");
    must_ignore_reset_ = true;
    send(Type::request, size_);
}

void Connection::take_negotiation(const Packet& packet) {
    must_ignore_reset_ = false;
    if (!is_acceptable(packet.first))
        return refuse("the guest wants queues of " + std::to_string(packet.first) + " bytes");
    if (packet.type == Type::negotiate2 && packet.proto != queue_state_bit)
        return refuse("the guest has chosen a protocol that was not offered");
    size_ = packet.first;
    notices_ = packet.type == Type::negotiate ? Notices::packets : Notices::queue_state;
    pair_ = shared_.end.create_pair(size_, size_, shared_.service);
    if (pair_ == nullptr)
        return refuse("there is no room for one more queue pair");
    state_ = State::offered;
    if (!withhold(Point::negotiate, &Connection::offer))
        offer();
}

void Connection::offer() {
    if (pair_ != nullptr && !send(Type::offer, as_number(pair_->handle())))
        finish("the guest lets too many datagrams lie");
}

void Connection::take_attachment(const Packet& packet) {
    if (packet.handle() != pair_->handle() || !pair_->is_attached())
        return refuse("the guest says that it has attached to a pair, which it has not");
    become_connected();
}

// What both have in common.

void Connection::become_connected() {
    deadline_->cancel();
    state_ = State::connected;
    was_connected_ = true;
    connected_at_ = shared_.host.now();
    bridge_.start(*pair_, size_, notices_);
}

void Connection::packet(const Packet& packet) {
    if (state_ == State::connected)
        return take_connected(packet);
    if (packet.type == Type::rst) {
        if (std::exchange(must_ignore_reset_, false))
            return;
        return finish("refused by the guest");
    }
    const bool is_negotiation = packet.type == Type::negotiate || packet.type == Type::negotiate2;
    if (state_ == State::proposed && packet.type == Type::offer)
        return take_offer(packet);
    if (state_ == State::asking && is_negotiation)
        return take_negotiation(packet);
    if (state_ == State::asking && packet.type == Type::invalid)
        return fall_back();
    if (state_ == State::offered && packet.type == Type::attach)
        return take_attachment(packet);
    refuse("the guest has sent " + std::string(name_of(packet.type)) + " when it was " +
           std::string(name_of(state_)));
}

void Connection::take_connected(const Packet& packet) {
    switch (packet.type) {
    case Type::wrote:
    case Type::read:
        return bridge_.guest_tells(packet.type);
    case Type::waiting_read:
    case Type::waiting_write:
        if (notices_ == Notices::packets)
            bridge_.guest_tells(packet.type);
        return;
    case Type::shutdown:
        return bridge_.guest_shut(packet.first & shut_both);
    case Type::request:
    case Type::request2:
        send(Type::rst); // this one lives on: the guest uses its ports twice
        return;
    case Type::rst:
        state_ = State::left;
        bridge_.guest_leaves(shared_.room_to_keep());
        if (auto* pair = std::exchange(pair_, nullptr); pair != nullptr)
            shared_.end.detach_pair(*pair);
        return;
    default:
        return; // stale
    }
}

void Connection::detaching() {
    pair_ = nullptr;
    if (state_ != State::connected)
        return finish("the guest has detached from its pair");
    state_ = State::left;
    bridge_.guest_leaves(shared_.room_to_keep());
}

void Connection::device_reset() {
    pair_ = nullptr;
    finish("the device was reset");
}

// What the bridge asks for.

void Connection::tell(Type type, std::uint64_t mode) {
    const bool is_notice = type == Type::wrote || type == Type::read;
    if (is_notice && shared_.faults.strike(Point::notice))
        return;
    if (send(type, mode))
        return;
    // Without it the guest might wait for ever.
    owed_ |= 1U << static_cast<unsigned>(type);
    owed_mode_ |= mode;
    shared_.retry();
}

void Connection::retry() {
    const auto owed = std::exchange(owed_, 0);
    const auto mode = std::exchange(owed_mode_, 0);
    for (unsigned type = 0; type < type_count && state_ == State::connected; ++type)
        if ((owed & 1U << type) != 0)
            tell(static_cast<Type>(type), static_cast<Type>(type) == Type::shutdown ? mode : 0);
}

bool Connection::moved() {
    const auto fault = shared_.faults.strike(Point::data);
    if (!fault)
        return true;
    if (fault->act == Act::reset)
        send(Type::rst);
    finish("a rule has ended it");
    return false;
}

void Connection::over(std::string_view why) {
    const auto left = connected_at_ + settling - shared_.host.now();
    if (state_ != State::connected || is_hosts_ || left.count() <= 0)
        return finish(why);
    wait_until(left, &Connection::end);
}

void Connection::end() {
    finish("both ends have closed it");
}

} // namespace vmguest::lab::vmci::vsock
