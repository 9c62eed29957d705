// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Names, times, and the sizes at which requests are refused.
#include <cerrno>
#include <limits>

#include "attributes.hpp"
#include "client.hpp"
#include "names.hpp"
#include "request_names.hpp"
#include "stream.hpp"

namespace vmguest::hgfs {
namespace {

using namespace std::string_literals;

// Names

TEST(Names, AreComponentsBehindAShare) {
    const auto name = parse_name("s\0d\0x"s);
    ASSERT_TRUE(name);
    EXPECT_EQ(name->share, "s");
    EXPECT_EQ(name->path, (Components{"d", "x"}));
    EXPECT_EQ(wire_name(*name), "s\0d\0x"s);
}

TEST(Names, MayBeEmpty) {
    const auto name = parse_name("");
    ASSERT_TRUE(name);
    EXPECT_TRUE(name->share.empty() && name->path.empty());
}

TEST(Names, CollapseRepeatedNuls) {
    const auto name = parse_name("s\0\0\0x"s);
    ASSERT_TRUE(name);
    EXPECT_EQ(name->path, (Components{"x"}));
}

TEST(Names, AreRefused) {
    for (const std::string& name :
         {"\0s"s, "s\0"s, "s\0."s, "s\0.."s, ".."s, "."s, "s\0..\0x"s, "s\0\xff"s, "s\0\xc0\xaf"s,
          "s\0\xed\xa0\x80"s, "s\0\xf4\x90\x80\x80"s, "s\0\xe2\x82"s})
        EXPECT_EQ(parse_name(name).status(), Status::invalid_name)
            << to_hex(Builder().text(name).bytes);
}

TEST(Names, HaveLimits) {
    EXPECT_TRUE(parse_name("s\0"s + std::string(255, 'x')));
    EXPECT_EQ(parse_name("s\0"s + std::string(256, 'x')).status(), Status::name_too_long);
    std::string deep = "s";
    while (deep.size() <= max_name)
        deep += "\0d"s;
    EXPECT_EQ(parse_name(deep).status(), Status::name_too_long);
}

struct Escape {
    std::string wire;
    std::string host;
};

TEST(Names, AreEscapedForTheHost) {
    for (const Escape& e : {Escape{"a/b", "a!%b"},
                            {"/", "!%"},
                            {"a!%b", "a!]%b"},
                            {"!]%", "!]]%"},
                            {"]%", "]%"},
                            {"!", "!"},
                            {"!!/", "!!!%"},
                            {"!]/", "!]!%"},
                            {"/]%", "!%]%"},
                            {"CON", "CON"},
                            {"x.", "x."},
                            {"a\\b*?:\"<>|", "a\\b*?:\"<>|"},
                            {"!]", "!]"},
                            {"../x", "..!%x"}}) {
        EXPECT_EQ(escape(e.wire), e.host);
        EXPECT_EQ(unescape(e.host), e.wire);
    }
}

TEST(Names, SurviveEscapingInAllShortCombinations) {
    const std::string letters = "!]%/a";
    std::string name;
    for (unsigned n = 0; n < 5U * 5 * 5 * 5 * 5 * 5; ++n) {
        name.clear();
        for (unsigned rest = n; rest; rest /= 5)
            name += letters[rest % 5];
        const std::string host = escape(name);
        ASSERT_EQ(host.find('/'), std::string::npos) << name;
        ASSERT_EQ(unescape(host), name) << host;
    }
}

TEST(Names, OfLinksSwapSlashAndNul) {
    EXPECT_EQ(swap_link("/a/b"), "\0a\0b"s);
    EXPECT_EQ(swap_link("\0a"s), "/a");
}

TEST(Names, CompareWithoutCase) {
    EXPECT_TRUE(equal_caseless("Read.ME", "rEAD.me"));
    EXPECT_FALSE(equal_caseless("a", "ab"));
    EXPECT_FALSE(equal_caseless("[", "{")) << "only letters have a case";
}

// Times

TEST(Times, AreCountedFrom1601) {
    EXPECT_EQ(to_filetime({.tv_sec = 0, .tv_nsec = 0}), 116444736000000000U);
    EXPECT_EQ(to_filetime({.tv_sec = 1000000000, .tv_nsec = 0}), 0x01c138d144ff8000U);
    EXPECT_EQ(to_filetime({.tv_sec = 0, .tv_nsec = 199}), 116444736000000001U);
    EXPECT_EQ(to_filetime({.tv_sec = -11644473601, .tv_nsec = 0}), 0U);
    EXPECT_EQ(to_filetime({.tv_sec = std::numeric_limits<time_t>::max(), .tv_nsec = 0}), ~u64{0});
}

TEST(Times, SurviveTheRoundTrip) {
    for (const u64 time :
         {u64{0}, u64{1}, u64{116444736000000000}, u64{116444736000000000} - 1,
          u64{137919571410000000}, u64{159394222950000001}, ~u64{0}, ~u64{0} - 1}) {
        const timespec host = from_filetime(time);
        EXPECT_GE(host.tv_nsec, 0);
        EXPECT_LT(host.tv_nsec, 1000000000);
        EXPECT_EQ(to_filetime(host), time);
    }
}

// Statuses

TEST(Statuses, ComeFromErrno) {
    EXPECT_EQ(from_errno(0), Status::success);
    EXPECT_EQ(from_errno(EISDIR), Status::exists);
    EXPECT_EQ(from_errno(EEXIST), Status::exists);
    EXPECT_EQ(from_errno(EINVAL), Status::invalid_name);
    EXPECT_EQ(from_errno(EXDEV), Status::not_same_device);
    for (const int error : {EROFS, ELOOP, EMLINK, ETXTBSY, EBUSY, EFBIG, EDQUOT, ENOMEM})
        EXPECT_EQ(from_errno(error), Status::generic_error);
}

// Sizes

/// A request with a name: its size with an empty name, and where the name begins, both with the
/// embedded header that versions 1 and 2 have.
struct Layout {
    u32 op;
    std::size_t size;
    std::size_t name_at;
};

constexpr Layout layouts[] = {
    {0, 22, 17},  {4, 13, 8},   {7, 13, 8},     {8, 59, 54},  {9, 14, 9},   {10, 13, 8},
    {11, 13, 8},  {12, 18, 8},  {13, 13, 8},    {14, 77, 72}, {15, 25, 20}, {16, 129, 124},
    {18, 18, 8},  {20, 25, 20}, {21, 25, 20},   {22, 25, 20}, {23, 34, 24}, {24, 81, 64},
    {28, 25, 8},  {31, 33, 16}, {32, 137, 120}, {33, 37, 20}, {34, 33, 16}, {35, 33, 16},
    {36, 50, 16}, {37, 25, 8},  {38, 42, 8},
};

/// Requests without names.
constexpr Layout fixed_layouts[] = {
    {1, 24, 0},  {2, 26, 0},  {3, 12, 0},  {5, 16, 0},  {6, 12, 0},  {17, 16, 0}, {19, 16, 0},
    {25, 24, 0}, {26, 26, 0}, {27, 12, 0}, {29, 20, 0}, {30, 12, 0}, {39, 16, 0}, {40, 25, 0},
};

class Sizes : public Shared, public testing::WithParamInterface<Form> {
protected:
    /// `size` bytes in all; a name of `length` where it belongs, and the masks that open needs.
    Status send(const Layout& layout, std::size_t size, std::size_t length) {
        Packet payload(std::max(size, layout.name_at + 4));
        const std::size_t embedded = Client::embeds(layout.op) ? 8 : 0;
        if (layout.op == 14 || layout.op == 24)
            payload[embedded] = std::byte{3};
        for (std::size_t i = 0; i < 4; ++i)
            payload[layout.name_at + i] = std::byte(length >> 8 * i & 0xff);
        payload.resize(size);
        payload.erase(payload.begin(), payload.begin() + std::ptrdiff_t(std::min(embedded, size)));
        return client_.send(layout.op, payload).status;
    }

    Client client_{connection_, GetParam()};
};

TEST_P(Sizes, OfNamesIncludeThePadByte) {
    for (const Layout& layout : layouts) {
        SCOPED_TRACE(layout.op);
        EXPECT_EQ(send(layout, layout.size - 1, 0), Status::protocol_error);
        EXPECT_NE(send(layout, layout.size, 0), Status::protocol_error);
        EXPECT_EQ(send(layout, layout.size + 2, 3), Status::protocol_error);
        EXPECT_NE(send(layout, layout.size + 3, 3), Status::protocol_error);
        EXPECT_EQ(send(layout, layout.size + 3, 0xffff'ffff), Status::protocol_error);
        EXPECT_EQ(send(layout, layout.size + 3, 0x7fff'ffff), Status::protocol_error);
    }
}

TEST_P(Sizes, OfOtherRequestsAreChecked) {
    for (const Layout& layout : fixed_layouts) {
        SCOPED_TRACE(layout.op);
        const std::size_t least = Client::embeds(layout.op) ? 8 : 0;
        for (std::size_t size = least; size < layout.size; ++size)
            EXPECT_EQ(client_.send(layout.op, Packet(size - least)).status, Status::protocol_error);
        EXPECT_NE(client_.send(layout.op, Packet(layout.size - least)).status,
                  Status::protocol_error);
    }
}

TEST_P(Sizes, OfTwoNamesAreChainedThroughThePad) {
    const auto rename = [&](u32 second) {
        Builder body;
        body.q(0).q(0).name_3(on_wire("root/a")).d(second).d(0).d(1).d(~0U).text(on_wire("root/b"));
        return client_.send(36, body.b(0).bytes).status;
    };
    EXPECT_EQ(rename(6), Status::no_such_file);
    EXPECT_EQ(rename(7), Status::protocol_error);
    EXPECT_EQ(rename(0xffff'ffff), Status::protocol_error);
}

INSTANTIATE_TEST_SUITE_P(BothHeaders, Sizes, testing::Values(Form::legacy, Form::modern));

// Frames of the stream

TEST(Frames, AreCutAtAnyPoint) {
    Packet stream;
    append_frame(stream, from_hex("010203"));
    append_frame(stream, {});
    append_frame(stream, from_hex("04"));
    EXPECT_EQ(to_hex(stream), "03000000"
                              "010203"
                              "00000000"
                              "01000000"
                              "04");
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        FrameReader reader(3);
        std::string seen;
        const auto drain = [&] {
            while (const auto packet = reader.next())
                seen += to_hex(*packet) + ";";
        };
        reader.feed(Bytes(stream).first(cut));
        drain();
        reader.feed(Bytes(stream).subspan(cut));
        drain();
        EXPECT_EQ(seen, "010203;;04;");
        EXPECT_FALSE(reader.is_broken());
    }
}

// What requests are called

TEST(Requests, HaveOneNameForAllVersions) {
    for (const u32 op : {7U, 15U, 31U})
        EXPECT_EQ(request_name(op), "getattr");
    EXPECT_EQ(request_name(0), "open");
    EXPECT_EQ(request_name(48), "search_read");
    EXPECT_EQ(request_name(57), "fsync");
    for (const u32 op : {49U, 64U, 65U, 0xffU, 0xffff'ffffU})
        EXPECT_EQ(request_name(op), "unknown");
    EXPECT_EQ(request_names().size(), 65U);
    for (u32 op = 0; op <= 48; ++op)
        EXPECT_NE(request_name(op), "unknown") << op;
}

TEST(Frames, HaveALimit) {
    FrameReader reader(3);
    reader.feed(from_hex("04000000"));
    EXPECT_TRUE(reader.is_broken());
    EXPECT_FALSE(reader.next());
}

} // namespace
} // namespace vmguest::hgfs
