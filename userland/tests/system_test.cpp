// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Reading a system: a folder that looks like one, and for paths this machine itself.
#include "vmguest/system.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <unistd.h>

namespace vmguest {
namespace {

namespace fs = std::filesystem;

class Tree : public testing::Test {
protected:
    Tree() {
        char name[] = "/tmp/vmguest-system-XXXXXX";
        root = mkdtemp(name);
        write("/proc/self/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                                      "21 20 7:0 / /mnt rw - ext4 /dev/loop0 rw\n"
                                      "22 20 0:40 / /data rw - btrfs /dev/loop1 rw\n"
                                      "23 20 0:41 / /run rw - tmpfs tmpfs rw\n");
        write("/proc/filesystems", "nodev\ttmpfs\n\text4\nnodev\toverlay\n\tbtrfs\n");
        device("sda", "8:0");
        device("sda/sda1", "8:1");
        write("/sys/devices/sda/sda1/partition", "1\n");
        device("loop0", "7:0");
        write("/sys/devices/loop0/loop/backing_file", "/data/image\n");
        device("loop1", "7:1");
        write("/sys/devices/loop1/loop/backing_file", "/image with a\nline\n");
        device("dm-0", "254:0");
        link("/sys/devices/dm-0/slaves/loop0", "/sys/devices/loop0");
        link("/sys/devices/dm-0/slaves/sda1", "/sys/devices/sda/sda1");
        link("/sys/fs/btrfs/features/x", "/sys/devices/dm-0");
        link("/sys/fs/btrfs/11-22/devices/loop1", "/sys/devices/loop1");
        link("/sys/fs/btrfs/11-22/devices/sda1", "/sys/devices/sda/sda1");
    }
    ~Tree() override { fs::remove_all(root); }

    void write(const std::string& path, const std::string& text) {
        fs::create_directories(fs::path(root + path).parent_path());
        std::ofstream(root + path) << text;
    }
    void link(const std::string& path, const std::string& target) {
        fs::create_directories(fs::path(root + path).parent_path());
        fs::create_symlink(root + target, root + path);
    }
    void device(const std::string& folder, const std::string& number) {
        write("/sys/devices/" + folder + "/dev", number + '\n');
        link("/sys/dev/block/" + number, "/sys/devices/" + folder);
    }

    std::string root;
};

const BlockDevice& find(const Facts& facts, DeviceNumber number) {
    static const BlockDevice none;
    for (const auto& device : facts.devices)
        if (device.number == number)
            return device;
    ADD_FAILURE() << "no device " << to_string(number);
    return none;
}

TEST_F(Tree, IsRead) {
    const auto read = read_facts(root);
    ASSERT_TRUE(read) << read.failure().sentence;
    const auto& facts = read.value();
    EXPECT_EQ(facts.mounts.size(), 4U);
    EXPECT_EQ(facts.diskless_types, (std::set<std::string, std::less<>>{"tmpfs", "overlay"}));
    EXPECT_EQ(facts.devices.size(), 5U);
    EXPECT_EQ(find(facts, {8, 1}).name, "sda1");
    EXPECT_EQ(find(facts, {8, 1}).below, (std::vector<DeviceNumber>{{8, 0}}));
    EXPECT_TRUE(find(facts, {8, 0}).below.empty());
    EXPECT_EQ(find(facts, {7, 0}).backing_file, "/data/image");
    EXPECT_EQ(find(facts, {7, 1}).backing_file, "/image with a\nline");
    EXPECT_EQ(find(facts, {254, 0}).below, (std::vector<DeviceNumber>{{7, 0}, {8, 1}}));
    EXPECT_EQ(facts.pools, (std::vector<std::vector<DeviceNumber>>{{{7, 1}, {8, 1}}}));
}

TEST_F(Tree, LeadsToLevels) {
    const auto read = read_facts(root);
    ASSERT_TRUE(read);
    const auto plan = plan_all(read.value(), work_out_levels(read.value()));
    ASSERT_EQ(plan.volumes.size(), 3U);
    EXPECT_EQ(plan.volumes[0].path, "/mnt");
    EXPECT_EQ(plan.volumes[1].path, "/data");
    EXPECT_EQ(plan.volumes[2].path, "/");
}

TEST_F(Tree, WithoutOneOfItsPartsIsNoSystem) {
    for (const auto* part : {"/proc/self/mountinfo", "/proc/filesystems", "/sys/dev/block"}) {
        fs::rename(root + part, root + "/away");
        const auto read = read_facts(root);
        ASSERT_FALSE(read) << part;
        EXPECT_EQ(read.failure().error, ENOENT);
        EXPECT_NE(read.failure().sentence.find(part), std::string::npos);
        fs::rename(root + "/away", root + part);
    }
}

/// This machine's mounts, of which nothing but /proc is taken for diskless.
Facts here() {
    std::ifstream file("/proc/self/mountinfo");
    Facts facts;
    facts.mounts =
        MountTable(parse_mountinfo(std::string(std::istreambuf_iterator<char>(file), {})));
    facts.diskless_types = {"proc", "sysfs"};
    return facts;
}

TEST(Paths, AreFoundByTheirMount) {
    const auto facts = here();
    const auto stack = work_out_levels(facts);
    auto plan = plan_paths({"/proc/self/status"}, facts, stack);
    ASSERT_TRUE(plan) << plan.failure().sentence;
    ASSERT_EQ(plan.value().skipped.size(), 1U);
    EXPECT_EQ(plan.value().skipped[0].path, "/proc/self/status");
    EXPECT_EQ(plan.value().skipped[0].type, "proc");
}

TEST(Paths, ThatAreMissingAreAFailure) {
    const auto facts = here();
    const auto plan = plan_paths({"/proc", "/no such file"}, facts, work_out_levels(facts));
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.failure().error, ENOENT);
    EXPECT_EQ(plan.failure().sentence, "/no such file: No such file or directory");
}

TEST(Paths, OnAMountThatTheTableDoesNotHaveAreAFailure) {
    const Facts nothing;
    const auto plan = plan_paths({"/proc"}, nothing, work_out_levels(nothing));
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.failure().error, ESTALE);
}

/// The server's mount is not there: who looked for the path would not find it.
TEST(Paths, OnANetworkAreNotLookedAt) {
    Facts facts;
    facts.mounts = MountTable(parse_mountinfo("20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                                              "21 20 0:50 / /no_such_net rw - nfs s:/ rw\n"
                                              "22 21 8:2 / /no_such_net/a rw - ext4 /dev/b rw\n"));
    const auto plan = plan_paths({"/no_such_net/x/../file", "/no_such_net/a/file"}, facts,
                                 work_out_levels(facts));
    ASSERT_TRUE(plan) << plan.failure().sentence;
    ASSERT_EQ(plan.value().skipped.size(), 2U);
    EXPECT_EQ(plan.value().skipped[0].reason, SkipReason::network);
    EXPECT_EQ(plan.value().skipped[1].reason, SkipReason::behind_others);
}

TEST(Volumes, ThatHaveChangedAreSkipped) {
    const auto facts = here();
    const auto proc = facts.mounts.holder("/proc");
    ASSERT_TRUE(proc);
    Plan plan;
    const auto add = [&plan](const std::string& path, int mount_id) {
        PlannedVolume volume;
        volume.path = path;
        volume.mount_id = mount_id;
        plan.volumes.push_back(std::move(volume));
    };
    add("/proc", facts.mounts[*proc].id);
    add("/proc", facts.mounts[*proc].id + 100000);
    add("/no such file", facts.mounts[*proc].id);
    open_volumes(plan);
    ASSERT_EQ(plan.volumes.size(), 1U);
    EXPECT_TRUE(plan.volumes[0].file);
    ASSERT_EQ(plan.skipped.size(), 2U);
    EXPECT_EQ(plan.skipped[0].reason, SkipReason::changed);
}

} // namespace
} // namespace vmguest
