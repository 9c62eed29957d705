// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Tests of what is read from the list of mounts.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "mounts.hpp"

namespace vmguest::handover {
namespace {

const std::string fuse_line = "vmware-vmblock-fuse /run/vmblock-fuse fuse.vmware-vmblock "
                              "rw,relatime,user_id=0,group_id=0,allow_other 0 0\n";
const std::string module_line = "none /proc/fs/vmblock/mountPoint vmblock rw,relatime 0 0\n";
const std::string other_lines = "proc /proc proc rw,nosuid 0 0\ntmpfs /run tmpfs rw,nosuid 0 0\n";

/// Whether the FUSE flavour and the module are mounted, by this text in pieces of SIZE bytes.
std::pair<bool, bool> flavours(std::string_view text, std::size_t size = 1 << 20) {
    MountScan scan;
    for (; !text.empty(); text.remove_prefix(std::min(size, text.size())))
        scan.feed(text.substr(0, size));
    return {scan.has_fuse(), scan.has_module()};
}

constexpr std::pair none = {false, false}, both = {true, true};
constexpr std::pair fuse = {true, false}, module = {false, true};

TEST(MountScan, FindsEachFlavour) {
    EXPECT_EQ(flavours(""), none);
    EXPECT_EQ(flavours(other_lines), none);
    EXPECT_EQ(flavours(other_lines + fuse_line), fuse);
    EXPECT_EQ(flavours(module_line + other_lines), module);
    EXPECT_EQ(flavours(fuse_line + other_lines + module_line), both);
}

TEST(MountScan, FindsThemHoweverTheTextIsCut) {
    const auto text = other_lines + fuse_line + module_line;
    for (std::size_t size = 1; size < text.size(); ++size)
        EXPECT_EQ(flavours(text, size), both) << size;
}

TEST(MountScan, WantsTheRightTypeAtTheRightPlace) {
    EXPECT_EQ(flavours("none /run/vmblock-fuse tmpfs rw,user_id=0 0 0\n"
                       "none /mnt fuse.vmware-vmblock rw,user_id=0 0 0\n"
                       "none /run/vmblock-fuse2 fuse.vmware-vmblock rw,user_id=0 0 0\n"
                       "none /proc/fs/vmblock/mountPoint tmpfs rw 0 0\n"
                       "none /mnt vmblock rw 0 0\n"),
              none);
}

TEST(MountScan, RefusesAUsersFuse) {
    EXPECT_EQ(flavours("x /run/vmblock-fuse fuse.vmware-vmblock rw,user_id=1000,group_id=0 0 0\n"),
              none);
    EXPECT_EQ(flavours("x /run/vmblock-fuse fuse.vmware-vmblock rw,xuser_id=0,user_id=01 0 0\n"),
              none);
    EXPECT_EQ(flavours("user_id=0 /run/vmblock-fuse fuse.vmware-vmblock rw 0 0\n"), none);
}

TEST(MountScan, LooksAtWhatIsOnTop) {
    EXPECT_EQ(flavours(fuse_line + "tmpfs /run/vmblock-fuse tmpfs rw 0 0\n" + module_line +
                       "tmpfs /proc/fs/vmblock/mountPoint tmpfs rw 0 0\n"),
              none);
    EXPECT_EQ(flavours("tmpfs /run/vmblock-fuse tmpfs rw 0 0\n" + fuse_line), fuse);
}

TEST(MountScan, SkipsLinesThatAreTooLong) {
    const std::string longest(4096 - module_line.size(), 'x');
    EXPECT_EQ(flavours(longest + "x" + module_line), module);
    EXPECT_EQ(flavours(longest + "xx" + module_line), none);
    EXPECT_EQ(flavours(std::string(100000, 'x') + " a b c\n" + fuse_line), fuse);
}

TEST(MountScan, LeavesAnUnfinishedLineAlone) {
    EXPECT_EQ(flavours(module_line.substr(0, module_line.size() - 1)), none);
    EXPECT_EQ(flavours("\n\n \n  \nx\nx /run/vmblock-fuse\n"), none);
}

} // namespace
} // namespace vmguest::handover
