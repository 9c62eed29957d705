// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the fuzz targets share: libFuzzer's bytes in small pieces, and how a fault ends a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace vmguest::lab::fuzz {

/// Ends the run with "WHO FAULT" unless the condition holds.
inline void holds(bool condition, const char* who, const char* fault) {
    if (condition)
        return;
    std::fprintf(stderr, "%s %s\n", who, fault);
    std::abort();
}

/// Behind the end there are zeros.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}

    bool goes_on() const { return next_ != end_; }
    std::uint8_t byte() { return goes_on() ? *next_++ : std::uint8_t{0}; }
    std::uint32_t word() {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i)
            value = value << 8 | byte();
        return value;
    }
    /// Small, or anything.
    std::uint32_t number() {
        const auto first = byte();
        return first < 0xf0 ? first : word();
    }
    std::string text(std::size_t size) {
        std::string some(size, '\0');
        for (auto& one : some)
            one = static_cast<char>(byte());
        return some;
    }
    std::vector<std::byte> bytes(std::size_t size) {
        std::vector<std::byte> some(size);
        for (auto& one : some)
            one = std::byte{byte()};
        return some;
    }

private:
    const std::uint8_t* next_;
    const std::uint8_t* end_;
};

} // namespace vmguest::lab::fuzz
