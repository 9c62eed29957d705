// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Packets of Shared Folders for the tests of the models that carry them. They are put together byte
// by byte and share no layout with the server.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace vmguest::lab::packets {

// Opcodes of version 3, the session's and those with data of their own, and statuses.
inline constexpr std::uint32_t open = 24, read = 25, write = 26, getattr = 31, create_dir = 33,
                               search_open = 28, create_session = 41, read_fast = 43,
                               write_fast = 44, search_read_batch = 48;
inline constexpr std::uint32_t all_ones = 0xffff'ffff;
inline constexpr std::uint32_t success = 0, no_such_file = 1, invalid_handle = 2, unsupported = 13,
                               protocol_error = 7, access_denied = 8, stale_session = 17;

inline std::string number(std::uint64_t value, unsigned size = 4) {
    std::string bytes;
    for (unsigned i = 0; i < size; ++i)
        bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}

inline std::uint64_t number_at(std::string_view bytes, std::size_t at, unsigned size = 4) {
    std::uint64_t value = 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | (at + i < bytes.size() ? std::uint8_t(bytes[at + i]) : 0xffU);
    return value;
}

inline std::string zeros(std::size_t count) {
    return std::string(count, '\0');
}

/// A name of version 3: "share/file".
inline std::string name(std::string path) {
    for (char& letter : path)
        if (letter == '/')
            letter = '\0';
    return number(path.size()) + zeros(4) + number(1) + number(0xffff'ffff) + path + zeros(1);
}

inline std::string open_packet(const std::string& path, std::uint32_t mode, std::uint32_t flags) {
    return number(0xc3f, 8) + number(mode) + number(flags) + number(0x0404'0600) + zeros(44) +
           name(path);
}
inline std::string read_packet(std::uint64_t handle, std::uint32_t count) {
    return number(handle) + zeros(8) + number(count) + zeros(8);
}
inline std::string getattr_packet(const std::string& path) {
    return zeros(16) + name(path);
}

/// With the legacy header.
inline std::string legacy(std::uint32_t op, std::string_view payload, std::uint32_t id = 7) {
    return number(id) + number(op) + std::string(payload);
}
/// With the new one.
inline std::string in_session(std::uint64_t session, std::uint32_t op, std::string_view payload) {
    return number(1) + number(0xff) + number(52 + payload.size()) + number(52) + number(7) +
           number(op) + zeros(4) + number(1) + zeros(4) + number(session, 8) + zeros(8) +
           std::string(payload);
}
/// A session whose client takes packets of 1 MiB.
inline std::string session_packet() {
    return in_session(~std::uint64_t{0}, create_session, number(0) + number(1U << 20) + zeros(16));
}

/// A folder of the host's that goes with the test.
class Folder {
public:
    Folder() {
        char path[] = "/tmp/vmguest-folders-XXXXXX";
        path_ = mkdtemp(path);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    void put(const std::string& file, std::string_view text) const {
        std::ofstream(path_ / file, std::ios::binary) << text;
    }
    std::string get(const std::string& file) const {
        std::ifstream stream(path_ / file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

private:
    std::filesystem::path path_;
};

} // namespace vmguest::lab::packets
