// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Fuzzes the backdoor: the input is what guests, an intruder among them, and the host do one after
// the other. The target keeps books of its own (which channels are open, what the variables hold)
// and compares: a call on an open channel has the answer that the books say, whatever was half done
// before; a step without the right cookie comes to nothing.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../tests/backdoor_guest.hpp"
#include "../tests/folders_packets.hpp"
#include "input.hpp"

namespace vmguest::lab::backdoor {
namespace {

using namespace std::chrono_literals;

constexpr unsigned most_channels = 5;
constexpr std::chrono::seconds idle{50};
constexpr const char* options = "channels=5,message=200,idle=50,share-ro=s=";
constexpr std::array<const char*, 9> scripts = {
    "open cookie",
    "x3 send-data status checkpoint; recv-data silent",
    "+1 recv-size length 0xffffffff; recv-size type 7",
    "x2 recv-status status closed; close status none",
    "reply late 100; x* reply lose",
    "tclo x* request text \x7f",
    "x* send-size cookie",
    "recv-data status 0x81; send-data status 1",
    "x3 hgfs cut 9; hgfs id; x2 hgfs.getattr silent; hgfs count 0xffffffff",
};

using fuzz::Input;
using namespace packets;

void holds(bool condition, const char* fault) {
    fuzz::holds(condition, "backdoor: the model", fault);
}

class Run {
public:
    Run(const std::uint8_t* data, std::size_t size) : input_(data, size) {}

    void go() {
        using Act = void (Run::*)();
        static constexpr std::array<Act, 12> acts = {
            &Run::open,      &Run::call,    &Run::call,    &Run::meddle,
            &Run::meddle,    &Run::intrude, &Run::close,   &Run::pass_time,
            &Run::host_acts, &Run::poll,    &Run::folders, &Run::folders,
        };
        while (input_.goes_on()) {
            (this->*acts.at(input_.byte() % acts.size()))();
            holds(guest_.host.requests["backdoor.rpci"] <= 100'000, "carries out calls by itself");
        }
    }

private:
    struct Book {
        Guest::Channel channel;
        bool is_rpci = true;
        std::chrono::nanoseconds used{};
    };

    /// The books after time has passed.
    void sweep() {
        std::erase_if(books_,
                      [&](const Book& book) { return guest_.host.now() - book.used > idle; });
    }

    Book* choose(bool is_rpci) {
        sweep();
        const auto number = input_.byte();
        std::vector<Book*> fit;
        for (auto& book : books_)
            if (book.is_rpci == is_rpci)
                fit.push_back(&book);
        return fit.empty() ? nullptr : fit[number % fit.size()];
    }

    void open() {
        sweep();
        const bool is_rpci = input_.byte() % 4 != 0;
        const auto channel = guest_.open(is_rpci ? Guest::rpci : Guest::tclo);
        if (is_hostile_)
            return start_anew(); // the books cannot say what this did
        holds(channel.has_value() == (books_.size() < most_channels),
              "opens too many channels, or too few");
        if (!channel)
            return;
        for (const auto& book : books_)
            holds(book.channel.id != channel->id, "gives one channel to two");
        books_.push_back({*channel, is_rpci, guest_.host.now()});
    }

    /// A call by the rules, whatever the channel was left with.
    void call() {
        auto* book = choose(true);
        const auto key = "guestinfo." + std::string(1, static_cast<char>('a' + input_.byte() % 3));
        const bool is_set = input_.byte() % 2 == 0;
        const auto way = input_.byte() % 2 == 0 ? Guest::Way::low : Guest::Way::high;
        const auto value = is_set ? input_.text(input_.byte() % 150) : "";
        if (book == nullptr || is_hostile_)
            return;
        book->used = guest_.host.now();
        const auto request = is_set ? "info-set " + key + " " + value + '\0' : "info-get " + key;
        const auto reply = guest_.call(book->channel, request, way);
        if (is_set)
            values_[key] = value;
        const auto known = values_.find(key);
        const auto want = is_set                   ? "1 "
                          : known != values_.end() ? "1 " + known->second
                                                   : std::string("0 No value found");
        holds(reply == want, "answers a call wrongly");
    }

    /// A packet for Shared Folders, whose good ones have the answer that they must have.
    void folders() {
        auto* book = choose(true);
        const bool is_good = input_.byte() % 2 == 0;
        const auto kind = input_.byte();
        const auto way = input_.byte() % 2 == 0 ? Guest::Way::low : Guest::Way::high;
        const auto rest = input_.text(input_.byte() % 130);
        const auto packet = is_good         ? legacy(getattr, getattr_packet("s"), kind)
                            : kind % 2 == 0 ? in_session(session_, kind / 2U, rest)
                                            : legacy(kind / 2U, rest);
        if (book == nullptr || is_hostile_)
            return;
        book->used = guest_.host.now();
        const auto reply = guest_.call(book->channel, "f " + packet, way);
        if (is_disabled_) {
            holds(reply == "0 disabled", "answers though sharing is disabled");
            return;
        }
        holds(reply && reply->starts_with("1 "), "refuses a packet of Shared Folders");
        holds(!is_good || reply->substr(2, 8) == number(kind) + number(0),
              "answers a good packet of Shared Folders wrongly");
        if (kind / 2U == create_session && number_at(*reply, 26) == 0)
            session_ = number_at(*reply, 54, 8);
    }

    /// One step of a guest that does not keep to the rules. No bytes of its messages are ASCII, so
    /// that none is a call.
    void meddle() {
        auto* book = choose(input_.byte() % 2 == 0);
        const auto step = static_cast<Point>(1 + input_.byte() % 5);
        const auto number = step == Point::send_size ? input_.byte() : input_.word() | 0x8080'8081;
        const bool is_high = input_.byte() % 4 == 0;
        const std::string bytes(input_.byte() % 32, '\xff');
        if (book == nullptr)
            return;
        book->used = guest_.host.now();
        if (is_high && step == Point::send_data)
            guest_.write_high(book->channel, bytes, number % 3 == 0 ? number : 0x1'0000);
        else if (is_high)
            guest_.read_high(book->channel, static_cast<std::uint32_t>(bytes.size()));
        // Of bytes that come to nothing the model need not take notice; of this step it has to.
        guest_.step(is_high ? Point::recv_size : step, book->channel, number);
    }

    /// Steps with anything in the registers. What happens to fit an open channel is left out.
    void intrude() {
        sweep();
        Guest::Channel wrong{input_.word() & 0xffff, input_.word(), input_.word()};
        const auto step = input_.word() & 0xffff;
        const auto ebx = input_.word();
        if (!books_.empty() && step % 2 == 0) {
            wrong = books_[step / 2 % books_.size()].channel;
            wrong.cookie_low ^= 1U << (ebx % 32);
        }
        for (const auto& book : books_)
            if (book.channel.id == wrong.id && book.channel.cookie_high == wrong.cookie_high &&
                book.channel.cookie_low == wrong.cookie_low)
                return;
        if (step == 0 || is_hostile_)
            return;
        guest_.command(step << 16 | 30, ebx, wrong.id, wrong);
        holds(guest_.low(Vcpu::rcx) == 30, "carries out a step without the cookie");
        holds(guest_.low(Vcpu::rbx) == ebx, "tells something without the cookie");
        holds(guest_.write_high(wrong, "\xff\xff") == 0, "takes bytes without the cookie");
        holds(guest_.read_high(wrong, 2).first == 0, "gives bytes without the cookie");
    }

    void close() {
        auto* book = choose(input_.byte() % 2 == 0);
        if (book == nullptr || is_hostile_)
            return;
        const auto id = book->channel.id;
        holds(guest_.close(book->channel), "does not close a channel");
        std::erase_if(books_, [&](const Book& one) { return one.channel.id == id; });
    }

    void pass_time() { guest_.host.advance(std::chrono::milliseconds(input_.byte() * 100)); }

    void host_acts() {
        const auto what = input_.byte();
        if (what % 8 == 0) {
            tell({"checkpoint"});
            // What was interrupted begins with the next step of it; calls begin with SENDSIZE.
        } else if (what % 8 == 1) {
            tell({"restart"});
            books_.clear();
        } else if (what % 8 == 2) {
            tell({"hostile", scripts.at(what / 8 % scripts.size())});
            is_hostile_ = true;
        } else if (what % 8 == 4) {
            is_disabled_ = what / 8 % 2 == 0;
            tell({"hgfs", is_disabled_ ? "disable" : "enable"});
        } else if (what % 8 == 5) {
            tell({"hgfs", "restart"});
        } else if (what % 8 == 3) {
            start_anew();
        } else {
            tell({"send", "ping"});
        }
    }

    /// Faithful again, with no channel of before.
    void start_anew() {
        tell({"hostile", "faithful"});
        tell({"restart"});
        books_.clear();
        is_hostile_ = false;
    }

    /// A round of a TCLO loop.
    void poll() {
        auto* book = choose(false);
        const auto answer = input_.text(input_.byte() % 20);
        if (book == nullptr)
            return;
        book->used = guest_.host.now();
        guest_.send(book->channel, answer);
        guest_.receive(book->channel, answer.size() % 2 == 0 ? Guest::Way::low : Guest::Way::high);
    }

    void tell(const std::vector<std::string_view>& words) {
        static_cast<void>(guest_.model().command(words));
    }

    Input input_;
    static std::string share() {
        static const packets::Folder folder;
        return folder.path().string();
    }

    Guest guest_{options + share()};
    std::vector<Book> books_;
    std::map<std::string, std::string> values_;
    std::uint64_t session_ = 0; ///< of Shared Folders, if it is still there
    bool is_hostile_ = false;
    bool is_disabled_ = false; ///< sharing
};

} // namespace
} // namespace vmguest::lab::backdoor

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmguest::lab::backdoor::Run(data, size).go();
    return 0;
}
