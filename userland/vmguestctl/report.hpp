// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What became of a freeze, or is to, for people and for programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "hold.hpp"
#include "times.hpp"
#include "vmguest/freeze.hpp"
#include "vmguest/stacking.hpp"

namespace vmguest::ctl {

/// Of the JSON documents. Members may be added to a schema, none is taken away or given another
/// meaning.
constexpr int schema = 1;

/// How it went; the exit status.
enum class Outcome {
    thawed = 0,
    failed = 1,
    usage = 2,
    nothing = 3,      ///< there is nothing to freeze
    inconsistent = 4, ///< thawed by the kernel at the deadline, or by somebody else
    unfinished = 5,   ///< something is still not thawed
};

struct Report {
    Outcome outcome = Outcome::failed;
    std::string message;  ///< one sentence; empty if all went well
    std::string ended_by; ///< "hold", "kernel", "others", a signal's name; empty: it was not frozen
    FreezeCause cause = FreezeCause::none;
    Times times;
    std::vector<VolumeRecord> volumes;
    std::vector<SkippedFilesystem> skipped;
};

/// What follows from how the freeze went. The records' texts stay the Freeze's.
Report make_report(const Freeze& freeze, const Held& held, const Times& times);

/// The line that says that everything is frozen.
std::string frozen_line(bool is_json);

/// Whole lines each.
std::string report_text(const Report& report);
std::string report_json(const Report& report);
std::string plan_text(const Plan& plan);
std::string plan_json(const Plan& plan);

/// Text for a terminal: what is not printable is shown in octal, as in /proc/self/mountinfo.
std::string printable(std::string_view text);

} // namespace vmguest::ctl
