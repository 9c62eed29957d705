// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Fuzzes the vsock peer: the input is what guests, programs and the host do one after the other.
// Streams that keep to the rules have books of their own: each byte arrives once and in order, and
// nothing that others do ends them. The others send whatever bytes they like.
#include <array>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../tests/vsock_guest.hpp"
#include "input.hpp"
#include "models/vmci/vsock_peer.hpp"

namespace vmguest::lab::vmci::vsock {
namespace {

constexpr std::uint32_t first_good_port = 100, listener_port = 5000;
constexpr std::size_t most_streams = 4;
constexpr std::array<const char*, 7> scripts = {
    "faithful",
    "request silent; +1 request reset; request late 500",
    "x3 request size 77; offer twice",
    "offer handle; offer early; offer late 100",
    "data reset; +3 data detach",
    "connect size 1; connect proto 9; negotiate twice",
    "x2 negotiate handle; negotiate silent; notice silent",
};

using fuzz::Input;

void holds(bool condition, const char* fault) {
    fuzz::holds(condition, "vsock: the peer", fault);
}

class Run {
public:
    Run(const std::uint8_t* data, std::size_t size) : input_(data, size) {
        command({"listen", "5000", "unix", program_path_});
    }

    void go() {
        using Act = void (Run::*)();
        static constexpr std::array<Act, 12> acts = {
            &Run::open,    &Run::guest_writes, &Run::program_writes, &Run::guest_reads,
            &Run::meddle,  &Run::meddle,       &Run::stray,          &Run::guest_leaves,
            &Run::connect, &Run::pass_time,    &Run::host_acts,      &Run::program_leaves,
        };
        while (input_.goes_on()) {
            (this->*acts.at(input_.byte() % acts.size()))();
            take_packets();
        }
        finish();
    }

private:
    struct Book {
        std::uint32_t port;
        GuestStream stream;
        std::unique_ptr<Program> program;
        std::string to_program, to_guest; ///< on their way
    };

    void command(const std::vector<std::string_view>& words) {
        static_cast<void>(peer_.command(words));
    }

    /// Whatever the peer sends is well formed, and nothing ends or confuses a good stream.
    void take_packets() {
        holds(host_.settle(), "keeps the machine busy");
        while (const auto packet = guest_.next()) {
            if (!is_hostile_)
                holds(decode(encode(*packet)).verdict == Verdict::good, "sends a bad packet");
            last_ = *packet;
            for (const auto& book : books_)
                holds(packet->to_port != book.port || packet->type == Type::wrote ||
                          packet->type == Type::read,
                      "says more to a connection than it has to");
        }
        if (!is_hostile_)
            for (auto& book : books_)
                check(book);
        guest_.datagrams.clear();
    }

    void check(Book& book) {
        holds(book.stream.is_there(), "ends a connection by itself");
        const auto got = book.program->read();
        holds(book.to_program.starts_with(got), "gives a program other bytes than were sent");
        book.to_program.erase(0, got.size());
        holds(host_.settle(), "keeps the machine busy");
    }

    Book* choose() {
        return books_.empty() ? nullptr
                              : &*std::next(books_.begin(), input_.byte() % std::ssize(books_));
    }

    void open() {
        const auto size = 128U + input_.byte() * 8U;
        if (is_hostile_ || books_.size() >= most_streams)
            return;
        const auto port = first_good_port + opened_++;
        auto program = std::make_unique<Program>();
        command({"unlisten", "5000"});
        command({"listen", "5000", "unix", program->path()});
        guest_.tell({Type::request2, queue_state_bit, port, listener_port, size, 0});
        const auto answer = guest_.next();
        holds(answer && answer->type == Type::negotiate2 && answer->first == size,
              "does not negotiate");
        Packet offer{Type::offer, 0, port, listener_port, 0, 0};
        const auto pair = guest_.make_pair(size);
        offer.set_handle(pair);
        guest_.tell(offer);
        const auto attach = guest_.next();
        holds(attach && attach->type == Type::attach && attach->handle() == pair,
              "does not attach");
        holds(program->accept(), "has not connected to the program");
        host_.advance(Connection::settling);
        books_.push_back({port, {guest_, port, listener_port, pair}, std::move(program), {}, {}});
    }

    void guest_writes() {
        auto* book = choose();
        const std::string text(std::size_t{5} * input_.byte(), static_cast<char>(input_.byte()));
        if (book == nullptr || is_hostile_)
            return;
        const auto sent = book->stream.write(text);
        book->to_program += text.substr(0, sent);
    }

    void program_writes() {
        auto* book = choose();
        const std::string text(std::size_t{5} * input_.byte(), static_cast<char>(input_.byte()));
        if (book == nullptr || is_hostile_)
            return;
        const auto sent = book->program->write(text);
        book->to_guest += text.substr(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }

    void guest_reads() {
        auto* book = choose();
        const auto most = 1U + input_.byte() * 4U;
        if (book == nullptr || is_hostile_)
            return;
        const auto got = book->stream.read(most);
        holds(book->to_guest.starts_with(got), "gives the guest other bytes than were sent");
        book->to_guest.erase(0, got.size());
    }

    /// Bytes that may be a packet, to ports that no good stream has.
    void meddle() {
        Packet packet{static_cast<Type>(input_.byte() % type_count),
                      0,
                      input_.byte() % 4U,
                      listener_port + input_.byte() % 3U,
                      std::uint64_t{64} * input_.byte(),
                      0};
        if (packet.type >= Type::request2)
            packet.proto = input_.byte();
        if (input_.byte() % 2 != 0)
            packet.to_port = last_.from_port; // what it said last may be a connection of its own
        if (packet.type == Type::offer && input_.byte() % 2 != 0)
            packet.set_handle(guest_.make_pair(last_.first % 65536 + 2));
        if (packet.type == Type::attach && last_.type == Type::offer)
            packet.first = last_.first;
        if (packet.type == Type::attach && guest_.find(packet.handle()) != nullptr &&
            input_.byte() % 2 != 0)
            guest_.find(packet.handle())->is_guest_in = true;
        if (guest_.pairs.size() > 64)
            return;
        guest_.tell(packet);
    }

    void stray() {
        std::vector<std::byte> bytes(input_.byte() % 8 == 0 ? input_.byte() : packet_size);
        for (auto& byte : bytes)
            byte = std::byte{input_.byte()};
        if (bytes.size() >= packet_size)
            bytes[5] = bytes[6] = bytes[7] = std::byte{9}; // no port of the good ones
        const auto answer =
            guest_.send({host_context, control_resource}, input_.byte() % 2, std::move(bytes));
        holds(answer == 56 || answer == invalid_args || answer == no_access,
              "answers a datagram wrongly");
    }

    void guest_leaves() {
        auto* book = choose();
        const std::string text(std::size_t{5} * input_.byte(), static_cast<char>(input_.byte()));
        if (book == nullptr || is_hostile_)
            return;
        // Its last words are not announced: the host has to look for them.
        const auto sent = book->stream.rings().from_guest.write(bytes_of(text));
        book->to_program += text.substr(0, sent);
        guest_.detach(book->stream.pair());
        for (int round = 0; round < 100 && !book->to_program.empty(); ++round) {
            const auto got = book->program->read();
            holds(book->to_program.starts_with(got), "changes a guest's last words");
            book->to_program.erase(0, got.size());
            holds(host_.settle(), "keeps the machine busy");
        }
        holds(book->to_program.empty(), "loses a guest's last words");
        holds(book->program->is_at_end(), "leaves a program without its end");
        forget(book);
    }

    void program_leaves() {
        auto* book = choose();
        if (book == nullptr || is_hostile_)
            return;
        const auto pair = book->stream.pair();
        forget(book);
        guest_.detach(pair); // if what it sent has not found room
        holds(host_.settle(), "keeps the machine busy");
        holds(guest_.find(pair) == nullptr, "keeps a pair whose program is gone");
        guest_.inbox.clear();
    }

    void forget(const Book* book) {
        books_.remove_if([&](const Book& one) { return &one == book; });
    }

    void connect() {
        command({"connect", input_.byte() % 2 != 0 ? "1" : "2", "unix", program_path_});
        stranger_.accept();
    }

    void pass_time() { host_.advance(std::chrono::milliseconds(input_.byte() * 20)); }

    /// Rules apply to good streams as well, so these end first.
    void host_acts() {
        const auto what = input_.byte() % (2 * scripts.size());
        if (what == scripts.size()) {
            books_.clear();
            guest_.reset();
        } else if (what < scripts.size()) {
            finish();
            is_hostile_ = what != 0;
            command({"hostile", scripts.at(what)});
        }
    }

    void finish() {
        while (!books_.empty() && !is_hostile_)
            guest_leaves();
        holds(nlohmann::json(
                  peer_.command(std::vector<std::string_view>{"show"}).value())["connections"]
                      .size() <= Peer::most_connections,
              "holds too many connections");
    }

    Input input_;
    PollHost host_;
    FakeGuest guest_;
    Program stranger_;
    std::string program_path_ = stranger_.path();
    Peer peer_{host_, guest_};
    std::list<Book> books_;
    Packet last_;
    std::uint32_t opened_ = 0;
    bool is_hostile_ = false;
};

} // namespace
} // namespace vmguest::lab::vmci::vsock

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmguest::lab::vmci::vsock::Run(data, size).go();
    return 0;
}
