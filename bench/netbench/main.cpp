// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The network bench: 'netbench run' in a guest measures, 'netbench peer' is the other end.
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cases.hpp"
#include "interface.hpp"
#include "peer.hpp"
#include "program.hpp"

namespace {

using namespace vmguest;

void describe(const netbench::Settings& settings) {
    const netbench::Interface interface(settings.interface);
    bench::describe_guest(interface.driver(), settings.has_plugin);
    benchmark::AddCustomContext("driver_version", interface.version());
    benchmark::AddCustomContext("rx_ring", std::to_string(interface.rx_ring()));
    benchmark::AddCustomContext("lro", interface.has_lro() ? "on" : "off");
}

int run(int argc, char** argv) {
    CLI::App app("Measures a network interface; options of Google Benchmark are taken too.",
                 "netbench");
    app.require_subcommand(1);
    netbench::Settings settings;
    auto* guest = app.add_subcommand("run", "measure; the peer must run at the other end");
    guest->add_option("--interface", settings.interface, "(eth0)");
    guest->add_option("--peer", settings.peer, "IPv4 address (10.0.2.1)");
    guest->add_flag("--plugin", settings.has_plugin, "read the lab's counters: lab/vm --count");
    const auto positive = CLI::PositiveNumber;
    guest->add_option("--packets", settings.packets, "per UDP case")->check(positive);
    guest->add_option("--paced-packets", settings.paced_packets, "")->check(positive);
    guest->add_option("--mebibytes", settings.mebibytes, "per TCP case")->check(positive);
    guest->add_option("--small-mebibytes", settings.small_mebibytes, "where frames are small")
        ->check(positive);
    guest->add_option("--round-trips", settings.round_trips, "")->check(positive);
    const auto* peer = app.add_subcommand("peer", "be the other end until killed");
    if (const auto status = bench::parse(app, argc, argv))
        return *status;
    if (peer->parsed())
        netbench::serve();
    describe(settings);
    netbench::register_cases(settings);
    return bench::run_benchmarks();
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_program("netbench", argc, argv, run);
}
