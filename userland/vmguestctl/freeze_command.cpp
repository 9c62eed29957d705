// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header. What is written is written when everything is thawed, but for one line.
#include "freeze_command.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <unistd.h>

#include "announcer.hpp"
#include "hold.hpp"
#include "vmguest/memory.hpp"
#include "vmguest/system.hpp"

namespace vmguest::ctl {
namespace {

void say(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) != 0)
        std::fputs("vmguestctl: the report could not be written\n", stderr);
}

Outcome tell(const Report& report, const FreezeArguments& arguments) {
    if (!report.message.empty())
        std::fprintf(stderr, "vmguestctl: %s\n", report.message.c_str());
    say(arguments.is_json ? report_json(report) : report_text(report));
    return report.outcome;
}

Outcome fail(Report report, const FreezeArguments& arguments, Outcome outcome,
             const std::string& sentence) {
    report.outcome = outcome;
    report.message = sentence;
    report.times = arguments.times;
    return tell(report, arguments);
}

/// Which of the paths that the user has named would stay as it is, if one would.
const SkippedFilesystem* find_unfit(const Plan& plan, const FreezeArguments& arguments) {
    if (arguments.paths.empty() || arguments.skip_unfreezable)
        return nullptr;
    const auto found = std::find_if(plan.skipped.begin(), plan.skipped.end(), [](const auto& one) {
        return one.reason != SkipReason::same_filesystem && one.reason != SkipReason::overlay;
    });
    return found == plan.skipped.end() ? nullptr : &*found;
}

Result<Plan> make_plan(const FreezeArguments& arguments) {
    const auto facts = read_facts();
    if (!facts)
        return facts.failure();
    const auto stack = work_out_levels(facts.value());
    if (arguments.paths.empty())
        return plan_all(facts.value(), stack);
    return plan_paths(arguments.paths, facts.value(), stack);
}

std::vector<Volume> volumes_of(const Plan& plan) {
    std::vector<Volume> volumes;
    for (const auto& one : plan.volumes)
        volumes.push_back({.path = one.path, .level = one.level, .file = one.file.get()});
    return volumes;
}

FreezeOptions options_of(const FreezeArguments& arguments) {
    FreezeOptions options;
    options.deadline = arguments.times.deadline;
    options.skip_busy = arguments.skip_busy;
    // A type that the plan takes for freezable and the module does not.
    options.refuse_unfreezable = options.refuse_network =
        !arguments.paths.empty() && !arguments.skip_unfreezable;
    return options;
}

Outcome show(const Plan& plan, const FreezeArguments& arguments) {
    say(arguments.is_json ? plan_json(plan) : plan_text(plan));
    return plan.volumes.empty() ? Outcome::nothing : Outcome::thawed;
}

Outcome freeze_plan(Plan plan, const FreezeArguments& arguments) {
    Report early;
    early.skipped = plan.skipped;
    auto freeze = Freeze::prepare(volumes_of(plan), options_of(arguments));
    if (!freeze)
        return fail(early, arguments, Outcome::failed, freeze.failure().sentence);
    if (const auto locked = lock_program(); !locked)
        return fail(early, arguments, Outcome::failed, locked.failure().sentence);
    Announcer announcer(STDOUT_FILENO, frozen_line(arguments.is_json));
    Held held;
    {
        const Signals signals;
        held = freeze_and_hold(freeze.value(), signals, announcer, arguments.times.hold);
    }
    auto report = make_report(freeze.value(), held, arguments.times);
    report.skipped = std::move(plan.skipped);
    return tell(report, arguments);
}

} // namespace

Outcome run_freeze(const FreezeArguments& arguments) {
    auto made = make_plan(arguments);
    if (!made)
        return fail({}, arguments, Outcome::failed, made.failure().sentence);
    auto& plan = made.value();
    if (arguments.is_dry_run)
        return show(plan, arguments);
    open_volumes(plan);
    Report early;
    early.skipped = plan.skipped;
    if (plan.volumes.empty())
        return fail(early, arguments, Outcome::nothing, "there is nothing to freeze");
    if (const auto* unfit = find_unfit(plan, arguments))
        return fail(early, arguments, Outcome::failed,
                    printable(unfit->path) + ' ' + std::string(explanation(unfit->reason)) +
                        "; --skip-unfreezable goes on without it");
    return freeze_plan(std::move(plan), arguments);
}

} // namespace vmguest::ctl
