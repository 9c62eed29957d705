// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The verbs of the control socket, as Documentation/devices.md lists them.
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include "counters.hpp"
#include "guarded.hpp"
#include "pci_shim.hpp"
#include "port_shim.hpp"
#include "protocol.hpp"
#include "self_check.hpp"

namespace vmguest::lab {
namespace {

using nlohmann::json;

Reply ping(std::string_view) {
    return json{{"ok", true}, {"qemu", qemu_version()}};
}

Reply report(std::string_view rest) {
    const auto request = rest.empty() ? json::object() : json::parse(rest, nullptr, false);
    return counters().report(request);
}

Reply reset(std::string_view) {
    counters().reset();
    return json{{"ok", true}};
}

Reply attach(std::string_view) {
    if (counters().mode() == CountMode::off)
        return Failure{"exits are not counted: start the plugin with count=on"};
    return json{{"attached", counters().exits().attach()}};
}

Reply regions(std::string_view) {
    return counters().exits().regions();
}

constexpr const char* hostile_usage =
    "'hostile' wants DEVICE drop-writes REGION FIRST LAST COUNT, DEVICE vanish, or DEVICE faithful";

/// {"dropped": n}: writes to the device that were lost so far.
Reply hostile(std::string_view rest) {
    const auto split = split_words(rest);
    if (!split)
        return Failure{split.sentence()};
    const auto& words = split.value();
    ExitTaps::Fault fault;
    std::string region;
    if (words.size() == 6 && words[1] == "drop-writes") {
        const auto first = parse_number(words[3]), last = parse_number(words[4]),
                   count = parse_number(words[5]);
        if (!first || !last || !count || *first > *last)
            return Failure{hostile_usage};
        fault = {*first, *last, *count};
        region = words[2];
    } else if (words.size() == 2 && words[1] == "vanish") {
        fault.is_gone = true;
    } else if (words.size() != 2 || words[1] != "faithful") {
        return Failure{hostile_usage};
    }
    auto& exits = counters().exits();
    if (!exits.spoil(words[0], region, fault))
        return Failure{"'" + words[0] + "' is no PCI device with an id" +
                       (region.empty() ? "" : " and a region '" + region + "'")};
    return json{{"dropped", exits.dropped(words[0])}};
}

Reply models(std::string_view) {
    auto pci = json::array();
    for (const auto* info : pci_models())
        pci.push_back(info->name);
    auto ports = json::array();
    for (const auto* info : port_models())
        ports.push_back(
            {{"model", info->name}, {"mapped", find_port_model(info->name) != nullptr}});
    return json{{"pci", pci},
                {"ports", ports},
                {"devices", list_pci_devices()},
                {"storage", pci_device_storage()}};
}

Reply model(std::string_view rest) {
    const auto words = split_words(rest);
    if (!words)
        return Failure{words.sentence()};
    if (words.value().empty())
        return Failure{
            "'model' wants the id of a device or the name of a model; 'models' lists them"};
    const std::vector<std::string_view> views(words.value().begin() + 1, words.value().end());
    const auto& name = words.value().front();
    if (auto* device = find_pci_model(name))
        return device->command(views);
    if (auto* ports = find_port_model(name))
        return ports->command(views);
    return Failure{"'" + name +
                   "' is neither the id of a plugged device of the lab nor the only "
                   "one of its model: 'models' lists them"};
}

constexpr struct {
    std::string_view name;
    Reply (*act)(std::string_view rest);
} verbs[] = {
    {"ping", ping},       {"counters", report}, {"counters-reset", reset}, {"attach", attach},
    {"regions", regions}, {"models", models},   {"model", model},          {"hostile", hostile},
};

Reply act(const Request& request) {
    for (const auto& verb : verbs)
        if (request.verb == verb.name)
            return verb.act(request.rest);
    std::string known;
    for (const auto& verb : verbs)
        known += (known.empty() ? "" : ", ") + std::string(verb.name);
    return Failure{"'" + std::string(request.verb) +
                   "' is no verb of the device plugin; it knows " + known};
}

} // namespace

std::string answer(std::string_view line) {
    return guarded("control socket",
                   std::string(R"({"error":"the request could not be carried out"})"), [&] {
                       const auto reply = act(split_request(line));
                       const auto value = reply ? reply.value() : json{{"error", reply.sentence()}};
                       // Guests and users may send bytes that are no UTF-8: replace, do not throw.
                       return value.dump(-1, ' ', false, json::error_handler_t::replace);
                   });
}

} // namespace vmguest::lab
