// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The keys of the backdoor's options and what they may be.
#include "settings.hpp"

#include <algorithm>

#include "text.hpp"

namespace vmguest::lab::backdoor {
namespace {

using Value = std::string_view;

/// Store the number if it is one of the allowed range.
template <class Number>
bool number(Value text, std::uint32_t low, std::uint32_t high, Number& to) {
    const auto value = parse_number(text);
    if (!value || *value < low || *value > high)
        return false;
    to = static_cast<Number>(*value);
    return true;
}

bool seconds(Value text, std::chrono::seconds& to) {
    std::uint32_t value = 0;
    if (!number(text, 1, 86400, value))
        return false;
    to = std::chrono::seconds(value);
    return true;
}

bool on_off(Value text, bool& to) {
    to = text == "on";
    return to || text == "off";
}

bool high_bandwidth(Value text, Settings& settings) {
    settings.high_send = text == "both" || text == "send";
    settings.high_receive = text == "both" || text == "receive";
    return settings.high_send || settings.high_receive || text == "off";
}

bool guestlib(Value text, unsigned& version) {
    version = 0;
    return text == "off" || number(text, 2, 3, version);
}

bool hostile(Value text, std::string& script) {
    script = text;
    return true;
}

struct Key {
    std::string_view name;
    std::string_view allowed;
    bool (*store)(Value text, Settings& settings);
};

constexpr Key keys[] = {
    {"channels", "1 to 128",
     [](Value text, Settings& to) { return number(text, 1, 128, to.channels); }},
    {"message", "16 to 1048576 bytes",
     [](Value text, Settings& to) {
         return number<std::uint32_t>(text, 16, 1U << 20, to.message.emplace());
     }},
    {"idle", "1 to 86400 seconds", [](Value text, Settings& to) { return seconds(text, to.idle); }},
    {"reply", "1 to 86400 seconds",
     [](Value text, Settings& to) { return seconds(text, to.reply); }},
    {"high", "both, send, receive or off", high_bandwidth},
    {"product", "0 to 5", [](Value text, Settings& to) { return number(text, 0, 5, to.product); }},
    {"guestlib", "2, 3 or off",
     [](Value text, Settings& to) { return guestlib(text, to.guestlib); }},
    {"hz", "on or off", [](Value text, Settings& to) { return on_off(text, to.has_hz); }},
    {"start", "on or off", [](Value text, Settings& to) { return on_off(text, to.has_start); }},
    {"hostile", "a script", [](Value text, Settings& to) { return hostile(text, to.hostile); }},
    {"share", "NAME=FOLDER",
     [](Value text, Settings& to) { return folders::add_share(text, false, to.shares); }},
    {"share-ro", "NAME=FOLDER",
     [](Value text, Settings& to) { return folders::add_share(text, true, to.shares); }},
};

Failure unknown_word(std::string_view word) {
    std::string known;
    for (const auto& key : keys)
        known += (known.empty() ? "" : ", ") + std::string(key.name);
    return Failure{"'" + std::string(word) + "' is no setting of the backdoor; it knows " + known};
}

/// Before HGFS packets of any length: its command.
constexpr std::uint32_t command_size = 2;
constexpr std::uint32_t message_of_old = 65536, longest_hgfs_packet = 522240;

} // namespace

std::uint32_t Settings::longest_message() const {
    return message.value_or(shares.empty() ? message_of_old : longest_hgfs_packet + command_size);
}

std::uint32_t Settings::longest_packet() const {
    return std::min(longest_message() - command_size, longest_hgfs_packet);
}

Result<Settings> parse_settings(std::string_view text) {
    Settings settings;
    while (!text.empty()) {
        const auto word = cut(text, ',');
        const auto equals = word.find('=');
        const auto* key = std::find_if(std::begin(keys), std::end(keys), [&](const Key& one) {
            return one.name == word.substr(0, equals);
        });
        if (key == std::end(keys) || equals == std::string_view::npos)
            return unknown_word(word);
        if (!key->store(word.substr(equals + 1), settings))
            return Failure{"the backdoor's '" + std::string(key->name) + "' is " +
                           std::string(key->allowed) + ", not '" +
                           std::string(word.substr(equals + 1)) + "'"};
    }
    return settings;
}

} // namespace vmguest::lab::backdoor
