// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "report.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vmguest::ctl {
namespace {

using nlohmann::json;
using Row = std::vector<std::string>;

std::string seconds(std::chrono::milliseconds time) {
    return fmt::format("{} s", static_cast<double>(time.count()) / 1000);
}

std::string signal_name(int number) {
    const char* name = sigabbrev_np(number);
    return name ? std::string("SIG") + name : std::to_string(number);
}

/// "EBUSY", or a number that has no name.
std::string error_name(int error) {
    const char* name = strerrorname_np(error);
    return name ? name : std::to_string(error);
}

std::string explain(int error) {
    if (error == EBUSY)
        return "is frozen by somebody else; --skip-busy goes on without it";
    return std::string("cannot be frozen: ") + std::strerror(error);
}

/// Which volume's fault it is that freeze() failed, if one's.
const VolumeRecord* culprit(const std::vector<VolumeRecord>& volumes) {
    const auto found = std::find_if(volumes.begin(), volumes.end(), [](const auto& volume) {
        return volume.state == VolumeState::failed;
    });
    return found == volumes.end() ? nullptr : &*found;
}

std::string why_failed(const Report& report, const Held& held) {
    if (held.signal != 0)
        return signal_name(held.signal) + " came before everything was frozen";
    const int error = held.error.value();
    if (error == EPERM)
        return "freezing needs CAP_SYS_ADMIN of the first user namespace: be root";
    if (error == ETIMEDOUT && report.cause == FreezeCause::expired)
        return "not everything could be frozen within the deadline of " +
               seconds(report.times.deadline) + ": something goes on writing";
    if (const auto* volume = culprit(report.volumes))
        return printable(volume->path) + " " + explain(volume->error);
    if (error == ETIMEDOUT)
        return "writing back takes too long; nothing was frozen";
    return std::string("cannot freeze: ") + std::strerror(error);
}

std::string why_inconsistent(const Report& report) {
    const auto what = ": what was copied meanwhile is not consistent";
    if (report.cause == FreezeCause::expired)
        return "the kernel has thawed at the deadline of " + seconds(report.times.deadline) + what;
    return std::string("somebody else has thawed a filesystem") + what;
}

bool has_frozen(const Report& report) {
    return std::ranges::any_of(report.volumes, [](const VolumeRecord& volume) {
        return volume.state == VolumeState::frozen || volume.state == VolumeState::thawing;
    });
}

void judge(Report& report, const Held& held, std::uint32_t frozen) {
    if (held.error && has_frozen(report)) {
        report.outcome = Outcome::unfinished;
        report.message = "not everything could be frozen, nor is everything thawed yet: something "
                         "goes on writing, and the kernel waits for it";
    } else if (held.error || (held.signal != 0 && !held.was_frozen)) {
        report.outcome = Outcome::failed;
        report.message = why_failed(report, held);
    } else if (frozen == 0) {
        report.outcome = Outcome::nothing;
        report.message = "there is nothing to freeze";
    } else if (held.thawed.error) {
        report.outcome = Outcome::inconsistent;
        report.message = why_inconsistent(report);
    } else if (held.thawed.left != 0) {
        report.outcome = Outcome::unfinished;
        report.message = fmt::format("{} filesystems are not thawed yet; the kernel goes on trying",
                                     held.thawed.left);
    } else {
        report.outcome = Outcome::thawed;
    }
}

/// What ended the time in which everything was frozen.
std::string ending(const Held& held) {
    if (!held.was_frozen)
        return {};
    if (held.thawed.error)
        return held.thawed.cause == FreezeCause::lost ? "others" : "kernel";
    return held.signal != 0 ? signal_name(held.signal) : "hold";
}

std::string in_milliseconds(std::chrono::microseconds time) {
    return fmt::format("{:.1f}", static_cast<double>(time.count()) / 1000);
}

/// Columns as wide as they have to be; from `first_number` on to the right, but for the last.
std::string align(const std::vector<Row>& rows, std::size_t first_number) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool is_number = i >= first_number && i + 1 < row.size();
            line += is_number ? fmt::format("{:>{}}  ", row[i], widths[i])
                              : fmt::format("{:<{}}  ", row[i], widths[i]);
        }
        line.resize(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string remark(const VolumeRecord& volume) {
    if (volume.error == 0)
        return {};
    return volume.error == EEXIST ? "same filesystem as an earlier one"
                                  : std::strerror(volume.error);
}

/// Kernels have a dozen filesystems without a disk, of which nobody wants to read each time.
std::string skipped_text(const std::vector<SkippedFilesystem>& skipped, bool is_full) {
    std::string text;
    int diskless = 0;
    for (const auto& one : skipped) {
        if (one.reason == SkipReason::diskless && !is_full)
            ++diskless;
        else
            text += fmt::format("skipped: {} ({}) {}\n", printable(one.path), printable(one.type),
                                explanation(one.reason));
    }
    if (diskless > 0)
        text += fmt::format("skipped: {} without a disk of their own\n", diskless);
    return text;
}

json skipped_json(const std::vector<SkippedFilesystem>& skipped) {
    auto list = json::array();
    for (const auto& one : skipped)
        list.push_back({{"path", one.path},
                        {"type", one.type},
                        {"device", to_string(one.device)},
                        {"reason", name(one.reason)}});
    return list;
}

json volume_json(const VolumeRecord& volume) {
    return {{"path", volume.path},
            {"type", volume.type},
            {"device", to_string(volume.device)},
            {"level", volume.level},
            {"state", name(volume.state)},
            {"error", volume.error != 0 ? json(error_name(volume.error)) : json()},
            {"sync_us", volume.sync.count()},
            {"freeze_us", volume.freeze.count()},
            {"frozen_us", volume.frozen.count()},
            {"stall_us", volume.stall.count()}};
}

/// A path is bytes; what is not UTF-8 in it is replaced.
std::string line_of(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string_view outcome_name(Outcome outcome) {
    switch (outcome) {
    case Outcome::thawed:
        return "thawed";
    case Outcome::nothing:
        return "nothing";
    case Outcome::inconsistent:
        return "inconsistent";
    case Outcome::unfinished:
        return "unfinished";
    default:
        return "failed";
    }
}

json text_or_null(const std::string& text) {
    return text.empty() ? json() : json(text);
}

} // namespace

std::string printable(std::string_view text) {
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte == 0x7f || c == '\\')
            shown += fmt::format("\\{:03o}", byte);
        else
            shown += c;
    }
    return shown;
}

Report make_report(const Freeze& freeze, const Held& held, const Times& times) {
    Report report;
    report.times = times;
    report.cause = held.thawed.cause;
    report.ended_by = ending(held);
    for (std::size_t i = 0; i < freeze.size(); ++i)
        report.volumes.push_back(freeze.record(i));
    judge(report, held, freeze.frozen());
    return report;
}

std::string frozen_line(bool is_json) {
    return is_json ? line_of({{"schema", schema}, {"event", "frozen"}}) : "frozen\n";
}

std::string report_text(const Report& report) {
    std::string text;
    std::vector<Row> rows{{"path", "type", "device", "state", "level", "sync ms", "freeze ms",
                           "frozen ms", "stall ms", ""}};
    for (const auto& volume : report.volumes)
        rows.push_back({printable(volume.path), printable(volume.type), to_string(volume.device),
                        std::string(name(volume.state)), std::to_string(volume.level),
                        in_milliseconds(volume.sync), in_milliseconds(volume.freeze),
                        in_milliseconds(volume.frozen), in_milliseconds(volume.stall),
                        remark(volume)});
    if (rows.size() > 1)
        text += align(rows, 4);
    if (!report.ended_by.empty())
        text += "ended by: " + report.ended_by + '\n';
    return text + skipped_text(report.skipped, false);
}

std::string report_json(const Report& report) {
    json document = {{"schema", schema},
                     {"event", "report"},
                     {"outcome", outcome_name(report.outcome)},
                     {"message", text_or_null(report.message)},
                     {"ended_by", text_or_null(report.ended_by)},
                     {"cause", name(report.cause)},
                     {"hold_ms", report.times.hold.count()},
                     {"deadline_ms", report.times.deadline.count()},
                     {"volumes", json::array()},
                     {"skipped", skipped_json(report.skipped)}};
    for (const auto& volume : report.volumes)
        document["volumes"].push_back(volume_json(volume));
    return line_of(document);
}

std::string plan_text(const Plan& plan) {
    std::string text;
    std::vector<Row> rows{{"path", "type", "device", "source", "level", "lies on"}};
    for (const auto& volume : plan.volumes) {
        std::string below;
        for (const auto& point : volume.below)
            below += (below.empty() ? "" : ", ") + printable(point);
        rows.push_back({printable(volume.path), printable(volume.type), to_string(volume.device),
                        printable(volume.source), std::to_string(volume.level), below});
    }
    if (rows.size() > 1)
        text += align(rows, 4);
    if (plan.has_cycle)
        text += "something seems to lie on itself; what was mounted first counts as lowest\n";
    return text + skipped_text(plan.skipped, true);
}

std::string plan_json(const Plan& plan) {
    auto volumes = json::array();
    for (const auto& volume : plan.volumes)
        volumes.push_back({{"path", volume.path},
                           {"type", volume.type},
                           {"device", to_string(volume.device)},
                           {"source", volume.source},
                           {"level", volume.level},
                           {"below", volume.below}});
    return line_of({{"schema", schema},
                    {"event", "plan"},
                    {"volumes", volumes},
                    {"skipped", skipped_json(plan.skipped)},
                    {"has_cycle", plan.has_cycle}});
}

} // namespace vmguest::ctl
