// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Fuzzes VMCI: the input is what a guest does, by the rules or not, and what the host does, one
// after the other. The target keeps books of what the host has sent: it arrives whole and in
// order, unless the guest itself has torn the stream. After a reset the device works. Shared
// Folders answer a good packet rightly and any other without a byte beyond the room for it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "../tests/vmci_folders_guest.hpp"
#include "input.hpp"

namespace vmguest::lab::vmci {
namespace {

constexpr std::size_t memory = 0x140000, most_pages = (memory - Guest::first_page) / port_page;
constexpr std::array<const char*, 9> rules = {
    "refuse any -20 2", "result -7",     "payload 0xffffffffffffffff",
    "unterminated 2",   "busy 3 4",      "cause 0xffffffff 2",
    "reply 3 4",        "reply never 2", "reply fails 2",
};
/// Where packets of Shared Folders are, and their data.
constexpr std::uint64_t packet_area = 0x9'0000, data_area = 0xc'0000;

using fuzz::Input;
using namespace packets;

void holds(bool condition, const char* fault) {
    fuzz::holds(condition, "vmci: the model", fault);
}

class Run {
public:
    Run(const std::uint8_t* data, std::size_t size)
        : input_(data, size),
          guest_(((size & 1) != 0 ? "mode=mmio,share-ro=s=" : "share-ro=s=") + share(), memory) {
        guest_.end().serve({host_context, 7}, service_);
        begin();
    }

    void go() {
        using Act = void (Run::*)();
        static constexpr std::array<Act, 16> acts = {
            &Run::poke,       &Run::peek,       &Run::call,      &Run::call,
            &Run::send,       &Run::host_send,  &Run::receive,   &Run::alloc,
            &Run::detach,     &Run::host_pairs, &Run::host_move, &Run::scribble,
            &Run::host_wrong, &Run::begin,      &Run::folders,   &Run::folders,
        };
        while (input_.goes_on())
            (this->*acts[input_.byte() % acts.size()])();
    }

private:
    /// A guest that knows its trade begins anew.
    void begin() {
        tell("hostile faithful");
        guest_.set(Register::control, control_reset);
        sent_.clear();
        is_torn_ = false;
        holds(guest_.bring_up(), "is not brought up after a reset");
        holds(guest_.call(Hypercall::get_context_id) == 16, "has lost the guest's context");
        holds(guest_.send({host_context, 7}, Bytes(3)) == 27, "does not reach the host's service");
    }

    /// What anybody may do to registers ends all that the books know.
    void poke() {
        is_torn_ = true;
        const auto which = static_cast<Register>(input_.byte() % 16U * 4U);
        const auto size = input_.byte() % 2 == 0 ? 4U : 1U;
        guest_.set(which, input_.number() << input_.byte() % 16, size);
    }
    void peek() {
        is_torn_ = true;
        const auto which = static_cast<Register>(input_.byte() % 16U * 4U);
        for (auto count = input_.byte() * 8U; count > 0; --count)
            guest_.get(which, which == Register::data_in ? 1 : 4);
    }
    void call() {
        const Hypercall call{input_.byte() % 13U};
        const auto payload = input_.bytes(input_.byte() % 80);
        guest_.call(call, payload);
    }
    void send() {
        const Handle to = {input_.byte() % 4U, input_.number()};
        guest_.send(to, Bytes(input_.number() % 70000), input_.number());
    }

    void host_send() {
        const auto size = input_.number() % 9000;
        Datagram one = {{Guest::self, 5000}, {host_context, 7}, pattern(size, input_.byte())};
        if (guest_.end().send(one) > 0)
            sent_.push_back(std::move(one));
    }
    /// A guest that has lost its place in the stream could only begin anew.
    void receive() {
        if (is_torn_)
            return begin();
        for (const auto& one : guest_.receive()) {
            if (one.from.context == hypervisor_context)
                continue;
            holds(!sent_.empty(), "delivers what nobody has sent");
            holds(one.payload == sent_.front().payload && one.from == sent_.front().from,
                  "delivers something else than was sent");
            sent_.pop_front();
        }
    }

    /// By the rules but for what the input says.
    void alloc() {
        const Handle handle = {input_.byte() % 3 == 0 ? host_context : Guest::self,
                               1024 + input_.byte() % 8U};
        const auto produce = input_.number() % 20000, consume = input_.number() % 20000;
        const auto count = QueuePair::page_count(produce, consume, port_page);
        Bytes payload;
        append(payload, PairRequest{handle, input_.byte() % 4U, input_.byte() % 32U, produce,
                                    consume, count + input_.byte() / 250});
        const auto first = input_.byte();
        for (std::uint64_t i = 0; i < count; ++i)
            append(payload, Guest::first_page / port_page + (first + i) % most_pages);
        guest_.call(Hypercall::queuepair_alloc, payload);
    }
    void detach() {
        const Handle handle = {input_.byte() % 3 == 0 ? host_context : Guest::self,
                               1024 + input_.byte() % 8U};
        guest_.call(Hypercall::queuepair_detach, Guest::handle_bytes(handle));
    }

    void host_pairs() {
        if (input_.byte() % 2 == 0)
            tell("pair create " + std::to_string(input_.number()) + " " +
                 std::to_string(input_.number() % 20000));
        else
            tell("pair attach 16:" + std::to_string(1024 + input_.byte() % 8) + " " +
                 std::to_string(input_.number()) + " " + std::to_string(input_.number()));
    }
    void host_move() {
        static constexpr std::array<const char*, 3> verbs = {"write", "read", "detach"};
        const auto verb = input_.byte() % verbs.size();
        const auto context = input_.byte() % 2 == 0 ? "2:" : "16:";
        auto words = std::string("pair ") + verbs[verb] + " " + context +
                     std::to_string(1024 + input_.byte() % 8);
        if (verb != 2)
            words += " " + std::to_string(input_.number());
        tell(words);
    }
    void host_wrong() {
        is_torn_ = true;
        tell(std::string("hostile ") + rules[input_.byte() % rules.size()]);
        guest_.host.advance(std::chrono::milliseconds(input_.byte() % 8));
    }

    void scribble() {
        is_torn_ = true; // it may be the receive buffer
        const auto address = std::size_t{input_.word()} % (memory - 16);
        const auto some = input_.bytes(input_.byte() % 16);
        std::copy(some.begin(), some.end(),
                  guest_.host.memory.begin() + static_cast<std::ptrdiff_t>(address));
    }

    /// A request of Shared Folders: a good one has the answer that it must have, and none is
    /// answered beyond the room that the guest has for it.
    void folders() {
        const auto room = 16 + input_.byte() * 16U;
        const bool is_good = input_.byte() % 2 == 0;
        const auto kind = input_.byte();
        const auto packet = is_good         ? legacy(getattr, getattr_packet("s"))
                            : kind % 2 == 0 ? in_session(input_.number(), kind / 2U,
                                                         input_.text(input_.byte() % 90))
                                            : input_.text(input_.byte() % 120);
        const auto laid = number(0) + number(room) + packet;
        const auto end = packet_area + std::max<std::size_t>(room, laid.size());
        lay(packet_area, laid);
        lay(end, "canary");
        const auto size = static_cast<std::uint32_t>(laid.size());
        auto datagram = FoldersGuest::header(
            1 + kind % 2U, {{packet_area, size}, {data_area + kind, input_.byte() * 16U}});
        const bool is_bent = input_.byte() % 2 == 0;
        if (is_bent)
            datagram[input_.byte() % datagram.size()] = static_cast<char>(input_.byte());
        const auto bytes = std::as_bytes(std::span(datagram));
        const auto result = guest_.send(FoldersGuest::server, {bytes.begin(), bytes.end()});
        if (is_torn_ || is_bent)
            return;
        holds(look(end, 6) == "canary", "answers beyond the room for it");
        holds(result == static_cast<std::int32_t>(24 + datagram.size()), "refuses a packet");
        const auto state = look(packet_area, 8);
        const bool is_answered = number_at(state, 0) == 1;
        holds(is_answered || number_at(state, 0) == 2, "leaves a request without an answer");
        holds(number_at(state, 4) >= 8 && number_at(state, 4) <= std::max(room, 8U),
              "gives a wrong size");
        holds(!is_good || room < 200 ||
                  (is_answered && look(packet_area + 8, 8) == number(7) + number(0)),
              "answers a good packet wrongly");
    }

    static std::string share() {
        static const packets::Folder folder;
        return folder.path().string();
    }
    void lay(std::uint64_t address, std::string_view bytes) {
        std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(),
                    guest_.host.memory.begin() + static_cast<std::ptrdiff_t>(address));
    }
    std::string look(std::uint64_t address, std::size_t size) const {
        return {reinterpret_cast<const char*>(guest_.host.memory.data()) + address, size};
    }

    void tell(const std::string& words) { static_cast<void>(guest_.command(words)); }

    Input input_;
    Recorder service_; ///< outlives the device
    Guest guest_;
    std::deque<Datagram> sent_;
    bool is_torn_ = false;
};

} // namespace
} // namespace vmguest::lab::vmci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmguest::lab::vmci::Run(data, size).go();
    return 0;
}
