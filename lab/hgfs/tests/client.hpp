// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A client for tests. It builds its packets byte by byte from the numbers of the protocol's
// description and shares no layout with the server.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "connection.hpp"

namespace vmguest::hgfs {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

inline void PrintTo(Status status, std::ostream* out) {
    *out << "status " << u32(status);
}

/// Bytes from a text of hexadecimal digits, with spaces where one likes them.
inline Packet from_hex(std::string_view text) {
    Packet bytes;
    std::string digits;
    for (const char c : text)
        if (c != ' ')
            digits += c;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes.push_back(std::byte(std::stoul(digits.substr(i, 2), nullptr, 16)));
    return bytes;
}

inline std::string to_hex(Bytes bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<unsigned>(byte) >> 4];
        text += digits[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

/// A packet in the making.
struct Builder {
    Packet bytes;

    Builder& raw(Bytes more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
        return *this;
    }
    Builder& number(u64 value, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i)
            bytes.push_back(std::byte(value >> 8 * i & 0xff));
        return *this;
    }
    Builder& b(u64 value) { return number(value, 1); }
    Builder& d(u64 value) { return number(value, 4); }
    Builder& q(u64 value) { return number(value, 8); }
    Builder& zeros(std::size_t count) {
        bytes.resize(bytes.size() + count);
        return *this;
    }
    Builder& text(std::string_view more) { return raw(std::as_bytes(std::span(more))); }
    Builder& name_1(std::string_view name) { return d(name.size()).text(name).b(0); }
    Builder& name_3(std::string_view name, u32 case_type = 1) {
        return d(name.size()).d(0).d(case_type).d(0xffff'ffff).text(name).b(0);
    }
    Builder& handle_3(u32 handle) { return d(0).d(1).d(0).d(handle).b(0); }
};

inline u64 number_at(Bytes bytes, std::size_t at, std::size_t size) {
    u64 value = 0;
    if (at + size > bytes.size()) {
        ADD_FAILURE() << "no " << size << " bytes at " << at << " in " << to_hex(bytes);
        return 0;
    }
    for (std::size_t i = size; i-- > 0;)
        value = value << 8 | std::to_integer<u64>(bytes[at + i]);
    return value;
}

inline std::string text_at(Bytes bytes, std::size_t at, std::size_t size) {
    if (at + size > bytes.size()) {
        ADD_FAILURE() << "no " << size << " bytes at " << at << " in " << to_hex(bytes);
        return {};
    }
    return {reinterpret_cast<const char*>(bytes.data()) + at, size};
}

/// "share/dir/file" as it goes on the wire.
inline std::string on_wire(std::string path) {
    for (char& c : path)
        if (c == '/')
            c = '\0';
    return path;
}

enum class Form { legacy, modern };

struct Reply {
    Verdict verdict = Verdict::silence;
    Status status = Status::success;
    Packet whole{};
    Packet body{}; ///< without any header

    u64 number(std::size_t at, std::size_t size) const { return number_at(body, at, size); }
    std::string text(std::size_t at, std::size_t size) const { return text_at(body, at, size); }
};

/// What any version tells of a file.
struct Attr {
    Status status = Status::success;
    u64 mask = 0;
    u64 type = 0;
    u64 size = 0;
    u64 accessed = 0;
    u64 written = 0;
    u64 owner = 0;
    u64 permissions = 0; ///< all four octets as a mode; version 1: the owner's
    u64 file_id = 0;
    u64 effective = 0;
    std::string target;
    std::string name;
};

inline Attr attr_v1(Bytes body) {
    Attr attr;
    attr.type = number_at(body, 0, 4);
    attr.size = number_at(body, 4, 8);
    attr.accessed = number_at(body, 20, 8);
    attr.written = number_at(body, 28, 8);
    attr.owner = number_at(body, 44, 1);
    attr.permissions = attr.owner << 6;
    return attr;
}

inline Attr attr_v2(Bytes body) {
    Attr attr;
    attr.mask = number_at(body, 0, 8);
    attr.type = number_at(body, 8, 4);
    attr.size = number_at(body, 12, 8);
    attr.accessed = number_at(body, 28, 8);
    attr.written = number_at(body, 36, 8);
    attr.owner = number_at(body, 53, 1);
    attr.permissions = number_at(body, 52, 1) << 9 | attr.owner << 6 | number_at(body, 54, 1) << 3 |
                       number_at(body, 55, 1);
    attr.file_id = number_at(body, 80, 8);
    attr.effective = number_at(body, 92, 4);
    return attr;
}

/// Speaks one version in one form of header. Operations that version 2 lacks are version 1's.
class Client {
public:
    explicit Client(Connection& server, Form form = Form::legacy, int dialect = 3)
        : connection(server), version(dialect), form_(form) {
        if (form == Form::modern)
            create_session();
    }

    static bool embeds(u32 op) { return op <= 23; }

    /// Put the header of this client's form before (or into) a request.
    Packet packet(u32 op, const Packet& body) {
        Builder whole;
        if (form_ == Form::legacy)
            return whole.d(++id_).d(op).raw(body).bytes;
        const std::size_t embedded = embeds(op) ? 8 : 0;
        whole.b(1).zeros(3).d(0xff).d(52 + embedded + body.size()).d(52).d(++id_).d(op);
        whole.d(0).d(1).d(0).q(session).q(0);
        if (embedded)
            whole.d(id_).d(op);
        return whole.raw(body).bytes;
    }

    Reply send(u32 op, const Packet& body) {
        const Packet request = packet(op, body);
        return take(op, connection.process(request, max_reply, data));
    }

    Reply take(u32 op, Answer answer) {
        Reply reply{.verdict = answer.verdict, .whole = std::move(answer.packet)};
        if (reply.verdict != Verdict::reply)
            return reply;
        const bool modern = form_ == Form::modern;
        const Bytes whole = reply.whole;
        EXPECT_LE(whole.size(), max_reply);
        EXPECT_EQ(number_at(whole, modern ? 16 : 0, 4), id_) << "another request's id";
        reply.status = Status(number_at(whole, modern ? 24 : 4, 4));
        std::size_t header = modern ? 52 : 8;
        if (modern)
            check_header(op, reply);
        if (reply.status != Status::success) {
            EXPECT_EQ(whole.size(), header) << "a failure has no payload";
        } else if (modern && embeds(op)) {
            EXPECT_EQ(number_at(whole, 52, 4), id_);
            EXPECT_EQ(number_at(whole, 56, 4), 0U);
            header += 8;
        }
        reply.body.assign(whole.begin() + std::ptrdiff_t(std::min(header, whole.size())),
                          whole.end());
        return reply;
    }

    void check_header(u32 op, const Reply& reply) const {
        EXPECT_EQ(number_at(reply.whole, 0, 4), 1U);
        EXPECT_EQ(number_at(reply.whole, 4, 4), 0xffU);
        EXPECT_EQ(number_at(reply.whole, 8, 4), reply.whole.size());
        EXPECT_EQ(number_at(reply.whole, 12, 4), 52U);
        EXPECT_EQ(number_at(reply.whole, 20, 4), op);
        EXPECT_EQ(number_at(reply.whole, 28, 4), 2U);
        EXPECT_EQ(number_at(reply.whole, 32, 4), number_at(reply.whole, 24, 4));
        EXPECT_EQ(number_at(reply.whole, 44, 8), 0U);
    }

    Reply create_session(u32 max_packet = 0) {
        session = ~u64{0};
        const Reply reply = send(41, Builder().d(0).d(max_packet).q(0).q(0).bytes);
        if (reply.status == Status::success)
            session = reply.number(0, 8);
        return reply;
    }

    /// Returns the status; the handle is in `handle`.
    Status open(const std::string& path, u32 mode, u32 flags, u32 permissions = 0644) {
        Builder body;
        if (version != 1)
            body.q(0xc3f);
        body.d(mode).d(flags);
        if (version != 1) {
            body.b(permissions >> 9).b(permissions >> 6 & 7).b(permissions >> 3 & 7);
            body.b(permissions & 7).zeros(44);
            version == 2 ? body.name_1(on_wire(path)) : body.name_3(on_wire(path));
        } else {
            body.b(permissions >> 6 & 7).name_1(on_wire(path));
        }
        const Reply reply = send(version == 1 ? 0 : version == 2 ? 14 : 24, body.bytes);
        if (reply.status == Status::success) {
            handle = u32(reply.number(0, 4));
            EXPECT_EQ(reply.body.size(), version == 1 ? 4U : version == 2 ? 8U : 16U);
        }
        return reply.status;
    }

    Status read(u64 offset, u32 count, std::string& data_read) {
        Builder body;
        body.d(handle).q(offset).d(count);
        if (version == 3)
            body.q(0);
        const Reply reply = send(version == 3 ? 25 : 1, body.bytes);
        if (reply.status != Status::success)
            return reply.status;
        const std::size_t actual = reply.number(0, 4);
        const std::size_t at = version == 3 ? 12 : 4;
        data_read = reply.text(at, actual);
        EXPECT_EQ(reply.body.size(), at + 1 + actual);
        return reply.status;
    }

    Status write(u64 offset, std::string_view text, u32 flags = 0) {
        Builder body;
        body.d(handle).b(flags).q(offset).d(text.size());
        if (version == 3)
            body.q(0);
        body.text(text);
        if (text.empty())
            body.b(0);
        const Reply reply = send(version == 3 ? 26 : 2, body.bytes);
        if (reply.status == Status::success) {
            EXPECT_EQ(reply.number(0, 4), text.size());
            EXPECT_EQ(reply.body.size(), version == 3 ? 12U : 4U);
        }
        return reply.status;
    }

    Status close() { return close(version == 3 ? 27 : 3, handle); }
    Status close_search() { return close(version == 3 ? 30 : 6, handle); }

    Status open_search(const std::string& path, u32 case_type = 1) {
        Builder body;
        version == 3 ? body.q(0).name_3(on_wire(path), case_type) : body.name_1(on_wire(path));
        const Reply reply = send(version == 3 ? 28 : 4, body.bytes);
        if (reply.status == Status::success)
            handle = u32(reply.number(0, 4));
        return reply.status;
    }

    /// An entry; its name is empty at the end.
    Attr read_search(u32 index) {
        Builder body;
        body.d(handle).d(index);
        if (version == 3)
            body.d(0).q(0);
        const Reply reply = send(version == 1 ? 5 : version == 2 ? 17 : 29, body.bytes);
        Attr attr;
        if (reply.status == Status::success)
            attr = parse_entry(reply);
        attr.status = reply.status;
        return attr;
    }

    Attr parse_entry(const Reply& reply) const {
        const std::size_t attr_at = version == 3 ? 20 : 0;
        const std::size_t name_at = version == 1 ? 45 : attr_at + 104;
        const std::size_t text_at = name_at + (version == 3 ? 16 : 4);
        const Bytes attr_bytes = Bytes(reply.body).subspan(attr_at);
        Attr attr = version == 1 ? attr_v1(attr_bytes) : attr_v2(attr_bytes);
        attr.name = reply.text(text_at, reply.number(name_at, 4));
        if (version == 3) {
            EXPECT_EQ(reply.number(0, 8), 1U) << "one entry";
            EXPECT_EQ(reply.number(16, 4), 0U) << "and none after it";
        }
        EXPECT_EQ(reply.body.size(), text_at + attr.name.size() + (version == 3 ? 5 : 1));
        return attr;
    }

    /// All names of a directory.
    std::vector<std::string> list(const std::string& path) {
        std::vector<std::string> names;
        EXPECT_EQ(open_search(path), Status::success);
        for (u32 i = 0; i < 1000; ++i) {
            const Attr entry = read_search(i);
            EXPECT_EQ(entry.status, Status::success);
            if (entry.name.empty())
                break;
            names.push_back(entry.name);
        }
        EXPECT_EQ(close_search(), Status::success);
        std::sort(names.begin(), names.end());
        return names;
    }

    Attr getattr(const std::string& path, u32 case_type = 1) {
        Builder body;
        if (version == 1)
            body.name_1(on_wire(path));
        else if (version == 2)
            body.q(0).d(0).name_1(on_wire(path));
        else
            body.q(0).q(0).name_3(on_wire(path), case_type);
        return parse_getattr(send(getattr_op(), body.bytes));
    }

    Attr getattr_by_handle() {
        Builder body;
        if (version == 2)
            body.q(4).d(handle).name_1("");
        else
            body.q(0).q(0).handle_3(handle);
        return parse_getattr(send(getattr_op(), body.bytes));
    }

    u32 getattr_op() const { return version == 1 ? 7 : version == 2 ? 15 : 31; }

    Attr parse_getattr(const Reply& reply) const {
        Attr attr;
        if (reply.status == Status::success && version == 1) {
            EXPECT_EQ(reply.body.size(), 45U);
            attr = attr_v1(reply.body);
        } else if (reply.status == Status::success) {
            const std::size_t name_at = version == 2 ? 104 : 112;
            const std::size_t text_at = name_at + (version == 2 ? 4 : 16);
            attr = attr_v2(reply.body);
            attr.target = reply.text(text_at, reply.number(name_at, 4));
            EXPECT_EQ(reply.body.size(), text_at + attr.target.size() + 1);
        }
        attr.status = reply.status;
        return attr;
    }

    /// `mask` and the fields as in version 2; `written` and `accessed` count with the hints 2
    /// and 1.
    struct Change {
        u64 mask = 0;
        u64 size = 0;
        u64 accessed = 0;
        u64 written = 0;
        u32 permissions = 0;
        u32 user = 0;
        u64 hints = 0;
    };

    Status setattr(const std::string& path, const Change& change) {
        Builder body;
        if (version == 1) {
            u32 update = u32(change.mask >> 1 & 0x1f) | (change.mask & 0x80 ? 0x20 : 0);
            update |= (change.hints & 1 ? 0x40 : 0) | (change.hints & 2 ? 0x80 : 0);
            body.b(update).d(0).q(change.size).q(0).q(change.accessed).q(change.written).q(0);
            body.b(change.permissions >> 6 & 7).name_1(on_wire(path));
            return send(8, body.bytes).status;
        }
        body.q(change.hints);
        put(body, change);
        if (version == 2)
            body.d(0).name_1(on_wire(path));
        else
            body.q(0).name_3(on_wire(path));
        return send(version == 2 ? 16 : 32, body.bytes).status;
    }

    Status setattr_by_handle(const Change& change) {
        Builder body;
        body.q(change.hints | (version == 2 ? 4 : 0));
        put(body, change);
        if (version == 2)
            body.d(handle).name_1("");
        else
            body.q(0).handle_3(handle);
        return send(version == 2 ? 16 : 32, body.bytes).status;
    }

    Status mkdir(const std::string& path, u32 permissions = 0755) {
        Builder body;
        if (version == 1)
            return send(9, body.b(permissions >> 6 & 7).name_1(on_wire(path)).bytes).status;
        body.q(0x1f).b(permissions >> 9).b(permissions >> 6 & 7).b(permissions >> 3 & 7);
        body.b(permissions & 7);
        if (version == 2)
            return send(20, body.name_1(on_wire(path)).bytes).status;
        return send(33, body.q(0).name_3(on_wire(path)).bytes).status;
    }

    Status unlink(const std::string& path) { return remove(path, 10, 21, 34); }
    Status rmdir(const std::string& path) { return remove(path, 11, 22, 35); }

    Status rename(const std::string& from, const std::string& to, u64 hints = 0) {
        Builder body;
        if (version == 1)
            body.name_1(on_wire(from)).name_1(on_wire(to));
        else if (version == 2)
            body.q(hints).d(0).d(0).name_1(on_wire(from)).name_1(on_wire(to));
        else
            body.q(hints).q(0).name_3(on_wire(from)).name_3(on_wire(to));
        return send(version == 1 ? 12 : version == 2 ? 23 : 36, body.bytes).status;
    }

    /// Version 1 has none, and then it is version 2's.
    Status symlink(const std::string& path, const std::string& target) {
        Builder body;
        if (version == 3)
            body.q(0).name_3(on_wire(path)).name_3(on_wire(target));
        else
            body.name_1(on_wire(path)).name_1(on_wire(target));
        return send(version == 3 ? 38 : 18, body.bytes).status;
    }

    Reply volume(const std::string& path) {
        Builder body;
        version == 3 ? body.q(0).name_3(on_wire(path)) : body.name_1(on_wire(path));
        return send(version == 3 ? 37 : 13, body.bytes);
    }

    Connection& connection;
    int version;
    u64 session = ~u64{0};
    u32 handle = 0;
    std::size_t max_reply = 522240;
    std::span<std::byte> data;

private:
    Status close(u32 op, u32 which) {
        Builder body;
        body.d(which);
        if (op >= 24)
            body.q(0);
        return send(op, body.bytes).status;
    }

    Status remove(const std::string& path, u32 op_1, u32 op_2, u32 op_3) {
        Builder body;
        if (version == 1)
            return send(op_1, body.name_1(on_wire(path)).bytes).status;
        if (version == 2)
            return send(op_2, body.q(0).d(0).name_1(on_wire(path)).bytes).status;
        return send(op_3, body.q(0).q(0).name_3(on_wire(path)).bytes).status;
    }

    static void put(Builder& body, const Change& change) {
        body.q(change.mask).d(0).q(change.size).q(0).q(change.accessed).q(change.written).q(0);
        body.b(change.permissions >> 9 & 7).b(change.permissions >> 6 & 7);
        body.b(change.permissions >> 3 & 7).b(change.permissions & 7);
        body.q(0).q(0).d(change.user).d(0).q(0).d(0).d(0).q(0);
    }

    Form form_;
    u32 id_ = 0x1000;
};

/// A folder of one's own, gone with its owner.
class Folder {
public:
    Folder() {
        std::string pattern = testing::TempDir() + "hgfs.XXXXXX";
        path_ = mkdtemp(pattern.data()) ? pattern : "";
        EXPECT_FALSE(path_.empty());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(path_ + "/" + name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    bool has(const std::string& name) const {
        return std::filesystem::exists(std::filesystem::symlink_status(path_ + "/" + name));
    }

private:
    std::string path_;
};

/// A folder shared as "root", with one beside it that is not shared, and one connection.
class Shared : public testing::Test {
protected:
    Shared() {
        std::filesystem::create_directory(around_ / "share");
        around_.write("secret", "not yours");
        EXPECT_EQ(shares_.add("root", around_ / "share", {}), "");
    }

    std::string path(const std::string& name) const { return around_ / ("share/" + name); }
    void put(const std::string& name, const std::string& text) {
        around_.write("share/" + name, text);
    }
    std::string get(const std::string& name) const { return around_.read("share/" + name); }
    bool has(const std::string& name) const { return around_.has("share/" + name); }

    Folder around_;
    ShareTable shares_;
    Connection connection_{shares_};
};

} // namespace vmguest::hgfs
