// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "cases.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "freezer.hpp"
#include "program.hpp"

namespace vmguest::freezebench {
namespace {

using benchmark::State;
using std::chrono::milliseconds, std::chrono::steady_clock;

/// Between two freezes: each writer has synced once and has dirtied pages again.
constexpr milliseconds recovery{400};

double microseconds(steady_clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
}

/// One freeze between two moments at which the load is as ever. `act` freezes and thaws.
void round(State& state, Bench& bench, const std::function<void()>& act) {
    std::this_thread::sleep_for(recovery);
    bench.probes.clear();
    bench.writers.start_round();
    const auto begun = steady_clock::now();
    act();
    const auto time = steady_clock::now() - begun;
    bench.writers.wait_for_all();
    state.SetIterationTime(std::chrono::duration<double>(time).count());
    state.counters["total_us"] = microseconds(time);
    state.counters["stall_us"] = bench.writers.longest_stall();
}

void report(State& state, const Window& window) {
    state.counters["window_us"] = window.length();
    state.counters["held_us"] = window.held();
    state.counters["freezing_us"] = window.last_frozen - window.first_freeze;
    state.counters["thawing_us"] = window.last_thawed - window.first_thaw;
}

void freeze(State& state, Bench& bench, Freezer& freezer, milliseconds hold) {
    double until_frozen = 0;
    round(state, bench, [&] {
        const auto begun = steady_clock::now();
        freezer.freeze();
        const auto frozen = steady_clock::now();
        until_frozen = microseconds(frozen - begun);
        std::this_thread::sleep_until(frozen + hold);
        freezer.thaw();
    });
    state.counters["until_frozen_us"] = until_frozen;
}

void deadline(State& state, Bench& bench) {
    const auto wanted = bench.settings.deadline;
    round(state, bench, [&] { freeze_until_deadline(bench.volumes.paths(), wanted); });
    const auto window = bench.probes.window(bench.settings.filesystems);
    report(state, window);
    const auto due = window.first_freeze + microseconds(wanted);
    state.counters["thaw_begins_late_us"] = window.first_thaw - due;
    state.counters["thaw_ends_late_us"] = window.last_thawed - due;
}

/// Google Benchmark 1.7.1 crashes over the statistics of repetitions the first of which has failed.
[[noreturn]] void end_with(const std::string& name, const std::exception& error) {
    std::fprintf(stderr, "freezebench: %s: %s\n", name.c_str(), error.what());
    std::_Exit(1);
}

void add(Bench& bench, const std::string& name, std::function<void(State&)> run) {
    const auto once = [run = std::move(run), name](State& state) {
        try {
            for (auto _ : state)
                run(state);
        } catch (const std::exception& error) {
            end_with(name, error);
        }
    };
    bench::add_case(name, once)
        ->Iterations(1)
        ->Repetitions(bench.settings.rounds)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

using Make = std::unique_ptr<Freezer> (*)(const Paths&);

struct Way {
    const char* name;
    Make make;
};

constexpr Way ways[] = {
    {"fsfreeze", make_fsfreeze}, {"fifreeze", make_fifreeze}, {"ours", make_ours}};

void add_way(Bench& bench, const Way& way, const char* how, milliseconds hold) {
    add(bench, std::string(way.name) + '_' + how, [&bench, &way, hold](State& state) {
        const auto freezer = way.make(bench.volumes.paths());
        freeze(state, bench, *freezer, hold);
        report(state, bench.probes.window(bench.settings.filesystems));
    });
}

} // namespace

void register_cases(Bench& bench) {
    for (const auto& way : ways) {
        add_way(bench, way, "at_once", milliseconds(0));
        add_way(bench, way, "held", bench.settings.hold);
    }
    add(bench, "undisturbed_held", [&bench](State& state) {
        const auto freezer = make_undisturbed(bench.volumes.paths());
        freeze(state, bench, *freezer, bench.settings.hold);
    });
    add(bench, "deadline", [&bench](State& state) { deadline(state, bench); });
}

} // namespace vmguest::freezebench
