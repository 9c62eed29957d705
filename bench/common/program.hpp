// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the main() of a bench's program does beside its options.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <benchmark/benchmark.h>

namespace CLI {
class App;
}

namespace vmguest::bench {

/// main(): `run` gets the line without Google Benchmark's options; what it throws is one sentence
/// and status 1.
int run_program(const char* name, int argc, char** argv, int (*run)(int, char**));

/// Nothing if the line is in order, else the exit status: help was printed, or what is wrong.
std::optional<int> parse(CLI::App& app, int argc, char** argv);

/// What every document says of its guest: kernel, driver, whether the plugin counts.
void describe_guest(const std::string& driver, bool has_plugin);

/// All cases; the exit status.
int run_benchmarks();

/// Register a case; what it throws becomes its error.
benchmark::internal::Benchmark* add_case(const std::string& name,
                                         std::function<void(benchmark::State&)> run);

} // namespace vmguest::bench
