// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The network bench: 'netbench run' in a guest measures, 'netbench peer' is the other end.
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>

#include "cases.hpp"
#include "interface.hpp"
#include "peer.hpp"

namespace {

using namespace vmguest::netbench;

constexpr int status_usage = 2;

void describe(const Settings& settings) {
    const Interface interface(settings.interface);
    utsname kernel = {};
    uname(&kernel);
    benchmark::AddCustomContext("kernel", kernel.release);
    benchmark::AddCustomContext("driver", interface.driver());
    benchmark::AddCustomContext("driver_version", interface.version());
    benchmark::AddCustomContext("rx_ring", std::to_string(interface.rx_ring()));
    benchmark::AddCustomContext("lro", interface.has_lro() ? "on" : "off");
    benchmark::AddCustomContext("plugin", settings.has_plugin ? "counts" : "off");
}

int run(const Settings& settings) {
    describe(settings);
    register_cases(settings);
    return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) try {
    benchmark::Initialize(&argc, argv);
    CLI::App app("Measures a network interface; options of Google Benchmark are taken too.",
                 "netbench");
    app.require_subcommand(1);
    Settings settings;
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
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        std::fprintf(stderr, "netbench: %s: 'netbench --help' shows the usage\n", error.what());
        return status_usage;
    }
    if (peer->parsed())
        serve();
    return run(settings);
} catch (const std::exception& error) {
    std::fprintf(stderr, "netbench: %s\n", error.what());
    return 1;
}
