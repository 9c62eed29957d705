// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// vmguestctl: what an administrator asks of vmguest. Documentation/vmguestctl.md
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>

#include <CLI/CLI.hpp>

#include "freeze_command.hpp"

namespace {

using namespace vmguest::ctl;

constexpr const char* freeze_footer =
    "Writes the line 'frozen' when everything is, if standard output is a pipe, a socket or a\n"
    "terminal, and one record per filesystem when everything is thawed. SIGINT, SIGTERM and\n"
    "SIGHUP end the hold. If vmguestctl is killed, or hangs, the kernel thaws.\n"
    "Exit status: 0 it was frozen until the hold's end; 1 it could not be frozen; 2 wrong usage;\n"
    "3 there is nothing to freeze; 4 the kernel thawed at the deadline, or somebody else did: the\n"
    "snapshot is not consistent; 5 something is not thawed yet.";

int status(Outcome outcome) {
    return static_cast<int>(outcome);
}

int usage(const std::string& sentence) {
    std::fprintf(stderr, "vmguestctl: %s: 'vmguestctl freeze --help' shows the usage\n",
                 sentence.c_str());
    return status(Outcome::usage);
}

struct Words {
    FreezeArguments freeze;
    std::optional<double> hold;
    std::optional<double> deadline;
    bool is_all = false;
};

void add_freeze(CLI::App& app, Words& words) {
    auto* freeze = app.add_subcommand("freeze", "freeze filesystems while a snapshot is taken");
    freeze->footer(freeze_footer);
    freeze->add_option("path", words.freeze.paths, "files or folders of the filesystems")
        ->type_name("PATH");
    freeze->add_flag("--all", words.is_all, "every filesystem that has a disk of its own");
    freeze->add_option("--hold", words.hold, "how long to keep them frozen (half the deadline)")
        ->type_name("SECONDS");
    freeze->add_option("--deadline", words.deadline, "when the kernel thaws, whatever happens (10)")
        ->type_name("SECONDS");
    freeze->add_flag("--skip-busy", words.freeze.skip_busy,
                     "go on without what others have frozen");
    freeze->add_flag("--skip-unfreezable", words.freeze.skip_unfreezable,
                     "go on without a PATH that has no disk of its own, or is on a network");
    freeze->add_flag("--dry-run", words.freeze.is_dry_run,
                     "show what would be frozen, in which order, and do nothing");
    freeze->add_flag("--json", words.freeze.is_json, "lines of JSON instead of a table");
}

int freeze(Words& words) {
    if (words.is_all != words.freeze.paths.empty())
        return usage(words.is_all ? "--all and a PATH exclude each other"
                                  : "which filesystems? Name a PATH, or say --all");
    const auto times = choose_times(words.hold, words.deadline);
    if (!times)
        return usage(times.failure().sentence);
    words.freeze.times = times.value();
    return status(run_freeze(words.freeze));
}

} // namespace

int main(int argc, char** argv) try {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("What an administrator asks of vmguest.", "vmguestctl");
    app.require_subcommand(1);
    Words words;
    add_freeze(app, words);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        return usage(error.what());
    }
    return freeze(words);
} catch (const std::exception& error) {
    std::fprintf(stderr, "vmguestctl: %s\n", error.what());
    return status(Outcome::failed);
}
