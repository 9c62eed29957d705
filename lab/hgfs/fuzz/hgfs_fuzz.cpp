// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// libFuzzer target for the HGFS server. The first byte of an input chooses an engine: one for each
// decoder, and one that talks to a connection. Engines do their own bookkeeping and compare; what
// does not hold is said in a line that begins with "hgfs_fuzz:". See Documentation/hgfs-server.md.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "attributes.hpp"
#include "codec.hpp"
#include "connection.hpp"
#include "names.hpp"
#include "stream.hpp"

namespace vmguest::hgfs {
namespace {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

void expect(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "hgfs_fuzz: %s\n", what);
    std::abort();
}

u64 number_at(Bytes bytes, std::size_t at, std::size_t size) {
    expect(at + size <= bytes.size(), "a number lies within its packet");
    u64 value = 0;
    for (std::size_t i = size; i-- > 0;)
        value = value << 8 | std::to_integer<u64>(bytes[at + i]);
    return value;
}

std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A copy that ends where the input ends, so that reading on is seen.
Packet copy_of(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

// The envelope

void check_envelope(Bytes input) {
    const Packet packet = copy_of(input);
    Envelope envelope;
    const Framing framing = decode_envelope(packet, envelope);
    if (packet.size() < 8)
        return expect(framing == Framing::hopeless, "fewer than 8 bytes are no request");
    const bool is_new = number_at(packet, 4, 4) == 0xff;
    if (!is_new) {
        expect((framing == Framing::good) == (number_at(packet, 4, 4) < 41),
               "the legacy header is for operations below 41");
        return;
    }
    if (packet.size() < 52)
        return expect(framing == Framing::hopeless, "fewer than 52 bytes are no new header");
    const u64 size = number_at(packet, 8, 4);
    const u64 header = number_at(packet, 12, 4);
    const bool fits =
        number_at(packet, 0, 1) >= 1 && size <= packet.size() && header <= size && header >= 52;
    expect(framing == (fits ? Framing::good : Framing::malformed), "a new header is consistent");
    if (fits) {
        expect(envelope.payload.data() == packet.data() + header, "the payload follows the header");
        expect(envelope.payload.size() == size - header, "the payload ends with the packet");
    }
}

// Requests

/// Where the bytes of a name begin in its struct: 4 in versions 1 and 2, 16 in 3.
std::size_t prefix_of(u32 op) {
    return wire::has_embedded_header(op) ? 4 : 16;
}

/// A name as decoded lies in the payload, behind its own length and before a byte more. Returns
/// where what follows it begins.
std::size_t check_name(u32 op, Bytes payload, std::string_view name) {
    const auto begin = static_cast<std::size_t>(name.data() - as_text(payload).data());
    const std::size_t prefix = op == wire::op_search_read_4 ? 4 : prefix_of(op);
    expect(begin >= prefix && begin <= payload.size(), "a name begins in its payload");
    expect(number_at(payload, begin - prefix, 4) == name.size(), "a name has its own length");
    expect(begin + name.size() + 1 <= payload.size(), "a name has a byte after it");
    return begin + name.size() + 1;
}

template <class T>
bool refused(const Outcome<T>& decoded) {
    if (decoded)
        return false;
    expect(decoded.status() == Status::protocol_error, "short requests are protocol errors");
    return true;
}

void check_two_names(u32 op, Bytes payload, std::string_view first, std::string_view second) {
    const std::size_t end = check_name(op, payload, first);
    check_name(op, payload, second);
    expect(as_text(payload).data() + end + prefix_of(op) == second.data(),
           "the second name follows the first and a byte");
}

void check_write(u32 op, Bytes payload) {
    const auto write = decode_write(op, payload);
    if (refused(write) || op == wire::op_write_fast_4)
        return;
    expect(write->data.size() == write->count, "a write has as much data as it says");
    expect(payload.size() >= 26, "a write of nothing has a byte");
    constexpr std::size_t at = 25; // with the embedded header of version 1, and without in 3
    expect(write->data.data() == payload.data() + at, "data begins where it should");
    expect(at + write->count <= payload.size(), "data ends in its payload");
}

template <class T>
Outcome<FileRef> file_of(const Outcome<T>& request) {
    return request ? Outcome<FileRef>(request->file) : request.status();
}

/// Requests with one name: the size with an empty one, and what finds it.
struct Named {
    u32 op;
    std::size_t size;
    Outcome<FileRef> (*decode)(u32 op, Bytes payload);
};

Outcome<FileRef> file_of_open(u32 op, Bytes payload) {
    return file_of(decode_open(op, payload));
}
Outcome<FileRef> file_of_set(u32 op, Bytes payload) {
    return file_of(decode_setattr(op, payload));
}
Outcome<FileRef> file_of_dir(u32 op, Bytes payload) {
    return file_of(decode_create_dir(op, payload));
}
Outcome<FileRef> file_of_watch(u32, Bytes payload) {
    return file_of(decode_set_watch(payload));
}

constexpr Named named[] = {
    {0, 22, file_of_open},    {14, 77, file_of_open},  {24, 81, file_of_open},
    {4, 13, decode_name},     {28, 25, decode_name},   {13, 13, decode_name},
    {37, 25, decode_name},    {7, 13, decode_getattr}, {15, 25, decode_getattr},
    {31, 33, decode_getattr}, {8, 59, file_of_set},    {16, 129, file_of_set},
    {32, 137, file_of_set},   {9, 14, file_of_dir},    {20, 25, file_of_dir},
    {33, 37, file_of_dir},    {10, 13, decode_delete}, {11, 13, decode_delete},
    {21, 25, decode_delete},  {22, 25, decode_delete}, {34, 33, decode_delete},
    {35, 33, decode_delete},  {45, 37, file_of_watch},
};

void check_named(const Named& layout, Bytes payload) {
    const auto file = layout.decode(layout.op, payload);
    if (refused(file))
        return;
    check_name(layout.op, payload, file->name);
    expect(payload.size() >= layout.size + file->name.size(), "a request has its whole layout");
}

void check_renaming(u32 op, Bytes payload) {
    const auto rename = decode_rename(op, payload);
    if (!refused(rename))
        check_two_names(op, payload, rename->from.name, rename->to.name);
}

void check_linking(u32 op, Bytes payload) {
    const auto link = decode_symlink(op, payload);
    if (!refused(link))
        check_two_names(op, payload, link->link.name, link->target);
}

void check_search(u32 op, Bytes payload) {
    const auto read = decode_search_read(op, payload);
    if (refused(read))
        return;
    expect(payload.size() >= (op == 48 ? 33U : op == 29 ? 20U : 16U), "a search read is whole");
    if (op == wire::op_search_read_4)
        check_name(op, payload, read->pattern);
}

void check_other(u32 op, Bytes payload) {
    if (op == wire::op_read_1 || op == wire::op_read_3 || op == wire::op_read_fast_4)
        expect(refused(decode_read(op, payload)) || payload.size() >= 24, "a read is whole");
    else if (op == wire::op_create_session_4)
        expect(refused(decode_create_session(payload)) || payload.size() >= 8, "so is a session");
    else if (op == wire::op_remove_watch_4)
        expect(refused(decode_remove_watch(payload)) || payload.size() >= 8, "so is a watch");
    else
        expect(refused(decode_handle(op, payload)) || payload.size() >= 12, "so is a handle");
}

void check_request(Bytes input) {
    if (input.empty())
        return;
    const auto op = std::to_integer<u32>(input[0]) % 65;
    const Packet payload = copy_of(input.subspan(1));
    for (const Named& layout : named)
        if (layout.op == op)
            return check_named(layout, payload);
    switch (op) {
    case wire::op_write_1:
    case wire::op_write_3:
    case wire::op_write_fast_4:
        return check_write(op, payload);
    case wire::op_rename_1:
    case wire::op_rename_2:
    case wire::op_rename_3:
    case wire::op_link_move_4:
        return check_renaming(op, payload);
    case wire::op_create_symlink_2:
    case wire::op_create_symlink_3:
        return check_linking(op, payload);
    case wire::op_search_read_1:
    case wire::op_search_read_2:
    case wire::op_search_read_3:
    case wire::op_search_read_4:
        return check_search(op, payload);
    default:
        return check_other(op, payload);
    }
}

// Names

bool is_host_component(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && is_utf8(name) &&
           name.find('/') == std::string::npos && name.find('\0') == std::string::npos &&
           unescape(name).size() <= max_component;
}

/// NULs in a row become one.
std::string collapsed(std::string_view name) {
    std::string result;
    for (const char c : name)
        if (c != '\0' || result.empty() || result.back() != '\0')
            result += c;
    return result;
}

void check_parse(Bytes input) {
    const Packet packet = copy_of(input);
    const std::string_view name = as_text(packet);
    const auto location = parse_name(name);
    if (!location)
        return;
    expect(location->path.empty() || !location->share.empty(), "a path is in a share");
    for (const std::string& component : location->path)
        expect(is_host_component(component), "components are plain names");
    expect(wire_name(*location) == collapsed(name), "a name survives the round trip");
}

void check_escapes(Bytes input) {
    const std::string_view name = as_text(input);
    const std::string host = escape(name);
    expect(host.find('/') == std::string::npos, "no '/' is left");
    expect(unescape(host) == name, "escaping can be undone");
    expect(unescape(name).size() <= name.size(), "undoing makes nothing longer");
}

// Times and frames

void check_times(Bytes input) {
    if (input.size() < 8)
        return;
    const u64 time = number_at(input, 0, 8);
    const timespec host = from_filetime(time);
    expect(host.tv_nsec >= 0 && host.tv_nsec < 1'000'000'000, "a second has its nanoseconds");
    expect(to_filetime(host) == time, "a time survives the round trip");
}

void check_frames(Bytes input) {
    constexpr std::size_t limit = 64;
    FrameReader whole(limit), bitwise(limit);
    whole.feed(input);
    std::vector<Packet> packets;
    while (auto packet = whole.next()) {
        expect(packet->size() <= limit, "no packet is longer than allowed");
        packets.push_back(std::move(*packet));
    }
    std::vector<Packet> again;
    for (const std::byte byte : input) {
        bitwise.feed({&byte, 1});
        while (auto packet = bitwise.next())
            again.push_back(std::move(*packet));
    }
    expect(packets == again, "packets do not depend on how they arrive");
}

// A connection

/// Folders on disk: one shared for writing, one for reading, and a secret beside them.
class Ground {
public:
    Ground() {
        const char* given = std::getenv("HGFS_FUZZ_DIR");
        std::string pattern = std::string(given ? given : "/tmp") + "/hgfs_fuzz.XXXXXX";
        expect(mkdtemp(pattern.data()) != nullptr, "a folder can be made");
        path_ = pattern;
        make_outside();
    }
    Ground(const Ground&) = delete;
    Ground& operator=(const Ground&) = delete;
    ~Ground() { remove(path_); }

    /// As it is before every input.
    void renew() {
        const auto shared = path_ / "rw";
        remove(shared);
        std::filesystem::create_directories(shared / "d");
        write(shared / "f", "hello");
        write(shared / "d/f", "world");
        std::filesystem::create_symlink("../ro", shared / "up");
        std::filesystem::create_symlink(path_, shared / "out");
    }

    /// Nothing but the shared folder may have changed.
    void check() const {
        expect(read(path_ / "secret") == "secret", "the file outside is as it was");
        expect(read(path_ / "ro/f") == "fixed", "a read-only file is as it was");
        expect(count(path_) == 3, "nothing appears outside");
        expect(count(path_ / "ro") == 2, "nothing appears in a read-only share");
    }

    std::filesystem::path operator/(const char* name) const { return path_ / name; }

private:
    void make_outside() {
        std::filesystem::create_directories(path_ / "ro/d");
        write(path_ / "ro/f", "fixed");
        write(path_ / "secret", "secret");
    }

    /// Remove a tree whose permissions may be any.
    static void remove(const std::filesystem::path& tree) {
        namespace fs = std::filesystem;
        std::error_code ignored;
        fs::permissions(tree, fs::perms::owner_all, ignored);
        for (auto entry = fs::recursive_directory_iterator(tree, ignored);
             entry != fs::recursive_directory_iterator(); entry.increment(ignored))
            if (entry->is_directory(ignored) && !entry->is_symlink(ignored))
                fs::permissions(entry->path(), fs::perms::owner_all, ignored);
        fs::remove_all(tree, ignored);
    }

    static void write(const std::filesystem::path& path, const char* text) {
        std::ofstream(path) << text;
    }
    static std::string read(const std::filesystem::path& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    static std::ptrdiff_t count(const std::filesystem::path& path) {
        return std::distance(std::filesystem::directory_iterator(path), {});
    }

    std::filesystem::path path_;
};

/// Talks to a connection in packets of the input, and keeps count of its handles.
class Talk {
public:
    Talk(ShareTable& shares, const Channel& channel) : connection_(shares, channel) {}

    /// One request: opcode, options, length of the payload, payload.
    Bytes step(Bytes input) {
        const auto op = std::to_integer<u32>(input[0]) % 65;
        const auto options = std::to_integer<u32>(input[1]);
        const std::size_t length =
            std::min<std::size_t>(std::to_integer<u8>(input[2]), input.size() - 3);
        const std::size_t room = options & 4 ? options : 8192;
        const Packet packet = request(op, options & 1, input.subspan(3, length));
        std::vector<std::byte> pages(options & 2 ? 512 : 0);
        check(op, options & 1, connection_.process(packet, room, pages), room);
        return input.subspan(3 + length);
    }

    void drain() {
        while (connection_.next_push())
            ++pushed_;
    }

private:
    Packet request(u32 op, bool is_new, Bytes payload) {
        Packet packet;
        const auto put = [&](u64 value, std::size_t size) {
            for (std::size_t i = 0; i < size; ++i)
                packet.push_back(std::byte(value >> 8 * i & 0xff));
        };
        const bool embedded = wire::has_embedded_header(op);
        ++id_;
        if (is_new) {
            put(1, 4);
            put(0xff, 4);
            put(52 + (embedded ? 8 : 0) + payload.size(), 4);
            put(52, 4);
            put(id_, 4);
            put(op, 4);
            packet.resize(packet.size() + 12);
            put(session_, 8);
            put(0, 8);
        }
        if (!is_new || embedded) {
            put(id_, 4);
            put(op, 4);
        }
        packet.insert(packet.end(), payload.begin(), payload.end());
        return packet;
    }

    void check(u32 op, bool is_new, const Answer& answer, std::size_t room) {
        const Packet& packet = answer.packet;
        expect(packet.size() <= room, "a reply fits");
        if (answer.verdict != Verdict::reply)
            return expect(packet.empty(), "silence has no packet");
        const std::size_t header = is_new ? 52 : 8;
        expect(packet.size() >= header, "a reply has a header");
        expect(number_at(packet, is_new ? 16 : 0, 4) == id_, "a reply has its request's id");
        const u64 status = number_at(packet, is_new ? 24 : 4, 4);
        expect(status <= 19, "a status is one of those defined");
        expect(!is_new || number_at(packet, 8, 4) == packet.size(), "a packet knows its size");
        if (status)
            return expect(packet.size() == header, "a failure has no payload");
        keep_books(op, is_new, packet);
    }

    void keep_books(u32 op, bool is_new, const Packet& packet) {
        const bool embedded = wire::has_embedded_header(op);
        const std::size_t at = (is_new ? 52 : 8) + (is_new && embedded ? 8 : 0);
        if (op == wire::op_create_session_4)
            session_ = number_at(packet, at, 8);
        const bool opens = op == 0 || op == 14 || op == 24 || op == 4 || op == 28;
        if (opens)
            expect(handles_.insert(number_at(packet, at, 4)).second, "a handle is new");
    }

    Connection connection_;
    u64 session_ = ~u64{0};
    u32 id_ = 0;
    std::set<u64> handles_;
    unsigned pushed_ = 0;
};

void check_connection(Bytes input) {
    static Ground ground;
    ground.renew();
    ShareTable shares;
    expect(shares.add("rw", ground / "rw", {}).empty(), "a folder is shared");
    expect(shares.add("ro", ground / "ro", {.read_only = true}).empty(), "a folder is shared");
    Talk talk(shares, {.shared_memory = true, .can_push = true, .extensions = true});
    while (input.size() > 3) {
        input = talk.step(input);
        talk.drain();
    }
    ground.check();
}

} // namespace
} // namespace vmguest::hgfs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmguest::hgfs;
    if (size == 0)
        return 0;
    const Bytes input = std::as_bytes(std::span(data, size)).subspan(1);
    switch (data[0] % 8) {
    case 0:
        check_envelope(input);
        break;
    case 1:
        check_request(input);
        break;
    case 2:
        check_parse(input);
        break;
    case 3:
        check_escapes(input);
        break;
    case 4:
        check_times(input);
        break;
    case 5:
        check_frames(input);
        break;
    default:
        check_connection(input);
        break;
    }
    return 0;
}
