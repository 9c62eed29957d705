// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// hgfs-server: shared folders over a unix socket. Documentation/hgfs-server.md
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <getopt.h>
#include <sys/signalfd.h>

#include "unix_server.hpp"

namespace {

using namespace vmguest::hgfs;

constexpr int exit_usage = 2;

constexpr const char* usage =
    "usage: hgfs-server --socket PATH --share NAME=FOLDER[,ro][,owner][,setid]... [OPTION]...\n"
    "  --socket PATH       listen here; one client has one connection\n"
    "  --share NAME=FOLDER share a folder; ro: nobody may change it; owner: clients may give\n"
    "                      files away; setid: clients may set the set-id bits\n"
    "  --max-packet BYTES  the longest packet, 6144 to 16777216 (default 522240)\n"
    "  --clients N         how many at a time (default 16)\n"
    "  --sweep SECONDS     end sessions that were idle for more than four such times\n"
    "  --push              tell clients of changes that they watch\n"
    "  --extensions        batched listing, fsync and hard links\n"
    "Signals: SIGUSR1 switches sharing off, SIGUSR2 on, SIGTERM ends the server.\n";

struct ShareOption {
    std::string name;
    std::string folder;
    SharePolicy policy;
};

struct Arguments {
    ServerOptions server;
    std::vector<ShareOption> shares;
};

/// The number in `text`, if it is one within the bounds.
std::optional<unsigned> parse_number(std::string_view text, unsigned lowest, unsigned highest) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < lowest ||
        number > highest)
        return std::nullopt;
    return number;
}

/// Take ",WORD" off the end of a share's folder. A folder may have commas: only known words count.
bool take_word(std::string& folder, std::string_view word) {
    if (folder.size() < word.size() || folder.substr(folder.size() - word.size()) != word)
        return false;
    folder.resize(folder.size() - word.size());
    return true;
}

std::optional<ShareOption> parse_share(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
        return std::nullopt;
    ShareOption share{
        .name = text.substr(0, equals), .folder = text.substr(equals + 1), .policy = {}};
    for (bool again = true; again;) {
        again = false;
        for (const auto& [word, flag] : {std::pair{",ro", &share.policy.read_only},
                                         std::pair{",owner", &share.policy.set_owner},
                                         std::pair{",setid", &share.policy.set_id_bits}})
            if (take_word(share.folder, word))
                *flag = again = true;
    }
    if (share.folder.empty())
        return std::nullopt;
    return share;
}

std::string cannot_use(const char* option, const std::string& value) {
    return std::string("--") + option + " cannot be '" + value + "'";
}

/// Take one option; returns an empty string or what is wrong with it.
std::string take_option(Arguments& arguments, const char* name, const std::string& value) {
    const std::string_view option = name;
    const auto number = [&](auto& to, unsigned lowest, unsigned highest) {
        const auto parsed = parse_number(value, lowest, highest);
        if (!parsed)
            return cannot_use(name, value);
        to = std::remove_reference_t<decltype(to)>(*parsed);
        return std::string();
    };
    if (option == "socket") {
        arguments.server.socket = value;
    } else if (option == "share") {
        auto share = parse_share(value);
        if (!share)
            return cannot_use(name, value) + ": use NAME=FOLDER";
        arguments.shares.push_back(std::move(*share));
    } else if (option == "max-packet") {
        return number(arguments.server.channel.max_packet, min_packet, 1U << 24);
    } else if (option == "clients") {
        return number(arguments.server.max_clients, 1, 1000);
    } else if (option == "sweep") {
        return number(arguments.server.sweep, 1, 86400);
    } else if (option == "push") {
        arguments.server.channel.can_push = true;
    } else if (option == "extensions") {
        arguments.server.channel.extensions = true;
    }
    return {};
}

/// Returns an empty string or what is wrong.
std::string parse_arguments(Arguments& arguments, int argc, char** argv) {
    static const std::vector<option> known{{"socket", required_argument, nullptr, 0},
                                           {"share", required_argument, nullptr, 0},
                                           {"max-packet", required_argument, nullptr, 0},
                                           {"clients", required_argument, nullptr, 0},
                                           {"sweep", required_argument, nullptr, 0},
                                           {"push", no_argument, nullptr, 0},
                                           {"extensions", no_argument, nullptr, 0},
                                           {"help", no_argument, nullptr, 'h'},
                                           {nullptr, 0, nullptr, 0}};
    int index = 0;
    opterr = 0;
    for (int found = 0; (found = getopt_long(argc, argv, "h", known.data(), &index)) != -1;) {
        if (found == 'h')
            return "help";
        if (found != 0)
            return std::string("'") + argv[optind - 1] + "' is no option, or lacks its value";
        const char* name = known[static_cast<std::size_t>(index)].name;
        std::string wrong = take_option(arguments, name, optarg ? optarg : "");
        if (!wrong.empty())
            return wrong;
    }
    if (optind < argc)
        return std::string("'") + argv[optind] + "' is no option";
    if (arguments.server.socket.empty() || arguments.shares.empty())
        return "--socket and at least one --share are needed";
    return {};
}

/// A descriptor from which the signals of the server are read; they are blocked from now on.
Descriptor take_signals() {
    sigset_t set{};
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2})
        sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    // A client may make a file longer than this process is allowed to; it shall get an error.
    std::signal(SIGXFSZ, SIG_IGN);
    return Descriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

int fail(const std::string& sentence, int status) {
    std::fprintf(stderr, "hgfs-server: %s\n", sentence.c_str());
    return status;
}

int serve(int argc, char** argv) {
    Arguments arguments;
    const std::string wrong = parse_arguments(arguments, argc, argv);
    if (wrong == "help")
        return std::fputs(usage, stdout) < 0 ? 1 : 0;
    if (!wrong.empty())
        return fail(wrong + "; see hgfs-server --help", exit_usage);
    ShareTable shares;
    for (const ShareOption& share : arguments.shares)
        if (const auto why = shares.add(share.name, share.folder, share.policy); !why.empty())
            return fail(why, 1);
    const Descriptor signals = take_signals();
    UnixServer server(shares, std::move(arguments.server));
    if (const auto why = server.listen(); !why.empty())
        return fail(why, 1);
    const auto why = server.run(signals.get());
    return why.empty() ? 0 : fail(why, 1);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return serve(argc, argv);
    } catch (const std::exception& error) {
        return fail(error.what(), 1);
    }
}
