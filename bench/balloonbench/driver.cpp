// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "driver.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "system.hpp"

namespace vmguest::balloonbench {
namespace {

using bench::LabLine;
using nlohmann::json;

constexpr const char* settled_seconds =
    "6"; ///< seconds in which nothing moves: it will not any more
constexpr int status_stuck = 3;
constexpr std::chrono::milliseconds start_poll{20};
constexpr int start_polls = 1000;
constexpr std::uint64_t frame_size = 4096, frames_per_large = 512;

Balloon parse(const json& shown) {
    const auto time = [&](const char* name) {
        const auto& value = shown.at(name);
        return value.is_null() ? std::nullopt : std::optional(value.get<double>());
    };
    const auto size = bench::number(shown, "size"), target = bench::number(shown, "target");
    return {.size = size * frame_size,
            .is_settled = size == target || (target != 0 && size > target),
            .told_us = time("told_us"),
            .first_frame_us = time("first_frame_us"),
            .last_frame_us = time("last_frame_us"),
            .host_us = time("host_us").value_or(0)};
}

/// A command that was never given has no counter.
std::uint64_t sum(const json& requests, std::initializer_list<const char*> kinds) {
    std::uint64_t all = 0;
    for (const auto* kind : kinds)
        all += requests.value(std::string("balloon.") + kind, std::uint64_t{0});
    return all;
}

Move parse(const json& reply, const std::string& module, bool has_plugin) {
    const auto& counters = bench::member(reply, "counters");
    const auto& requests = bench::member(counters, "host_requests");
    const auto large = sum(requests, {"large_frames_locked", "large_frames_unlocked"});
    Move move = {
        .balloon = parse(bench::member(reply, "balloon")),
        .frames = sum(requests, {"frames_locked", "frames_unlocked"}),
        .large_frames = large * frames_per_large,
        .exits = bench::number(bench::member(bench::member(counters, "exits"), "balloon"), "pio"),
        .batches = sum(requests, {"lock", "unlock", "batched_lock", "batched_unlock",
                                  "batched_2m_lock", "batched_2m_unlock"}),
        .driver_instructions = {},
        .all_instructions = {}};
    if (has_plugin) {
        move.driver_instructions = bench::number(bench::member(counters, "instructions"), module);
        move.all_instructions = bench::number(counters, "all_instructions");
    }
    return move;
}

} // namespace

Driver::Driver(LabLine& line, std::string module, unsigned capabilities, bool has_plugin)
    : line_(line), module_(std::move(module)), has_plugin_(has_plugin) {
    line_.ask({"balloon", "target", "0"});
    line_.ask({"balloon", "offer", std::to_string(capabilities)});
    bench::modprobe(module_);
    wait_for_start();
}

Driver::~Driver() {
    try {
        follow(0);
        bench::modprobe("-r " + module_);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "balloonbench: %s\n", error.what());
        std::abort(); // what follows would measure another driver than it says
    }
}

/// And until what the driver does at its start is over.
void Driver::wait_for_start() {
    for (int polls = 0; polls < start_polls; ++polls) {
        std::this_thread::sleep_for(start_poll);
        if (line_.ask({"balloon"}).find("started True") != std::string::npos) {
            std::this_thread::sleep_for(5 * start_poll);
            return;
        }
    }
    throw std::runtime_error(module_ + " was loaded, but has not spoken to the host");
}

Move Driver::follow(std::uint64_t target_bytes) {
    const std::vector<std::string> words = {"balloon", "move", std::to_string(target_bytes),
                                            settled_seconds};
    line_.send(has_plugin_ ? LabLine::counting_request(words) : LabLine::request(words));
    const auto reply = line_.receive();
    return parse(json::parse(LabLine::printed(reply, status_stuck)), module_, has_plugin_);
}

Move Driver::move(std::uint64_t target_bytes) {
    const auto move = follow(target_bytes);
    const auto& balloon = move.balloon;
    if (!balloon.is_settled || !balloon.told_us || !balloon.last_frame_us)
        throw std::runtime_error("the balloon is at " + std::to_string(balloon.size / mebibyte) +
                                 " MiB, not at " + std::to_string(target_bytes / mebibyte));
    return move;
}

} // namespace vmguest::balloonbench
