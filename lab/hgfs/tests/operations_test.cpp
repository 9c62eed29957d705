// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Every operation in every version, with both headers.
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.hpp"

namespace vmguest::hgfs {
namespace {

using namespace std::string_literals;

struct Dialect {
    Form form;
    int version;
};

class Operations : public Shared, public testing::WithParamInterface<Dialect> {
protected:
    int version() const { return GetParam().version; }

    Client client_{connection_, GetParam().form, GetParam().version};
};

TEST_P(Operations, WriteAndReadAFile) {
    ASSERT_EQ(client_.open("root/f", 2, 2), Status::success);
    EXPECT_EQ(client_.write(0, "hello"), Status::success);
    EXPECT_EQ(client_.write(5, " world"), Status::success);
    EXPECT_EQ(client_.write(0, ""), Status::success);
    std::string text;
    EXPECT_EQ(client_.read(0, 100, text), Status::success);
    EXPECT_EQ(text, "hello world");
    EXPECT_EQ(client_.read(6, 3, text), Status::success);
    EXPECT_EQ(text, "wor");
    EXPECT_EQ(client_.read(11, 100, text), Status::success);
    EXPECT_EQ(text, "");
    EXPECT_EQ(client_.read(~u64{0}, 1, text), Status::invalid_name) << "an offset below zero";
    EXPECT_EQ(client_.close(), Status::success);
    EXPECT_EQ(client_.close(), Status::invalid_handle);
    EXPECT_EQ(client_.read(0, 1, text), Status::invalid_handle);
    EXPECT_EQ(get("f"), "hello world");
}

TEST_P(Operations, OpenAsTheFlagsSay) {
    EXPECT_EQ(client_.open("root/f", 2, 0), Status::no_such_file);
    EXPECT_EQ(client_.open("root/f", 2, 1), Status::no_such_file);
    EXPECT_EQ(client_.open("root/f", 2, 3), Status::success);
    EXPECT_EQ(client_.open("root/f", 2, 3), Status::exists);
    put("f", "text");
    EXPECT_EQ(client_.open("root/f", 2, 2), Status::success);
    EXPECT_EQ(get("f"), "text");
    EXPECT_EQ(client_.open("root/f", 2, 1), Status::success);
    EXPECT_EQ(get("f"), "");
    put("f", "text");
    EXPECT_EQ(client_.open("root/f", 1, 4), Status::success);
    EXPECT_EQ(get("f"), "");
    EXPECT_EQ(client_.open("root/g", 1, 4), Status::success);
    EXPECT_TRUE(has("g"));
    EXPECT_EQ(client_.open("root/f", 2, 5), Status::protocol_error);
    EXPECT_EQ(client_.open("root/f", 3, 0), Status::protocol_error);
}

TEST_P(Operations, OpenNoMoreThanAsked) {
    put("f", "text");
    std::string text;
    ASSERT_EQ(client_.open("root/f", 1, 0), Status::success);
    EXPECT_EQ(client_.read(0, 4, text), Status::invalid_handle) << "opened for writing";
    ASSERT_EQ(client_.open("root/f", 0, 0), Status::success);
    EXPECT_EQ(client_.write(0, "x"), Status::invalid_handle) << "opened for reading";
    EXPECT_EQ(get("f"), "text");
}

TEST_P(Operations, OpenDirectoriesForReadingOnly) {
    ASSERT_EQ(client_.mkdir("root/d"), Status::success);
    EXPECT_EQ(client_.open("root/d", 0, 0), Status::success);
    EXPECT_EQ(client_.open("root/d", 1, 0), Status::exists);
    EXPECT_EQ(client_.open("root", 0, 0), Status::success);
    EXPECT_EQ(client_.open("root/f/g", 0, 0), Status::no_such_file);
    put("f", "");
    EXPECT_EQ(client_.open("root/f/g", 0, 0), Status::not_directory);
}

TEST_P(Operations, GiveNewFilesTheirPermissions) {
    const mode_t old_mask = umask(022);
    ASSERT_EQ(client_.open("root/f", 2, 2, 04751), Status::success);
    ASSERT_EQ(client_.mkdir("root/d", 0751), Status::success);
    umask(old_mask);
    struct stat file {
    }, directory{};
    ASSERT_EQ(stat(path("f").c_str(), &file), 0);
    ASSERT_EQ(stat(path("d").c_str(), &directory), 0);
    // Version 1 has the owner's only, and the others get the same, less the umask.
    EXPECT_EQ(file.st_mode & 07777, version() == 1 ? 0755U : 0751U) << "no set-id bit either";
    EXPECT_EQ(directory.st_mode & 07777, version() == 1 ? 0755U : 0751U);
}

TEST_P(Operations, ShowAttributes) {
    put("f", "12345");
    chmod(path("f").c_str(), 0640);
    const Attr attr = client_.getattr("root/f");
    ASSERT_EQ(attr.status, Status::success);
    EXPECT_EQ(attr.type, 0U);
    EXPECT_EQ(attr.size, 5U);
    EXPECT_EQ(attr.permissions, version() == 1 ? 0600U : 0640U);
    EXPECT_GT(attr.written, 116444736000000000U);
    if (version() > 1) {
        struct stat found {};
        stat(path("f").c_str(), &found);
        EXPECT_EQ(attr.mask, 0x2fbffU);
        EXPECT_EQ(attr.file_id, found.st_ino);
        EXPECT_EQ(attr.effective & 14, 14U) << "exists, read, write";
    }
    EXPECT_EQ(client_.getattr("root").type, 1U);
    EXPECT_EQ(client_.getattr("root/x").status, Status::no_such_file);
    EXPECT_EQ(client_.getattr("nobody/x").status, Status::no_such_file);
    EXPECT_EQ(client_.getattr("root/f/x").status, Status::not_directory);
}

TEST_P(Operations, ShowTheListOfShares) {
    const Attr attr = client_.getattr("");
    ASSERT_EQ(attr.status, Status::success);
    EXPECT_EQ(attr.type, 1U);
    EXPECT_EQ(attr.size, 4192U);
    EXPECT_EQ(attr.owner, 5U);
    EXPECT_EQ(attr.mask, version() == 1 ? 0U : 0x3ffU);
    EXPECT_EQ(client_.list(""), (std::vector<std::string>{".", "..", "root"}));
}

TEST_P(Operations, ListDirectories) {
    put("a", "1");
    put("b", "22");
    std::filesystem::create_directory(path("d"));
    std::filesystem::create_symlink("b", path("l"));
    put("\xff not UTF-8", "");
    EXPECT_EQ(client_.list("root"), (std::vector<std::string>{".", "..", "a", "b", "d", "l"}));
    EXPECT_EQ(client_.list("root/d"), (std::vector<std::string>{".", ".."}));
    EXPECT_EQ(client_.open_search("root/a"), Status::not_directory);
    EXPECT_EQ(client_.open_search("root/x"), Status::no_such_file);
}

TEST_P(Operations, ListAttributesWithNames) {
    put("b", "22");
    std::filesystem::create_symlink("b", path("l"));
    ASSERT_EQ(client_.open_search("root"), Status::success);
    for (u32 i = 0; i < 4; ++i) {
        const Attr entry = client_.read_search(i);
        const bool is_link = entry.name == "l";
        const bool is_file = entry.name == "b";
        EXPECT_EQ(entry.type, is_link ? (version() == 1 ? 0U : 2U) : is_file ? 0U : 1U);
        if (is_file) {
            EXPECT_EQ(entry.size, 2U);
        }
        if (version() > 1) {
            EXPECT_EQ(entry.mask, is_link ? 0xfbffU : entry.name == ".." ? 0x3ffU : 0x2fbffU);
        }
    }
    EXPECT_EQ(client_.read_search(4).name, "");
    EXPECT_EQ(client_.read_search(~0U).name, "");
}

TEST_P(Operations, ListWhatThereWas) {
    put("a", "1");
    ASSERT_EQ(client_.open_search("root"), Status::success);
    std::filesystem::remove(path("a"));
    put("new", "");
    std::vector<std::string> names;
    for (u32 i = 0; i < 3; ++i) {
        const Attr entry = client_.read_search(i);
        names.push_back(entry.name);
        if (entry.name == "a") {
            EXPECT_EQ(entry.mask, 0U) << "nothing is known of it any more";
        }
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{".", "..", "a"}));
    EXPECT_EQ(client_.read_search(3).name, "");
}

TEST_P(Operations, ChangeAttributes) {
    put("f", "12345");
    EXPECT_EQ(client_.setattr("root/f", {.mask = 2, .size = 3}), Status::success);
    EXPECT_EQ(get("f"), "123");
    EXPECT_EQ(client_.setattr("root/f", {.mask = 2, .size = ~u64{0}}), Status::invalid_name);
    EXPECT_EQ(client_.setattr("root/f", {.mask = 0x380, .permissions = 0400}), Status::success);
    struct stat found {};
    stat(path("f").c_str(), &found);
    EXPECT_EQ(found.st_mode & 0700, 0400U);
    EXPECT_EQ(client_.setattr("root/x", {.mask = 2, .size = 3}), Status::no_such_file);
    EXPECT_EQ(client_.setattr("root", {.mask = 2, .size = 3}), Status::exists) << "a directory";
    EXPECT_EQ(client_.setattr("", {.mask = 2, .size = 3}), Status::access_denied);
}

TEST_P(Operations, SetGivenTimesExactly) {
    put("f", "");
    const u64 written = 0x01c138d144ff8000;
    const u64 accessed = written + 12345;
    ASSERT_EQ(client_.setattr("root/f",
                              {.mask = 0x18, .accessed = accessed, .written = written, .hints = 3}),
              Status::success);
    EXPECT_EQ(client_.getattr("root/f").written, written);
    EXPECT_EQ(client_.getattr("root/f").accessed, accessed);
    ASSERT_EQ(client_.setattr("root/f", {.mask = 0x10, .written = written + 1, .hints = 2}),
              Status::success);
    EXPECT_EQ(client_.getattr("root/f").accessed, accessed) << "the other time stays as it is";
}

TEST_P(Operations, SetTheHostsTimeWithoutHint) {
    put("f", "");
    const u64 written = 0x01c138d144ff8000;
    ASSERT_EQ(client_.setattr("root/f", {.mask = 0x18, .accessed = written, .written = written}),
              Status::success);
    EXPECT_GT(client_.getattr("root/f").written, written + 10'000'000);
    EXPECT_GT(client_.getattr("root/f").accessed, written + 10'000'000);
}

TEST_P(Operations, MakeAndRemoveNames) {
    EXPECT_EQ(client_.mkdir("root/d"), Status::success);
    EXPECT_EQ(client_.mkdir("root/d"), Status::exists);
    EXPECT_EQ(client_.mkdir("root/x/y"), Status::no_such_file);
    EXPECT_EQ(client_.mkdir("root"), Status::exists);
    put("d/f", "");
    EXPECT_EQ(client_.rmdir("root/d"), Status::not_empty);
    EXPECT_EQ(client_.rmdir("root/d/f"), Status::not_directory);
    EXPECT_EQ(client_.unlink("root/d"), Status::exists);
    EXPECT_EQ(client_.unlink("root/d/f"), Status::success);
    EXPECT_EQ(client_.unlink("root/d/f"), Status::no_such_file);
    EXPECT_EQ(client_.rmdir("root/d"), Status::success);
    EXPECT_FALSE(has("d"));
}

TEST_P(Operations, KeepSharesAndTheirList) {
    EXPECT_EQ(client_.rmdir("root"), Status::access_denied);
    EXPECT_EQ(client_.unlink("root"), Status::access_denied);
    EXPECT_EQ(client_.rename("root", "root/x"), Status::access_denied);
    EXPECT_EQ(client_.rename("root/x", "root"), Status::access_denied);
    EXPECT_EQ(client_.mkdir("new"), Status::access_denied);
    EXPECT_EQ(client_.open("new", 2, 2), Status::access_denied);
    EXPECT_EQ(client_.open("", 0, 0), Status::access_denied);
    EXPECT_EQ(client_.rmdir(""), Status::access_denied);
    EXPECT_EQ(client_.open("new/f", 2, 2), Status::no_such_file);
}

TEST_P(Operations, Rename) {
    put("a", "1");
    put("b", "2");
    std::filesystem::create_directories(path("d/sub"));
    std::filesystem::create_directories(path("e"));
    EXPECT_EQ(client_.rename("root/x", "root/y"), Status::no_such_file);
    EXPECT_EQ(client_.rename("root/a", "root/b"), Status::success);
    EXPECT_EQ(get("b"), "1");
    EXPECT_EQ(client_.rename("root/e", "root/d"), Status::not_empty);
    EXPECT_EQ(client_.rename("root/d", "root/d/sub/x"), Status::invalid_name);
    EXPECT_EQ(client_.rename("root/b", "root/e"), Status::exists);
    EXPECT_EQ(client_.rename("root/e", "root/b"), Status::not_directory);
    EXPECT_EQ(client_.rename("root/b", "root/d/sub/c"), Status::success);
    EXPECT_EQ(get("d/sub/c"), "1");
    if (version() > 1) {
        put("a", "3");
        EXPECT_EQ(client_.rename("root/a", "root/d/sub/c", 4), Status::exists);
        EXPECT_EQ(get("d/sub/c"), "1");
    }
}

TEST_P(Operations, MakeAndReadLinks) {
    ASSERT_EQ(client_.symlink("root/l", "/abs/olute"), Status::success);
    EXPECT_EQ(std::filesystem::read_symlink(path("l")), "/abs/olute");
    EXPECT_EQ(client_.symlink("root/l", "again"), Status::exists);
    const Attr attr = client_.getattr("root/l");
    ASSERT_EQ(attr.status, Status::success);
    EXPECT_EQ(attr.size, 10U);
    if (version() > 1) {
        EXPECT_EQ(attr.type, 2U);
        EXPECT_EQ(attr.mask, 0xfbffU);
        EXPECT_EQ(attr.target, on_wire("/abs/olute"));
    }
    EXPECT_EQ(client_.open("root/l", 0, 0), Status::generic_error) << "links are not opened";
    EXPECT_EQ(client_.setattr("root/l", {.mask = 2}), Status::invalid_name);
    EXPECT_EQ(client_.unlink("root/l"), Status::success);
}

TEST_P(Operations, TellTheRoomOnAVolume) {
    for (const char* name : {"root", ""}) {
        const Reply reply = client_.volume(name);
        ASSERT_EQ(reply.status, Status::success);
        EXPECT_GT(reply.number(8, 8), 0U);
        EXPECT_LE(reply.number(0, 8), reply.number(8, 8));
        EXPECT_EQ(reply.body.size(), version() == 3 ? 24U : 16U);
    }
    EXPECT_EQ(client_.volume("root/x").status, Status::no_such_file);
    shares_.remove("root");
    EXPECT_EQ(client_.volume("").status, Status::generic_error);
}

TEST_P(Operations, EscapeNamesForTheHost) {
    if (version() == 3) {
        const Packet body = Builder().q(0x1f).b(0).b(7).b(7).b(7).q(0).name_3("root\0a/b"s).bytes;
        ASSERT_EQ(client_.send(33, body).status, Status::success);
        EXPECT_TRUE(has("a!%b"));
    } else {
        std::filesystem::create_directory(path("a!%b"));
    }
    EXPECT_EQ(client_.list("root"), (std::vector<std::string>{".", "..", "a/b"}));
}

TEST_P(Operations, AppendForGoodOnceAsked) {
    put("f", "12345");
    ASSERT_EQ(client_.open("root/f", 2, 0), Status::success);
    EXPECT_EQ(client_.write(0, "67", 1), Status::success);
    EXPECT_EQ(client_.write(0, "89"), Status::success);
    EXPECT_EQ(get("f"), "123456789");
}

TEST_P(Operations, IgnoreOffsetsOfSequentialHandles) {
    put("f", "12345");
    std::string text;
    ASSERT_EQ(client_.open("root/f", 4, 0), Status::success);
    EXPECT_EQ(client_.read(3, 2, text), Status::success);
    EXPECT_EQ(text, "12");
    EXPECT_EQ(client_.read(0, 2, text), Status::success);
    EXPECT_EQ(text, "34");
}

TEST_P(Operations, DoNotOpenPipesAndSockets) {
    ASSERT_EQ(mkfifo(path("p").c_str(), 0600), 0);
    EXPECT_EQ(client_.getattr("root/p").type, 0U) << "they look like files";
    EXPECT_EQ(client_.open("root/p", 0, 0), Status::access_denied);
    EXPECT_EQ(client_.open("root/p", 1, 4), Status::access_denied);
    EXPECT_EQ(client_.setattr("root/p", {.mask = 2}), Status::invalid_name);
}

TEST_P(Operations, KnowNoLocksAndStreams) {
    const u32 op = version() == 3 ? 39 : 19;
    const Packet body(version() == 3 ? 16 : 8);
    EXPECT_EQ(client_.send(op, body).status, Status::not_supported);
    EXPECT_EQ(client_.send(40, Packet(25)).status, Status::not_supported);
}

INSTANTIATE_TEST_SUITE_P(AllVersions, Operations,
                         testing::Values(Dialect{Form::legacy, 1}, Dialect{Form::legacy, 2},
                                         Dialect{Form::legacy, 3}, Dialect{Form::modern, 1},
                                         Dialect{Form::modern, 2}, Dialect{Form::modern, 3}),
                         [](const testing::TestParamInfo<Dialect>& dialect) {
                             return std::string(dialect.param.form == Form::legacy ? "legacy"
                                                                                   : "modern") +
                                    std::to_string(dialect.param.version);
                         });

/// What versions 2 and 3 can do by handle.
class ByHandle : public Operations {};

TEST_P(ByHandle, AttributesAreReadAndChanged) {
    put("f", "12345");
    ASSERT_EQ(client_.open("root/f", 2, 0), Status::success);
    EXPECT_EQ(client_.getattr_by_handle().mask, 0xfbffU);
    EXPECT_EQ(client_.getattr_by_handle().size, 5U);
    EXPECT_EQ(client_.setattr_by_handle({.mask = 2, .size = 1}), Status::success);
    EXPECT_EQ(client_.getattr_by_handle().size, 1U);
    std::filesystem::rename(path("f"), path("g"));
    EXPECT_EQ(client_.getattr_by_handle().size, 1U) << "renamed on the host";
    client_.close();
    EXPECT_EQ(client_.getattr_by_handle().status, Status::invalid_handle);
}

TEST_P(ByHandle, FilesAreRenamedAndDeleted) {
    put("f", "1");
    ASSERT_EQ(client_.open("root/f", 0, 0), Status::success);
    const u32 handle = client_.handle;
    Builder rename, remove;
    if (version() == 2) {
        rename.q(1).d(handle).d(0).name_1("").name_1(on_wire("root/g"));
        remove.q(1).d(handle).name_1("");
    } else {
        rename.q(1).q(0).handle_3(handle).name_3(on_wire("root/g"));
        remove.q(1).q(0).handle_3(handle);
    }
    EXPECT_EQ(client_.send(version() == 2 ? 23 : 36, rename.bytes).status, Status::success);
    EXPECT_EQ(get("g"), "1");
    EXPECT_EQ(client_.send(version() == 2 ? 21 : 34, remove.bytes).status, Status::success);
    EXPECT_FALSE(has("g"));
}

INSTANTIATE_TEST_SUITE_P(AllVersions, ByHandle,
                         testing::Values(Dialect{Form::legacy, 2}, Dialect{Form::legacy, 3},
                                         Dialect{Form::modern, 2}, Dialect{Form::modern, 3}));

class Version3 : public Shared {
protected:
    Client client_{connection_};
};

TEST_F(Version3, FindsNamesInAnotherCaseIfAsked) {
    std::filesystem::create_directory(path("Dir"));
    put("Dir/File", "1");
    EXPECT_EQ(client_.getattr("ROOT/Dir/File").status, Status::success) << "shares always";
    EXPECT_EQ(client_.getattr("root/dIR/fILE", 1).status, Status::no_such_file);
    EXPECT_EQ(client_.getattr("root/dIR/fILE", 0).status, Status::no_such_file);
    EXPECT_EQ(client_.getattr("root/dIR/fILE", 2).status, Status::success);
    put("Dir/fILE", "22");
    EXPECT_EQ(client_.getattr("root/dIR/fILE", 2).size, 2U) << "the exact name wins";
    EXPECT_EQ(client_.getattr("root/dIR/other", 2).status, Status::no_such_file);
}

TEST_F(Version3, MakesFilesInDirectoriesOfAnotherCase) {
    std::filesystem::create_directory(path("Dir"));
    const Packet body =
        Builder().q(0x1f).b(0).b(7).b(7).b(7).q(0).name_3(on_wire("root/dir/New"), 2).bytes;
    EXPECT_EQ(client_.send(33, body).status, Status::success);
    EXPECT_TRUE(has("Dir/New"));
}

TEST_F(Version3, OpenNeedsModeAndFlags) {
    put("f", "");
    for (const u64 mask : {0U, 1U, 2U, 0xc3cU}) {
        const Packet body = Builder().q(mask).zeros(56).name_3(on_wire("root/f")).bytes;
        EXPECT_EQ(client_.send(24, body).status, Status::protocol_error);
    }
    const Packet body = Builder().q(3).zeros(56).name_3(on_wire("root/f")).bytes;
    EXPECT_EQ(client_.send(24, body).status, Status::success);
}

TEST_F(Version3, MissingPermissionsAreTheOwnersToReadAndWrite) {
    const mode_t old_mask = umask(0);
    const Packet body = Builder().q(3).d(2).d(2).zeros(48).name_3(on_wire("root/f")).bytes;
    EXPECT_EQ(client_.send(24, body).status, Status::success);
    umask(old_mask);
    EXPECT_EQ(client_.getattr("root/f").permissions, 0666U);
}

TEST_F(Version3, TargetsMustBeNames) {
    const auto link = [&](const Builder& target) {
        Builder body;
        return client_.send(38, body.q(0).name_3(on_wire("root/l")).raw(target.bytes).bytes).status;
    };
    EXPECT_EQ(link(Builder().handle_3(0)), Status::protocol_error);
    EXPECT_EQ(link(Builder().name_3("a/b")), Status::invalid_name) << "would have a NUL";
    EXPECT_EQ(link(Builder().name_3("\xff")), Status::invalid_name);
    EXPECT_EQ(link(Builder().name_3(std::string(4096, 'x'))), Status::name_too_long);
    EXPECT_EQ(link(Builder().name_3("")), Status::no_such_file);
}

TEST_F(Version3, OwnersAndSetIdBitsAreAMatterOfPolicy) {
    put("f", "");
    const u64 owner = 1U << 12;
    EXPECT_EQ(client_.setattr("root/f", {.mask = owner, .user = geteuid()}), Status::success);
    EXPECT_EQ(client_.setattr("root/f", {.mask = owner, .user = geteuid() + 1}),
              Status::not_permitted);
    const Client::Change set_id{.mask = 0x3c0, .permissions = 04755};
    EXPECT_EQ(client_.setattr("root/f", set_id), Status::not_permitted);
    EXPECT_EQ(client_.getattr("root/f").permissions >> 9, 0U);
    shares_.set_policy("root", {.set_id_bits = true});
    EXPECT_EQ(client_.setattr("root/f", set_id), Status::success);
    EXPECT_EQ(client_.getattr("root/f").permissions, 04755U);
}

TEST_F(Version3, EveryChangeIsTriedAndTheFirstFailureReported) {
    put("f", "12345");
    const Client::Change change{.mask = 1U << 12 | 2, .size = 1, .user = geteuid() + 1};
    EXPECT_EQ(client_.setattr("root/f", change), Status::not_permitted);
    EXPECT_EQ(get("f"), "1");
}

TEST_F(Version3, HandlesFollowARenamedDirectory) {
    std::filesystem::create_directory(path("d"));
    put("d/f", "12345");
    ASSERT_EQ(client_.open("root/d/f", 0, 0), Status::success);
    ASSERT_EQ(client_.rename("root/d", "root/e"), Status::success);
    const Packet body = Builder().q(1).q(0).handle_3(client_.handle).bytes;
    EXPECT_EQ(client_.send(34, body).status, Status::success) << "deleted by handle";
    EXPECT_FALSE(has("e/f"));
}

} // namespace
} // namespace vmguest::hgfs
