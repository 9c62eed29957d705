// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The part in the guest of vmsync's bench, see bench/freeze.
#include <CLI/CLI.hpp>

#include "cases.hpp"
#include "freezer.hpp"
#include "program.hpp"
#include "system.hpp"

namespace {

using namespace vmguest;

int run(int argc, char** argv) {
    CLI::App app("Measures freezes of filesystems under load; for a guest of the lab: it makes "
                 "filesystems on RAM disks. Options of Google Benchmark are taken too.",
                 "freezebench");
    freezebench::Settings settings;
    const auto positive = CLI::PositiveNumber;
    std::int64_t hold = settings.hold.count(), deadline = settings.deadline.count();
    app.add_option("--filesystems", settings.filesystems, "(16)")->check(positive);
    app.add_option("--rounds", settings.rounds, "freezes of each kind")->check(positive);
    app.add_option("--hold-ms", hold, "between freeze and thaw")->check(positive);
    app.add_option("--deadline-ms", deadline, "of a freeze that nobody thaws")->check(positive);
    if (const auto status = bench::parse(app, argc, argv))
        return *status;
    settings.hold = std::chrono::milliseconds(hold);
    settings.deadline = std::chrono::milliseconds(deadline);
    bench::modprobe("vmsync");
    freezebench::prepare_fsfreeze();
    bench::describe_guest("vmsync", false);
    freezebench::Bench shared(settings);
    freezebench::register_cases(shared);
    return bench::run_benchmarks();
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_program("freezebench", argc, argv, run);
}
