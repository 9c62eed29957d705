// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the host side may ask of the model: `model backdoor WORD…` of the control socket.
#include "backdoor.hpp"

#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "text.hpp"

namespace vmguest::lab::backdoor {
namespace {

using nlohmann::json;
using Words = std::span<const std::string_view>;

/// What is left of the words, as one text.
std::string join(Words words) {
    std::string text;
    for (const auto word : words)
        text += (text.empty() ? "" : " ") + std::string(word);
    return text;
}

std::string_view name_of(TcloRequest::State state) {
    switch (state) {
    case TcloRequest::State::queued:
        return "queued";
    case TcloRequest::State::sent:
        return "sent";
    case TcloRequest::State::answered:
        return "answered";
    case TcloRequest::State::refused:
        return "refused";
    case TcloRequest::State::lost:
        break;
    }
    return "lost";
}

} // namespace

Reply Backdoor::command(Words words) {
    using Act = Reply (Backdoor::*)(Words arguments);
    struct Verb {
        std::string_view name;
        std::size_t fewest, most; ///< arguments
        Act act;
    };
    constexpr std::size_t any = 1000;
    static constexpr Verb verbs[] = {
        {"traffic", 0, 1, &Backdoor::show_traffic},
        {"channels", 0, 0, &Backdoor::show_channels},
        {"guestinfo", 0, 0, &Backdoor::show_guestinfo},
        {"guestinfo-set", 2, any, &Backdoor::set_guestinfo},
        {"statistic", 1, 2, &Backdoor::set_statistic},
        {"send", 1, any, &Backdoor::send},
        {"result", 1, 1, &Backdoor::result},
        {"hostile", 1, any, &Backdoor::hostile},
        {"checkpoint", 0, 0, &Backdoor::checkpoint},
        {"restart", 0, 0, &Backdoor::restart},
        {"hgfs", 0, 1, &Backdoor::share},
    };
    const auto arguments = words.empty() ? words : words.subspan(1);
    for (const auto& verb : verbs)
        if (!words.empty() && verb.name == words[0] && arguments.size() >= verb.fewest &&
            arguments.size() <= verb.most)
            return (this->*verb.act)(arguments);
    return Failure{"the backdoor knows traffic [clear], channels, guestinfo, guestinfo-set KEY "
                   "VALUE, statistic NAME [VALUE], send TEXT, result NUMBER, hostile SCRIPT, "
                   "checkpoint, restart and hgfs [enable|disable|restart]"};
}

Reply Backdoor::show_traffic(Words words) {
    if (words.empty())
        return json{{"lines", traffic_.lines()}};
    if (words[0] != "clear")
        return Failure{"'traffic' takes nothing, or 'clear'"};
    traffic_.clear();
    return json{{"lines", json::array()}};
}

Reply Backdoor::show_channels(Words) {
    auto all = json::array();
    for (const auto& [id, about] : channels_.list()) {
        json one = {{"id", id},
                    {"protocol", about.side == Side::rpci ? "rpci" : "tclo"},
                    {"unused_ms", about.unused / std::chrono::milliseconds(1)}};
        if (about.side == Side::tclo) {
            one["application"] = tclo_.at(id)->application();
            one["polls"] = tclo_.at(id)->polls();
        }
        all.push_back(std::move(one));
    }
    return all;
}

Reply Backdoor::show_guestinfo(Words) {
    auto all = json::object();
    for (const auto& [key, value] : knowledge_.info.values())
        all[key] = value;
    return all;
}

Reply Backdoor::set_guestinfo(Words words) {
    if (!knowledge_.info.set(words[0], join(words.subspan(1))))
        return Failure{"'" + std::string(words[0]) +
                       "' cannot be set: keys are guestinfo.NAME without blanks, 1 MiB in all"};
    return json{{"ok", true}};
}

Reply Backdoor::set_statistic(Words words) {
    const auto value = words.size() > 1 ? std::optional(words[1]) : std::nullopt;
    if (!knowledge_.statistics.set(words[0], value))
        return Failure{"there is no statistic '" + join(words) + "': see Documentation/devices.md"};
    return json{{"ok", true}};
}

/// The channel of the system's daemon, or the first there is.
TcloEndpoint* Backdoor::find_tclo() {
    TcloEndpoint* first = nullptr;
    for (const auto& [id, about] : channels_.list()) {
        if (about.side != Side::tclo)
            continue;
        auto* endpoint = tclo_.at(id);
        if (endpoint->application() == "toolbox")
            return endpoint;
        if (first == nullptr)
            first = endpoint;
    }
    return first;
}

Reply Backdoor::send(Words words) {
    auto* endpoint = find_tclo();
    if (endpoint == nullptr)
        return Failure{"no program of the guest's has opened a TCLO channel; start vmtoolsd there"};
    const auto request = requests_.make(join(words), host_.now() + settings_.reply);
    if (!endpoint->send(request))
        return Failure{"the guest has too many requests waiting"};
    return json{{"id", request->id}};
}

Reply Backdoor::result(Words words) {
    const auto id = parse_number(words[0]);
    const auto request = id ? requests_.find(*id, host_.now()) : nullptr;
    if (!request)
        return Failure{"there is no request '" + std::string(words[0]) + "'"};
    return json{{"state", name_of(request->state)},
                {"over", request->is_over()},
                {"reply", request->reply}};
}

Reply Backdoor::hostile(Words words) {
    const auto rules = faults_.load(join(words));
    if (!rules)
        return Failure{rules.sentence()};
    return json{{"rules", rules.value()}, {"committed", faults_.committed()}};
}

Reply Backdoor::checkpoint(Words) {
    return json{{"interrupted", channels_.checkpoint()}};
}

Reply Backdoor::restart(Words) {
    return json{{"closed", channels_.restart()}};
}

Reply Backdoor::share(Words words) {
    return folders_->command(words);
}

} // namespace vmguest::lab::backdoor
