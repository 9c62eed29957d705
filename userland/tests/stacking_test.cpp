// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What lies on what. Each case is a table of mounts as the kernel writes it, and block devices.
#include "vmguest/stacking.hpp"

#include <chrono>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace vmguest {
namespace {

const std::string root_line = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n";

Facts world(const std::string& mountinfo, std::vector<BlockDevice> devices = {}) {
    Facts facts;
    facts.mounts = MountTable(parse_mountinfo(mountinfo));
    facts.diskless_types = {"tmpfs", "overlay", "proc", "nfs4", "fuse"};
    facts.devices = std::move(devices);
    return facts;
}

BlockDevice loop(std::uint32_t minor, const std::string& file) {
    return {.number = {7, minor},
            .name = "loop" + std::to_string(minor),
            .below = {},
            .backing_file = file};
}

BlockDevice upon(DeviceNumber number, std::vector<DeviceNumber> below) {
    return {.number = number,
            .name = "dm-" + std::to_string(number.minor),
            .below = std::move(below),
            .backing_file = {}};
}

/// Each volume's path and level.
std::map<std::string, std::uint32_t> levels(const Plan& plan) {
    std::map<std::string, std::uint32_t> found;
    for (const auto& volume : plan.volumes)
        found[volume.path] = volume.level;
    return found;
}

std::map<std::string, SkipReason> skipped(const Plan& plan) {
    std::map<std::string, SkipReason> found;
    for (const auto& one : plan.skipped)
        found[one.path] = one.reason;
    return found;
}

Plan plan_of(const Facts& facts) {
    return plan_all(facts, work_out_levels(facts));
}

/// By the ids of the mounts that the paths were found to be on.
Plan plan_of(const Facts& facts, const std::vector<std::pair<std::string, int>>& paths) {
    std::vector<ChosenMount> chosen;
    for (const auto& [path, id] : paths)
        chosen.push_back({.path = path, .mount = *facts.mounts.by_id(id), .file = {}});
    return plan_mounts(facts, work_out_levels(facts), std::move(chosen));
}

using Levels = std::map<std::string, std::uint32_t>;
using Skipped = std::map<std::string, SkipReason>;

TEST(Stacking, ALoopDeviceLiesOnItsFile) {
    const auto facts =
        world(root_line + "21 20 7:0 / /mnt rw - ext4 /dev/loop0 rw\n", {loop(0, "/srv/image")});
    const auto plan = plan_of(facts);
    EXPECT_EQ(levels(plan), (Levels{{"/", 0}, {"/mnt", 1}}));
    EXPECT_EQ(plan.volumes[0].path, "/mnt") << "the highest comes first";
    EXPECT_EQ(plan.volumes[0].below, std::vector<std::string>{"/"});
    EXPECT_FALSE(plan.has_cycle);
}

TEST(Stacking, ALoopDeviceOnALoopDevice) {
    const auto facts =
        world(root_line + "22 21 7:1 / /mnt/upper rw - ext4 /dev/loop1 rw\n" // before it
                          "21 20 7:0 / /mnt rw - ext4 /dev/loop0 rw\n",
              {loop(1, "/mnt/image"), loop(0, "/image")});
    EXPECT_EQ(levels(plan_of(facts)), (Levels{{"/", 0}, {"/mnt", 1}, {"/mnt/upper", 2}}));
}

TEST(Stacking, APartitionOfALoopDeviceOnDm) {
    const auto facts =
        world(root_line + "21 20 259:0 / /a rw - ext4 /dev/loop0p1 rw\n"
                          "22 20 254:1 / /b rw - xfs /dev/mapper/b rw\n",
              {loop(0, "/b/image"), upon({259, 0}, {{7, 0}}), upon({254, 1}, {{254, 0}, {254, 2}}),
               upon({254, 0}, {{8, 1}}), loop(1, "/image"), upon({254, 2}, {{7, 1}}),
               upon({8, 1}, {{8, 0}}), upon({8, 0}, {})});
    const auto plan = plan_of(facts);
    EXPECT_EQ(levels(plan), (Levels{{"/", 0}, {"/b", 1}, {"/a", 2}}));
    EXPECT_EQ(plan.volumes[0].below, std::vector<std::string>{"/b"});
}

TEST(Stacking, TwoVolumesOfADiskAreEqual) {
    const auto facts = world(root_line + "21 20 8:2 / /home rw - ext4 /dev/sda2 rw\n",
                             {upon({8, 1}, {{8, 0}}), upon({8, 2}, {{8, 0}}), upon({8, 0}, {})});
    EXPECT_EQ(levels(plan_of(facts)), (Levels{{"/", 0}, {"/home", 0}}));
}

TEST(Stacking, ABindMountIsTheSameFilesystem) {
    const auto facts = world(root_line + "21 20 8:1 /srv /export rw - ext4 /dev/sda1 rw\n"
                                         "22 20 7:0 / /mnt rw - ext4 /dev/loop0 rw\n",
                             {loop(0, "/export/image")});
    EXPECT_EQ(levels(plan_of(facts)), (Levels{{"/", 0}, {"/mnt", 1}}));
}

TEST(Stacking, WhatHasNoDiskCountsAsNoLevelButPassesThemOn) {
    // A file on an overlay is one of the overlay's upper filesystem.
    const auto facts =
        world(root_line + "21 20 7:0 / /upper rw - ext4 /dev/loop0 rw\n"
                          "22 20 0:40 / /over rw - overlay over "
                          "rw,lowerdir=/low\\134:er:/,upperdir=/upper/u,workdir=/upper/w\n"
                          "23 20 7:1 / /top rw - ext4 /dev/loop1 rw\n"
                          "24 20 0:41 / /run rw - tmpfs tmpfs rw\n"
                          "25 20 7:2 / /ram rw - ext4 /dev/loop2 rw\n",
              {loop(0, "/image"), loop(1, "/over/image"), loop(2, "/run/image")});
    const auto plan = plan_of(facts);
    EXPECT_EQ(levels(plan), (Levels{{"/", 0}, {"/upper", 1}, {"/top", 2}, {"/ram", 0}}));
    EXPECT_EQ(skipped(plan),
              (Skipped{{"/over", SkipReason::diskless}, {"/run", SkipReason::diskless}}));
}

TEST(Stacking, LayersOfAnOverlayAsNewKernelsWriteThem) {
    const auto facts =
        world(root_line + "21 20 7:0 / /a,b rw - ext4 /dev/loop0 rw\n"
                          "22 20 0:40 / /over rw - overlay over "
                          "ro,lowerdir,upperdir,lowerdir+=/a\\134,b/x/../,datadir+=rel\n"
                          "23 20 7:1 / /top rw - ext4 /dev/loop1 rw\n",
              {loop(0, "/image"), loop(1, "/over/image")});
    EXPECT_EQ(levels(plan_of(facts)), (Levels{{"/", 0}, {"/a,b", 1}, {"/top", 2}}));
}

TEST(Stacking, ABackingFileThatWasUnlinked) {
    const auto facts = world(root_line + "21 20 8:2 / /srv rw - ext4 /dev/sda2 rw\n"
                                         "22 20 7:0 / /mnt rw - ext4 /dev/loop0 rw\n",
                             {loop(0, "/srv/image (deleted)")});
    const auto plan = plan_of(facts);
    EXPECT_EQ(levels(plan), (Levels{{"/", 0}, {"/srv", 0}, {"/mnt", 1}}));
    EXPECT_EQ(plan.volumes[0].below, std::vector<std::string>{"/srv"});
}

TEST(Stacking, ABackingFileOutsideIsOnNothingOfOurs) {
    const auto facts = world("21 20 8:2 / /srv rw - ext4 /dev/sda2 rw\n"
                             "22 20 7:0 / /mnt rw - ext4 /dev/loop0 rw\n",
                             {loop(0, "/elsewhere/image")});
    EXPECT_EQ(levels(plan_of(facts)), (Levels{{"/srv", 0}, {"/mnt", 0}}));
}

TEST(Stacking, ACoveredMountIsNotTakenForTheOneThatIsSeen) {
    const auto facts = world(root_line + "21 20 8:2 / /srv rw - ext4 /dev/sda2 rw\n"
                                         "22 21 7:0 / /srv/a rw - ext4 /dev/loop0 rw\n"
                                         "23 21 8:3 / /srv rw - ext4 /dev/sda3 rw\n"
                                         "24 20 7:1 / /top rw - ext4 /dev/loop1 rw\n",
                             {loop(0, "/image"), loop(1, "/srv/a/image")});
    const auto plan = plan_of(facts);
    EXPECT_EQ(levels(plan), (Levels{{"/", 0}, {"/srv", 0}, {"/top", 1}}));
    EXPECT_EQ(plan.volumes[0].below, std::vector<std::string>{"/srv"});
    EXPECT_EQ(skipped(plan),
              (Skipped{{"/srv", SkipReason::hidden}, {"/srv/a", SkipReason::hidden}}));
}

TEST(Stacking, BtrfsIsFoundByItsSourceAndHasAllItsDevices) {
    auto facts = world(root_line + "21 20 0:45 /@ /data rw - btrfs /dev/mapper/one rw,subvol=/@\n"
                                   "22 20 0:45 /@home /home rw - btrfs /dev/mapper/one rw\n"
                                   "23 20 0:46 / /other rw - btrfs /dev/loop2 rw\n"
                                   "24 20 7:3 / /top rw - ext4 /dev/loop3 rw\n",
                       {loop(1, "/other/image"), loop(2, "/image"), upon({254, 0}, {{8, 2}}),
                        loop(3, "/data/image")});
    facts.sources = {{"/dev/mapper/one", {254, 0}}};
    facts.pools = {{{7, 2}}, {{254, 0}, {7, 1}}};
    EXPECT_EQ(levels(plan_of(facts)), (Levels{{"/", 0}, {"/other", 1}, {"/data", 2}, {"/top", 3}}));
}

TEST(Stacking, ARingEndsWithWhatWasMountedFirstAtTheBottom) {
    const auto facts = world(root_line + "21 20 7:0 / /a rw - ext4 /dev/loop0 rw\n"
                                         "22 20 7:1 / /b rw - ext4 /dev/loop1 rw\n"
                                         "23 20 7:2 / /c rw - ext4 /dev/loop2 rw\n",
                             {loop(0, "/b/image"), loop(1, "/a/image"), loop(2, "/b/image2")});
    const auto plan = plan_of(facts);
    EXPECT_TRUE(plan.has_cycle);
    EXPECT_EQ(levels(plan), (Levels{{"/", 0}, {"/a", 0}, {"/b", 1}, {"/c", 2}}));
}

TEST(Stacking, AFilesystemInAFileOfItsOwn) {
    const auto facts = world(root_line + "21 20 7:0 / /a rw - ext4 /dev/loop0 rw\n"
                                         "22 20 254:0 / /b rw - ext4 /dev/dm-0 rw\n",
                             {loop(0, "/a/image"), upon({254, 0}, {{254, 0}})});
    const auto plan = plan_of(facts);
    EXPECT_TRUE(plan.has_cycle);
    EXPECT_EQ(levels(plan), (Levels{{"/", 0}, {"/a", 0}, {"/b", 0}}));
}

TEST(Planning, WhatAServerOrAProgramAnswersForIsSkipped) {
    const auto facts = world(root_line + "21 20 0:50 / /net rw - nfs4 server:/ rw\n"
                                         "22 21 8:2 / /net/disk rw - ext4 /dev/sda2 rw\n"
                                         "23 20 8:3 / /ntfs rw - fuseblk /dev/sda3 rw\n"
                                         "24 20 0:51 / /proc rw - proc proc rw\n");
    const auto plan = plan_of(facts);
    EXPECT_EQ(levels(plan), (Levels{{"/", 0}}));
    EXPECT_EQ(skipped(plan), (Skipped{{"/net", SkipReason::network},
                                      {"/net/disk", SkipReason::behind_others},
                                      {"/ntfs", SkipReason::program},
                                      {"/proc", SkipReason::diskless}}));
}

TEST(Planning, AMountThatCanBeReachedStandsInForOneThatCannot) {
    const auto facts = world(root_line + "21 20 8:2 / /a rw - ext4 /dev/sda2 rw\n"
                                         "22 21 0:50 / /a rw - tmpfs tmpfs rw\n"
                                         "23 20 8:2 /x /b rw - ext4 /dev/sda2 rw\n");
    EXPECT_EQ(levels(plan_of(facts)), (Levels{{"/", 0}, {"/b", 0}}));
}

TEST(Planning, PathsKeepTheirNamesAndEachFilesystemComesOnce) {
    const auto facts =
        world(root_line + "21 20 7:0 / /mnt rw - ext4 /dev/loop0 rw\n", {loop(0, "/image")});
    const auto plan = plan_of(facts, {{"/etc", 20}, {"mnt/x", 21}, {"/usr", 20}});
    EXPECT_EQ(levels(plan), (Levels{{"/etc", 0}, {"mnt/x", 1}}));
    EXPECT_EQ(skipped(plan), (Skipped{{"/usr", SkipReason::same_filesystem}}));
}

TEST(Planning, AnOverlayStandsForWhatItWritesTo) {
    const auto facts =
        world(root_line + "21 20 8:2 / /upper rw - ext4 /dev/sda2 rw\n"
                          "22 20 0:40 / /over rw - overlay o rw,lowerdir=/,upperdir=/upper/u\n"
                          "23 20 0:41 / /ro ro - overlay o ro,lowerdir=/:/upper\n"
                          "24 20 0:42 / /run rw - tmpfs t rw\n"
                          "25 20 0:43 / /ram rw - overlay o rw,lowerdir=/,upperdir=/run/u\n");
    const auto plan = plan_of(facts, {{"/over/file", 22}, {"/ro", 23}, {"/ram", 25}});
    EXPECT_EQ(levels(plan), (Levels{{"/upper", 0}}));
    EXPECT_EQ(skipped(plan), (Skipped{{"/over/file", SkipReason::overlay},
                                      {"/ro", SkipReason::diskless},
                                      {"/ram", SkipReason::diskless}}));
}

/// Ten thousand mounts in some shape; where it is not linear this takes minutes.
class Thousands : public testing::Test {
protected:
    static constexpr int count = 10000;

    void TearDown() override {
        const auto limit = std::chrono::seconds(10); // under sanitizers, on a busy machine
        EXPECT_LT(std::chrono::steady_clock::now() - started_, limit);
    }

    /// Mount i, whose device is loop i.
    static std::string line(int i, int parent, const std::string& point) {
        const auto number = std::to_string(i);
        return std::to_string(100 + i) + ' ' + std::to_string(parent) + " 7:" + number + " / " +
               point + " rw - ext4 /dev/loop" + number + " rw\n";
    }

private:
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

TEST_F(Thousands, BesideEachOther) {
    std::string text = root_line;
    std::vector<BlockDevice> devices;
    for (int i = 0; i < count; ++i) {
        text += line(i, 20, "/mnt/" + std::to_string(i));
        devices.push_back(loop(static_cast<std::uint32_t>(i), "/images/" + std::to_string(i)));
    }
    const auto plan = plan_of(world(text, std::move(devices)));
    EXPECT_EQ(plan.volumes.size(), count + 1U);
    EXPECT_EQ(plan.volumes.front().level, 1U);
}

TEST_F(Thousands, EachInAFileOfTheOneBefore) {
    std::string text = root_line;
    std::vector<BlockDevice> devices;
    for (int i = 0; i < count; ++i) {
        text += line(i, 20, "/mnt/" + std::to_string(i));
        devices.push_back(loop(static_cast<std::uint32_t>(i),
                               i == 0 ? "/image" : "/mnt/" + std::to_string(i - 1) + "/image"));
    }
    const auto plan = plan_of(world(text, std::move(devices)));
    EXPECT_EQ(plan.volumes.front().level, std::uint32_t{count});
    EXPECT_EQ(plan.volumes.front().path, "/mnt/" + std::to_string(count - 1));
}

TEST_F(Thousands, OneUponTheOtherAtTheSamePoint) {
    std::string text = root_line;
    for (int i = 0; i < count; ++i)
        text += line(i, i == 0 ? 20 : 99 + i, "/mnt");
    const auto plan = plan_of(world(text));
    EXPECT_EQ(plan.volumes.size(), 2U);
    EXPECT_EQ(plan.skipped.size(), count - 1U);
}

} // namespace
} // namespace vmguest
