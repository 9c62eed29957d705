// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The language of the hostile mode; Documentation/devices.md explains it.
#include "faults.hpp"

#include <algorithm>

#include "guestmsg.hpp"
#include "text.hpp"

namespace vmguest::lab::backdoor {
namespace {

struct PointName {
    std::string_view name;
    Point point;
};
constexpr PointName points[] = {
    {"open", Point::open},           {"send-size", Point::send_size},
    {"send-data", Point::send_data}, {"recv-size", Point::recv_size},
    {"recv-data", Point::recv_data}, {"recv-status", Point::recv_status},
    {"close", Point::close},         {"reply", Point::reply},
    {"request", Point::request},     {"hgfs", Point::folders},
    {"command", Point::command},
};

struct StatusName {
    std::string_view name;
    std::uint32_t status;
};
constexpr StatusName statuses[] = {
    {"none", 0},
    {"closed", status::closed},
    {"unsent", status::unsent},
    {"checkpoint", status::checkpoint},
    {"poweroff", status::poweroff},
    {"timeout", status::timeout},
};

/// By word or number.
std::optional<std::uint32_t> parse_status(std::string_view text) {
    for (const auto& one : statuses)
        if (one.name == text)
            return one.status;
    const auto number = parse_number(text);
    return number && *number <= 0xffff ? number : std::nullopt;
}

bool is_step(Point point) {
    return point < Point::reply;
}

bool is_message(Point point) {
    return point == Point::reply || point == Point::request;
}

bool has_length(Point point) {
    return point == Point::recv_size;
}

bool is_folders(Point point) {
    return point == Point::folders;
}

bool is_command(Point point) {
    return point == Point::command;
}

bool has_type(Point point) {
    return point == Point::recv_size || point == Point::recv_data;
}

enum class Argument { none, status, number, text, refusal };

struct ActionName {
    std::string_view name;
    Action action;
    Argument argument;
    bool (*applies)(Point point);
};
constexpr ActionName actions[] = {
    {"status", Action::status, Argument::status, is_step},
    {"silent", Action::silent, Argument::none, is_step},
    {"cookie", Action::cookie, Argument::none, is_step},
    {"length", Action::length, Argument::number, has_length},
    {"type", Action::type, Argument::number, has_type},
    {"late", Action::late, Argument::number, is_message},
    {"lose", Action::lose, Argument::none, is_message},
    {"text", Action::text, Argument::text, is_message},
    {"refuse", Action::text, Argument::refusal, [](Point point) { return point == Point::reply; }},
    {"status", Action::status, Argument::number, is_folders},
    {"silent", Action::silent, Argument::none, is_folders},
    {"cut", Action::cut, Argument::number, is_folders},
    {"id", Action::id, Argument::none, is_folders},
    {"count", Action::count, Argument::number, is_folders},
    {"eax", Action::eax, Argument::number, is_command},
    {"ebx", Action::ebx, Argument::number, is_command},
    {"ecx", Action::ecx, Argument::number, is_command},
};

bool fill(Fault& fault, Argument kind, std::string_view argument) {
    switch (kind) {
    case Argument::none:
        return argument.empty();
    case Argument::text:
        fault.text = argument;
        return true;
    case Argument::refusal:
        fault.text = "0 " + std::string(argument);
        return true;
    case Argument::status:
    case Argument::number:
        break;
    }
    const auto number = kind == Argument::status ? parse_status(argument) : parse_number(argument);
    fault.number = number.value_or(0);
    return number.has_value();
}

Failure no_rule(std::string_view statement) {
    return Failure{"'" + std::string(statement) +
                   "' is no rule of the hostile mode: [rpci|tclo] [xN|x*] [+N] STEP FAULT, see "
                   "Documentation/devices.md"};
}

} // namespace

bool Faults::take_modifier(std::string_view word, Rule& rule) {
    if (word == "rpci" || word == "tclo") {
        rule.side = word == "rpci" ? Side::rpci : Side::tclo;
        return true;
    }
    return rule.occasions.take_modifier(word);
}

Result<Faults::Rule> Faults::finish(Rule rule, std::string_view action, std::string_view argument) {
    for (const auto& one : actions) {
        if (one.name != action || !one.applies(rule.point))
            continue;
        rule.fault.action = one.action;
        if (fill(rule.fault, one.argument, argument))
            return rule;
        break;
    }
    return no_rule(action);
}

/// A step's name; behind `hgfs` there may be a dot and the kind of request, behind `command` its
/// number.
bool Faults::take_step(std::string_view word, Rule& rule) const {
    auto kind = word;
    const auto name = cut(kind, '.');
    const auto* step = std::find_if(std::begin(points), std::end(points),
                                    [&](const PointName& one) { return one.name == name; });
    if (step == std::end(points))
        return false;
    rule.point = step->point;
    rule.kind = kind;
    if (name == word)
        return true;
    if (const auto number = parse_number(kind); number && is_command(rule.point)) {
        rule.kind = std::to_string(*number);
        return true;
    }
    return is_folders(rule.point) && std::find(kinds_.begin(), kinds_.end(), kind) != kinds_.end();
}

Result<Faults::Rule> Faults::parse(std::string_view statement) const {
    Rule rule;
    auto rest = statement;
    auto word = cut(rest, ' ');
    while (take_modifier(word, rule))
        word = cut(rest, ' ');
    if (!take_step(word, rule))
        return no_rule(statement);
    const auto action = cut(rest, ' ');
    auto done = finish(std::move(rule), action, rest);
    return done ? std::move(done) : no_rule(statement);
}

Result<std::size_t> Faults::load(std::string_view script) {
    std::vector<Rule> rules;
    while (!script.empty()) {
        auto line = cut(script, '\n');
        while (!line.empty()) {
            const auto statement = trim(cut(line, ';'));
            if (statement.empty() || statement == "faithful")
                continue;
            auto rule = parse(statement);
            if (!rule)
                return Failure{rule.sentence()};
            rules.push_back(std::move(rule.value()));
        }
    }
    if (rules.size() > most_rules)
        return Failure{"the hostile mode takes at most " + std::to_string(most_rules) + " rules"};
    rules_ = std::move(rules);
    return rules_.size();
}

std::optional<Fault> Faults::strike(Point point, Side side, std::string_view kind) {
    for (auto& rule : rules_) {
        const bool applies = rule.point == point &&
                             (rule.side == Side::both || rule.side == side) &&
                             (rule.kind.empty() || rule.kind == kind);
        if (!applies || !rule.occasions.strike())
            continue;
        ++committed_;
        return rule.fault;
    }
    return std::nullopt;
}

} // namespace vmguest::lab::backdoor
