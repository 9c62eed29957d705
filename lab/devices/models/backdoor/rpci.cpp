// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The calls, by their names.
#include "rpci.hpp"

#include <algorithm>

#include "text.hpp"

namespace vmguest::lab::backdoor {
namespace {

constexpr std::string_view unknown = "0 Unknown command";
constexpr std::string_view file_request = "f "; // a binary packet follows

/// Guests disagree on what ends a message: one NUL may, and one blank.
std::string_view without(char end, std::string_view text) {
    if (text.ends_with(end))
        text.remove_suffix(1);
    return text;
}

} // namespace

Rpci::Handler Rpci::find(std::string_view name) {
    static constexpr Command commands[] = {
        {"log", &Rpci::accept},
        {"info-get", &Rpci::info_get},
        {"info-set", &Rpci::info_set},
        {"vmx.capability.unified_loop", &Rpci::accept},
        {"vmx.capability.dnd_version", &Rpci::say_none},
        {"vmx.capability.copypaste_version", &Rpci::say_none},
        {"vmx.capability.hgfs_server", &Rpci::say_sharing},
        {"vmx.capability.tools_is_upgradable", &Rpci::say_none},
        {"vmx.set_option", &Rpci::set_option},
        {"tools.set.version", &Rpci::accept},
        {"tools.set.versiontype", &Rpci::accept},
        {"tools.os.statechange.status", &Rpci::accept},
        {"tools.vmsupport.status", &Rpci::accept},
        {"SetGuestInfo", &Rpci::accept},
        {"SetGuestDiskInfo", &Rpci::accept},
        {"vmbackup.eventSet", &Rpci::accept},
        {"deployPkg.update.state", &Rpci::accept},
        {"update.tools.health", &Rpci::accept},
        {"disk.wiper.enable", &Rpci::say_one},
        {"disk.shrink", &Rpci::accept},
        {"dnd.is.active", &Rpci::say_none},
        {"guestlib.info.get", &Rpci::guestlib},
        {"guestStore.connect", &Rpci::forbid},
        {"guestStore.accessEnabled", &Rpci::forbid},
        {"namespace-priv-get-values", &Rpci::forbid},
        {"namespace-priv-set-keys", &Rpci::forbid},
        {"f", &Rpci::files},
    };
    if (name.starts_with("tools.capability.")) // more of them than anybody has listed
        return &Rpci::accept;
    for (const auto& command : commands)
        if (command.name == name)
            return command.handle;
    return nullptr;
}

std::string Rpci::answer(std::string_view request) {
    auto rest = request.starts_with(file_request) ? request : without('\0', request);
    const auto name = cut(rest, ' ');
    const auto handle = find(name);
    return handle == nullptr ? std::string(unknown) : (this->*handle)(rest);
}

std::string Rpci::accept(std::string_view) {
    return "1 ";
}

std::string Rpci::say_none(std::string_view) {
    return "1 0";
}

std::string Rpci::say_one(std::string_view) {
    return "1 1";
}

std::string Rpci::forbid(std::string_view) {
    return "0 Permission denied";
}

std::string Rpci::say_sharing(std::string_view) {
    return folders_.are_enabled() ? "1 1" : "1 0";
}

std::string Rpci::files(std::string_view packet) {
    const auto reply = folders_.process(packet, faults_);
    return reply ? "1 " + *reply : "0 disabled";
}

std::string Rpci::info_get(std::string_view arguments) {
    const auto* value = knowledge_.info.get(without(' ', arguments));
    return value != nullptr ? "1 " + *value : "0 No value found";
}

std::string Rpci::info_set(std::string_view arguments) {
    const auto key = cut(arguments, ' ');
    if (!GuestInfo::is_key(key))
        return "0 Permission denied";
    return knowledge_.info.set(key, arguments) ? "1 " : "0 Too many or too long values";
}

std::string Rpci::set_option(std::string_view arguments) {
    const auto name = cut(arguments, ' ');
    cut(arguments, ' '); // what it was
    if (name != "synctime" || (arguments != "0" && arguments != "1"))
        return "0 Unknown or invalid option";
    knowledge_.is_time_synced = arguments == "1";
    return "1 ";
}

// A host that knows less than it is asked for says how much, before a colon.
std::string Rpci::guestlib(std::string_view arguments) {
    if (settings_.guestlib == 0)
        return "0 disabled";
    const auto version = parse_number(without(' ', arguments)).value_or(0);
    if (version > settings_.guestlib)
        return "0 " + std::to_string(settings_.guestlib) + ":version not supported";
    if (version < 2)
        return "0 Unsupported version";
    return "1 " + knowledge_.statistics.data(version);
}

void RpciEndpoint::received(std::string_view message) {
    host_.count("backdoor.rpci");
    traffic_.add("rpci", id_, '>', message);
    const auto fault = faults_.strike(Point::reply, Side::rpci);
    ready_ = host_.now();
    reply_ = fault && fault->action == Action::text ? fault->text : rpci_.answer(message);
    if (fault && fault->action == Action::late)
        ready_ += std::chrono::milliseconds(fault->number);
    if (fault && fault->action == Action::lose)
        reply_.reset();
}

std::optional<std::string> RpciEndpoint::offer() {
    return host_.now() < ready_ ? std::nullopt : reply_;
}

void RpciEndpoint::taken() {
    traffic_.add("rpci", id_, '<', reply_.value_or(""));
    reply_.reset();
}

} // namespace vmguest::lab::backdoor
