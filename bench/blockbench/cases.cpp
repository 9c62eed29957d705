// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "cases.hpp"

#include <stdexcept>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.hpp"
#include "system.hpp"
#include "world.hpp"

namespace vmguest::blockbench {
namespace {

using benchmark::State;

constexpr std::int64_t known_names = 64;
constexpr std::size_t longest_text = 256;

/// What is done to a link, by its name in the working directory.
struct Operation {
    const char* name;
    void (*run)(const char* link);
};

void look(const char* link) {
    struct stat found = {};
    if (lstat(link, &found) != 0)
        throw bench::failure(std::string("lstat of ") + link);
}

void read_link(const char* link) {
    char text[longest_text];
    if (readlink(link, text, sizeof text) <= 0)
        throw bench::failure(std::string("readlink of ") + link);
}

void open_through(const char* link) {
    const int file = open(link, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        throw bench::failure(std::string("opening ") + link);
    close(file);
}

constexpr Operation operations[] = {
    {"lstat", look}, {"readlink", read_link}, {"open", open_through}};

/// Nobody has looked at them yet.
std::vector<std::string> make_names(Flavour& flavour, const std::string& prefix,
                                    std::int64_t count) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < count; ++i) {
        names.push_back(prefix + '-' + std::to_string(i));
        flavour.add(names.back());
    }
    return names;
}

/// A link that leads elsewhere would be measured as gladly.
void check_link(const std::string& name) {
    char text[longest_text];
    const auto length = readlink(name.c_str(), text, sizeof text);
    const auto wanted = std::string(staging) + '/' + name;
    if (length < 0 || wanted != std::string_view(text, static_cast<std::size_t>(length)))
        throw std::runtime_error("'" + name + "' is no link to '" + wanted + "'");
}

void block_others(Bench& bench) {
    if (bench.is_crowded)
        return;
    for (std::int64_t i = 0; i < bench.settings.blocked; ++i)
        bench.flavour.block("other-" + std::to_string(i));
    bench.is_crowded = true;
}

void report(State& state, const Bench& bench) {
    const auto counters = bench.window.counters();
    if (!counters)
        return;
    const auto driver = bench.flavour.driver();
    if (const auto own = bench::instructions_of(*counters, driver))
        state.counters["driver_instructions"] = static_cast<double>(*own);
    state.counters["all_instructions"] =
        static_cast<double>(bench::number(*counters, "all_instructions"));
}

void measure(State& state, Bench& bench, const Operation& operation,
             const std::vector<std::string>& names) {
    std::size_t next = 0;
    bench.window.begin();
    for ([[maybe_unused]] auto _ : state) {
        operation.run(names[next].c_str());
        if (++next == names.size())
            next = 0;
    }
    bench.window.end();
    report(state, bench);
    check_link(names.front());
}

/// A few names, over and over.
void again(State& state, Bench& bench, const Operation& operation, const std::string& name) {
    const auto names = make_names(bench.flavour, name, known_names);
    for (const auto& known : names)
        operation.run(known.c_str());
    measure(state, bench, operation, names);
}

/// Each name is new to the kernel.
void first(State& state, Bench& bench, const Operation& operation, const std::string& name) {
    measure(state, bench, operation, make_names(bench.flavour, name, bench.settings.names));
}

using Access = void (*)(State&, Bench&, const Operation&, const std::string&);

void add(Bench& bench, const Operation& operation, const char* access, std::int64_t iterations,
         Access run, bool is_crowded) {
    const auto name =
        std::string(operation.name) + '_' + access + (is_crowded ? "_crowded" : "_free");
    bench::add_case(name,
                    [&bench, &operation, run, is_crowded, name](State& state) {
                        if (is_crowded)
                            block_others(bench);
                        run(state, bench, operation, name);
                    })
        ->Iterations(iterations)
        ->UseRealTime();
}

} // namespace

/// What is blocked stays so: first all without.
void register_cases(Bench& bench) {
    for (const bool is_crowded : {false, true})
        for (const auto& operation : operations) {
            add(bench, operation, "first", bench.settings.names, first, is_crowded);
            add(bench, operation, "again", bench.settings.iterations, again, is_crowded);
        }
}

} // namespace vmguest::blockbench
