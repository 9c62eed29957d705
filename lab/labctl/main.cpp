// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// labctl: asks the host side of the lab, from inside a guest.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "interrupts.hpp"
#include "ioports.hpp"
#include "modules.hpp"
#include "port.hpp"
#include "table.hpp"

namespace {

using nlohmann::json;

constexpr int status_usage = 2;
constexpr int status_unreachable = 126;
/// Longer than anything that the host side does for a guest.
constexpr std::chrono::seconds patience{900};

constexpr const char* verbs =
    "Requests that the host side carries out (it refuses what this machine has no device for):\n"
    "  link ethN up|down           plug or pull the cable\n"
    "  net run CMD [ARG]...        run CMD beside the NIC's peer and wait; status and output are "
    "its\n"
    "  net start NAME CMD [ARG]... start it there\n"
    "  net stop NAME               end it and print what it printed\n"
    "  hostile DEVICE drop-doorbells COUNT\n"
    "                              the next COUNT wishes of the driver to send get lost\n"
    "  hostile DEVICE vanish       it is gone from the bus: reads give ones, writes get lost\n"
    "  hostile DEVICE faithful     all is well again; these print how many writes were lost\n"
    "  hostile backdoor SCRIPT     the host breaks its promises by this script; prints how often "
    "it "
    "has\n"
    "  rpc [clear]                 what was said over the channels of the backdoor\n"
    "  rpc send REQUEST            ask vmtoolsd; 0 it did it, 1 it refused, 3 no answer\n"
    "  rpc channels|checkpoint|restart\n"
    "                              show them; as if just restored; close them all\n"
    "  vsock listen PORT -- CMD [ARG]...\n"
    "                              CMD serves the guest's connections to context 2 and this port\n"
    "  vsock connect PORT [-- CMD [ARG]...]\n"
    "                              the host connects to the guest's port, for CMD\n"
    "  vsock close PORT|show       nobody serves it any more; list connections\n"
    "  guestinfo [KEY [VALUE]]     the host's variables: list, show, set\n"
    "  hgfs [disable|enable|restart]\n"
    "                              Shared Folders: show them; off; on; forget all sessions\n"
    "Without the host side:\n"
    "  ioports CMD [ARG]...        run CMD with leave to use the backdoor's ports\n"
    "Exit status: the request's own; 2 wrong usage; 126 the host side cannot be reached.";

struct Options {
    std::vector<std::string> argv;
    bool is_counters = false;
    bool as_json = false;
};

int fail(const std::string& sentence) {
    std::fprintf(stderr, "labctl: %s\n", sentence.c_str());
    return status_unreachable;
}

/// "/", or the tree that a test puts in its place.
std::string root() {
    const char* given = std::getenv("LABCTL_ROOT");
    return given ? given : "/";
}

void add_counters(json& request) {
    utsname kernel = {};
    uname(&kernel);
    const auto modules = vmguest::labctl::find_modules(root(), kernel.release);
    for (const auto& warning : modules.warnings)
        std::fprintf(stderr, "labctl: %s\n", warning.c_str());
    request["modules"] = json::object();
    for (const auto& [name, ranges] : modules.code) {
        auto& list = request["modules"][name] = json::array();
        for (const auto& range : ranges)
            list.push_back({range.start, range.size});
    }
    request["interrupts"] = vmguest::labctl::find_interrupts(root());
}

int print(const json& reply, const Options& options) {
    const auto text = [&](const char* key) {
        const auto found = reply.find(key);
        return found != reply.end() && found->is_string() ? found->get<std::string>() : "";
    };
    auto out = text("stdout");
    if (options.is_counters && !out.empty()) {
        const auto counters = json::parse(out, nullptr, false);
        if (!counters.is_object())
            return fail("the host side sent counters that are no JSON object");
        out = options.as_json ? counters.dump() + "\n" : vmguest::labctl::counters_table(counters);
    }
    std::fputs(out.c_str(), stdout);
    std::fputs(text("stderr").c_str(), stderr);
    const auto status = reply.find("status");
    if (status == reply.end() || !status->is_number_integer())
        return fail("the host side sent an answer without a status");
    if (std::fflush(stdout) != 0)
        return fail("the answer could not be written");
    return status->get<int>();
}

/// A reply to a labctl that was killed may still be on the line: it has another id.
json receive_reply(vmguest::labctl::Port& port, std::uint32_t id, std::string& failure) {
    for (;;) {
        auto exchange = port.receive();
        if (!exchange.line) {
            failure = exchange.failure;
            return nullptr;
        }
        auto reply = json::parse(*exchange.line, nullptr, false);
        if (!reply.is_object()) {
            failure = "the host side sent an answer that is no JSON object";
            return nullptr;
        }
        if (!reply.contains("id") || reply["id"] == id)
            return reply;
    }
}

int ask(const Options& options) {
    const auto id = static_cast<std::uint32_t>(std::random_device{}());
    json request = {{"argv", options.argv}, {"id", id}};
    if (options.is_counters)
        add_counters(request);
    vmguest::labctl::Port port(vmguest::labctl::find_port(), patience);
    if (!port.send(request.dump(-1, ' ', false, json::error_handler_t::replace)))
        return fail(port.failure());
    std::string failure;
    const auto reply = receive_reply(port, id, failure);
    return reply.is_null() ? fail(failure) : print(reply, options);
}

/// `ioports CMD [ARG]…`: returns only if CMD cannot be run.
int run_with_ports(const std::vector<std::string>& argv) {
    if (argv.size() < 2) {
        std::fputs("labctl: usage: labctl ioports CMD [ARG]...\n", stderr);
        return status_usage;
    }
    return fail(vmguest::labctl::run_with_ports({argv.begin() + 1, argv.end()}));
}

} // namespace

int main(int argc, char** argv) try {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Asks the host side of the lab, from inside a guest.", "labctl");
    app.footer(verbs);
    app.prefix_command();
    bool reset = false;
    Options options;
    auto* counters = app.add_subcommand("counters", "show what was counted since the last reset");
    counters->add_flag("--reset", reset, "begin to count anew, show nothing");
    counters->add_flag("--json", options.as_json, "one line of JSON instead of a table");
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        std::fprintf(stderr, "labctl: %s: 'labctl --help' shows the usage\n", error.what());
        return status_usage;
    }
    options.is_counters = counters->parsed();
    const auto rest = app.remaining(true);
    // Options of ours stand before the verb; what follows it is the host's.
    if (!rest.empty() && (options.is_counters || rest.front().starts_with('-'))) {
        std::fprintf(stderr, "labctl: '%s' is unknown: 'labctl --help' shows the usage\n",
                     rest.front().c_str());
        return status_usage;
    }
    options.argv.assign(argv + 1, argv + argc);
    if (options.argv.empty()) {
        std::fputs("labctl: which verb? 'labctl --help' lists them\n", stderr);
        return status_usage;
    }
    if (options.argv.front() == "ioports")
        return run_with_ports(options.argv);
    return ask(options);
} catch (const std::exception& error) {
    std::fprintf(stderr, "labctl: %s\n", error.what());
    return status_unreachable;
}
