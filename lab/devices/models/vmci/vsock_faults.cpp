// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The language of the vsock peer's hostile acts; Documentation/devices.md explains it.
#include "models/vmci/vsock_faults.hpp"

#include <algorithm>
#include <string>

#include "protocol.hpp"

namespace vmguest::lab::vmci::vsock {
namespace {

struct PointName {
    std::string_view name;
    Point point;
};
constexpr PointName points[] = {
    {"connect", Point::connect}, {"request", Point::request}, {"negotiate", Point::negotiate},
    {"offer", Point::offer},     {"data", Point::data},       {"notice", Point::notice},
};

constexpr unsigned at(Point point) {
    return 1U << static_cast<unsigned>(point);
}
constexpr unsigned answers = at(Point::request) | at(Point::negotiate) | at(Point::offer);
constexpr unsigned sizes = at(Point::connect) | at(Point::request);
constexpr unsigned handles = at(Point::negotiate) | at(Point::offer);

struct ActName {
    std::string_view name;
    Act act;
    bool has_number;
    unsigned where; ///< at() of the points
};
constexpr ActName acts[] = {
    {"reset", Act::reset, false, answers | at(Point::data)},
    {"silent", Act::silent, false, answers | at(Point::notice)},
    {"late", Act::late, true, answers},
    {"size", Act::size, true, sizes},
    {"proto", Act::proto, true, sizes},
    {"handle", Act::handle, false, handles},
    {"twice", Act::twice, false, handles},
    {"early", Act::early, false, at(Point::offer)},
    {"detach", Act::detach, false, at(Point::data)},
};

/// The next statement, taken off the script's front.
std::string_view cut_statement(std::string_view& script) {
    const auto end = std::min(script.find(';'), script.size());
    const auto statement = script.substr(0, end);
    script.remove_prefix(std::min(end + 1, script.size()));
    return statement;
}

Failure no_rule(std::string_view statement) {
    return Failure{"'" + std::string(statement) +
                   "' is no rule for the vsock peer: [xN|x*] [+N] POINT ACT [NUMBER], see "
                   "Documentation/devices.md"};
}

} // namespace

Result<Faults::Rule> Faults::parse(std::string_view statement) {
    const auto split = split_words(statement);
    if (!split)
        return no_rule(statement);
    Rule rule;
    auto word = split.value().begin();
    const auto end = split.value().end();
    while (word != end && rule.occasions.take_modifier(*word))
        ++word;
    const auto left = end - word;
    if (left != 2 && left != 3)
        return no_rule(statement);
    for (const auto& point : points)
        for (const auto& act : acts) {
            if (point.name != word[0] || act.name != word[1] || (act.where & at(point.point)) == 0)
                continue;
            const auto number = left == 3 ? parse_number(word[2]) : std::nullopt;
            if (act.has_number != number.has_value() || act.has_number != (left == 3))
                return no_rule(statement);
            rule.point = point.point;
            rule.fault = {act.act, number.value_or(0)};
            return rule;
        }
    return no_rule(statement);
}

Result<std::size_t> Faults::load(std::string_view script) {
    std::vector<Rule> rules;
    while (!script.empty()) {
        const auto statement = cut_statement(script);
        const auto words = split_words(statement);
        if (words &&
            (words.value().empty() || words.value() == std::vector<std::string>{"faithful"}))
            continue;
        auto rule = parse(statement);
        if (!rule)
            return Failure{rule.sentence()};
        rules.push_back(rule.value());
    }
    if (rules.size() > most_rules)
        return Failure{"the vsock peer takes at most " + std::to_string(most_rules) + " rules"};
    rules_ = std::move(rules);
    return rules_.size();
}

std::optional<Fault> Faults::strike(Point point) {
    for (auto& rule : rules_) {
        if (rule.point != point || !rule.occasions.strike())
            continue;
        ++committed_;
        return rule.fault;
    }
    return std::nullopt;
}

} // namespace vmguest::lab::vmci::vsock
