// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What Freeze asks of the driver, and what it makes of the answers.
#include "vmguest/freeze.hpp"

#include <cerrno>
#include <optional>

#include <gtest/gtest.h>

#include "fake_vmsync.hpp"

namespace vmguest {
namespace {

using std::chrono::milliseconds;

class FreezeTest : public testing::Test {
protected:
    FreezeOptions options() const {
        FreezeOptions options;
        options.device = driver.path();
        return options;
    }

    Freeze prepare(const std::vector<Volume>& volumes) {
        auto made = Freeze::prepare(volumes, options());
        EXPECT_TRUE(made) << made.failure().sentence;
        return std::move(made.value());
    }

    int error_of(const std::vector<Volume>& volumes, const FreezeOptions& options) {
        const auto made = Freeze::prepare(volumes, options);
        return made ? 0 : made.failure().error;
    }

    test::Driver driver;
};

TEST_F(FreezeTest, SaysWhatItWants) {
    auto wish = options();
    wish.deadline = milliseconds(1500);
    wish.sync_limit = milliseconds(2500);
    wish.skip_busy = wish.refuse_network = true;
    auto made =
        Freeze::prepare({{.path = "/a", .level = 3}, {.path = "/b", .level = 1, .file = 42}}, wish);
    ASSERT_TRUE(made);
    EXPECT_EQ(driver.freezes, 0);
    EXPECT_FALSE(made.value().freeze());
    EXPECT_EQ(driver.freeze.header.size, sizeof(vmsync_freeze));
    EXPECT_EQ(driver.freeze.header.version, 1U);
    EXPECT_EQ(driver.freeze.count, 2U);
    EXPECT_EQ(driver.freeze.record_size, sizeof(vmsync_record));
    EXPECT_EQ(driver.freeze.deadline_ms, 1500U);
    EXPECT_EQ(driver.freeze.sync_ms, 2500U);
    EXPECT_EQ(driver.freeze.flags, unsigned(VMSYNC_SKIP_BUSY | VMSYNC_REFUSE_NETWORK));
    EXPECT_STREQ(driver.paths[0], "/a");
    EXPECT_EQ(driver.records[0].level, 3U);
    EXPECT_EQ(driver.records[1].path, 0U);
    EXPECT_EQ(driver.records[1].fd, 42);
    EXPECT_EQ(driver.records[1].level, 1U);
}

TEST_F(FreezeTest, RecordsTellWhatBecameOfEachVolume) {
    auto freeze = prepare({{.path = "/a", .level = 1}, {.path = "/bb", .file = 5}});
    EXPECT_EQ(freeze.record(1).state, VolumeState::untouched);
    EXPECT_FALSE(freeze.freeze());
    EXPECT_EQ(freeze.frozen(), 2U);
    EXPECT_EQ(freeze.record(1).state, VolumeState::frozen);
    const auto thawed = freeze.thaw(milliseconds(300));
    EXPECT_FALSE(thawed.error);
    EXPECT_EQ(thawed.cause, FreezeCause::asked);
    EXPECT_EQ(driver.wait_ms, 300U);
    ASSERT_EQ(freeze.size(), 2U);
    const auto record = freeze.record(1);
    EXPECT_EQ(record.path, "/bb");
    EXPECT_EQ(record.type, "ext4");
    EXPECT_EQ(record.device, (DeviceNumber{7, 1}));
    EXPECT_EQ(record.state, VolumeState::thawed);
    EXPECT_EQ(record.stall, std::chrono::microseconds(5000));
}

TEST_F(FreezeTest, ErrorsAreTheDrivers) {
    auto freeze = prepare({{.path = "/a"}});
    driver.freeze_error = EBUSY;
    EXPECT_EQ(freeze.freeze().value(), EBUSY);
    EXPECT_EQ(freeze.frozen(), 0U);
    EXPECT_EQ(freeze.record(0).state, VolumeState::failed);
    EXPECT_EQ(freeze.record(0).error, EBUSY);
    driver.thaw_error = ETIMEDOUT;
    driver.thaw_cause = VMSYNC_CAUSE_EXPIRED;
    driver.left = 3;
    const auto thawed = freeze.thaw(std::chrono::hours(1));
    EXPECT_EQ(thawed.error.value(), ETIMEDOUT);
    EXPECT_EQ(thawed.cause, FreezeCause::expired);
    EXPECT_EQ(thawed.left, 3U);
    EXPECT_EQ(driver.wait_ms, unsigned(VMSYNC_THAW_WAIT_MAX_MS));
}

TEST_F(FreezeTest, TheDestructorThawsAndWhatWasMovedFromDoesNot) {
    {
        auto freeze = prepare({{.path = "/a"}});
        EXPECT_FALSE(freeze.freeze());
        Freeze moved(std::move(freeze));
        EXPECT_EQ(moved.record(0).path, "/a");
        EXPECT_EQ(driver.thaws, 0);
    }
    EXPECT_EQ(driver.thaws, 1);
    EXPECT_EQ(driver.wait_ms, 2000U);
}

TEST_F(FreezeTest, AllocatesNothingWhileFrozen) {
    auto freeze = prepare({{.path = "/a"}, {.path = "/b"}});
    const auto before = test::allocations.load();
    EXPECT_FALSE(freeze.freeze());
    const auto status = freeze.status();
    const auto path = freeze.record(1).path;
    freeze.refresh();
    freeze.abort();
    freeze.thaw(milliseconds(0));
    EXPECT_EQ(test::allocations.load(), before);
    EXPECT_EQ(status.phase, FreezePhase::over);
    EXPECT_EQ(status.frozen_all, 7U);
    EXPECT_EQ(status.left, milliseconds(1234));
    EXPECT_EQ(path, "/b");
}

TEST_F(FreezeTest, RefusesWhatTheDriverWouldRefuse) {
    EXPECT_EQ(error_of({}, options()), EINVAL);
    EXPECT_EQ(error_of(std::vector<Volume>(257, {.path = "/a"}), options()), E2BIG);
    EXPECT_EQ(error_of(std::vector<Volume>(256, {.path = "/a"}), options()), 0);
    EXPECT_EQ(error_of({{.path = std::string("/a\0b", 4)}}, options()), EINVAL);
    for (const auto time : {milliseconds(-1), milliseconds(900001)}) {
        auto wish = options();
        wish.deadline = time;
        EXPECT_EQ(error_of({{.path = "/a"}}, wish), EINVAL);
        wish = options();
        wish.sync_limit = time;
        EXPECT_EQ(error_of({{.path = "/a"}}, wish), EINVAL);
    }
}

TEST_F(FreezeTest, AMissingModuleHasASentence) {
    auto wish = options();
    wish.device = "/dev/vmguest-no-such-device";
    const auto made = Freeze::prepare({{.path = "/a"}}, wish);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.failure().error, ENOENT);
    EXPECT_EQ(made.failure().sentence,
              "/dev/vmguest-no-such-device is not there: load it with 'modprobe vmsync'");
}

TEST(Names, AreWordsForAllAndForWhatIsNew) {
    EXPECT_EQ(name(FreezePhase::over), "over");
    EXPECT_EQ(name(FreezeCause::lost), "lost");
    EXPECT_EQ(name(VolumeState::failed), "failed");
    EXPECT_EQ(name(static_cast<VolumeState>(99)), "unknown");
}

} // namespace
} // namespace vmguest
