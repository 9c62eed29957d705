// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The table of mounts: its text, garbled or not, and which mount holds a path.
#include "vmguest/mounts.hpp"

#include <string>

#include <gtest/gtest.h>

namespace vmguest {
namespace {

MountTable table(const std::string& text) {
    return MountTable(parse_mountinfo(text));
}

/// The id of the mount that holds a path; 0 if none does.
int holder(const MountTable& mounts, const std::string& path) {
    const auto found = mounts.holder(path);
    return found ? mounts[*found].id : 0;
}

TEST(Mountinfo, ReadsAllFields) {
    const auto mounts = parse_mountinfo(
        "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n");
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].id, 36);
    EXPECT_EQ(mounts[0].parent, 35);
    EXPECT_EQ(mounts[0].device, (DeviceNumber{98, 0}));
    EXPECT_EQ(mounts[0].root, "/mnt1");
    EXPECT_EQ(mounts[0].point, "/mnt2");
    EXPECT_EQ(mounts[0].type, "ext3");
    EXPECT_EQ(mounts[0].source, "/dev/root");
    EXPECT_EQ(mounts[0].super_options, "rw,errors=continue");
}

TEST(Mountinfo, ReadsNoneAndSeveralOptionalFields) {
    const auto mounts = parse_mountinfo("1 0 8:1 / /a rw - ext4 /dev/sda1 rw\n"
                                        "2 0 8:2 / /b rw shared:1 master:2 x - ext4 /dev/sda2 rw");
    ASSERT_EQ(mounts.size(), 2U);
    EXPECT_EQ(mounts[0].type, "ext4");
    EXPECT_EQ(mounts[1].source, "/dev/sda2");
}

TEST(Mountinfo, ResolvesEscapes) {
    const auto mounts =
        parse_mountinfo("1 0 8:1 / /a\\040b\\011c\\012x\\134e rw - ext4 /dev/x\\043 rw,o=\\134,\n");
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].point, "/a b\tc\nx\\e");
    EXPECT_EQ(mounts[0].source, "/dev/x#");
    EXPECT_EQ(mounts[0].super_options, "rw,o=\\,");
}

TEST(Mountinfo, KeepsWhatIsNoEscape) {
    const auto mounts = parse_mountinfo("1 0 8:1 / /\\4\\089\\000\\777\\04 rw - ext4 \\ rw\\1\n");
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].point, "/\\4\\089\\000\\777\\04");
    EXPECT_EQ(mounts[0].source, "\\");
    EXPECT_EQ(mounts[0].super_options, "rw\\1");
}

TEST(Mountinfo, TakesAnEmptySource) {
    const auto mounts = parse_mountinfo("1 0 0:9 / /a rw - tmpfs  rw\n");
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].source, "");
    EXPECT_EQ(mounts[0].super_options, "rw");
}

TEST(Mountinfo, LeavesOutWhatIsNoMount) {
    const auto mounts = parse_mountinfo("\n"
                                        "garbage\n"
                                        "1 0 8:1 / /a rw - ext4\n"
                                        "1 0 8:1 / /a rw - ext4 /dev/sda1\n"
                                        "1 0 8:1 / /a rw shared:1 ext4 /dev/sda1 rw\n"
                                        "1 0 8 / /a rw - ext4 /dev/sda1 rw\n"
                                        "1 0 8:-1 / /a rw - ext4 /dev/sda1 rw\n"
                                        "1 99999999999999 8:1 / /a rw - ext4 /dev/sda1 rw\n"
                                        "1 0 8:1 / a rw - ext4 /dev/sda1 rw\n"
                                        "1 0 8:1 / /a rw -  /dev/sda1 rw\n"
                                        "7 0 8:1 / /a rw - ext4 /dev/sda1 rw\n"
                                        "1 0 8:1 / /b rw - ext4 /dev/sda");
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].id, 7);
}

TEST(Mountinfo, AnyCutIsHarmless) {
    const std::string text = "36 35 98:0 /mnt1 /mnt\\0402 rw master:1 - ext3 /dev/root rw\n";
    for (std::size_t begin = 0; begin < text.size(); ++begin)
        for (std::size_t size = 0; size <= text.size() - begin; ++size)
            for (const auto& mount : parse_mountinfo(text.substr(begin, size)))
                EXPECT_TRUE(mount.point.starts_with('/'));
}

TEST(DeviceNumbers, AreReadToTheEndOfTheLine) {
    EXPECT_EQ(parse_device_number("7:3\n"), (DeviceNumber{7, 3}));
    EXPECT_EQ(parse_device_number("259:70000"), (DeviceNumber{259, 70000}));
    for (const auto* text : {"", ":", "7", "7:", ":3", "7:3x", "-7:3", "7:3 ", "99999999999:1"})
        EXPECT_EQ(parse_device_number(text), std::nullopt) << text;
}

constexpr auto tree = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                      "21 20 8:2 / /mnt rw - ext4 /dev/sda2 rw\n"
                      "22 21 8:3 / /mnt/a rw - ext4 /dev/sda3 rw\n";

TEST(MountTable, FindsTheHolderOfAPath) {
    const auto mounts = table(tree);
    EXPECT_EQ(holder(mounts, "/"), 20);
    EXPECT_EQ(holder(mounts, "/mntx"), 20);
    EXPECT_EQ(holder(mounts, "/mnt"), 21);
    EXPECT_EQ(holder(mounts, "/mnt/b"), 21);
    EXPECT_EQ(holder(mounts, "/mnt/a"), 22);
    EXPECT_EQ(holder(mounts, "/mnt/a/deep/file"), 22);
    EXPECT_EQ(holder(mounts, "/mnt/ab"), 21);
    EXPECT_EQ(holder(mounts, "mnt"), 0);
    EXPECT_EQ(holder(mounts, ""), 0);
}

TEST(MountTable, AMountHidesWhatItCovers) {
    // On /mnt comes another, which has no /mnt/a; then that is covered once more.
    const auto mounts = table(std::string(tree) + "23 21 8:4 / /mnt rw - ext4 /dev/sda4 rw\n"
                                                  "24 23 8:5 / /mnt rw - ext4 /dev/sda5 rw\n");
    EXPECT_EQ(holder(mounts, "/mnt"), 24);
    EXPECT_EQ(holder(mounts, "/mnt/a"), 24);
    for (std::size_t i = 0; i < mounts.size(); ++i)
        EXPECT_EQ(mounts.is_visible(i), mounts[i].id == 20 || mounts[i].id == 24) << mounts[i].id;
}

TEST(MountTable, ARootMayBeCoveredOrMissing) {
    EXPECT_EQ(holder(table("1 1 0:1 / / rw - rootfs none rw\n2 1 8:1 / / rw - ext4 /dev/sda1 rw\n"),
                     "/etc"),
              2);
    const auto chrooted = table("9 3 8:2 / /mnt rw - ext4 /dev/sda2 rw\n");
    EXPECT_EQ(holder(chrooted, "/etc"), 0);
    EXPECT_EQ(holder(chrooted, "/mnt/file"), 9);
}

TEST(MountTable, KnowsWhatLiesBehindAServer) {
    const auto mounts = table("20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                              "21 20 0:50 / /net rw - nfs4 server:/x rw\n"
                              "22 21 8:2 / /net/disk rw - ext4 /dev/sda2 rw\n"
                              "23 22 8:3 / /net/disk/more rw - ext4 /dev/sda3 rw\n"
                              "24 21 8:4 / /net rw - ext4 /dev/sda4 rw\n"
                              "25 20 0:51 / /home rw - fuse.sshfs x rw\n"
                              "26 25 8:5 / /home/disk rw - ext4 /dev/sda5 rw\n");
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        const auto id = mounts[i].id;
        EXPECT_EQ(mounts.is_behind_others(i), id == 22 || id == 23 || id == 26) << id;
    }
}

TEST(MountTable, ParentsThatGoRoundEnd) {
    const auto mounts = table("20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                              "21 22 8:2 / /a rw - ext4 /dev/sda2 rw\n"
                              "22 21 8:3 / /a rw - ext4 /dev/sda3 rw\n"
                              "23 23 8:4 / /b rw - ext4 /dev/sda4 rw\n");
    EXPECT_EQ(holder(mounts, "/a/file"), 20);
    EXPECT_FALSE(mounts.is_behind_others(1));
}

} // namespace
} // namespace vmguest
