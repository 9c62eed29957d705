// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "stream.hpp"

#include <array>
#include <cstring>

namespace vmguest::hgfs {

void FrameReader::feed(Bytes bytes) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
}

std::optional<std::uint32_t> FrameReader::length() const {
    std::uint32_t length = 0;
    if (pending_.size() - taken_ < sizeof length)
        return std::nullopt;
    std::memcpy(&length, pending_.data() + taken_, sizeof length);
    return length;
}

bool FrameReader::is_broken() const {
    const auto announced = length();
    return announced && *announced > max_packet_;
}

std::optional<Packet> FrameReader::next() {
    const auto announced = length();
    if (!announced || is_broken())
        return std::nullopt;
    const Bytes rest = Bytes(pending_).subspan(taken_ + sizeof *announced);
    if (rest.size() < *announced)
        return std::nullopt;
    taken_ += sizeof *announced + *announced;
    return Packet(rest.begin(), rest.begin() + *announced);
}

void append_frame(Packet& stream, Bytes packet) {
    const auto length = static_cast<std::uint32_t>(packet.size());
    std::array<std::byte, sizeof length> head{};
    std::memcpy(head.data(), &length, sizeof length);
    stream.insert(stream.end(), head.begin(), head.end());
    stream.insert(stream.end(), packet.begin(), packet.end());
}

} // namespace vmguest::hgfs
