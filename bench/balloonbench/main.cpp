// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The balloon bench's part in the guest, see bench/balloon.
#include <CLI/CLI.hpp>

#include "cases.hpp"
#include "program.hpp"

namespace {

using namespace vmguest;

int run(int argc, char** argv) {
    CLI::App app("Measures a balloon driver; options of Google Benchmark are taken too.",
                 "balloonbench");
    balloonbench::Settings settings;
    const auto positive = CLI::PositiveNumber;
    app.add_option("--module", settings.module, "the driver (vmmemctl)");
    app.add_flag("--plugin", settings.has_plugin, "read the lab's counters: lab/vm --count");
    app.add_option("--mebibytes", settings.mebibytes, "by 2 MiB, fresh memory")->check(positive);
    app.add_option("--small-mebibytes", settings.small_mebibytes, "elsewhere")->check(positive);
    app.add_option("--changes", settings.changes, "of the target")->check(positive);
    if (const auto status = bench::parse(app, argc, argv))
        return *status;
    bench::describe_guest(settings.module, settings.has_plugin);
    balloonbench::register_cases(settings);
    return bench::run_benchmarks();
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_program("balloonbench", argc, argv, run);
}
