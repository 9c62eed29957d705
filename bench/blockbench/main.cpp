// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The part in the guest of vmblock's bench, see bench/block.
#include <CLI/CLI.hpp>

#include "cases.hpp"
#include "program.hpp"
#include "world.hpp"

namespace {

using namespace vmguest;

constexpr std::chrono::seconds patience{900}; ///< for all cases together

int run(int argc, char** argv) {
    CLI::App app("Measures what a link costs; for a guest of the lab. "
                 "Options of Google Benchmark are taken too.",
                 "blockbench");
    blockbench::Settings settings;
    const auto positive = CLI::PositiveNumber;
    app.add_option("--flavour", settings.flavour, "plain, module (default), fuse")
        ->check(CLI::IsMember({"plain", "module", "fuse"}));
    app.add_flag("--plugin", settings.has_plugin, "read the lab's counters: lab/vm --count");
    app.add_option("--iterations", settings.iterations, "with known names")->check(positive);
    app.add_option("--names", settings.names, "that are new, per case")->check(positive);
    app.add_option("--blocked", settings.blocked, "other names")->check(positive);
    if (const auto status = bench::parse(app, argc, argv))
        return *status;
    blockbench::make_world();
    const auto flavour = blockbench::make_flavour(settings.flavour);
    bench::CountingWindow window(settings.has_plugin, patience);
    blockbench::enter_world(flavour->directory());
    bench::describe_guest(settings.flavour, settings.has_plugin);
    blockbench::Bench shared = {.settings = settings, .flavour = *flavour, .window = window};
    blockbench::register_cases(shared);
    return bench::run_benchmarks();
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_program("blockbench", argc, argv, run);
}
