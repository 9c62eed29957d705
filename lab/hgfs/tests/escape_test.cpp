// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// No way leads out of a share. Beside the shared folder lies one file, `secret`, that nobody may
// see.
#include "client.hpp"

namespace vmguest::hgfs {
namespace {

using namespace std::string_literals;

class Escapes : public Shared {
protected:
    Escapes() {
        std::filesystem::create_directory(around_ / "outside");
        around_.write("outside/f", "not yours");
        link("up", "..");
        link("out", "../outside");
        link("absolute", around_ / "outside");
        link("root", "/");
        link("file", "../secret");
        link("loop", "loop");
        link("chain", "out");
        std::filesystem::create_directory(path("d"));
        link("d/deep", "../../outside");
        put("f", "mine");
    }

    ~Escapes() override {
        EXPECT_EQ(around_.read("secret"), "not yours");
        EXPECT_EQ(around_.read("outside/f"), "not yours");
        EXPECT_EQ(std::distance(std::filesystem::directory_iterator(around_ / "outside"), {}), 1);
        EXPECT_EQ(std::distance(std::filesystem::directory_iterator(around_.path()), {}), 3);
    }

    void link(const std::string& name, const std::string& target) {
        std::filesystem::create_symlink(target, path(name));
    }

    Client client_{connection_};
};

/// Directories that would be outside if they were followed.
const char* const ways[] = {"root/up/outside", "root/out", "root/absolute", "root/chain",
                            "root/d/deep"};

TEST_F(Escapes, NothingIsSeenOutside) {
    for (const std::string way : ways) {
        SCOPED_TRACE(way);
        EXPECT_EQ(client_.getattr(way + "/f").status, Status::access_denied);
        EXPECT_EQ(client_.getattr(way + "/f", 2).status, Status::access_denied);
        EXPECT_EQ(client_.open(way + "/f", 0, 0), Status::access_denied);
        EXPECT_EQ(client_.volume(way + "/f").status, Status::access_denied);
        EXPECT_EQ(client_.open_search(way + "/f"), Status::access_denied);
    }
    EXPECT_EQ(client_.getattr("root/root/etc/passwd").status, Status::access_denied);
    EXPECT_EQ(client_.getattr("root/loop/x").status, Status::generic_error);
}

TEST_F(Escapes, NothingIsChangedOutside) {
    for (const std::string way : ways) {
        SCOPED_TRACE(way);
        EXPECT_EQ(client_.open(way + "/f", 2, 1), Status::access_denied);
        EXPECT_EQ(client_.open(way + "/new", 2, 2), Status::access_denied);
        EXPECT_EQ(client_.open(way + "/new", 2, 3), Status::access_denied);
        EXPECT_EQ(client_.open(way + "/f", 2, 4), Status::access_denied);
        EXPECT_EQ(client_.mkdir(way + "/new"), Status::access_denied);
        EXPECT_EQ(client_.unlink(way + "/f"), Status::access_denied);
        EXPECT_EQ(client_.rmdir(way + "/f"), Status::access_denied);
        EXPECT_EQ(client_.rename(way + "/f", "root/stolen"), Status::access_denied);
        EXPECT_EQ(client_.rename("root/f", way + "/f"), Status::access_denied);
        EXPECT_EQ(client_.symlink(way + "/new", "x"), Status::access_denied);
        EXPECT_EQ(client_.setattr(way + "/f", {.mask = 2}), Status::access_denied);
    }
    EXPECT_EQ(get("f"), "mine");
}

TEST_F(Escapes, LinksThemselvesAreNotFollowed) {
    for (const char* name : {"root/file", "root/out", "root/root", "root/up"}) {
        SCOPED_TRACE(name);
        EXPECT_EQ(client_.getattr(name).type, 2U);
        EXPECT_EQ(client_.open(name, 0, 0), Status::generic_error);
        EXPECT_EQ(client_.open(name, 2, 1), Status::generic_error);
        EXPECT_EQ(client_.open(name, 2, 2), Status::generic_error);
        EXPECT_EQ(client_.open(name, 2, 3), Status::exists);
        EXPECT_EQ(client_.open(name, 2, 4), Status::generic_error);
        EXPECT_EQ(client_.setattr(name, {.mask = 2}), Status::invalid_name);
        EXPECT_EQ(client_.open_search(name), Status::not_directory);
        EXPECT_EQ(client_.mkdir(name), Status::exists);
    }
}

TEST_F(Escapes, LinksInsideAreFollowed) {
    put("d/inner", "1");
    link("inside", "d");
    EXPECT_EQ(client_.getattr("root/inside/inner").size, 1U);
    EXPECT_EQ(client_.getattr("root/inside/INNER", 2).size, 1U);
}

TEST_F(Escapes, DotsAreNoNames) {
    for (const char* name :
         {"root/..", "root/../secret", "root/d/../../secret", "..", "root/.", "root/d/.."}) {
        SCOPED_TRACE(name);
        EXPECT_EQ(client_.getattr(name).status, Status::invalid_name);
        EXPECT_EQ(client_.open(name, 0, 0), Status::invalid_name);
        EXPECT_EQ(client_.open(name, 2, 2), Status::invalid_name);
        EXPECT_EQ(client_.open_search(name), Status::invalid_name);
        EXPECT_EQ(client_.mkdir(name), Status::invalid_name);
        EXPECT_EQ(client_.unlink(name), Status::invalid_name);
        EXPECT_EQ(client_.rename("root/f", name), Status::invalid_name);
        EXPECT_EQ(client_.symlink(name, "x"), Status::invalid_name);
    }
}

TEST_F(Escapes, SlashesInNamesAreNoSeparators) {
    const auto status = [&](const std::string& name) {
        return client_.send(31, Builder().q(0).q(0).name_3(name).bytes).status;
    };
    EXPECT_EQ(status("root\0../secret"s), Status::no_such_file);
    EXPECT_EQ(status("root\0d/../../secret"s), Status::no_such_file);
    EXPECT_EQ(status("root\0/etc/passwd"s), Status::no_such_file);
    EXPECT_EQ(status("root/../secret"s), Status::no_such_file);
}

TEST_F(Escapes, ListingsShowNothingAboveAShare) {
    ASSERT_EQ(client_.open_search("root"), Status::success);
    for (u32 i = 0; i < 20; ++i) {
        const Attr entry = client_.read_search(i);
        if (entry.name == "..") {
            EXPECT_EQ(entry.mask, 0x3ffU) << "the list of shares, not the host's folder";
        }
    }
}

TEST_F(Escapes, TheKernelsMagicLinksAreClosed) {
    ASSERT_EQ(shares_.add("proc", "/proc/self", {}), "");
    EXPECT_EQ(client_.getattr("proc/status").status, Status::success);
    EXPECT_NE(client_.getattr("proc/root/etc").status, Status::success);
    EXPECT_NE(client_.getattr("proc/cwd/x").status, Status::success);
    EXPECT_NE(client_.open("proc/exe", 0, 0), Status::success);
}

TEST_F(Escapes, AShareInsideAnotherCannotBeExchanged) {
    ASSERT_EQ(shares_.add("inner", path("d"), {}), "");
    ASSERT_EQ(client_.rename("root/d", "root/moved"), Status::success);
    ASSERT_EQ(client_.symlink("root/d", "../outside"), Status::success);
    EXPECT_EQ(client_.getattr("inner/f").status, Status::no_such_file);
    EXPECT_EQ(client_.getattr("inner/deep").type, 2U) << "still the folder that was shared";
}

} // namespace
} // namespace vmguest::hgfs
