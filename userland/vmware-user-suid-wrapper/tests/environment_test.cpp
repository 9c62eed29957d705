// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Tests of what is passed on of a user's environment.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "environment.hpp"

namespace vmguest::handover {
namespace {

using Texts = std::vector<std::string>;

/// What the agent gets of these entries, but for the first, which is PATH.
Texts passed(const Texts& entries) {
    std::vector<const char*> given;
    for (const auto& entry : entries)
        given.push_back(entry.c_str());
    given.push_back(nullptr);
    const Environment environment(given.data());
    Texts found;
    for (const auto* entry = environment.entries(); *entry; ++entry)
        found.emplace_back(*entry);
    EXPECT_EQ(found.front(), "PATH=/usr/local/bin:/usr/bin:/bin");
    return {found.begin() + 1, found.end()};
}

TEST(Environment, HasAPathOfItsOwn) {
    EXPECT_EQ(passed({}), Texts{});
    EXPECT_EQ(passed({"PATH=/tmp/evil"}), Texts{});
}

TEST(Environment, KeepsWhatADesktopNeeds) {
    const Texts usual = {
        "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus,guid=6e1f;unix:abstract=/tmp/dbus-x",
        "DESKTOP_SESSION=/usr/share/xsessions/plasma",
        "DISPLAY=[::1]:10.0",
        "HOME=/home/Jos\xc3\xa9 K",
        "LANG=de_DE.UTF-8@euro",
        "LANGUAGE=de:en_GB",
        "LC_TIME=C",
        "WAYLAND_DISPLAY=wayland-0",
        "XAUTHORITY=/run/user/1000/gdm/Xauthority",
        "XDG_CURRENT_DESKTOP=ubuntu:GNOME",
        "XDG_DATA_DIRS=/usr/local/share:/usr/share",
        "XDG_RUNTIME_DIR=/run/user/1000",
        "XDG_SESSION_TYPE=wayland",
    };
    EXPECT_EQ(passed(usual), usual);
}

TEST(Environment, LeavesOutWhatSteersLoadersLibrariesAndShells) {
    for (const auto* name : {"LD_PRELOAD",
                             "LD_LIBRARY_PATH",
                             "LD_AUDIT",
                             "GCONV_PATH",
                             "LOCPATH",
                             "NLSPATH",
                             "GLIBC_TUNABLES",
                             "MALLOC_CHECK_",
                             "IFS",
                             "BASH_ENV",
                             "ENV",
                             "SHELLOPTS",
                             "TMPDIR",
                             "TZ",
                             "GTK_MODULES",
                             "GTK_PATH",
                             "GIO_EXTRA_MODULES",
                             "GIO_MODULE_DIR",
                             "GDK_PIXBUF_MODULE_FILE",
                             "QT_PLUGIN_PATH",
                             "XMODIFIERS",
                             "HOSTALIASES",
                             "RES_OPTIONS",
                             "PYTHONPATH",
                             "LC_",
                             "LC_EVIL",
                             "XDG_EVIL",
                             "XDG_",
                             "",
                             "HOME2",
                             "HOM"})
        EXPECT_EQ(passed({std::string(name) + "=/tmp/evil"}), Texts{}) << name;
}

TEST(Environment, LeavesOutValuesThatAreNotWhatTheyShouldBe) {
    const std::vector<std::pair<const char*, std::string>> wrong = {
        {"HOME", ""},
        {"HOME", "relative"},
        {"HOME", "/home/\nLD_PRELOAD=x"},
        {"HOME", "/home/\x7f"},
        {"LANG", "../../tmp/evil"},
        {"LANG", "/tmp/evil"},
        {"LANG", "de_DE.%n%n"},
        {"LC_ALL", "a b"},
        {"DISPLAY", ""},
        {"DISPLAY", ":0 -x"},
        {"WAYLAND_DISPLAY", "../wayland-0"},
        {"XDG_DATA_DIRS", "/usr/share:"},
        {"XDG_DATA_DIRS", "/usr/share:tmp/evil"},
        {"XDG_RUNTIME_DIR", "."},
        {"XDG_SESSION_TYPE", "way\x1bland"},
        {"DBUS_SESSION_BUS_ADDRESS", "unixexec:path=/tmp/evil"},
        {"DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus;unixexec:path=/tmp/evil"},
        {"DBUS_SESSION_BUS_ADDRESS", "autolaunch:"},
    };
    for (const auto& [name, value] : wrong) {
        EXPECT_FALSE(may_pass(name, value)) << name << '=' << value;
        EXPECT_EQ(passed({name + ("=" + value)}), Texts{});
    }
}

TEST(Environment, BoundsTheLengthOfAValue) {
    EXPECT_TRUE(may_pass("DISPLAY", std::string(longest_value, ':')));
    EXPECT_FALSE(may_pass("DISPLAY", std::string(longest_value + 1, ':')));
}

TEST(Environment, CountsTheFirstOfANameOnly) {
    EXPECT_EQ(passed({"DISPLAY=:0", "DISPLAY=:1"}), Texts{"DISPLAY=:0"});
    EXPECT_EQ(passed({"HOME=relative", "HOME=/home/user"}), Texts{});
}

TEST(Environment, LeavesOutEntriesThatAreNoVariables) {
    EXPECT_EQ(passed({"", "DISPLAY", "=", "=DISPLAY=:0", "DISPLAY =:0"}), Texts{});
}

TEST(Environment, HasRoomForAllNamesHoweverManyThereAre) {
    const Texts names = {"DBUS_SESSION_BUS_ADDRESS=unix:x",
                         "DESKTOP_SESSION=/x",
                         "DISPLAY=/x",
                         "GDMSESSION=/x",
                         "GNOME_DESKTOP_SESSION_ID=/x",
                         "HOME=/x",
                         "KDE_FULL_SESSION=/x",
                         "KDE_SESSION_VERSION=/x",
                         "LANG=x",
                         "LANGUAGE=x",
                         "LC_ADDRESS=x",
                         "LC_ALL=x",
                         "LC_COLLATE=x",
                         "LC_CTYPE=x",
                         "LC_IDENTIFICATION=x",
                         "LC_MEASUREMENT=x",
                         "LC_MESSAGES=x",
                         "LC_MONETARY=x",
                         "LC_NAME=x",
                         "LC_NUMERIC=x",
                         "LC_PAPER=x",
                         "LC_TELEPHONE=x",
                         "LC_TIME=x",
                         "LOGNAME=/x",
                         "USER=/x",
                         "WAYLAND_DISPLAY=/x",
                         "XAUTHORITY=/x",
                         "XDG_CACHE_HOME=/x",
                         "XDG_CONFIG_DIRS=/x",
                         "XDG_CONFIG_HOME=/x",
                         "XDG_CURRENT_DESKTOP=/x",
                         "XDG_DATA_DIRS=/x",
                         "XDG_DATA_HOME=/x",
                         "XDG_RUNTIME_DIR=/x",
                         "XDG_SEAT=/x",
                         "XDG_SESSION_ID=/x",
                         "XDG_SESSION_TYPE=/x",
                         "XDG_STATE_HOME=/x"};
    ASSERT_EQ(names.size(), allowed_names);
    Texts entries;
    for (int round = 0; round < 1000; ++round)
        entries.insert(entries.end(), names.begin(), names.end());
    EXPECT_EQ(passed(entries), names);
}

} // namespace
} // namespace vmguest::handover
