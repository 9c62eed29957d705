// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "program.hpp"

#include <cstdio>

#include <sys/utsname.h>

#include <CLI/CLI.hpp>

namespace vmguest::bench {
namespace {

constexpr int status_usage = 2;

} // namespace

int run_program(const char* name, int argc, char** argv, int (*run)(int, char**)) try {
    benchmark::Initialize(&argc, argv);
    return run(argc, argv);
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
}

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        const auto& name = app.get_name();
        std::fprintf(stderr, "%s: %s: '%s --help' shows the usage\n", name.c_str(), error.what(),
                     name.c_str());
        return status_usage;
    }
    return std::nullopt;
}

void describe_guest(const std::string& driver, bool has_plugin) {
    utsname kernel = {};
    uname(&kernel);
    benchmark::AddCustomContext("kernel", kernel.release);
    benchmark::AddCustomContext("driver", driver);
    benchmark::AddCustomContext("plugin", has_plugin ? "counts" : "off");
}

int run_benchmarks() {
    return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}

benchmark::internal::Benchmark* add_case(const std::string& name,
                                         std::function<void(benchmark::State&)> run) {
    const auto guarded = [run = std::move(run)](benchmark::State& state) {
        try {
            run(state);
        } catch (const std::exception& error) {
            state.SkipWithError(error.what());
        }
    };
    return benchmark::RegisterBenchmark(name.c_str(), guarded);
}

} // namespace vmguest::bench
