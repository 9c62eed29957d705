// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What is told of a freeze. The documents are a contract: they are compared whole.
#include "report.hpp"

#include <cerrno>
#include <csignal>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "fake_vmsync.hpp"

namespace vmguest::ctl {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Times times{.hold = milliseconds(5000), .deadline = milliseconds(10000)};

/// What is reported when the driver answered FREEZE and the hold ended like this.
class ReportTest : public testing::Test {
protected:
    Report report_of(Held held, int freeze_error = 0) {
        FreezeOptions options;
        options.device = driver.path();
        driver.freeze_error = freeze_error;
        auto freeze = Freeze::prepare({{.path = "/a"}}, options);
        EXPECT_TRUE(freeze);
        held.error = freeze.value().freeze();
        auto report = make_report(freeze.value(), held, times);
        report.volumes.clear(); // their texts end with the Freeze
        return report;
    }

    static Held frozen_until(int signal = 0) {
        Held held;
        held.was_frozen = true;
        held.signal = signal;
        held.thawed.cause = FreezeCause::asked;
        return held;
    }

    static Held ended(int error, FreezeCause cause) {
        auto held = frozen_until();
        held.thawed.error = {error, std::system_category()};
        held.thawed.cause = cause;
        return held;
    }

    test::Driver driver;
};

TEST_F(ReportTest, AHoldThatWasKept) {
    const auto report = report_of(frozen_until());
    EXPECT_EQ(report.outcome, Outcome::thawed);
    EXPECT_EQ(report.message, "");
    EXPECT_EQ(report.ended_by, "hold");
    EXPECT_EQ(report_of(frozen_until(SIGTERM)).ended_by, "SIGTERM");
    EXPECT_EQ(report_of(frozen_until(SIGTERM)).outcome, Outcome::thawed);
}

TEST_F(ReportTest, WhatTheKernelHasThawedIsNotConsistent) {
    const auto report = report_of(ended(ETIMEDOUT, FreezeCause::expired));
    EXPECT_EQ(report.outcome, Outcome::inconsistent);
    EXPECT_EQ(report.ended_by, "kernel");
    EXPECT_EQ(report.message, "the kernel has thawed at the deadline of 10 s: what was copied "
                              "meanwhile is not consistent");
    EXPECT_EQ(report_of(ended(ESTALE, FreezeCause::lost)).outcome, Outcome::inconsistent);
    EXPECT_EQ(report_of(ended(ESTALE, FreezeCause::lost)).ended_by, "others");
    EXPECT_EQ(report_of(ended(ESTALE, FreezeCause::lost)).message,
              "somebody else has thawed a filesystem: what was copied meanwhile is not consistent");
}

TEST_F(ReportTest, WhatCouldNotBeFrozen) {
    const auto report = report_of({}, EBUSY);
    EXPECT_EQ(report.outcome, Outcome::failed);
    EXPECT_EQ(report.ended_by, "");
    EXPECT_EQ(report.message, "/a is frozen by somebody else; --skip-busy goes on without it");
    EXPECT_EQ(report_of({}, EIO).message, "/a cannot be frozen: Input/output error");
    EXPECT_EQ(report_of({}, EPERM).message,
              "freezing needs CAP_SYS_ADMIN of the first user namespace: be root");
}

TEST_F(ReportTest, AnAbortedFreeze) {
    Held held;
    held.signal = SIGHUP;
    const auto report = report_of(held, ECANCELED);
    EXPECT_EQ(report.outcome, Outcome::failed);
    EXPECT_EQ(report.message, "SIGHUP came before everything was frozen");
    // It was aborted, but had just succeeded.
    EXPECT_EQ(report_of(held).outcome, Outcome::failed);
}

TEST_F(ReportTest, AThawThatTakesLong) {
    auto held = frozen_until();
    held.thawed.left = 2;
    EXPECT_EQ(report_of(held).outcome, Outcome::unfinished);
}

SkippedFilesystem skipped(const std::string& path, const std::string& type, std::uint32_t minor,
                          SkipReason reason) {
    SkippedFilesystem one;
    one.path = path;
    one.type = type;
    one.device.minor = minor;
    one.reason = reason;
    return one;
}

Report golden() {
    Report report;
    report.outcome = Outcome::thawed;
    report.ended_by = "hold";
    report.cause = FreezeCause::asked;
    report.times = times;
    report.volumes = {{.path = "/mnt/upper",
                       .type = "ext4",
                       .device = DeviceNumber{7, 1},
                       .level = 1,
                       .state = VolumeState::thawed,
                       .error = 0,
                       .sync = microseconds(1500),
                       .freeze = microseconds(700),
                       .frozen = microseconds(5000123),
                       .stall = microseconds(5001900)},
                      {.path = "/mnt/a\nb",
                       .type = "xfs",
                       .device = DeviceNumber{8, 17},
                       .level = 0,
                       .state = VolumeState::skipped,
                       .error = EBUSY}};
    report.skipped = {skipped("/proc", "proc", 5, SkipReason::diskless),
                      skipped("/net", "nfs4", 50, SkipReason::network)};
    return report;
}

TEST(Reports, AreATableForPeople) {
    EXPECT_EQ(report_text(golden()),
              "path         type  device  state    level  sync ms  freeze ms  frozen ms  stall ms\n"
              "/mnt/upper   ext4  7:1     thawed       1      1.5        0.7     5000.1    5001.9\n"
              "/mnt/a\\012b  xfs   8:17    skipped      0      0.0        0.0        0.0       0.0"
              "  Device or resource busy\n"
              "ended by: hold\n"
              "skipped: /net (nfs4) is on a network\n"
              "skipped: 1 without a disk of their own\n");
}

TEST(Reports, AreADocumentForPrograms) {
    EXPECT_EQ(nlohmann::json::parse(report_json(golden())), nlohmann::json::parse(R"({
        "schema": 1, "event": "report", "outcome": "thawed", "message": null, "ended_by": "hold",
        "cause": "asked", "hold_ms": 5000, "deadline_ms": 10000,
        "volumes": [
            {"path": "/mnt/upper", "type": "ext4", "device": "7:1", "level": 1, "state": "thawed",
             "error": null, "sync_us": 1500, "freeze_us": 700, "frozen_us": 5000123,
             "stall_us": 5001900},
            {"path": "/mnt/a\nb", "type": "xfs", "device": "8:17", "level": 0, "state": "skipped",
             "error": "EBUSY", "sync_us": 0, "freeze_us": 0, "frozen_us": 0, "stall_us": 0}],
        "skipped": [
            {"path": "/proc", "type": "proc", "device": "0:5", "reason": "diskless"},
            {"path": "/net", "type": "nfs4", "device": "0:50", "reason": "network"}]})"));
}

Plan golden_plan() {
    Plan plan;
    PlannedVolume volume;
    volume.path = "/mnt/upper";
    volume.type = "ext4";
    volume.device = DeviceNumber{7, 1};
    volume.source = "/dev/loop1";
    volume.level = 1;
    volume.below = {"/mnt/lower", "/srv"};
    plan.volumes.push_back(std::move(volume));
    plan.skipped = {skipped("/proc", "proc", 5, SkipReason::diskless)};
    plan.has_cycle = true;
    return plan;
}

TEST(Plans, AreATableForPeople) {
    EXPECT_EQ(plan_text(golden_plan()),
              "path        type  device  source      level  lies on\n"
              "/mnt/upper  ext4  7:1     /dev/loop1      1  /mnt/lower, /srv\n"
              "something seems to lie on itself; what was mounted first counts as lowest\n"
              "skipped: /proc (proc) has no disk of its own\n");
}

TEST(Plans, AreADocumentForPrograms) {
    EXPECT_EQ(nlohmann::json::parse(plan_json(golden_plan())), nlohmann::json::parse(R"({
        "schema": 1, "event": "plan", "has_cycle": true,
        "volumes": [{"path": "/mnt/upper", "type": "ext4", "device": "7:1", "source": "/dev/loop1",
                     "level": 1, "below": ["/mnt/lower", "/srv"]}],
        "skipped": [{"path": "/proc", "type": "proc", "device": "0:5", "reason": "diskless"}]})"));
}

TEST(Lines, SayThatEverythingIsFrozen) {
    EXPECT_EQ(frozen_line(false), "frozen\n");
    EXPECT_EQ(frozen_line(true), "{\"event\":\"frozen\",\"schema\":1}\n");
}

TEST(Lines, HaveNothingOfATerminalsOwn) {
    EXPECT_EQ(printable("/a\x1b[2J\\\n\x7f"), "/a\\033[2J\\134\\012\\177");
    EXPECT_EQ(printable("/Gr\xc3\xbc\xc3\x9f"
                        "e x"),
              "/Gr\xc3\xbc\xc3\x9f"
              "e x");
}

TEST(Lines, APathThatIsNoTextIsStillJson) {
    Report report;
    report.skipped = {skipped("/\xff", "tmpfs", 1, SkipReason::diskless)};
    EXPECT_TRUE(nlohmann::json::accept(report_json(report)));
}

} // namespace
} // namespace vmguest::ctl
