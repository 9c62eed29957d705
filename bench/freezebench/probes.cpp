// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "probes.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <fcntl.h>

#include "system.hpp"

namespace vmguest::freezebench {
namespace {

using bench::write_file;

const std::string tracing = "/sys/kernel/tracing/";
const std::string definitions = tracing + "kprobe_events";
const std::string group = "freezebench";
/// Calls that can be inside a function whose return is probed.
constexpr const char* most_calls = "64";

void define(const char* begin, const char* end, const char* function) {
    write_file(definitions, "p:" + group + '/' + begin + ' ' + function, O_APPEND);
    write_file(definitions,
               std::string("r") + most_calls + ':' + group + '/' + end + ' ' + function, O_APPEND);
}

std::string trace() {
    std::ifstream file(tracing + "trace");
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

Probes::Probes() {
    write_file(tracing + "trace_clock", "mono");
    define(freeze_begin, freeze_end, "freeze_super");
    define(thaw_begin, thaw_end, "thaw_super");
    write_file(tracing + "events/" + group + "/enable", "1");
}

Probes::~Probes() {
    try {
        write_file(tracing + "events/" + group + "/enable", "0");
        for (const auto* name : {freeze_begin, freeze_end, thaw_begin, thaw_end})
            write_file(definitions, "-:" + group + '/' + name, O_APPEND);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "freezebench: %s\n", error.what());
    }
}

void Probes::clear() {
    bench::open_file(tracing + "trace", O_WRONLY | O_TRUNC);
}

Window Probes::window(unsigned filesystems) const {
    const auto text = trace();
    const auto found = window_of(parse_trace(text), filesystems);
    if (!found)
        throw std::runtime_error("this is no freeze and thaw of " + std::to_string(filesystems) +
                                 " filesystems: " + text);
    return *found;
}

} // namespace vmguest::freezebench
