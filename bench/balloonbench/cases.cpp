// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The cases; see the header. Each way of the balloon is a counting window; counters are totals of
// a way, with its name in front: inflate_exits, deflate_exits.
#include "cases.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "driver.hpp"
#include "memory.hpp"
#include "program.hpp"
#include "quantile.hpp"

namespace vmguest::balloonbench {
namespace {

using benchmark::State;
using std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::chrono::seconds patience{900};
constexpr std::uint64_t latency_step = 2 * mebibyte; ///< the smallest that is a large frame
constexpr std::uint64_t hog_size = 64 * mebibyte;
constexpr std::uint64_t left_available = 64 * mebibyte; ///< of what the guest has, when squeezed
constexpr std::chrono::seconds quiet_time{1};

void report(State& state, const std::string& way, const Move& move) {
    const auto set = [&](const char* name, auto value) {
        state.counters[way + "_" + name] = static_cast<double>(value);
    };
    set("frames", move.frames);
    set("large_frames", move.large_frames);
    set("exits", move.exits);
    set("batches", move.batches);
    set("wall_us", *move.balloon.last_frame_us - *move.balloon.told_us);
    set("host_us", move.balloon.host_us);
    if (move.driver_instructions) {
        set("driver_instructions", *move.driver_instructions);
        set("all_instructions", *move.all_instructions);
    }
}

/// The balloon goes up and down.
void move(State& state, const Settings& settings, unsigned capabilities, std::uint64_t mebibytes,
          bool is_aged) {
    if (is_aged)
        age_memory();
    bench::LabLine line(patience);
    Driver driver(line, settings.module, capabilities, settings.has_plugin);
    report(state, "inflate", driver.move(mebibytes * mebibyte));
    report(state, "deflate", driver.move(0));
}

/// Many small changes of the target, at any moment of the second.
void first_frame(State& state, const Settings& settings, unsigned capabilities,
                 std::int64_t changes) {
    bench::LabLine line(patience);
    Driver driver(line, settings.module, capabilities, false);
    std::mt19937 random{std::random_device()()};
    std::uniform_real_distribution<> phase(0, 1);
    std::vector<double> samples;
    for (std::int64_t i = 0; i < changes; ++i) {
        std::this_thread::sleep_for(std::chrono::duration<double>(phase(random)));
        const auto moved = driver.move(static_cast<std::uint64_t>(i + 1) * latency_step);
        samples.push_back(*moved.balloon.first_frame_us);
    }
    state.counters["changes"] = static_cast<double>(samples.size());
    state.counters["p50_us"] = bench::quantile(samples, 0.5);
    state.counters["max_us"] = bench::quantile(samples, 1);
}

/// How long the hog's steps take while something else goes on.
void report_gaps(State& state, const char* name, Hog& hog, std::function<void()> meanwhile) {
    std::vector<double> gaps;
    const auto other = std::async(std::launch::async, std::move(meanwhile));
    for (auto last = steady_clock::now();
         other.wait_for(std::chrono::seconds(0)) != std::future_status::ready;) {
        hog.step();
        const auto now = steady_clock::now();
        gaps.push_back(Microseconds(now - last).count());
        last = now;
    }
    const std::string prefix(name);
    state.counters[prefix + "_p99_us"] = bench::quantile(gaps, 0.99);
    state.counters[prefix + "_longest_us"] = bench::quantile(gaps, 1);
    state.counters[prefix + "_steps"] = static_cast<double>(gaps.size());
}

/// A program goes on with its work while the balloon takes nearly all that is left, and gives it
/// back.
void squeeze(State& state, const Settings& settings) {
    age_memory();
    Hog hog(hog_size);
    bench::LabLine line(patience);
    Driver driver(line, settings.module, with_doorbell, false);
    const auto wanted = meminfo("MemAvailable") - left_available;
    std::uint64_t reached = 0;
    report_gaps(state, "quiet", hog, [] { std::this_thread::sleep_for(quiet_time); });
    report_gaps(state, "inflate", hog, [&] { reached = driver.follow(wanted).balloon.size; });
    report_gaps(state, "deflate", hog, [&] { driver.follow(0); });
    const auto in_mebibytes = [](std::uint64_t bytes) {
        return static_cast<double>(bytes) / static_cast<double>(mebibyte);
    };
    state.counters["wanted_mib"] = in_mebibytes(wanted);
    state.counters["reached_mib"] = in_mebibytes(reached);
}

using Case = void (*)(State&, const Settings&);

void add(const Settings& settings, const char* name, Case run) {
    bench::add_case(name, [&settings, run](State& state) {
        for (auto _ : state)
            run(state, settings);
    })->Iterations(1);
}

void fresh_2m(State& state, const Settings& settings) {
    move(state, settings, large_batches, settings.mebibytes, false);
}

void fresh_4k(State& state, const Settings& settings) {
    move(state, settings, small_batches, settings.small_mebibytes, false);
}

void aged_2m(State& state, const Settings& settings) {
    move(state, settings, large_batches, settings.small_mebibytes, true);
}

void aged_4k(State& state, const Settings& settings) {
    move(state, settings, small_batches, settings.small_mebibytes, true);
}

void first_frame_doorbell(State& state, const Settings& settings) {
    first_frame(state, settings, with_doorbell, settings.changes);
}

/// Each change takes a second, and shows little but the second: half of them do.
void first_frame_polled(State& state, const Settings& settings) {
    first_frame(state, settings, large_batches, (settings.changes + 1) / 2);
}

} // namespace

/// Fresh memory first: what ages it is not undone.
void register_cases(const Settings& settings) {
    add(settings, "fresh_2m", fresh_2m);
    add(settings, "fresh_4k", fresh_4k);
    add(settings, "first_frame_doorbell", first_frame_doorbell);
    add(settings, "first_frame_polled", first_frame_polled);
    add(settings, "aged_2m", aged_2m);
    add(settings, "aged_4k", aged_4k);
    add(settings, "squeeze", squeeze);
}

} // namespace vmguest::balloonbench
