// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What can be said to the VMCI device on the control socket; the words are in the header.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "models/vmci/names.hpp"
#include "models/vmci/vmci.hpp"
#include "protocol.hpp"

namespace vmguest::lab::vmci {
namespace {

constexpr const char* usage =
    "vmci knows show, send RESOURCE FROM TEXT [COUNT], ring RESOURCE, doorbell RESOURCE on|off, "
    "context NUMBER, resumed, echo, pair, vsock, hgfs and hostile";
constexpr const char* hostile_usage =
    "'hostile' of vmci wants refuse CALL|datagram|any STATUS [COUNT [AFTER]], result VALUE "
    "[COUNT], payload SIZE [COUNT], unterminated [COUNT], busy never|MS [COUNT], cause MASK "
    "[COUNT], reply never|fails|MS [COUNT], event NUMBER SIZE, detach-event HANDLE, interrupt "
    "MASK, index HANDLE tail|head "
    "VALUE or faithful";

using nlohmann::json;

json list_pairs(const Broker& broker) {
    auto list = json::array();
    for (const auto& [handle, entry] : broker.pairs())
        list.push_back({{"handle", text_of(handle)},
                        {"guest", entry.is_guest_in},
                        {"host", entry.service != nullptr},
                        {"produce", entry.pair->guest_produce()},
                        {"consume", entry.pair->guest_consume()},
                        {"readable", entry.pair->readable()},
                        {"writable", entry.pair->writable()}});
    return list;
}

json list_rings(const Doorbells& doorbells) {
    auto list = json::object();
    for (const auto& [resource, rings] : doorbells.host())
        list[std::to_string(resource)] = rings;
    return list;
}

json list_links(const Doorbells& doorbells) {
    auto list = json::object();
    for (const auto& [handle, index] : doorbells.links())
        list[text_of(handle)] = index;
    return list;
}

} // namespace

Reply Vmci::show() {
    const auto& doorbells = router_.doorbells();
    return json{{"mode", settings_.is_mmio ? "mmio" : "port"},
                {"context", guest_.context},
                {"offered", settings_.offered()},
                {"used", guest_.used},
                {"page_size", guest_.page_size()},
                {"enabled", interrupts_.is_enabled()},
                {"mask", interrupts_.mask()},
                {"waiting", router_.inbox().bytes()},
                {"bitmap", doorbells.bitmap() ? json(*doorbells.bitmap()) : json()},
                {"doorbells", list_links(doorbells)},
                {"rung", list_rings(doorbells)},
                {"pairs", list_pairs(router_.broker())}};
}

/// {"sent": bytes or Status}
Reply Vmci::send(std::span<const std::string_view> words) {
    const auto to = words.size() > 2 ? parse_word(words[0]) : std::nullopt;
    const auto from = words.size() > 2 ? parse_word(words[1]) : std::nullopt;
    const auto count = words.size() == 4 ? parse_number(words[3]) : 1;
    if (!to || !from || words.size() > 4 || !count || *count > longest_datagram)
        return Failure{usage};
    Datagram datagram = {{guest_.context, *to}, {host_context, *from}, {}};
    const auto text = std::as_bytes(std::span(words[2]));
    for (std::uint64_t i = 0; i < *count && datagram.payload.size() <= longest_datagram; ++i)
        datagram.payload.insert(datagram.payload.end(), text.begin(), text.end());
    return json{{"sent", router_.send(datagram)}};
}

bool Vmci::change_context(std::string_view number) {
    const auto context = parse_word(number);
    if (!context || !is_vm(*context))
        return false;
    guest_.context = *context;
    std::vector<std::byte> details;
    append(details, std::uint64_t{*context});
    router_.tell(Event::context_update, details);
    return true;
}

bool Vmci::set_doorbell(std::string_view resource, std::string_view state) {
    const auto number = parse_word(resource);
    if (!number || (state != "on" && state != "off"))
        return false;
    if (state == "on")
        router_.doorbells().add_host(*number);
    else
        router_.doorbells().remove_host(*number);
    return true;
}

/// {"done": n}: how often it has broken a promise so far.
Reply Vmci::hostile(std::span<const std::string_view> words) {
    if (!act(words) && !faults_.command(words))
        return Failure{hostile_usage};
    return json{{"done", faults_.done()}};
}

/// What is done at once.
bool Vmci::act(std::span<const std::string_view> words) {
    constexpr std::uint64_t longest_event = 4096;
    if (words.size() == 3 && words[0] == "event") {
        const auto event = parse_word(words[1]);
        const auto size = parse_number(words[2]);
        if (!event || !size || *size > longest_event)
            return false;
        router_.tell_raw(*event, *size);
    } else if (words.size() == 2 && words[0] == "detach-event") {
        const auto handle = parse_handle(words[1]);
        if (!handle)
            return false;
        router_.tell_pair(Event::peer_detach, *handle);
    } else if (words.size() == 2 && words[0] == "interrupt") {
        const auto causes = parse_word(words[1]);
        if (!causes || *causes == 0 || *causes > all_causes)
            return false;
        interrupts_.raise(*causes);
    } else if (words.size() == 4 && words[0] == "index") {
        const auto handle = parse_handle(words[1]);
        const auto value = parse_number(words[3]);
        auto* pair = handle ? router_.broker().find(*handle) : nullptr;
        if (pair == nullptr || !value || (words[2] != "tail" && words[2] != "head") ||
            !pair->corrupt(words[2] == "tail" ? QueuePair::Index::tail : QueuePair::Index::head,
                           *value))
            return false;
    } else {
        return false;
    }
    faults_.note();
    return true;
}

Reply Vmci::command(std::span<const std::string_view> words) {
    const auto verb = words.empty() ? std::string_view{} : words[0];
    if (verb == "send")
        return send(words.subspan(1));
    if (verb == "echo")
        return test_service_.echo(words.subspan(1));
    if (verb == "pair")
        return test_service_.pair(words.subspan(1));
    if (verb == "vsock")
        return vsock_.command(words.subspan(1));
    if (verb == "hgfs")
        return folders_.command(words.subspan(1));
    if (verb == "hostile")
        return hostile(words.subspan(1));
    if (verb == "ring" && words.size() == 2) {
        const auto resource = parse_word(words[1]);
        return resource ? Reply(json{{"rung", router_.ring({guest_.context, *resource})}})
                        : Reply(Failure{usage});
    }
    const bool is_known =
        (verb == "show" && words.size() == 1) ||
        (verb == "resumed" && words.size() == 1 && router_.tell(Event::queuepair_resumed)) ||
        (verb == "context" && words.size() == 2 && change_context(words[1])) ||
        (verb == "doorbell" && words.size() == 3 && set_doorbell(words[1], words[2]));
    return is_known ? show() : Reply(Failure{usage});
}

} // namespace vmguest::lab::vmci
