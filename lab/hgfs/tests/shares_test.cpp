// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the host's user does to shares while they are in use.
#include "client.hpp"

namespace vmguest::hgfs {
namespace {

class Shares : public Shared {
protected:
    Client client_{connection_};
};

class ReadOnly : public Shares {
protected:
    ReadOnly() {
        put("f", "text");
        std::filesystem::create_directory(path("d"));
        shares_.set_policy("root", {.read_only = true});
    }
    ~ReadOnly() override {
        EXPECT_EQ(get("f"), "text");
        EXPECT_TRUE(has("d"));
        EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path("")), {}), 2);
    }
};

TEST_F(ReadOnly, FilesAreReadAndNotWritten) {
    std::string text;
    EXPECT_EQ(client_.open("root/f", 0, 0), Status::success);
    EXPECT_EQ(client_.read(0, 10, text), Status::success);
    EXPECT_EQ(text, "text");
    EXPECT_EQ(client_.open("root/f", 0, 2), Status::success) << "it exists";
    EXPECT_EQ(client_.open("root/new", 0, 2), Status::access_denied);
    for (const u32 flags : {1U, 3U, 4U})
        EXPECT_EQ(client_.open("root/f", 0, flags), Status::access_denied) << flags;
    for (const u32 mode : {1U, 2U, 5U, 6U})
        EXPECT_EQ(client_.open("root/f", mode, 0), Status::access_denied) << mode;
}

TEST_F(ReadOnly, NamesStay) {
    EXPECT_EQ(client_.mkdir("root/new"), Status::access_denied);
    EXPECT_EQ(client_.mkdir("root/d"), Status::exists);
    EXPECT_EQ(client_.unlink("root/f"), Status::access_denied);
    EXPECT_EQ(client_.rmdir("root/d"), Status::access_denied);
    EXPECT_EQ(client_.rename("root/f", "root/g"), Status::access_denied);
    EXPECT_EQ(client_.symlink("root/l", "f"), Status::access_denied);
    EXPECT_EQ(client_.setattr("root/f", {.mask = 2}), Status::access_denied);
    EXPECT_EQ(client_.setattr("root/f", {.mask = 0x80, .permissions = 0777}),
              Status::access_denied);
}

TEST_F(ReadOnly, PermissionsSaySo) {
    EXPECT_EQ(client_.getattr("root/f").effective & 2, 0U);
    EXPECT_EQ(client_.getattr("root/f").effective & 12, 12U);
}

TEST_F(ReadOnly, NothingMovesBetweenShares) {
    const Folder other;
    other.write("x", "1");
    ASSERT_EQ(shares_.add("other", other.path(), {}), "");
    EXPECT_EQ(client_.rename("root/f", "other/f"), Status::access_denied);
    EXPECT_EQ(client_.rename("other/x", "root/x"), Status::access_denied);
}

TEST_F(Shares, BecomeReadOnlyUnderAnOpenFile) {
    put("f", "text");
    ASSERT_EQ(client_.open("root/f", 2, 0), Status::success);
    shares_.set_policy("root", {.read_only = true});
    std::string text;
    EXPECT_EQ(client_.write(0, "x"), Status::access_denied);
    EXPECT_EQ(client_.setattr_by_handle({.mask = 2}), Status::access_denied);
    EXPECT_EQ(client_.read(0, 10, text), Status::success);
    shares_.set_policy("root", {});
    EXPECT_EQ(client_.write(0, "x"), Status::success);
    EXPECT_EQ(get("f"), "xext");
}

TEST_F(Shares, AreDisabledUnderAnOpenFile) {
    put("f", "text");
    std::string text;
    ASSERT_EQ(client_.open("root/f", 2, 0), Status::success);
    ASSERT_TRUE(shares_.set_enabled("root", false));
    EXPECT_EQ(client_.read(0, 10, text), Status::invalid_handle);
    EXPECT_EQ(client_.write(0, "x"), Status::invalid_handle);
    EXPECT_EQ(client_.getattr_by_handle().status, Status::invalid_handle);
    EXPECT_EQ(client_.getattr("root/f").status, Status::no_such_file);
    EXPECT_EQ(client_.list(""), (std::vector<std::string>{".", ".."}));
    ASSERT_TRUE(shares_.set_enabled("root", true));
    EXPECT_EQ(client_.read(0, 10, text), Status::invalid_handle) << "it does not come back";
    EXPECT_EQ(client_.getattr("root/f").size, 4U);
    EXPECT_EQ(connection_.handles().open_files(), 0U);
}

TEST_F(Shares, AreRemovedUnderASearch) {
    ASSERT_EQ(client_.open_search("root"), Status::success);
    ASSERT_TRUE(shares_.remove("root"));
    EXPECT_EQ(client_.read_search(0).status, Status::invalid_handle);
    EXPECT_EQ(connection_.handles().open_searches(), 0U);
    EXPECT_FALSE(shares_.remove("root"));
    EXPECT_FALSE(shares_.set_enabled("root", true));
    EXPECT_FALSE(shares_.set_policy("root", {}));
}

TEST_F(Shares, AreRefusedWhileSharingIsOff) {
    put("f", "text");
    ASSERT_EQ(client_.open("root/f", 0, 0), Status::success);
    shares_.set_sharing(false);
    EXPECT_EQ(client_.send(31, Builder().q(0).q(0).name_3(on_wire("root/f")).bytes).verdict,
              Verdict::refused);
    shares_.set_sharing(true);
    std::string text;
    EXPECT_EQ(client_.getattr("root/f").size, 4U);
    EXPECT_EQ(client_.read(0, 1, text), Status::invalid_handle);
}

TEST_F(Shares, ReportADeletedFolder) {
    std::filesystem::remove_all(path(""));
    EXPECT_EQ(client_.getattr("root").status, Status::generic_error);
    EXPECT_EQ(client_.mkdir("root/d"), Status::generic_error);
    EXPECT_EQ(client_.list(""), (std::vector<std::string>{".", "..", "root"}));
    std::filesystem::create_directory(path(""));
    EXPECT_EQ(client_.getattr("root").status, Status::generic_error) << "another folder";
    shares_.set_enabled("root", false);
    EXPECT_TRUE(shares_.set_enabled("root", true));
    EXPECT_EQ(client_.getattr("root").status, Status::success);
}

TEST_F(Shares, NeedGoodNamesAndFolders) {
    for (const char* name : {"", ".", "..", "a/b", "\xff", "root"})
        EXPECT_NE(shares_.add(name, around_.path(), {}), "") << name;
    EXPECT_NE(shares_.add("x", around_ / "absent", {}), "");
    EXPECT_NE(shares_.add("x", around_ / "secret", {}), "");
    EXPECT_EQ(shares_.add("x", around_.path(), {}), "");
}

TEST_F(Shares, AreFoundInAnotherCaseIfNoneIsExact) {
    const Folder other;
    other.write("here", "");
    EXPECT_EQ(client_.getattr("ROOT").status, Status::success);
    ASSERT_EQ(shares_.add("ROOT", other.path(), {}), "");
    EXPECT_EQ(client_.getattr("ROOT/here").status, Status::success);
    EXPECT_EQ(client_.getattr("root/here").status, Status::no_such_file);
}

} // namespace
} // namespace vmguest::hgfs
