// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The balloon bench's part in the guest, see bench/balloon.
#include <cstdio>

#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>

#include "cases.hpp"

namespace {

using namespace vmguest::balloonbench;

constexpr int status_usage = 2;

void describe(const Settings& settings) {
    utsname kernel = {};
    uname(&kernel);
    benchmark::AddCustomContext("kernel", kernel.release);
    benchmark::AddCustomContext("driver", settings.module);
    benchmark::AddCustomContext("plugin", settings.has_plugin ? "counts" : "off");
}

} // namespace

int main(int argc, char** argv) try {
    benchmark::Initialize(&argc, argv);
    CLI::App app("Measures a balloon driver; options of Google Benchmark are taken too.",
                 "balloonbench");
    Settings settings;
    const auto positive = CLI::PositiveNumber;
    app.add_option("--module", settings.module, "the driver (vmmemctl)");
    app.add_flag("--plugin", settings.has_plugin, "read the lab's counters: lab/vm --count");
    app.add_option("--mebibytes", settings.mebibytes, "by 2 MiB, fresh memory")->check(positive);
    app.add_option("--small-mebibytes", settings.small_mebibytes, "elsewhere")->check(positive);
    app.add_option("--changes", settings.changes, "of the target")->check(positive);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        std::fprintf(stderr, "balloonbench: %s: 'balloonbench --help' shows the usage\n",
                     error.what());
        return status_usage;
    }
    describe(settings);
    register_cases(settings);
    return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "balloonbench: %s\n", error.what());
    return 1;
}
