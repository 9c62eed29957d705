// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The hostile mode: rules that say at which step of a message the host breaks its promises, how,
// and how often.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../../host.hpp"
#include "../../occasions.hpp"

namespace vmguest::lab::backdoor {

/// Where something can go wrong. The first seven are the steps of GuestMsg, by their numbers.
enum class Point {
    open,
    send_size,
    send_data,
    recv_size, ///< while a message waits; a poll that finds none is left alone
    recv_data,
    recv_status,
    close,
    reply,   ///< to a call of the guest's (RPCI)
    request, ///< of the host's (TCLO)
    folders, ///< a request of Shared Folders (one kind of RPCI)
    command, ///< what is no message
};

/// What goes wrong there.
enum class Action {
    status, ///< the step is not carried out and has this status
    silent, ///< the step is not carried out, and no register changes
    cookie, ///< the channel gets another cookie than the guest knows
    length, ///< the announced length
    type,   ///< the announced type
    late,   ///< comes after so many milliseconds
    lose,   ///< never comes
    text,   ///< is this text instead
    cut,    ///< has only so many bytes
    id,     ///< is another request's
    count,  ///< begins with this number
    eax,    ///< this register has this number, behind all that is right
    ebx,
    ecx,
};

/// One thing that goes wrong.
struct Fault {
    Action action = Action::silent;
    std::uint32_t number = 0; ///< status, length, type, milliseconds, bytes or count
    std::string text;
};

/// Which protocol a rule is for.
enum class Side { both, rpci, tclo };

/// The rules in force.
class Faults {
public:
    static constexpr std::size_t most_rules = 64;

    /// `kinds` are the requests of Shared Folders that rules may name; they have to outlive this.
    explicit Faults(std::span<const std::string_view> kinds) : kinds_(kinds) {}

    /// Put the rules of a script in the place of all there were; "faithful" and an empty script
    /// have none. Gives their number; after a failure the old ones stay in force.
    Result<std::size_t> load(std::string_view script);
    /// Whether something goes wrong here, now: the first rule that applies and is not used up.
    std::optional<Fault> strike(Point point, Side side, std::string_view kind = {});
    /// How often something has gone wrong so far.
    std::uint64_t committed() const { return committed_; }

private:
    struct Rule {
        Point point = Point::open;
        Side side = Side::both;
        std::string kind; ///< of request, or a command's number in decimal; empty: any
        Occasions occasions;
        Fault fault;
    };

    Result<Rule> parse(std::string_view statement) const;
    bool take_step(std::string_view word, Rule& rule) const;
    static bool take_modifier(std::string_view word, Rule& rule);
    static Result<Rule> finish(Rule rule, std::string_view action, std::string_view argument);

    std::span<const std::string_view> kinds_;
    std::vector<Rule> rules_;
    std::uint64_t committed_ = 0;
};

} // namespace vmguest::lab::backdoor
